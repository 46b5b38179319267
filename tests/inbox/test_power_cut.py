"""On SQLite, what was promised to somebody waits for the disk; what the journal would have done again doesn't."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from inbox.process import InboxWorker
from models import Database
from tests.graph import journal
from tests.peers import Office
from tests.remote_peers import RemoteServer


@contextmanager
def commits(raw: Any) -> Iterator[list[tuple[str, bool]]]:
    """What each transaction of the connection wrote, and whether its commit waited for the disk."""
    found: list[tuple[str, bool]] = []
    waits, written = True, list[str]()

    def note(statement: str) -> None:
        nonlocal waits
        if statement.startswith("PRAGMA synchronous="):
            waits = statement.endswith("FULL")
        elif statement == "COMMIT":
            found.append((" ".join(written), waits))
            written.clear()
        elif statement.startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)

    (waits,) = (level > 1 for (level,) in raw.execute("PRAGMA synchronous"))
    raw.set_trace_callback(note)
    try:
        yield found
    finally:
        raw.set_trace_callback(None)


@pytest.fixture
async def writer(office: Office) -> Any:
    """SQLite's one connection that writes."""
    if not office.services.database.is_sqlite:
        pytest.skip("PostgreSQL always waits")
    return await raw_writer(office.services.database)


async def raw_writer(database: Database) -> Any:
    async with database.unit_of_work() as unit:
        connection = await unit.session.connection()
        pooled = await connection.get_raw_connection()
        assert pooled.driver_connection is not None
        return pooled.driver_connection._conn


async def test_an_activity_is_answered_when_it_is_on_the_disk_and_applied_without_waiting_for_it(
    office: Office, remote: RemoteServer, writer: Any
) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    with commits(writer) as found:
        await carol.post(alice.inbox_url, carol.follow(alice.uri))
        stored = [waits for written, waits in found if "INTO inbound_activities" in written]
        assert stored == [True]

        found.clear()
        assert await InboxWorker(office.services, office.journal).run_once() == 1
        applied = [waits for written, waits in found if "INTO follows" in written]
        assert applied == [False]

        await carol.post(alice.inbox_url, carol.follow(alice.uri))
        assert [waits for written, waits in found if "INTO inbound_activities" in written] == [True]
    assert [state for _, state, _ in await journal(office)] == ["done", "queued"]


async def test_a_client_is_answered_when_its_post_is_on_the_disk(office: Office, writer: Any) -> None:
    alice = await office.create_person("alice")
    async with office.services.database.unit_of_work(is_repeatable=True):
        pass  # the connection didn't wait last
    with commits(writer) as found:
        assert (await office.api(alice).post("/api/v1/statuses", {"status": "Good morning"})).status == 200
    assert [waits for written, waits in found if "INTO statuses" in written] == [True]
