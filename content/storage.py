"""Where files rest: a directory, or a bucket that speaks S3 (`content.bucket`).

A storage knows keys and bytes, nothing of what is in them. Promises that a file appears under its key whole or not at
all, and that removing what isn't there is fine. Keys are made by `content.media` and by nobody else.

On failure: StorageFailed; the caller's client is told to come again later.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Protocol

from models.values import dataclass

_READ_BYTES = 262_144


class StorageFailed(Exception):
    """The place where files rest can't be reached, or refuses us."""


class Stored(Protocol):
    """A file at rest. `path` where it is on this machine's disk."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def path(self) -> Path | None: ...

    def read(self, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Its bytes from `start` on. Raises StorageFailed."""
        ...


class Storage(Protocol):
    """Files by key."""

    async def add(self, key: str, path: Path, media_type: str) -> None:
        """Take the complete file at `path` away and keep it. Raises StorageFailed."""
        ...

    async def find(self, key: str) -> Stored | None:
        """The file of a key. Raises StorageFailed."""
        ...

    async def remove(self, keys: Iterable[str]) -> None:
        """Delete files. Raises StorageFailed."""
        ...


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file in the directory."""

    path: Path
    size_bytes: int

    async def read(self, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Its bytes from `start` on."""
        left = self.size_bytes - start if length is None else length
        with self.path.open("rb") as file:
            file.seek(start)
            while left > 0 and (chunk := await asyncio.to_thread(file.read, min(left, _READ_BYTES))):
                left -= len(chunk)
                yield chunk


class DiskStorage:
    """A directory, two levels deep. Several processes may share it; drafts have to be on its file system."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def add(self, key: str, path: Path, media_type: str) -> None:
        """Move a file to its place."""
        try:
            await asyncio.to_thread(_publish, path, self._path(key))
        except OSError as error:
            raise StorageFailed(str(error)) from error

    async def find(self, key: str) -> DiskFile | None:
        """The file of a key."""
        path = self._path(key)
        try:
            return DiskFile(path, path.stat().st_size)
        except FileNotFoundError:
            return None

    async def remove(self, keys: Iterable[str]) -> None:
        """Delete files."""
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key


def _publish(draft: Path, path: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    path.parent.mkdir(exist_ok=True)
    draft.replace(path)
