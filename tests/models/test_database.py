"""Units of work commit whole or not at all, on both databases."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from models import Database, UnitOfWork
from models.accounts import Account
from models.database import SPARE_CONNECTIONS, WroteWhileReading
from models.postgresql import PLANNED_ONCE, planned_for_its_values


def account(unit: UnitOfWork, name: str) -> Account:
    return Account(
        id=unit.new_id(),
        uri=f"https://peer.test/{name}",
        username=name,
        domain="peer.test",
        inbox_url=f"https://peer.test/{name}/inbox",
        created_at=unit.now,
        updated_at=unit.now,
    )


async def count(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Account)) or 0


async def test_a_unit_that_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError, match="no"):
        async with database.unit_of_work() as unit:
            unit.session.add(account(unit, "ana"))
            await unit.session.flush()
            raise RuntimeError("no")
    assert await count(database) == 0


async def test_deferred_work_runs_once_for_all_items_and_commits_with_the_rest(database: Database) -> None:
    seen: list[list[str]] = []

    async def work(unit: UnitOfWork, names: list[str]) -> None:
        seen.append(names)
        unit.session.add_all([account(unit, name) for name in names])

    async with database.unit_of_work() as unit:
        unit.defer(work, "ana")
        unit.defer(work, "berta")
    assert seen == [["ana", "berta"]]
    assert await count(database) == 2


async def test_many_units_that_read_and_write_at_once_all_succeed(database: Database) -> None:
    async def read_then_write(name: str) -> None:
        async with database.unit_of_work() as unit:
            await unit.session.scalar(select(func.count()).select_from(Account))
            unit.session.add(account(unit, name))

    await asyncio.gather(*(read_then_write(f"n{number}") for number in range(40)))
    assert await count(database) == 40


async def test_bursts_share_the_connections_that_there_are_and_open_no_others(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("its connections are files, and no process stands behind each")

    async def ask() -> int:
        async with database.reading() as session:
            return await session.scalar(select(func.pg_backend_pid())) or 0

    seen = {pid for _ in range(5) for pid in await asyncio.gather(*(ask() for _ in range(40)))}
    assert len(seen) == 10 + SPARE_CONNECTIONS


async def test_who_reads_holds_no_transaction_on_a_server_and_writes_nothing(database: Database) -> None:
    async with database.unit_of_work() as unit:
        unit.session.add(account(unit, "ana"))
    async with database.reading() as session:
        found = await session.scalar(select(Account))
        assert found is not None
        raw = await (await session.connection()).get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        assert database.is_sqlite or not driver.is_in_transaction()
        with pytest.raises(WroteWhileReading):
            await session.execute(delete(Account))
        found.display_name = "never"
        with pytest.raises(WroteWhileReading):
            await session.flush()
    async with database.unit_of_work() as unit:  # the connection is the same, and has a transaction again
        unit.session.add(account(unit, "berta"))
        await unit.session.flush()
        await unit.session.rollback()
    assert await count(database) == 1
    async with database.reading() as session:
        assert await session.scalar(select(Account.display_name)) == ""


async def test_a_signal_is_set_after_the_commit_and_not_by_a_failed_unit(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.unit_of_work() as unit:
            unit.signal("work")
            raise RuntimeError
    assert not await database.signals.wait("work", 0)
    async with database.unit_of_work() as unit:
        unit.signal("work")
    assert await database.signals.wait("work", 0)


async def test_usernames_are_unique_within_a_domain_whatever_their_case(database: Database) -> None:
    from sqlalchemy.exc import IntegrityError

    async with database.unit_of_work() as unit:
        unit.session.add(account(unit, "ana"))
    twin = "Ana"
    with pytest.raises(IntegrityError):
        async with database.unit_of_work() as unit:
            other = account(unit, twin)
            unit.session.add(other)


async def planning(session: AsyncSession) -> str:
    return str(await session.scalar(text("SHOW plan_cache_mode")))


async def test_statements_are_planned_once_but_where_their_values_matter(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite plans when a statement is prepared")
    async with database.unit_of_work() as unit:
        assert await planning(unit.session) == PLANNED_ONCE
    async with database.reading() as session:
        assert await planning(session) == PLANNED_ONCE
        async with planned_for_its_values(session):
            assert await planning(session) == "force_custom_plan"
        assert await planning(session) == PLANNED_ONCE


@pytest.mark.parametrize("kind", ["reading", "unit_of_work"])
async def test_a_connection_comes_back_to_planning_once_when_a_statement_failed(database: Database, kind: str) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite plans when a statement is prepared")
    open_session: Any = getattr(database, kind)
    with pytest.raises(DBAPIError):
        async with open_session() as opened:
            session: AsyncSession = getattr(opened, "session", opened)
            pid = await session.scalar(select(func.pg_backend_pid()))
            async with planned_for_its_values(session):
                await session.execute(text("SELECT 1 / 0"))
    async with database.reading() as session:
        assert await session.scalar(select(func.pg_backend_pid())) == pid
        assert await planning(session) == PLANNED_ONCE
