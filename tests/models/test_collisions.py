"""Units that meet at the same rows are done again; what fails for another reason isn't."""

import asyncio

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from models import Database
from models.accounts import Account
from models.collisions import TRIES, is_duplicate, repeat_on_collision
from tests.models.test_database import account


async def test_two_that_wait_for_each_other_both_end_well(database: Database) -> None:
    async with database.unit_of_work() as unit:
        unit.session.add_all([account(unit, "ana"), account(unit, "berta")])
    met = asyncio.Barrier(2)
    meetings = iter(range(2))

    async def count_in(names: tuple[str, str]) -> None:
        async with database.unit_of_work() as unit:
            for name in names:
                row = update(Account).where(Account.username == name)
                await unit.session.execute(row.values(statuses_count=Account.statuses_count + 1))
                if not database.is_sqlite and next(meetings, None) is not None:
                    await met.wait()

    async with asyncio.timeout(20):
        await asyncio.gather(
            repeat_on_collision(lambda: count_in(("ana", "berta"))),
            repeat_on_collision(lambda: count_in(("berta", "ana"))),
        )
    async with database.reading() as session:
        assert list(await session.scalars(select(Account.statuses_count))) == [2, 2]


async def test_a_duplicate_is_tried_again_and_a_mistake_is_not(database: Database) -> None:
    tries: list[str] = []

    async def store() -> None:
        tries.append("store")
        async with database.unit_of_work() as unit:
            unit.session.add(account(unit, "ana"))

    async def mistake() -> None:
        tries.append("mistake")
        async with database.unit_of_work() as unit:
            await unit.session.execute(select(func.no_such_function()))

    await store()
    with pytest.raises(IntegrityError) as stored:
        await repeat_on_collision(store)
    assert is_duplicate(stored.value)
    with pytest.raises(DBAPIError) as mistaken:
        await repeat_on_collision(mistake)
    assert not is_duplicate(mistaken.value)
    assert not isinstance(mistaken.value, IntegrityError)
    assert tries == ["store"] * (1 + TRIES) + ["mistake"]
