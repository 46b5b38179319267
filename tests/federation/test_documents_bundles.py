"""Loading statuses with their neighbours: everything there, in a fixed number of queries."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from federation.documents import create_activity
from federation.documents.bundles import load_bundles
from models import Database
from models.statuses import Mention, Status, StatusTag
from tests.federation.office import (
    ADDRESSES,
    ALICE_ID,
    BOB_ID,
    CAROL_ID,
    local_account,
    local_status,
    picture,
    poll,
    remote_account,
    tag,
)


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """The SQL that is sent meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    engines = {database._reader.sync_engine, database._writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


async def fill(database: Database, count: int) -> None:
    """`count` statuses of alice: notes, questions, replies and boosts by turns, each with something of everything."""
    async with database.unit_of_work() as unit:
        alice, bob = local_account(ALICE_ID, "alice"), local_account(BOB_ID, "bob")
        carol = remote_account(CAROL_ID, "carol", "peer.test")
        unit.session.add_all([alice, bob, carol, tag(1, "Tea")])
        await unit.session.flush()
        parent = local_status(100, bob)
        unit.session.add(parent)
        await unit.session.flush()
        for number in range(1000, 1000 + count):
            status = local_status(number, alice, object_type="Question" if number % 2 else "Note")
            status.in_reply_to_id, status.in_reply_to_account_id = parent.id, bob.id
            unit.session.add(status)
            await unit.session.flush()
            unit.session.add_all([
                Mention(status_id=number, account_id=CAROL_ID, is_silent=False),
                Mention(status_id=number, account_id=BOB_ID, is_silent=True),
                StatusTag(status_id=number, tag_id=1),
                picture(number, alice, status),
            ])  # fmt: skip
            if number % 2:
                unit.session.add(poll(number, status))
        unit.session.add(local_status(999, bob, boost_of_id=1000))


async def test_a_bundle_has_everything(database: Database) -> None:
    await fill(database, 2)
    async with database.reading() as session:
        bundles = await load_bundles(session, list(await session.scalars(select(Status).order_by(Status.id))))
    assert list(bundles) == [100, 999, 1000, 1001]
    question = bundles[1001]
    assert (question.author.username, question.parent_uri) == ("alice", ADDRESSES.status(BOB_ID, 100))
    assert ([a.username for a in question.mentions], [a.username for a in question.silent]) == (["carol"], ["bob"])
    assert ([t.display_name for t in question.tags], [a.id for a in question.attachments]) == (["Tea"], [1001])
    assert question.poll is not None
    assert question.parent_author is not None
    assert (bundles[1000].poll, question.parent_author.username) == (None, "bob")
    boost = bundles[999]
    assert boost.boosted is not None
    assert boost.boosted_author is not None
    assert (boost.boosted.id, boost.boosted_author.username) == (1000, "alice")


@pytest.mark.parametrize("count", [20, 40])
async def test_a_page_costs_six_queries_however_long_it_is(database: Database, count: int) -> None:
    await fill(database, count)
    async with database.reading() as session:
        statuses = list(await session.scalars(select(Status)))
        with counted_statements(database) as statements:
            bundles = await load_bundles(session, statuses)
    assert len(statements) == 6
    assert len(bundles) == count + 2
    assert all(create_activity(b, ADDRESSES)["object"]["inReplyTo"] for b in bundles.values() if b.status.id >= 1000)


async def test_no_statuses_cost_no_queries(database: Database) -> None:
    async with database.reading() as session:
        with counted_statements(database) as statements:
            assert await load_bundles(session, []) == {}
    assert statements == []
