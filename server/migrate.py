"""Bringing a database to this version of the tables, by Alembic without an alembic.ini. Alembic is imported when
there is something to migrate: it takes ten megabytes that an office at work needs for other things.

Promises that a migration happens whole or not at all, and once: on PostgreSQL in one transaction under an advisory
lock, on SQLite in one `BEGIN IMMEDIATE`, which is a lock by itself. Several processes may start at once; the second
finds the work done. Nobody serves from a database that is too old or too new (DatabaseNotReady).
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from migrations.revisions import revisions
from models import Database

if TYPE_CHECKING:
    import sqlite3

    from alembic.config import Config

log = structlog.get_logger(__name__)

# "tertulia" as a number: the advisory lock that migrating processes take turns with.
LOCK_NUMBER = 0x74657274756C6961
LOCK_SECONDS = 60
Step = Callable[["Config"], None]
Migrate = Callable[[URL], Awaitable[None]]


class DatabaseNotReady(Exception):
    """The database can't be used by this version as it is; the message says what to do."""


class MigrationFailed(Exception):
    """A migration was rolled back; the database is as it was before."""


@dataclass(frozen=True)
class SchemaState:
    """Which revision the database has (None: empty) and which one this version needs."""

    current: str | None
    needed: str
    known: frozenset[str]

    @property
    def is_current(self) -> bool:
        return self.current == self.needed

    @property
    def problem(self) -> str | None:
        """A sentence that says what to do, or None when the database is fine."""
        if self.is_current:
            return None
        if self.current is None:
            return "The database has no tables yet: run `tertulia migrate`."
        if self.current not in self.known:
            return (
                f"The database has revision {self.current}, which this version of Tertulia doesn't know: a newer "
                "version has migrated it. Install that version, or restore a backup of the database."
            )
        return f"The database has revision {self.current}, but {self.needed} is needed: run `tertulia migrate`."


async def schema_state(database: Database) -> SchemaState:
    """Compare the database with the migrations of this version. One query."""
    async with database.reading() as session:
        current = await (await session.connection()).run_sync(_current_revision)
    return SchemaState(current, *revisions())


async def check_schema(database: Database) -> None:
    """Raises DatabaseNotReady unless the database has exactly the tables of this version."""
    problem = (await schema_state(database)).problem
    if problem is not None:
        raise DatabaseNotReady(problem)


async def migrate_when_behind(database: Database, how: Migrate | None = None) -> None:
    """Migrate a database that is empty or old; one that a newer version has migrated is left alone."""
    state = await schema_state(database)
    if state.current is None or (not state.is_current and state.current in state.known):
        await (how or migrate)(database.url)
        log.info("migrated", before=state.current, now=state.needed)


async def migrate_apart(url: URL) -> None:
    """Migrate in a process that ends with it: what Alembic takes (12 MiB) isn't there while the office serves."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "server.migrate"), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, told = await process.communicate(url.render_as_string(hide_password=False).encode())
    if process.returncode:
        raise MigrationFailed(told.decode("utf-8", "replace").strip())


async def migrate(url: URL, revision: str = "head") -> None:
    """Bring the database to this version or another. Raises MigrationFailed, and leaves it as it was then."""
    from alembic import command

    await run_on(url, lambda config: command.upgrade(config, revision))


async def stamp(url: URL) -> None:
    """Note that the tables are those of this version, without touching them."""
    from alembic import command

    await run_on(url, lambda config: command.stamp(config, "head"))


async def run_on(url: URL, step: Step) -> None:
    """Run one command of Alembic on a database, under the lock and in one transaction."""
    if url.get_backend_name() == "sqlite":
        await asyncio.to_thread(_run_on_sqlite, url, step)
    else:
        await _run_on_postgresql(url, step)


def alembic_config(connection: Connection | None = None) -> "Config":
    """The configuration that an alembic.ini would hold."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def _run_on_postgresql(url: URL, step: Step) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})
            await connection.run_sync(lambda plain: step(alembic_config(plain)))
    finally:
        await engine.dispose()


def _run_on_sqlite(url: URL, step: Step) -> None:
    engine = create_engine(url.set(drivername="sqlite"), poolclass=NullPool, connect_args={"timeout": LOCK_SECONDS})

    from models.sqlite_driver import use_write_ahead_log  # for SQLite alone

    def configure(connection: "sqlite3.Connection", _record: object) -> None:
        connection.isolation_level = None
        # Alembic replaces whole tables: while it does, rows must be allowed to point at nothing.
        connection.execute("PRAGMA foreign_keys=OFF")
        use_write_ahead_log(connection.execute, LOCK_SECONDS)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with contextlib.ExitStack() as stack:
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.begin())
        step(alembic_config(connection))
        if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5):
            raise MigrationFailed(f"The migration was undone, because rows would point at nothing: {orphans}")


def _current_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def main() -> None:
    """The process of `migrate_apart`: the URL comes on standard input, where nobody else sees its password."""
    try:
        asyncio.run(migrate(make_url(sys.stdin.read())))
    except MigrationFailed as failed:
        sys.exit(str(failed))


if __name__ == "__main__":
    main()
