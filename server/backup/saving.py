"""Making a backup while the office runs.

All tables are read in one transaction that sees one moment (SQLite's snapshot, PostgreSQL's REPEATABLE READ), so posts
may be written meanwhile. Files are copied after that: what a row of that moment names is there, unless it was removed
since. The file appears under its name when it is complete; nothing is ever overwritten.
"""

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson
from sqlalchemy import select

from keys.sealed_stream import DEFAULT_COST, SealingWriter
from models import Database
from models.office import CachedFile
from server.backup.moment import one_moment
from server.backup.rows import columns_of, line_of, tables_to_save
from server.migrate import schema_state
from server.settings import Settings

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
END: Final = "end.json"
KEY_FILE: Final = "server.key"
PART_BYTES: Final = 4_194_304

Progress = Callable[[str, int], None]


class BackupRefused(Exception):
    """It can't be done; the message is a sentence for an administrator."""


@dataclass
class Saved:
    """What is in a backup: rows by table, files and their bytes, and what is somewhere else."""

    made_at: datetime
    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    file_bytes: int = 0
    elsewhere: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, Any]:
        return {"rows": self.rows, "files": self.files, "file_bytes": self.file_bytes}


async def save(
    settings: Settings,
    database: Database,
    target: Path,
    passphrase: str,
    *,
    progress: Progress,
    cost: int = DEFAULT_COST,
) -> Saved:
    """Write the backup of the office to `target`. Raises BackupRefused, OSError."""
    draft = target.with_name(f".{target.name}.partial")
    with _new_file(target, draft) as raw:
        try:
            writer = SealingWriter(raw, passphrase, cost=cost)
            with tarfile.open(fileobj=cast(BinaryIO, writer), mode="w|", format=tarfile.PAX_FORMAT) as archive:
                saved = await _fill(settings, database, archive, progress)
            writer.close()
            raw.flush()
            os.fsync(raw.fileno())
            os.link(draft, target)  # unlike a rename, it never replaces a file
        except FileExistsError as error:
            raise BackupRefused(f"{target} is there already: choose another name.") from error
        finally:
            draft.unlink(missing_ok=True)
    return saved


def _new_file(target: Path, draft: Path) -> BinaryIO:
    """The draft, which only its owner reads. Raises BackupRefused when there is a file already."""
    if target.exists():
        raise BackupRefused(f"{target} is there already: choose another name, nothing is overwritten.")
    draft.unlink(missing_ok=True)  # of a backup that was killed
    return open(draft, "xb", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def _fill(settings: Settings, database: Database, archive: tarfile.TarFile, progress: Progress) -> Saved:
    state = await schema_state(database)
    tables = tables_to_save()
    async with one_moment(database) as moment:
        saved = Saved(database.clock())
        manifest = {
            "format": FORMAT,
            "domain": settings.domain,
            "origin": settings.origin,
            "software": version("tertulia"),
            "revision": state.current,
            "database": "sqlite" if database.is_sqlite else "postgresql",
            "made_at": saved.made_at,
            "media": settings.media_storage,
            "tables": {str(table.name): columns_of(table) for table in tables},
        }
        _add(archive, MANIFEST, orjson.dumps(manifest), saved.made_at)
        for table in tables:
            saved.rows[str(table.name)] = 0
            columns = [table.c[name] for name, _ in columns_of(table)]
            part, size, lines = 1, 0, io.BytesIO()
            async for row in moment.rows(select(*columns)):
                size += lines.write(line_of(row))
                saved.rows[str(table.name)] += 1
                if size >= PART_BYTES:
                    _add(archive, f"database/{table.name}/{part:06}", lines.getvalue(), saved.made_at)
                    progress(table.name, size)
                    part, size, lines = part + 1, 0, io.BytesIO()
            if size:
                _add(archive, f"database/{table.name}/{part:06}", lines.getvalue(), saved.made_at)
                progress(table.name, size)
        keys = select(CachedFile.__table__.c.storage_key)
        cached = {row.storage_key async for row in moment.rows(keys)}
    _add(archive, f"keys/{KEY_FILE}", settings.server_key_file.read_bytes(), saved.made_at)
    if settings.media_storage != "disk":
        saved.elsewhere.append(f"the files in the bucket {settings.s3_bucket}")
    for path in _media_files(settings.media_dir, cached):
        _add_file(archive, path, saved, progress)
    _add(archive, END, orjson.dumps(saved.counts), saved.made_at)
    return saved


def _media_files(directory: Path, cached: set[str | None]) -> Iterator[Path]:
    """Files of our own below the media directory, by name; drafts and copies of other servers' files stay out."""
    for folder in sorted(path for path in directory.glob("??") if path.is_dir()):
        yield from sorted(path for path in folder.iterdir() if path.name not in cached and path.name[:2] == folder.name)


def _add(archive: tarfile.TarFile, name: str, content: bytes, at: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, int(at.timestamp())
    archive.addfile(member, io.BytesIO(content))


def _add_file(archive: tarfile.TarFile, path: Path, saved: Saved, progress: Progress) -> None:
    try:
        with path.open("rb") as file:
            member = tarfile.TarInfo(f"media/{path.name}")
            member.size, member.mode = os.fstat(file.fileno()).st_size, 0o600
            archive.addfile(member, file)
    except FileNotFoundError:
        return  # removed since the moment of the backup
    saved.files += 1
    saved.file_bytes += member.size
    progress("media", member.size)
