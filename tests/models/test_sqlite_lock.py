"""Writing while somebody else (the command line, another process) holds SQLite's one write lock."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from models import Database
from models.addresses import LocalAddresses
from models.peers import Peer
from models.sqlite_driver import use_write_ahead_log
from server.migrate import migrate


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    copy = tmp_path / "office.db"
    copy.write_bytes(sqlite_template.read_bytes())
    return copy


@pytest.fixture
async def office(path: Path) -> AsyncIterator[Database]:
    url = make_url(f"sqlite+aiosqlite:///{path}")
    database = Database(url, addresses=LocalAddresses("https://office.test", "office.test"))
    yield database
    await database.close()


async def add_peer(database: Database, domain: str) -> None:
    async with database.unit_of_work() as unit:
        unit.session.add(Peer(domain=domain, state="confirmed", created_at=unit.now, updated_at=unit.now))


async def domains(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(Peer.domain).order_by(Peer.domain)))


async def test_a_unit_waits_for_the_lock_of_another_process_without_holding_up_the_loop(
    office: Database, path: Path
) -> None:
    await add_peer(office, "first.test")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(add_peer(office, "second.test"))
        for _ in range(50):
            await asyncio.sleep(0)  # the loop runs although the unit can't begin
        assert await domains(office) == ["first.test"]
        assert not waiting.done()
        other.execute("COMMIT")
        await waiting
    assert await domains(office) == ["first.test", "second.test"]


async def test_after_having_waited_a_unit_begins_at_once_again(office: Database, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(add_peer(office, "first.test"))
        await asyncio.sleep(0)
        other.execute("COMMIT")
        await waiting
    async with office.unit_of_work() as unit:
        assert await unit.session.scalar(text("PRAGMA busy_timeout")) == 0


async def test_what_raised_leaves_nothing_and_no_lock_behind(office: Database, path: Path) -> None:
    with pytest.raises(RuntimeError):
        async with office.unit_of_work() as unit:
            unit.session.add(Peer(domain="first.test", state="confirmed", created_at=unit.now, updated_at=unit.now))
            await unit.session.flush()
            raise RuntimeError
    assert await domains(office) == []
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


@pytest.fixture
def new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file without a write-ahead log that another process is writing, until somebody waits for it."""
    new = tmp_path / "new.db"
    with closing(sqlite3.connect(new, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE notes (text)")
        waits = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: other.execute("COMMIT"))
        monkeypatch.setattr("models.sqlite_driver.time", waits)
        yield new


async def test_an_office_waits_for_the_process_that_opened_the_new_file_first(new_file: Path) -> None:
    opened = Database(make_url(f"sqlite+aiosqlite:///{new_file}"), addresses=LocalAddresses("https://a.test", "a.test"))
    async with opened.reading() as session:
        assert await session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await session.scalar(text("SELECT count(*) FROM notes")) == 0
    await opened.close()


async def test_a_migration_waits_for_the_process_that_opened_the_new_file_first(new_file: Path) -> None:
    await migrate(make_url(f"sqlite+aiosqlite:///{new_file}"))
    with closing(sqlite3.connect(new_file)) as connection:
        assert connection.execute("SELECT count(*) FROM notes, alembic_version").fetchone() == (0,)


def test_what_stays_locked_is_said_in_the_end(new_file: Path) -> None:
    with closing(sqlite3.connect(new_file)) as late, pytest.raises(sqlite3.OperationalError, match="locked"):
        use_write_ahead_log(late.execute, within=0)
