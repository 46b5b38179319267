"""Questions run on the driver itself: they must find what a session finds, and leave the pool as it was."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from models import Database
from models.accounts import Account
from models.aliases import alias_of
from models.base import BigInt, UtcDateTime
from models.questions import WORDS, Question, among

NAMES = ("ana", "ben", "eva")
COLUMNS = (Account.id, Account.username, Account.created_at, Account.fields, Account.is_bot, Account.suspended_at)
STATEMENT = (
    select(*COLUMNS)
    .where(among(Account.username, "names", WORDS), Account.id > bindparam("least", type_=BigInt))
    .where(Account.actor_type.in_(("Person", "Service")), Account.created_at <= bindparam("now", type_=UtcDateTime()))
    .order_by(Account.id)
)


@pytest.fixture
async def people(database: Database) -> Database:
    async with database.unit_of_work() as unit:
        unit.session.add_all(
            Account(id=number, uri=f"https://a.test/{name}", username=name, inbox_url="https://a.test/inbox",
                    fields=[{"name": "desk", "value": name}], is_bot=number == 11, created_at=unit.now,
                    updated_at=unit.now)
            for number, name in enumerate(NAMES, start=10)
        )  # fmt: skip
    return database


async def test_a_question_finds_what_a_session_finds(people: Database) -> None:
    question = Question(STATEMENT)
    for names in (["ana", "eva", "nobody"], ["ben"], []):
        values: dict[str, Any] = {"names": names, "least": 5, "now": people.clock()}
        async with people.reading() as session:
            expected = [tuple(row) for row in await session.execute(STATEMENT, values)]
        async with people.glancing() as glance:
            assert await glance.ask(question, values) == expected
        assert [row[1] for row in expected] == [name for name in names if name in NAMES]


async def test_a_question_given_as_a_function_is_built_once_at_its_first_use(people: Database) -> None:
    built = []

    def build() -> Any:
        built.append(alias())
        return select(built[-1].username).where(built[-1].is_bot)

    alias = alias_of(Account)
    question = Question(build)
    assert built == []
    for _ in range(2):
        async with people.glancing() as glance:
            assert await glance.ask(question, {}) == [("ben",)]
    assert built == [alias()]
    assert alias() is not alias_of(Account)()


async def test_a_value_that_is_missing_is_an_error_and_the_connection_comes_back(people: Database) -> None:
    question = Question(STATEMENT)
    for _ in range(20):  # more than the pool has
        with pytest.raises(KeyError):
            async with people.glancing() as glance:
                await glance.ask(question, {"names": []})
    assert await people.is_reachable()


async def test_a_glance_sees_what_was_committed_since_the_last_one(people: Database) -> None:
    question, values = Question(select(Account.id).where(Account.is_bot)), {}
    async with people.glancing() as glance:
        assert await glance.ask(question, values) == [(11,)]
    async with people.unit_of_work() as unit:
        (await unit.session.get_one(Account, 10)).is_bot = True
    async with people.glancing() as glance:
        assert sorted(await glance.ask(question, values)) == [(10,), (11,)]


async def test_a_lost_connection_is_replaced(people: Database) -> None:
    if people.is_sqlite:
        pytest.skip("a file doesn't hang up")
    question = Question(select(Account.id).where(Account.username == bindparam("name")))
    with pytest.raises(Exception, match="closed"):
        async with people.glancing() as glance:
            await glance._connection.close()
            await glance.ask(question, {"name": "ana"})
    async with people.glancing() as glance:
        assert await glance.ask(question, {"name": "ana"}) == [(10,)]


async def test_looks_within_looks_find_the_same_and_disturb_nobody(people: Database) -> None:
    question, values = Question(select(Account.id).where(Account.is_bot)), {}
    for _ in range(2):  # with connections that were used before, too
        async with AsyncExitStack() as open_looks:
            glances = [await open_looks.enter_async_context(people.glancing()) for _ in range(5)]
            assert [await glance.ask(question, values) for glance in glances] == [[(11,)]] * 5
            if people.is_sqlite:  # one state for all that is asked in a look
                async with people.unit_of_work() as unit:
                    (await unit.session.get_one(Account, 10)).is_bot = True
                assert [await glance.ask(question, values) for glance in glances] == [[(11,)]] * 5
                async with people.unit_of_work() as unit:
                    (await unit.session.get_one(Account, 10)).is_bot = False
        await people.give_back()
