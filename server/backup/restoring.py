"""Putting a backup in the place of an office, all of it or nothing.

Everything is prepared beside the office first: an embedded database as a file of its own, media and keys in a folder.
With PostgreSQL the rows are one transaction. Files that were there are moved into `replaced-<number>` below the data
directory; rows of PostgreSQL are gone with the transaction. A restore that fails leaves the office as it was.

A restored office begins a new generation of its log and asks its peers for what it has lost (`inbox.sync.state`).
"""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from inbox.sync.state import mark_restored
from models import Database
from models.accounts import INSTANCE_ACTOR_ID
from models.addresses import LocalAddresses
from server.backup.reading import Manifest, Member, check_end, opened
from server.backup.rows import row_of, table_from
from server.backup.saving import END, KEY_FILE, BackupRefused, Progress
from server.migrate import migrate, schema_state
from server.settings import Settings

ROWS_AT_ONCE: Final = 500
_STORAGE_KEY: Final = re.compile(r"[\w.-]{4,200}")
_WORKSHOP: Final = ".restoring"


@dataclass
class Loaded:
    """What has been taken out of the backup."""

    rows: dict[str, int]
    files: int = 0
    file_bytes: int = 0
    end: dict[str, Any] | None = field(default=None)


async def restore(settings: Settings, source: Path, passphrase: str, *, replace: bool, progress: Progress) -> Manifest:
    """Make the backup the office. Raises SealRefused, BackupRefused, MigrationFailed, OSError."""
    with ExitStack() as stack:
        manifest, members = stack.enter_context(opened(source, passphrase))
        if manifest.domain != settings.domain:
            raise BackupRefused(
                f"This is a backup of {manifest.domain}, and TERTULIA_DOMAIN is {settings.domain}: an office can't "
                "take over the name of another."
            )
        await _check_empty(settings, replace=replace)
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        workshop = settings.data_dir / _WORKSHOP
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir(mode=0o700)
        stack.callback(shutil.rmtree, workshop, ignore_errors=True)
        loaded = Loaded(dict.fromkeys(manifest.tables, 0))

        def load(connection: Connection) -> None:
            for member in members:
                _take(connection, manifest, member, workshop, loaded)
                progress(member.folder or member.name, member.size)
            check_end(loaded.end, loaded.rows, loaded.files, loaded.file_bytes)

        if settings.is_embedded:
            await _into_sqlite(settings, manifest, workshop, load)
        else:
            await _into_postgresql(settings, manifest, load)
        _exchange(settings, workshop)
    return manifest


async def _check_empty(settings: Settings, *, replace: bool) -> None:
    """Refuse to take the place of an office with people in it, unless that is wanted."""
    url = make_url(settings.database_url)
    if replace or not _may_exist(url):
        return
    database = _open(settings, url)
    try:
        if (await schema_state(database)).current is None:
            return
        async with database.reading() as session:
            people = await session.scalar(
                text("SELECT count(*) FROM accounts WHERE id <> :instance"), {"instance": INSTANCE_ACTOR_ID}
            )
    finally:
        await database.close()
    if people:
        raise BackupRefused(
            f"There is an office here already, with {people} accounts: stop it, and say --replace to put the backup in "
            "its place."
        )


def _may_exist(url: URL) -> bool:
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def _open(settings: Settings, url: URL) -> Database:
    return Database(url, addresses=LocalAddresses(settings.origin, settings.domain))


async def _into_sqlite(
    settings: Settings, manifest: Manifest, workshop: Path, load: Callable[[Connection], None]
) -> None:
    """Fill a database file in the workshop."""
    url = make_url(settings.database_url).set(database=str(workshop / "tertulia.db"))
    await migrate(url, manifest.revision)
    engine = sa.create_engine(url.set(drivername="sqlite"), poolclass=NullPool)
    try:
        with engine.begin() as connection:  # foreign keys are off unless somebody turns them on
            load(connection)
            if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5):
                raise BackupRefused(f"The backup is damaged inside: rows point at nothing: {orphans}.")
    finally:
        engine.dispose()
    await _bring_up_to_date(settings, url, manifest)


async def _into_postgresql(settings: Settings, manifest: Manifest, load: Callable[[Connection], None]) -> None:
    """Replace all rows in one transaction; foreign keys are taken away and checked again at its end."""
    url = make_url(settings.database_url)
    database = _open(settings, url)
    try:
        current = (await schema_state(database)).current
    finally:
        await database.close()
    if current is None:
        await migrate(url, manifest.revision)
    elif current != manifest.revision:
        raise BackupRefused(
            f"The backup has revision {manifest.revision} and the database {current}: restore into an empty database."
        )

    def replace_rows(connection: Connection) -> None:
        keys = _foreign_keys(connection)
        for table, name, _ in keys:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        everything = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        connection.exec_driver_sql("TRUNCATE " + ", ".join(f'"{name}"' for name in everything))
        load(connection)
        for table, name, definition in keys:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')

    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(replace_rows)
    finally:
        await engine.dispose()
    await _bring_up_to_date(settings, url, manifest)


def _foreign_keys(connection: Connection) -> list[tuple[str, str, str]]:
    """Table, name and definition of every foreign key."""
    found = connection.execute(
        text(
            "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k"
            " JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace ORDER BY 1, 2"
        )
    )
    return [(str(table), str(name), str(definition)) for table, name, definition in found]


async def _bring_up_to_date(settings: Settings, url: URL, manifest: Manifest) -> None:
    await migrate(url)
    database = _open(settings, url)
    try:
        async with database.unit_of_work() as unit:
            await mark_restored(unit, manifest.made_at)
    finally:
        await database.close()
    if database.is_sqlite:
        with closing(sqlite3.connect(url.database or "")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it into the one file that is moved


def _take(connection: Connection, manifest: Manifest, member: Member, workshop: Path, loaded: Loaded) -> None:
    """Put one file of the backup where it belongs."""
    if member.folder.startswith("database/"):
        name = member.folder.removeprefix("database/")
        loaded.rows[name] += _insert(connection, name, manifest.tables[name], member.content)
    elif member.folder == "media" and _STORAGE_KEY.fullmatch(member.name):
        place = workshop / "media" / member.name[:2]
        place.mkdir(parents=True, exist_ok=True)
        with (place / member.name).open("xb") as file:
            shutil.copyfileobj(member.content, file)
        loaded.files, loaded.file_bytes = loaded.files + 1, loaded.file_bytes + member.size
    elif (member.folder, member.name) == ("keys", KEY_FILE):
        key = workshop / KEY_FILE
        key.touch(mode=0o600)
        key.write_bytes(member.content.read())
    elif member.name == END:
        loaded.end = orjson.loads(member.content.read())


def _insert(connection: Connection, name: str, columns: list[list[str]], lines: Iterator[bytes]) -> int:
    """Insert rows; what the database derives itself is left to it."""
    kept = [column for column in columns if column[1] != "derived"]
    statement = sa.insert(table_from(name, kept))
    kept_names = {column[0] for column in kept}
    total, rows = 0, list[dict[str, Any]]()
    for line in lines:
        rows.append({key: value for key, value in row_of(line, columns).items() if key in kept_names})
        if len(rows) >= ROWS_AT_ONCE:
            connection.execute(statement, rows)
            total, rows = total + len(rows), []
    if rows:
        connection.execute(statement, rows)
    return total + len(rows)


def _exchange(settings: Settings, workshop: Path) -> None:
    """Move what was there aside and the new in its place: a few renames."""
    pieces = {settings.server_key_file: workshop / KEY_FILE}
    if settings.media_storage == "disk":
        (workshop / "media").mkdir(exist_ok=True)
        pieces[settings.media_dir] = workshop / "media"
    if settings.is_embedded:
        target = Path(make_url(settings.database_url).database or "")
        pieces |= {target: workshop / "tertulia.db"}
        pieces |= {target.with_name(target.name + end): workshop / "nothing" for end in ("-wal", "-shm")}
    old = [path for path in pieces if path.exists()]
    if old:
        aside = _aside(settings)
        for path in old:
            shutil.move(path, aside / path.name)
    for path, new in pieces.items():
        if new.exists():
            shutil.move(new, path)


def _aside(settings: Settings) -> Path:
    number = 1
    while (folder := settings.data_dir / f"replaced-{number}").exists():
        number += 1
    folder.mkdir(mode=0o700)
    return folder
