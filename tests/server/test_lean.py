"""A serving process stays small: what it doesn't carry, and what the allocator gives back."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from federation.expiring import Expiring
from models import Database
from models.kept import SECONDS
from models.peers import Peer
from server import lean
from tests.conftest import Clock

# Each is imported where it is needed; together they are more than 30 MiB.
NOT_AT_THE_START = {
    *("PIL", "alembic", "apispec", "babel", "blurhash", "botocore", "jinja2", "lxml", "markdown_it"),
    *("prometheus_client", "pygments", "pyld", "rich"),
}


def test_an_office_starts_without_what_it_may_never_need() -> None:
    asked = "import sys, server.cli, server.workers; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert NOT_AT_THE_START & set(found) == set()
    assert "server.workers" in found


def test_what_is_absent_for_a_while_can_be_imported_afterwards() -> None:
    name = "this"
    sys.modules.pop(name, None)
    with lean.absent(name), pytest.raises(ImportError):
        __import__(name)
    assert name not in sys.modules
    with lean.absent("json"):  # imported before: it stays
        __import__("json")


def test_the_allocator_can_be_set_and_trimmed() -> None:
    asked = "from server import lean; lean.set_allocator(); lean.settle(); print('fine')"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "fine\n"


async def test_who_reads_alone_uses_one_connection_and_its_pages_again(database: Database) -> None:
    async with database.reading() as one, database.reading() as other:
        await one.execute(text("SELECT 1"))
        await other.execute(text("SELECT 1"))
    used = set()
    for _ in range(4):
        async with database.reading() as session:
            pooled = await (await session.connection()).get_raw_connection()
            used.add(id(pooled.driver_connection))
    assert len(used) == 1 or not database.is_sqlite


async def test_what_is_too_old_is_given_back_and_what_is_under_way_goes_on(database: Database, clock: Clock) -> None:
    kept = database.kept
    moment, _ = await kept.find("old")
    kept.put("old", moment, b"answer", 6)
    clock.advance(seconds=SECONDS.total_seconds() + 1)
    moment, _ = await kept.find("young")
    kept.put("young", moment, b"answer", 6)
    size = kept.size_bytes
    async with database.unit_of_work() as unit, database.reading() as reader:
        unit.session.add(Peer(domain="a.test", state="confirmed", created_at=unit.now, updated_at=unit.now))
        await unit.session.flush()
        await database.give_back()
        assert await reader.scalar(select(func.count()).select_from(Peer)) == 0
    assert kept.size_bytes == size // 2
    async with database.reading() as reader:
        assert await reader.scalar(select(func.count()).select_from(Peer)) == 1
    await database.give_back()


def test_what_is_remembered_until_a_time_is_freed_then_and_not_before() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    remembered: Expiring[str, int] = Expiring(max_entries=10)
    remembered.put("short", 1, now, timedelta(seconds=10))
    remembered.put("long", 2, now, timedelta(seconds=20))
    remembered.forget_expired(now + timedelta(seconds=10))
    assert len(remembered) == 1
    assert remembered.get("long", now) == 2
