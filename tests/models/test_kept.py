"""What is kept of the database is kept as long as nothing in it changes, whoever writes, and not much longer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import bindparam, select, text

from models import Database
from models.accounts import Account
from models.base import BigInt
from models.database import PROCESS_NAME
from models.glances import SqliteSnapshots
from models.kept import ENTRY_BYTES, SECONDS, Kept
from models.proofs import Proof
from models.questions import Question
from models.snapshots import PostgresqlSnapshots
from tests.conftest import Clock


async def write(database: Database, number: int, *, is_kept: bool = True) -> None:
    try:
        async with database.unit_of_work() as unit:
            uri = f"https://a.test/{number}"
            unit.session.add(Account(id=number, uri=uri, username=f"a{number}", inbox_url=uri, created_at=unit.now,
                                     updated_at=unit.now))  # fmt: skip
            await unit.session.flush()
            if not is_kept:
                raise ZeroDivisionError
    except ZeroDivisionError:
        assert not is_kept


@pytest.fixture
async def elsewhere(database: Database) -> AsyncIterator[Database]:
    """The same database as another process opens it."""
    opened = Database(database.url, addresses=database.addresses, clock=database.clock)
    yield opened
    await opened.close()


async def keep(database: Database, value: str) -> None:
    moment, _ = await database.kept.find("key")
    database.kept.put("key", moment, value, 10)


async def found(database: Database) -> object:
    return (await database.kept.find("key"))[1]


async def is_kept(database: Database, value: str) -> bool:
    """Whether a value is found again; PostgreSQL cleans up by itself now and then, which is a change too."""
    for _ in range(5):
        await keep(database, value)
        if await found(database) == await found(database) == value:
            return True
    return False


async def test_whatever_is_committed_by_anybody_ends_what_was_kept(database: Database, elsewhere: Database) -> None:
    for number, writer in enumerate((database, elsewhere, database), start=1):
        assert await is_kept(database, "old")
        await write(writer, number)
        assert await found(database) is None
    moment, _ = await database.kept.find("key")
    await write(elsewhere, 10)
    assert await found(database) is None  # by now it is known that something changed
    database.kept.put("key", moment, "made of the state before", 10)
    assert await found(database) is None


async def test_reading_ends_nothing_and_time_does(database: Database, elsewhere: Database, clock: Clock) -> None:
    for is_open in (False, True):  # who opens a file of SQLite may have to write to it
        assert await is_kept(database, "value")
        async with elsewhere.reading() as session:
            assert await session.get(Account, 1) is None
        assert not (is_open and database.is_sqlite) or await found(database) == "value"
    clock.advance(seconds=SECONDS.total_seconds())
    assert await found(database) is None


async def test_what_is_kept_is_bounded_and_the_least_used_goes_first(database: Database, clock: Clock) -> None:
    kept = Kept(database._snapshots, clock, database, most_bytes=10 * (ENTRY_BYTES + 100))
    for number in range(20):
        moment, _ = await kept.find(number)
        kept.put(number, moment, "value", 100)
        await kept.find(0)
        assert kept.size_bytes <= 10 * (ENTRY_BYTES + 100)
    assert [number for number in range(20) if (await kept.find(number))[1]] == [0, *range(11, 20)]
    moment, _ = await kept.find("huge")
    kept.put("huge", moment, "value", 9 * ENTRY_BYTES)
    assert (await kept.find("huge"))[1] is None
    kept.put(0, moment, "again", 100)
    assert kept.size_bytes == 10 * (ENTRY_BYTES + 100)


class Looking:
    """Looks that are counted, and end when they may."""

    def __init__(self) -> None:
        self.begun = 0
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        self.begun += 1
        seen = self.begun
        self.has_begun.set()
        await self.may_end.wait()
        if self.fails:
            raise ConnectionResetError
        return seen

    async def close(self) -> None:
        """Nothing is open."""


async def test_requests_that_come_together_share_a_look_that_begins_after_them() -> None:
    looking = Looking()
    snapshots = PostgresqlSnapshots(looking)
    first = asyncio.create_task(snapshots.now())
    await looking.has_begun.wait()
    others = [asyncio.create_task(snapshots.now()) for _ in range(5)]
    await asyncio.sleep(0)
    others.pop().cancel()  # a client that hangs up takes nothing from the others
    looking.may_end.set()
    assert (await first, await asyncio.gather(*others)) == (1, [2] * 4)
    assert await snapshots.now() == 3
    await snapshots.close()


async def test_a_look_that_fails_tells_of_a_state_like_no_other_and_nobody_is_left_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.snapshots.PAUSE_SECONDS", 3_600)
    looking = Looking()
    snapshots = PostgresqlSnapshots(looking)
    told: list[object] = []

    def stumble(_snapshot: object) -> None:
        raise ZeroDivisionError

    snapshots.tell(stumble)
    snapshots.tell(told.append)
    looking.fails = True
    looking.may_end.set()
    states = [await snapshots.now(), await snapshots.now()]
    assert told[0] is states[0] is not states[1]
    assert looking.begun == 1  # nobody looks again at once
    await snapshots.close()


async def test_who_waits_for_a_look_when_the_database_is_closed_is_told_of_nothing_kept() -> None:
    looking = Looking()
    snapshots = PostgresqlSnapshots(looking)
    waiting = [asyncio.create_task(snapshots.now())]
    await looking.has_begun.wait()
    waiting.append(asyncio.create_task(snapshots.now()))
    await asyncio.sleep(0)
    await snapshots.close()
    assert len(set(await asyncio.gather(*waiting)) | {1, 2}) == 4


async def test_a_lost_connection_keeps_nothing_and_is_opened_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        return
    monkeypatch.setattr("models.snapshots.PAUSE_SECONDS", 0)
    assert await is_kept(database, "value")
    async with database.reading() as session:
        others = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      " WHERE application_name = :ours AND pid <> pg_backend_pid()")  # fmt: skip
        await session.execute(others, {"ours": f"{PROCESS_NAME}{database.process_id}"})
    assert await found(database) is None
    assert await is_kept(database, "value")


async def test_a_database_that_cannot_tell_keeps_nothing() -> None:
    snapshots = SqliteSnapshots(None)
    assert await snapshots.now() != await snapshots.now()
    await snapshots.close()


_NAMES = Question(select(Account.username).where(Account.id > bindparam("least", type_=BigInt)).order_by(Account.id))


async def prove(database: Database, least: int = 100) -> None:
    moment, _ = await database.kept.find("key")
    async with database.glancing() as glance:
        await glance.ask(_NAMES, {"least": least})
        database.kept.put("key", moment, "value", 10, glance.proof())


async def test_what_has_a_proof_outlives_what_does_not_concern_it(
    database: Database, elsewhere: Database, clock: Clock
) -> None:
    await prove(database)
    for number, writer in enumerate((database, elsewhere), start=1):
        await write(writer, number)
        assert await found(database) == "value"
    await write(elsewhere, 101)
    assert (await found(database), database.kept.has("key")) == (None, False)
    await prove(database)
    clock.advance(seconds=SECONDS.total_seconds() / 2)
    await write(elsewhere, 3)
    assert await found(database) == "value"
    clock.advance(seconds=SECONDS.total_seconds() / 2 + 1)  # to be proven makes nothing younger
    assert await found(database) is None


async def test_what_was_read_after_its_moment_is_proven_by_what_was_read(
    database: Database, elsewhere: Database
) -> None:
    moment, _ = await database.kept.find("key")
    async with database.glancing() as glance:
        await glance.ask(_NAMES, {"least": 100})
        proof = glance.proof()
    await write(elsewhere, 101)
    await database.kept.find("another")  # by now it is known that something changed
    database.kept.put("key", moment, "made before", 10, proof)
    assert await found(database) is None


async def test_a_proof_that_can_not_be_asked_for_proves_nothing(database: Database, elsewhere: Database) -> None:
    moment, _ = await database.kept.find("key")
    database.kept.put("key", moment, "value", 10, Proof((("SELECT nothing FROM nowhere", ()),), b""))
    await write(elsewhere, 1)
    assert (await found(database), database.kept.has("key")) == (None, False)
