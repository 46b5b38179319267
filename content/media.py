"""The files that our people upload: checked, made harmless, stored under names that nobody chose.

Owns a directory. Promises that a file appears under its key completely or not at all, that images are encoded anew
(`content.images`), that nothing is stored or served under a type that a browser runs or another server believes
(SVG, HTML, JSON, ActivityPub), and that no name from outside ever becomes part of a path. Sound and film are stored
as they are once their first bytes fit: their metadata stays in them.

On failure: `MediaRefused` with a sentence for the person who uploads, or `MediaMissing`; nothing is left behind.
"""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from content.images import ImageRefused, encode_again
from content.media_types import EXTENSIONS, HEAD_BYTES, agreed_type, detect
from content.names import sanitize_name

MAX_IMAGE_BYTES = 16 * 1_048_576
MAX_MEDIA_BYTES = 99 * 1_048_576
_WRITE_BYTES = 1_048_576
_AT_ONCE = 1  # images decoded at the same time; the largest takes a quarter of a gigabyte for a moment

_KEY = re.compile(r"[0-9a-f]{32}\.(" + "|".join(EXTENSIONS.values()) + ")")
_TYPES = {extension: media_type for media_type, extension in EXTENSIONS.items()}

# Whatever a file manages to be, it is shown in a sandbox and never run, guessed at or embedded as a document.
SERVING_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
    "Cache-Control": "public, max-age=31536000, immutable",
}


class MediaRefused(Exception):
    """The upload is nothing that we take; the message is for the uploader. `is_too_large` tells 413 from 422."""

    def __init__(self, detail: str, *, is_too_large: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.is_too_large = is_too_large


class MediaMissing(LookupError):
    """There is no file under that key."""


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A file that was just stored. `name` is the uploader's file name as text to show, never a path."""

    key: str
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None
    sha256: str
    name: str
    blurhash: str | None = None


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A stored file, to be served with `SERVING_HEADERS`."""

    path: Path
    media_type: str
    size_bytes: int


class MediaStore:
    """Files under one directory, two levels deep. Several processes may share it."""

    def __init__(
        self, directory: Path, *, max_image_bytes: int = MAX_IMAGE_BYTES, max_media_bytes: int = MAX_MEDIA_BYTES
    ) -> None:
        self._directory = directory
        self._max_image_bytes = max_image_bytes
        self._max_media_bytes = max_media_bytes
        self._decoding = asyncio.Semaphore(_AT_ONCE)
        (directory / "incoming").mkdir(parents=True, exist_ok=True)

    async def store_upload(
        self, source: bytes | AsyncIterable[bytes], declared_type: str, filename: str = ""
    ) -> StoredMedia:
        """Check and keep an upload. Raises MediaRefused."""
        incoming = self._directory / "incoming" / secrets.token_hex(16)
        try:
            media_type = await self._receive(incoming, _chunks(source), declared_type)
            width = height = None
            if media_type.startswith("image/"):
                async with self._decoding:
                    media_type, width, height = await asyncio.to_thread(_replace_image, incoming, media_type)
            key = f"{secrets.token_hex(16)}.{EXTENSIONS[media_type]}"
            size, digest = await asyncio.to_thread(_publish, incoming, self._path(key))
        finally:
            incoming.unlink(missing_ok=True)
        name = sanitize_name(PurePosixPath(filename.replace("\\", "/")).name, 100)
        return StoredMedia(key, media_type, size, width, height, digest, name)

    def open(self, key: str) -> MediaFile:
        """Where the file of a key is, and as what to serve it. Raises MediaMissing."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise MediaMissing(key)
        path = self._path(key)
        try:
            size = path.stat().st_size
        except FileNotFoundError as error:
            raise MediaMissing(key) from error
        return MediaFile(path, _TYPES[match[1]], size)

    def remove(self, key: str) -> None:
        """Delete the file of a key; one that is not there is fine."""
        if _KEY.fullmatch(key):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key

    async def _receive(self, path: Path, chunks: AsyncIterator[bytes], declared_type: str) -> str:
        """Write an upload to `path`, refusing it as soon as its first bytes or its size say so."""
        media_type: str | None = None
        pending = bytearray()
        size = 0
        with path.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                pending += chunk
                if media_type is None and len(pending) >= HEAD_BYTES:
                    media_type = _checked_type(bytes(pending[:HEAD_BYTES]), declared_type)
                self._check_size(size, media_type)
                if media_type is not None and len(pending) >= _WRITE_BYTES:
                    await asyncio.to_thread(file.write, bytes(pending))
                    pending.clear()
            media_type = media_type or _checked_type(bytes(pending[:HEAD_BYTES]), declared_type)
            self._check_size(size, media_type)
            await asyncio.to_thread(file.write, bytes(pending))
        return media_type

    def _check_size(self, size: int, media_type: str | None) -> None:
        limit = self._max_media_bytes
        if media_type is not None and media_type.startswith("image/"):
            limit = self._max_image_bytes
        if size > limit:
            raise MediaRefused(f"The file is larger than {limit // 1_048_576} MiB", is_too_large=True)


def _checked_type(head: bytes, declared_type: str) -> str:
    detected = detect(head)
    if detected is None:
        raise MediaRefused("Only images (JPEG, PNG, WebP, GIF), audio and video can be uploaded")
    agreed = agreed_type(declared_type, detected)
    if agreed is None:
        raise MediaRefused(f"The file is said to be {sanitize_name(declared_type, 60)}, but it is {detected}")
    return agreed


def _replace_image(path: Path, media_type: str) -> tuple[str, int, int]:
    try:
        image = encode_again(path, media_type)
    except ImageRefused as refused:
        raise MediaRefused(f"Not accepted: {refused}") from refused
    path.write_bytes(image.data)
    return image.media_type, image.width, image.height


def _publish(incoming: Path, path: Path) -> tuple[int, str]:
    """Move a complete file to its place; (size in bytes, SHA-256 in hex)."""
    with incoming.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        size = file.tell()
    path.parent.mkdir(exist_ok=True)
    incoming.replace(path)
    return size, digest


async def _chunks(source: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    async for chunk in source:
        yield chunk
