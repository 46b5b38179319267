"""Actors and WebFinger are kept over what doesn't concern them, and over nothing that does."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import update

from models.accounts import Account, User
from tests.api.counting import counted
from tests.peers import Office, Person

Change = Callable[[Office, Person], Awaitable[Any]]


def set_to(table: Any, **values: Any) -> Change:
    """Change a row of somebody, as whatever process may do."""

    async def change(office: Office, person: Person) -> None:
        owner = table.id if table is Account else table.account_id
        async with office.services.database.unit_of_work() as unit:
            made = {name: unit.now if value == "now" else value for name, value in values.items()}
            await unit.session.execute(update(table).where(owner == person.id).values(**made))

    return change


def addresses(office: Office, person: Person) -> dict[str, str]:
    return {
        "actor": person.uri.removeprefix(office.origin),
        "handle": f"/.well-known/webfinger?resource=acct:{person.name}@{office.domain}",
    }


CHANGES = [
    ("actor", set_to(Account, username="anita", updated_at="now"), 200),
    ("actor", set_to(Account, suspended_at="now"), 404),
    ("actor", set_to(Account, gone_at="now"), 404),
    ("handle", set_to(Account, avatar_url="https://a.test/face.png"), 200),
    ("handle", set_to(Account, suspended_at="now"), 404),
    ("handle", set_to(Account, gone_at="now"), 410),
    ("handle", set_to(Account, username="anita"), 404),
]


@pytest.mark.parametrize(("name", "change", "status"), CHANGES)
async def test_what_concerns_an_actor_is_seen_at_once(office: Office, name: str, change: Change, status: int) -> None:
    ana = await office.create_person("ana")
    path = addresses(office, ana)[name]
    before = await office.get(path)
    assert (before.status, (await office.get(path)).body) == (200, before.body)
    await change(office, ana)
    after = await office.get(path)
    assert (after.status, after.body == before.body) == (status, False)


@pytest.mark.parametrize("name", ["actor", "handle"])
async def test_what_does_not_concern_an_actor_costs_one_question(office: Office, name: str) -> None:
    ana = await office.create_person("ana")
    path = addresses(office, ana)[name]
    before = await office.get(path)
    entries = office.services.database.kept._values
    kept = [id(entry.value) for entry in entries.values()]
    for change in (set_to(User, last_seen_at="now"), set_to(Account, followers_count=5)):
        await change(office, ana)
        with counted(office, is_fresh=False) as statements:
            assert (await office.get(path)).body == before.body
        assert len([text for text in statements if "pg_current_snapshot" not in text]) == 1
        assert [id(entry.value) for entry in entries.values()] == kept
