"""What goes straight to the driver belongs to the transaction of its session, and fails as the session would."""

from typing import Any

import pytest
from sqlalchemy import bindparam, event, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from jobs.queue import enqueue_jobs
from models import Database, UnitOfWork
from models.accounts import Account
from models.activities import Job, RemoteHost
from models.base import BigInt
from models.bulk import FEW, SEVERAL, Bulk
from models.feeds import FeedEntry
from models.insertion import insert_missing, updating
from models.new_rows import insert_rows
from models.questions import Question
from models.relations import Follow
from models.statuses import Status
from tests.models.test_database import account

NAMES = Question(select(Account.username).order_by(Account.username))
RENAME = Bulk(
    update(Account.__table__)  # type: ignore[arg-type]
    .where(Account.__table__.c.id == bindparam("row_id", type_=BigInt))
    .values(display_name=bindparam("new_name")),
    ("row_id", "new_name"),
)


async def stored_names(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(Account.display_name).order_by(Account.username)))


async def test_it_sees_and_is_seen_by_the_same_transaction_in_the_order_of_the_calls(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana, bob = account(unit, "ana"), account(unit, "bob")
        unit.session.add_all([ana, bob])
        await unit.session.flush()
        assert await unit.session.ask(NAMES, {}) == [("ana",), ("bob",)]
        ana.display_name = "by the session"
        await unit.session.flush()
        await RENAME.write(unit.session, [{"row_id": one.id, "new_name": "straight"} for one in (ana, bob)])
        query = select(Account.display_name).where(Account.id == ana.id)
        assert await unit.session.scalar(query) == "straight"
        await unit.session.execute(text("UPDATE accounts SET display_name = 'last' WHERE username = 'bob'"))
    assert await stored_names(database) == ["straight", "last"]


async def test_what_is_rolled_back_takes_it_along(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    with pytest.raises(ZeroDivisionError):
        async with database.unit_of_work() as unit:
            await RENAME.write(unit.session, [{"row_id": ana.id, "new_name": "never"}])  # the first statement
            raise ZeroDivisionError
    assert await stored_names(database) == [""]
    async with database.unit_of_work() as unit:
        async with unit.session.begin_nested() as savepoint:
            await RENAME.write(unit.session, [{"row_id": ana.id, "new_name": "never"}])
            await savepoint.rollback()
        assert await unit.session.ask(NAMES, {}) == [("ana",)]
    assert await stored_names(database) == [""]


async def test_a_conflict_is_the_error_of_the_session_and_ends_the_unit(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana, bob = account(unit, "ana"), account(unit, "bob")
        unit.session.add_all([ana, bob])
    row: dict[str, Any] = {"uri": "https://peer.test/1", "follower_id": ana.id, "followee_id": bob.id}
    with pytest.raises(IntegrityError):
        async with database.unit_of_work() as unit:
            await RENAME.write(unit.session, [{"row_id": ana.id, "new_name": "never"}])
            await insert_rows(unit.session, Follow, [row | {"id": one, "created_at": unit.now} for one in (1, 2)])
    assert await stored_names(database) == ["", ""]
    async with database.unit_of_work() as unit:  # the connection can be used again
        await insert_rows(unit.session, Follow, [row | {"id": 1, "created_at": unit.now}])


def note(number: int, author: Account, unit: UnitOfWork) -> dict[str, Any]:
    return {"id": number, "uri": f"https://peer.test/{number}", "account_id": author.id, "conversation_id": number,
            "published_at": unit.now, "created_at": unit.now}  # fmt: skip


async def test_what_is_gathered_is_sent_as_one_before_anything_else_is_asked(database: Database) -> None:
    heard: list[str] = []

    async def write(unit: UnitOfWork, items: list[int]) -> None:
        for number in items:
            await insert_rows(unit.session, Status, [note(number, ana, unit)])
            await insert_missing(unit.session, FeedEntry, [{"account_id": ana.id, "status_id": number}])
            await RENAME.write(unit.session, [{"row_id": ana.id, "new_name": f"wrote {number}"}])

    async def look(unit: UnitOfWork, _items: list[int]) -> None:
        found.extend(await unit.session.scalars(select(FeedEntry.status_id).order_by(FeedEntry.status_id)))

    def hear(_connection: object, _cursor: object, sql: str, *_more: object) -> None:
        heard.append(sql)

    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    found: list[int] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    async with database.unit_of_work() as unit:
        unit.defer(write, 1, is_gathered=True)
        unit.defer(write, 2, is_gathered=True)
        unit.defer(look, 0)
    event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
    writing = [sql for sql in heard if "INSERT" in sql or "UPDATE" in sql]
    # One of a table each, and a statement that isn't said to be apart, are what one takes on PostgreSQL.
    assert (found, len(writing)) == ([1, 2], 6 if database.is_sqlite else 4)
    assert await stored_names(database) == ["wrote 2"]


async def test_several_rows_are_gathered_too_and_keep_their_order(database: Database) -> None:
    heard: list[str] = []

    async def write(unit: UnitOfWork, keys: list[str]) -> None:
        await insert_rows(unit.session, Status, [note(number, ana, unit) for number in range(1, 4)])
        await insert_missing(unit.session, FeedEntry, [{"account_id": ana.id, "status_id": 4 - one} for one in (1, 2)])
        await enqueue_jobs(unit, "sweep", {key: {"names": [key, None]} for key in keys})

    def hear(_connection: object, _cursor: object, sql: str, *_more: object) -> None:
        heard.append(sql)

    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    async with database.unit_of_work() as unit:
        unit.defer(write, "b", is_gathered=True)
        unit.defer(write, "a", is_gathered=True)
    event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
    # What is last comes last, with what is told to others: their row of jobs is locked for as short as can be.
    assert len([sql for sql in heard if "INSERT" in sql]) == (3 if database.is_sqlite else 2)
    async with database.reading() as session:
        assert list(await session.scalars(select(Status.id).order_by(Status.id))) == [1, 2, 3]
        assert list(await session.scalars(select(FeedEntry.status_id).order_by(FeedEntry.status_id))) == [2, 3]
        jobs = (await session.execute(select(Job.unique_key, Job.payload, Job.state).order_by(Job.unique_key))).all()
    assert [tuple(job) for job in jobs] == [(key, {"names": [key, None]}, "queued") for key in ("a", "b")]
    async with database.unit_of_work() as unit:  # the second time they are there: one of them is kept
        await enqueue_jobs(unit, "sweep", {"b": {"names": []}, "c": {"names": []}})
    async with database.reading() as session:
        kept = (await session.execute(select(Job.unique_key, Job.payload).order_by(Job.unique_key))).all()
    assert [(key, len(payload["names"])) for key, payload in kept] == [("a", 2), ("b", 2), ("c", 0)]


async def test_many_rows_are_one_statement_with_a_list_for_each_column(database: Database) -> None:
    heard: list[tuple[str, bool]] = []

    def hear(_connection: object, _cursor: object, sql: str, _parameters: object, _context: object, many: bool) -> None:
        heard.append((sql, many))

    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    numbers = list(range(1, FEW + 2))
    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    async with database.unit_of_work() as unit:
        rows = [note(number, ana, unit) for number in reversed(numbers)]
        rows[-1] |= {"title": "One", "emojis": [{"shortcode": "a"}], "event": {"name": "a"}}
        await insert_rows(unit.session, Status, rows)
        entries = [{"account_id": ana.id, "status_id": number} for number in (*numbers, *numbers)]
        await insert_missing(unit.session, FeedEntry, entries)
    event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
    inserts = [(sql, many) for sql, many in heard if sql.startswith("INSERT")]
    assert [("unnest" in sql, many) for sql, many in inserts] == [(not database.is_sqlite, database.is_sqlite)] * 2
    async with database.reading() as session:
        columns = (Status.id, Status.title, Status.summary, Status.emojis, Status.event, Status.edited_at)
        stored = [tuple(row) for row in await session.execute(select(*columns).order_by(Status.id))]
        assert list(await session.scalars(select(FeedEntry.status_id).order_by(FeedEntry.status_id))) == numbers
    assert stored[0] == (1, "One", "", [{"shortcode": "a"}], {"name": "a"}, None)
    assert stored[1:] == [(number, None, "", [], None, None) for number in numbers[1:]]


async def test_an_upsert_may_have_a_row_twice_however_many_there_are(database: Database) -> None:
    columns = tuple(column.key for column in Account.__table__.columns)
    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    row = {name: getattr(ana, name) for name in columns}
    upsert = Bulk(updating(database.is_sqlite, Account, ("id",), ("display_name",)), columns)
    async with database.unit_of_work() as unit:
        await upsert.write(unit.session, [row | {"display_name": f"{number}"} for number in range(2 * FEW)])
    assert await stored_names(database) == [f"{2 * FEW - 1}"]


@pytest.mark.parametrize(("count", "are_lists"), [(SEVERAL - 1, False), (SEVERAL, True)])
async def test_an_upsert_that_has_each_row_once_is_lists_from_several_rows_on(
    database: Database, count: int, are_lists: bool
) -> None:
    heard: list[str] = []
    columns = ("host", "failures", "failing_days", "updated_at")
    upsert = Bulk(updating(database.is_sqlite, RemoteHost, ("host",), ("failures",)), columns, has_each_once=True)
    hosts = [f"host{number}.test" for number in range(count)]
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *told: heard.append(told[2]))
    for failures, given in enumerate((hosts[1:], hosts)):
        async with database.unit_of_work() as unit:
            row = {"failures": failures, "failing_days": failures, "updated_at": unit.now}
            await upsert.write(unit.session, [{"host": host, **row} for host in given])
    assert ["unnest" in sql for sql in heard if "INSERT" in sql][1:] == [are_lists and not database.is_sqlite]
    async with database.reading() as session:
        stored = await session.execute(select(RemoteHost.host, RemoteHost.failures, RemoteHost.failing_days))
        assert sorted(map(tuple, stored)) == [(hosts[0], 1, 1), *((host, 1, 0) for host in hosts[1:])]


async def test_what_is_gathered_fails_together_with_its_unit(database: Database) -> None:
    async def write(unit: UnitOfWork, items: list[Any]) -> None:
        for author in items:
            await insert_missing(unit.session, FeedEntry, [{"account_id": author.id, "status_id": 1}])
            await insert_rows(unit.session, Status, [note(1, author, unit) | {"account_id": 404}])

    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    with pytest.raises(IntegrityError):
        async with database.unit_of_work() as unit:
            await RENAME.write(unit.session, [{"row_id": ana.id, "new_name": "never"}])
            unit.defer(write, ana, is_gathered=True)
    assert await stored_names(database) == [""]


async def test_a_connection_that_was_lost_is_thrown_away(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("a file can't be lost")
    with pytest.raises(DBAPIError):
        async with database.unit_of_work() as unit:
            await unit.session.ask(NAMES, {})
            own = await unit.session.scalar(text("SELECT pg_backend_pid()"))
            async with database.engine.connect() as other:
                await other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
            await unit.session.ask(NAMES, {})
    async with database.unit_of_work() as unit:
        assert await unit.session.ask(NAMES, {}) == []
