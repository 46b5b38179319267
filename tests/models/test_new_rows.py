"""Rows that go round the ORM are written like those that don't: whole, in order, and changed afterwards alike."""

from typing import Any

from sqlalchemy import event, select

from models import Database, UnitOfWork
from models.accounts import Account
from models.new_rows import new_row, rows_where
from models.questions import WORDS, among
from models.statuses import Mention, Status
from tests.models.test_database import account


def note(unit: UnitOfWork, author: Account, name: str, **more: Any) -> Status:
    number = unit.new_id()
    return new_row(Status, id=number, uri=f"https://peer.test/{name}", account_id=author.id, conversation_id=number,
                   published_at=unit.now, created_at=unit.now, **more)  # fmt: skip


def plain_note(unit: UnitOfWork, author: Account, name: str) -> Status:
    number = unit.new_id()
    return Status(id=number, uri=f"https://peer.test/{name}", account_id=author.id, conversation_id=number,
                  published_at=unit.now, created_at=unit.now)  # fmt: skip


def columns(status: Status) -> dict[str, Any]:
    own = {"id", "uri", "conversation_id", "published_at", "created_at"}
    return {column.key: getattr(status, column.key) for column in Status.__table__.columns if column.key not in own}


async def test_a_new_row_has_all_that_a_row_of_the_ordinary_way_has(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    async with database.unit_of_work() as unit:
        one, other = note(unit, ana, "new"), plain_note(unit, ana, "plain")
        unit.session.insert(one)
        await unit.session.flush()
        unit.session.add(other)
    async with database.reading() as session:
        stored = {row.uri: columns(row) for row in await session.scalars(select(Status))}
    assert stored["https://peer.test/new"] == stored["https://peer.test/plain"] == columns(one)


async def test_what_refers_to_others_is_written_after_them_and_all_of_a_kind_at_once(database: Database) -> None:
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, sql: str, *_more: object) -> None:
        if "INSERT" in sql:
            heard.append(sql.split()[2])

    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    async with database.unit_of_work() as unit:
        told = [note(unit, ana, f"{number}", emojis=[{"shortcode": "x"}]) for number in range(30)]
        for status in told:  # a mention of one comes before the next status
            unit.session.insert(new_row(Mention, status_id=status.id, account_id=ana.id))
            unit.session.insert(status)
    assert heard == ["statuses", "mentions"]
    async with database.unit_of_work() as unit:
        first = (await unit.session.scalars(select(Status).where(Status.id == told[0].id))).one()
        assert (first.emojis, first.content_html, first.edited_at) == ([{"shortcode": "x"}], "", None)


async def test_a_new_row_is_found_and_changed_like_any_other_once_it_is_written(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
        status = note(unit, ana, "a")
        unit.session.insert(status)
        status.summary = "before"  # with an account to be written first, the ORM has to see to the order
        await unit.session.flush()
        again = note(unit, ana, "b")
        unit.session.insert(again)
        await unit.session.flush()
        assert await unit.session.get(Status, again.id) is again
        again.summary = status.content_html = "after"
    async with database.reading() as session:
        found = await session.execute(select(Status.summary, Status.content_html).order_by(Status.id))
        assert [tuple(row) for row in found] == [("before", "after"), ("after", "")]


async def test_rows_that_are_found_without_the_orm_are_those_of_the_session(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = account(unit, "ana")
        unit.session.add(ana)
        for name in "abc":
            unit.session.insert(note(unit, ana, name, emojis=[{"shortcode": name}]))
    named = rows_where(Status, among(Status.uri, "uris", WORDS))
    uris = [f"https://peer.test/{name}" for name in "acx"]
    async with database.unit_of_work() as unit:
        known = (await unit.session.scalars(select(Status).where(Status.uri == uris[0]))).one()
        known.summary = "not written yet"
        found = {status.uri: status for status in await unit.session.find(Status, named, {"uris": uris})}
        assert (found.keys(), found[uris[0]]) == (set(uris[:2]), known)
        assert known.summary == "not written yet"
        other = found[uris[1]]
        assert columns(other) == columns(
            (await unit.session.scalars(select(Status).where(Status.uri == uris[1]))).one()
        )
        other.summary = "changed"
    async with database.reading() as session:
        stored = await session.execute(select(Status.uri, Status.summary).order_by(Status.uri))
    assert [row.summary for row in stored] == ["not written yet", "", "changed"]
