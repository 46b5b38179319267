"""What a client is answered when it posts is made of what was written just then: it must be what is read afterwards."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from access.tokens import issue_token
from models.accounts import User
from tests.api.counting import counted
from tests.api.oauth import register
from tests.api.test_statuses_editing import upload
from tests.api.test_statuses_posting import PATH, post
from tests.peers import Office, Person


@pytest.fixture
async def ana(office: Office) -> Person:
    """Ana with an app, who has posted before."""
    person = await office.create_person("ana")
    client = await register(office)
    async with office.services.database.unit_of_work() as unit:
        user_id = await unit.session.scalar(select(User.id).where(User.account_id == person.id))
        issued = issue_token(unit, "read write", user_id=user_id, application_id=int(client.credentials["id"]))
    ana = replace(person, token=issued.token)
    await post(ana, "The first")
    return ana


async def test_the_answer_is_what_is_read_afterwards(office: Office, ana: Person) -> None:
    bob, eva = await office.create_person("bob"), await office.create_person("eva")
    question = await post(bob, f"Who comes, @{ana.name}?")
    assert (await office.api(ana).post(f"{PATH}/{question['id']}/mute")).status == 200
    poll = {"options": ["yes", "no"], "expires_in": 600}
    posts: list[dict[str, Any]] = [
        {"text": "Plain"},
        {"text": "#Zebra and #almuerzo with @bob and @eva", "spoiler_text": "Animals", "language": "es"},
        {"text": "I do, @bob", "in_reply_to_id": question["id"], "visibility": "direct"},
        {"text": "Two pictures", "media_ids": [await upload(ana, "one"), await upload(ana)]},
        {"text": "Choose", "poll": poll, "quote_approval_policy": "nobody"},
        {"text": "Only here", "local_only": True, "visibility": "unlisted"},
        {"text": "As they said", "quoted_status_id": question["id"]},
    ]
    for number, asked in enumerate(posts):
        answered = await post(ana, **asked)
        assert answered["account"]["statuses_count"] == number + 2
        assert answered["application"]["name"] == "Klient"
        assert answered["muted"] is ("in_reply_to_id" in asked)
        read = (await office.api(ana).get(f"{PATH}/{answered['id']}")).json()
        assert answered == read, asked
    seen = (await office.api(eva).get(f"{PATH}/{answered['id']}")).json()
    assert seen["content"] == answered["content"]


async def test_filters_of_its_author_say_nothing_of_it(office: Office, ana: Person) -> None:
    wish = {"title": "noise", "context": ["home"], "keywords_attributes": [{"keyword": "lunch"}]}
    assert (await office.api(ana).post("/api/v2/filters", wish)).status == 200
    assert (await post(ana, "lunch"))["filtered"] == []


async def test_nothing_is_read_again_for_it(office: Office, ana: Person) -> None:
    with counted(office) as statements:
        await post(ana, "Plain")
    assert len([one for one in statements if one.startswith("SELECT") and "FROM accounts" in one]) == 1
    is_sqlite = office.services.database.is_sqlite
    assert len(statements) <= (12 if is_sqlite else 9), statements
