"""Reading a backup from its beginning to its end, in one pass, and whether all of it is there."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from keys.sealed_stream import OpeningReader
from server.backup.saving import END, FORMAT, MANIFEST, BackupRefused, Progress


@dataclass(frozen=True)
class Manifest:
    """What the backup says of itself; `tables` has names and kinds of columns by table."""

    domain: str
    software: str
    revision: str
    database: str
    made_at: datetime
    media: str
    tables: dict[str, list[list[str]]]


@dataclass(frozen=True)
class Member:
    """One file inside; read `content` before you ask for the next."""

    folder: str
    name: str
    size: int
    content: Any


@contextmanager
def opened(path: Path, passphrase: str) -> Iterator[tuple[Manifest, Iterator[Member]]]:
    """The manifest and everything after it. Raises SealRefused, BackupRefused, OSError."""
    with path.open("rb") as raw:
        reader = OpeningReader(raw, passphrase)
        try:
            with tarfile.open(fileobj=cast(BinaryIO, reader), mode="r|") as archive:
                members = _members(archive)
                first = next(members, None)
                if first is None or first.name != MANIFEST:
                    raise BackupRefused("The file has no manifest: it is no backup.")
                yield _manifest(orjson.loads(first.content.read())), members
        except tarfile.TarError as error:
            raise BackupRefused(f"The backup is damaged inside: {error}.") from error


def verify(path: Path, passphrase: str, *, progress: Progress) -> Manifest:
    """Read all of it and count. Raises SealRefused, BackupRefused."""
    rows: dict[str, int] = {}
    files = file_bytes = 0
    end: dict[str, Any] | None = None
    with opened(path, passphrase) as (manifest, members):
        rows = dict.fromkeys(manifest.tables, 0)
        for member in members:
            if member.folder.startswith("database/"):
                table = member.folder.removeprefix("database/")
                rows[table] = rows.get(table, 0) + sum(1 for _ in member.content)
            elif member.folder == "media":
                files, file_bytes = files + 1, file_bytes + member.size
                while member.content.read(1 << 20):
                    pass
            elif member.name == END:
                end = orjson.loads(member.content.read())
            progress(member.folder or member.name, member.size)
    check_end(end, rows, files, file_bytes)
    return manifest


def check_end(end: dict[str, Any] | None, rows: dict[str, int], files: int, file_bytes: int) -> None:
    """Raise BackupRefused unless everything came that was put in."""
    if end != {"rows": rows, "files": files, "file_bytes": file_bytes}:
        raise BackupRefused("The backup is not complete: its counts differ from what is in it.")


def _members(archive: tarfile.TarFile) -> Iterator[Member]:
    for info in archive:
        content = archive.extractfile(info) if info.isfile() else None
        if content is None:
            raise BackupRefused(f"The backup has something in it that is no file: {info.name}.")
        folder, _, name = info.name.rpartition("/")
        yield Member(folder, name, info.size, content)


def _manifest(document: dict[str, Any]) -> Manifest:
    if document.get("format") != FORMAT:
        raise BackupRefused(
            f"The backup was made by Tertulia {document.get('software')}: restore it with that version."
        )
    return Manifest(
        domain=document["domain"],
        software=document["software"],
        revision=document["revision"],
        database=document["database"],
        made_at=datetime.fromisoformat(document["made_at"]),
        media=document["media"],
        tables=document["tables"],
    )
