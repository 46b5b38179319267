"""Posting through the client API: what becomes of text, what is refused with which words, and that once is once."""

import asyncio
from datetime import timedelta
from typing import Any

from api.answers.statuses import StatusEntity
from api.times import timestamp
from models.statuses import Status
from policy.limits import POLL_OPTIONS, STATUS_CHARACTERS
from tests import graph
from tests.api.contract import check
from tests.peers import Office, Person, run_until_idle

PATH = "/api/v1/statuses"


async def post(person: Person, text: str = "Hello", **more: Any) -> dict[str, Any]:
    """Post a status that is taken."""
    answer = await person.office.api(person).post(PATH, {"status": text, **more})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = check(StatusEntity, answer.json())
    return found


async def test_a_post_comes_back_whole(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    parent = await post(bob, "What for lunch?")
    status = await post(
        ana,
        "**Tortilla** @bob #Almuerzo",
        content_type="text/markdown",
        spoiler_text="Food",
        language="es",
        visibility="unlisted",
        in_reply_to_id=parent["id"],
        local_only=True,
    )
    assert status["content"] == (
        f'<p><strong>Tortilla</strong> <span class="h-card" translate="no"><a href="{office.origin}/@bob" '
        f'class="u-url mention">@<span>bob</span></a></span> <a href="{office.origin}/tags/almuerzo" '
        'class="mention hashtag" rel="tag">#<span>Almuerzo</span></a></p>'
    )
    assert [mention["acct"] for mention in status["mentions"]] == ["bob"]
    assert [tag["name"] for tag in status["tags"]] == ["almuerzo"]
    found = {name: status[name] for name in ("spoiler_text", "sensitive", "language", "visibility", "local_only")}
    assert found == {
        "spoiler_text": "Food", "sensitive": True, "language": "es", "visibility": "unlisted", "local_only": True,
    }  # fmt: skip
    assert (status["in_reply_to_id"], status["in_reply_to_account_id"]) == (parent["id"], str(bob.id))
    assert ("mention", ana.uri) in await graph.notices(bob)


async def test_what_is_empty_counts_as_absent(office: Office) -> None:
    ana = await office.create_person("ana")
    status = await post(
        ana, media_ids=[], poll=None, in_reply_to_id="", language="", visibility=None, scheduled_at=None,
        spoiler_text=None, quoted_status_id=None, sensitive=None,
    )  # fmt: skip
    assert (status["visibility"], status["in_reply_to_id"], status["language"]) == ("public", None, None)
    form = await office.api(ana).call(
        "POST", PATH, b"status=Hi&media_ids[]=&in_reply_to_id=&visibility=&sensitive=false",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert form.status == 200, form.body
    assert check(StatusEntity, form.json())["content"] == "<p>Hi</p>"


async def test_defaults_are_those_of_the_author(office: Office) -> None:
    ana = await office.create_person("ana")
    answer = await office.api(ana).patch(
        "/api/v1/accounts/update_credentials",
        {"source": {"privacy": "private", "sensitive": True, "language": "pt", "quote_policy": "nobody"}},
    )
    assert answer.status == 200, answer.body
    status = await post(ana)
    assert (status["visibility"], status["sensitive"], status["language"]) == ("private", True, "pt")
    assert status["quote_approval"]["automatic"] == []
    said = await post(ana, visibility="public", sensitive=False, language="EN_gb", quote_approval_policy="followers")
    assert (said["visibility"], said["sensitive"], said["language"]) == ("public", False, "en-GB")
    assert said["quote_approval"]["automatic"] == ["followers"]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "text", "can't be blank"),
    ({"status": " \n "}, "text", "can't be blank"),
    ({"status": "x" * (STATUS_CHARACTERS + 1)}, "text", f"character limit of {STATUS_CHARACTERS} exceeded"),
    ({"status": "x" * STATUS_CHARACTERS, "spoiler_text": "y"}, "text", "exceeded"),
    ({"status": "x", "spoiler_text": "y" * 501}, "spoiler_text", "longer than 500"),
    ({"status": "x", "visibility": "everybody"}, "visibility", ""),
    ({"status": "x", "content_type": "text/html"}, "content_type", ""),
    ({"status": "x", "media_ids": ["1"]}, "media_ids", "not found"),
    ({"status": "x", "media_ids": ["a"]}, "media_ids.0", ""),
    ({"status": "x", "media_ids": ["1", "2", "3", "4", "5"]}, "media_ids", "more than 4"),
    ({"status": "x", "poll": {"options": ["a"], "expires_in": 300}}, "poll.options", "more than one"),
    ({"status": "x", "poll": {"options": ["a", "a"], "expires_in": 300}}, "poll.options", "duplicate"),
    ({"status": "x", "poll": {"options": ["a", "b" * 101], "expires_in": 300}}, "poll.options", "longer"),
    ({"status": "x", "poll": {"options": ["a", "b"], "expires_in": 299}}, "poll.expires_in", "too soon"),
    ({"status": "x", "poll": {"options": ["a", "b"], "expires_in": 10**8}}, "poll.expires_in", "too far"),
    ({"status": "x", "poll": {"options": ["a", "b"]}}, "poll.expires_in", ""),
    (
        {"status": "x", "poll": {"options": [str(n) for n in range(POLL_OPTIONS + 1)], "expires_in": 300}},
        "poll.options",
        "more than",
    ),
    ({"status": "", "poll": {"options": ["a", "b"], "expires_in": 300}}, "text", "blank"),
    ({"status": "x", "scheduled_at": "soon"}, "scheduled_at", ""),
    ({"status": "x", "scheduled_at": "9999-12-31T23:59:59-23:00"}, "scheduled_at", "at most"),
    ({"status": "x", "scheduled_at": "0001-01-01T00:00:00+23:00"}, "scheduled_at", "at least"),
]


async def test_what_can_not_be_posted_is_refused_with_its_field(office: Office) -> None:
    ana = await office.create_person("ana")
    for body, field, words in REFUSED:
        answer = await office.api(ana).post(PATH, body)
        assert answer.status == 422, (body, answer.body)
        refusal = answer.json()
        assert refusal["error"].startswith("Validation failed: ")
        assert words in refusal["details"][field][0]["description"]
    assert await graph.count(office, Status) == 0


async def test_long_links_and_domains_leave_room_for_words(office: Office) -> None:
    ana = await office.create_person("ana")
    text = "x" * (STATUS_CHARACTERS - 24) + " https://example.com/" + "y" * 500
    assert (await post(ana, text))["content"].endswith("</a></p>")


async def test_a_parent_or_quote_that_is_not_for_the_author_is_not_there(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    private = await post(bob, "secret", visibility="direct")
    for name in ("in_reply_to_id", "quoted_status_id"):
        for number in (private["id"], "1"):
            answer = await office.api(ana).post(PATH, {"status": "x", name: number})
            assert answer.status == 404
            assert "does not appear to exist" in answer.json()["error"]


async def test_the_same_key_is_the_same_post_for_an_hour(office: Office, clock: Any) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    headers = {"Idempotency-Key": "ñ" * 500}

    async def ask(person: Person, text: str, **more: Any) -> str:
        answer = await office.api(person).call("POST", PATH, {"status": text, **more}, headers=headers)
        assert answer.status == 200, answer.body
        return str(answer.json()["id"])

    ids = set(await asyncio.gather(*(ask(ana, "once") for _ in range(5))))
    assert len(ids) == 1
    assert await graph.count(office, Status) == 1
    assert await ask(bob, "mine") not in ids
    assert await ask(ana, "whatever it says") in ids
    assert (await office.api(ana).delete(f"{PATH}/{ids.copy().pop()}")).status == 200
    (again,) = {await ask(ana, "once more"), await ask(ana, "once more")}
    assert again not in ids
    clock.advance(hours=1, seconds=1)
    later = await ask(ana, "later")
    assert later not in {*ids, again}
    headers = {"Idempotency-Key": "scheduled"}
    at = timestamp(clock() + timedelta(hours=1))
    assert await ask(ana, "then", scheduled_at=at) == await ask(ana, "then", scheduled_at=at)


async def test_posting_needs_the_scope_and_a_person(office: Office) -> None:
    ana = await office.create_person("ana", scopes="read")
    assert (await office.api(ana).post(PATH, {"status": "x"})).status == 403
    assert (await office.api().post(PATH, {"status": "x"})).status == 401


async def test_deleting_gives_the_source_back_and_is_only_for_the_author(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, bob = await madrid.create_person("ana"), await lisbon.create_person("bob")
    eva = await madrid.create_person("eva")
    status = await post(ana, f"**Hi** @{bob.acct}", content_type="text/markdown", spoiler_text="cw",
                        poll={"options": ["a", "b"], "expires_in": 3600})  # fmt: skip
    await run_until_idle(madrid, lisbon)
    there = (await lisbon.api(bob).get("/api/v1/notifications")).json()[0]["status"]
    assert there["uri"] == status["uri"]
    assert (await madrid.api(eva).delete(f"{PATH}/{status['id']}")).status == 404
    gone = await madrid.api(ana).delete(f"{PATH}/{status['id']}")
    assert gone.status == 200, gone.body
    entity = check(StatusEntity, gone.json())
    assert (entity["text"], entity["spoiler_text"]) == (f"**Hi** @{bob.acct}", "cw")
    assert [option["title"] for option in entity["poll"]["options"]] == ["a", "b"]
    await run_until_idle(madrid, lisbon)
    assert (await madrid.api(ana).get(f"{PATH}/{status['id']}")).status == 404
    assert (await lisbon.api(bob).get(f"{PATH}/{there['id']}")).status == 404
    assert (await madrid.api(ana).delete(f"{PATH}/{status['id']}")).status == 404
