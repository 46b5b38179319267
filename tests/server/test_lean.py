"""A serving process stays small: what it doesn't carry, and what the allocator gives back."""

import asyncio
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from federation.activity import parse_activity
from federation.expiring import Expiring
from inbox.journal import PARSED_FOR, Journal
from models import Database
from models.activities import SHARED_INBOX, InboundActivity
from models.kept import SECONDS
from models.peers import Peer
from server import lean
from tests.conftest import Clock, NewDatabase

# Each is imported where it is needed; together they are more than 30 MiB.
NOT_AT_THE_START = {
    *("api.answers", "difflib"),
    *("PIL", "alembic", "apispec", "babel", "blurhash", "botocore", "jinja2", "lxml", "markdown_it"),
    *("prometheus_client", "pygments", "pyld", "pytz", "rich", "xml"),
}
# And what belongs to the other database.
OF_ONE = {
    "sqlite": {"aiosqlite", "models.sqlite_driver", "models.sqlite_engine", "sqlalchemy.dialects.sqlite", "sqlite3"},
    "postgresql": {"asyncpg", "sqlalchemy.dialects.postgresql"},
}


STARTED = """
import asyncio, sys, server.cli, server.commands.serving
from server.migrate import migrate_apart
from server.settings import load_settings
from server.workers import running_office

async def start():
    async with running_office(load_settings(None, {"TERTULIA_DOMAIN": "here.test", "TERTULIA_DATA_DIR": sys.argv[1],
                                                   "TERTULIA_DATABASE_URL": sys.argv[2],
                                                   "TERTULIA_LISTEN": "127.0.0.1:0"}), migrate=migrate_apart):
        print(*sorted(sys.modules))

asyncio.run(start())
"""


async def test_an_office_starts_without_what_it_may_never_need(
    backend: str, new_database_url: NewDatabase, tmp_path: Path
) -> None:
    url = make_url(f"sqlite:///{tmp_path}/new.db") if backend == "sqlite" else await new_database_url()
    asked = [sys.executable, "-c", STARTED, str(tmp_path), url.render_as_string(hide_password=False)]
    run = partial(subprocess.run, asked, capture_output=True, text=True, check=True)
    found = (await asyncio.to_thread(run)).stdout.split()
    own = OF_ONE[backend]
    assert (NOT_AT_THE_START | set[str]().union(*OF_ONE.values()) - own) & set(found) == set()
    assert own | {"server.workers", "web.rendering"} <= set(found)


def test_what_is_absent_for_a_while_can_be_imported_afterwards() -> None:
    name = "this"
    sys.modules.pop(name, None)
    with lean.absent(name), pytest.raises(ImportError):
        __import__(name)
    assert name not in sys.modules
    with lean.absent("json"):  # imported before: it stays
        __import__("json")


def test_a_context_without_trust_store_refuses_everybody_and_the_next_trusts_as_ever() -> None:
    before = ssl.create_default_context().cert_store_stats()
    with lean.without_trust_store():
        context = ssl.create_default_context()
    assert context.cert_store_stats()["x509"] == 0
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert ssl.create_default_context().cert_store_stats() == before


def test_an_office_knows_no_media_types_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "mime.types").write_text("application/x-of-the-system sys\n")
    asked = (
        "import mimetypes, sys; files = mimetypes.knownfiles = [sys.argv[1]]; import server.commands;"
        "print(mimetypes.guess_type('a.sys')[0], mimetypes.guess_type('a.png')[0], mimetypes.knownfiles is files)"
    )
    command = [sys.executable, "-c", asked, str(tmp_path / "mime.types")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "None image/png True\n"


SMAPS = b"""\
55d0c0a00000-55d0c0a01000 r--p 00000000 08:02 11                         /usr/bin/program
Size:                  4 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
7f0000000000-7f0000001000 r-xp 00000000 08:02 12                         /usr/lib/with space.so
Rss:                   4 kB
Anonymous:             0 kB
7f0000001000-7f0000002000 r--p 00001000 08:02 12                         /usr/lib/with space.so
Anonymous:             4 kB
7f0000002000-7f0000003000 rw-p 00002000 08:02 12                         /usr/lib/with space.so
Anonymous:             0 kB
7f0000003000-7f0000004000 r--p 00003000 08:02 12                         /usr/lib/with space.so
Anonymous:             0 kB
7f0000010000-7f0000011000 r--p 00000000 08:02 13                         /data/picture
Anonymous:             0 kB
7f0000020000-7f0000021000 r-xp 00000000 00:00 0
Anonymous:             0 kB
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
"""


def test_only_what_is_as_in_a_librarys_file_is_let_go_of() -> None:
    assert lean.unchanged_libraries(SMAPS) == [(0x7F0000000000, 0x7F0000001000), (0x7F0000003000, 0x7F0000004000)]


def test_what_was_found_unchanged_is_known_until_something_else_is_mapped(tmp_path: Path) -> None:
    libraries = lean.Libraries(tmp_path)
    lines = [line for line in SMAPS.splitlines(keepends=True) if b"-" in line.split()[0]]
    (tmp_path / "smaps").write_bytes(SMAPS)
    (tmp_path / "maps").write_bytes(b"".join(lines))
    found = libraries.unchanged()
    assert found == lean.unchanged_libraries(SMAPS)
    (tmp_path / "smaps").write_bytes(b"")
    (tmp_path / "maps").write_bytes(b"".join(lines) + b"7f0000040000-7f0000050000 rw-p 00000000 00:00 0\n")
    assert libraries.unchanged() == found
    (tmp_path / "maps").write_bytes(b"".join(lines).replace(b"7f0000003000", b"7f0000003f00"))
    assert libraries.unchanged() == []


def test_a_process_works_on_without_the_pages_that_it_let_go_of() -> None:
    asked = (
        "import hashlib, sqlite3, ssl, zlib; from pathlib import Path; from server import lean;"
        "resident = lambda: int(Path('/proc/self/statm').read_text().split()[1]); before = resident();"
        "lean.let_go_of_libraries(); print(resident() < before); ssl.create_default_context();"
        "print(len(hashlib.sha512(zlib.compress(b'x')).digest()), *sqlite3.connect(':memory:').execute('SELECT 1'))"
    )
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert found == "True\n64 (1,)\n" or sys.platform != "linux"


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


async def test_activities_that_this_process_does_not_apply_are_forgotten(database: Database, clock: Clock) -> None:
    journal = Journal(database)
    parsed = [parse_activity(b'{"type": "Like", "actor": "https://a.test/a", "id": "https://a.test/%d"}' % number)
              for number in range(3)]  # fmt: skip
    for activity in (parsed[0], parsed[0], parsed[1]):  # the second has no row: it was known
        await journal.append(activity, inbox_id=SHARED_INBOX, host="a.test")
    async with database.reading() as session:
        rows = (await session.scalars(select(InboundActivity.id).order_by(InboundActivity.id))).all()
    assert journal.take_parsed(rows[0]) is parsed[0]
    assert journal.remembered == 2
    clock.advance(seconds=PARSED_FOR.total_seconds() + 1)
    await journal.append(parsed[2], inbox_id=SHARED_INBOX, host="a.test")
    assert journal.remembered == 1
    assert journal.take_parsed(rows[1]) is None


def test_what_is_remembered_until_a_time_is_freed_then_and_not_before() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    remembered: Expiring[str, int] = Expiring(max_entries=10)
    remembered.put("short", 1, now, timedelta(seconds=10))
    remembered.put("long", 2, now, timedelta(seconds=20))
    remembered.forget_expired(now + timedelta(seconds=10))
    assert len(remembered) == 1
    assert remembered.get("long", now) == 2


async def test_what_was_freed_goes_back_after_work_and_an_idle_office_spares_itself_the_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lean, "TRIM_SECONDS", 0)
    clocks = iter([0.0, 1.0, 1.0, 1.01, 1.01, 2.0, 2.0])  # at the start; then when looked at, and after each trim
    stop, done = asyncio.Event(), list[str]()
    monkeypatch.setattr(lean, "trim", lambda: done.append("trim"))

    async def give_back() -> None:
        done.append("give back")
        if len(done) > 2:
            stop.set()

    await lean.keep_trimmed(stop, give_back=give_back, used=lambda: next(clocks))
    assert done == ["give back", "trim"] * 2
    assert list(clocks) == []  # twice in between it was looked at, and nothing was done
