"""The files that our people upload, and those of others that they look at: checked, made harmless, stored.

Owns the way of a file from outside into the storage. Promises that a file appears under its key completely or not at
all, that images are encoded anew (`content.images`), that film and sound lose their metadata where ffmpeg is installed
(`content.film`; without it they are kept as they are), that nothing is stored or served under a type that a browser
runs or another server believes (SVG, HTML, JSON, ActivityPub), and that no name from outside becomes part of a path.

A file that takes long (`is_slow`) may be stored raw, under a key that nobody is told, and be processed later.

On failure: `MediaRefused` with a sentence for the person who uploads, `MediaMissing`, or the storage's StorageFailed;
nothing is left behind.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from content import media_limits as limits
from content.film import FilmTools
from content.media_types import EXTENSIONS, HEAD_BYTES, agreed_type, detect, kind_of
from content.names import sanitize_name
from content.storage import DiskStorage, Storage, Stored
from models.values import dataclass

if TYPE_CHECKING:
    from content.processing import Processed

MakePictures = Callable[[Path, str], list[tuple[bytes, str]]]

_WRITE_BYTES = 1_048_576
_AT_ONCE = 1  # of each kind processed at the same time; the largest image takes a quarter of a gigabyte

_ALL_EXTENSIONS = {**EXTENSIONS, "image/gif": "gif"}  # a GIF rests here only until it was looked at
_KEY = re.compile(r"[0-9a-f]{32}\.(" + "|".join(_ALL_EXTENSIONS.values()) + ")")
_TYPES = {extension: media_type for media_type, extension in _ALL_EXTENSIONS.items()}

# Whatever a file manages to be, it is shown in a sandbox and never run, guessed at or embedded as a document. Scripts
# of apps may read it: they draw pictures on a canvas and save them, and there is nothing here but the file.
SERVING_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
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
    """A file that was just stored. `name` is the uploader's file name as text to show, never a path.

    `kind` is image, gifv, video or audio; `is_processed` False: the raw file, to be given to `process_stored` later.
    """

    key: str
    media_type: str
    kind: str
    size_bytes: int
    name: str = ""
    is_processed: bool = True
    preview_key: str | None = None
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    meta: dict[str, object] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """All files that belong to it."""
        return [self.key, *([self.preview_key] if self.preview_key else [])]


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A stored file, to be served with `SERVING_HEADERS`; `path` where it lies on this machine's disk."""

    stored: Stored
    media_type: str

    @property
    def path(self) -> Path | None:
        return self.stored.path

    @property
    def size_bytes(self) -> int:
        return self.stored.size_bytes


class MediaStore:
    """Files in a storage; drafts of them in `directory`. `tools` None: as if ffmpeg weren't installed."""

    def __init__(
        self,
        directory: Path,
        *,
        storage: Storage | None = None,
        tools: FilmTools | None = None,
        max_image_bytes: int = limits.IMAGE_BYTES,
        max_media_bytes: int = limits.VIDEO_BYTES,
    ) -> None:
        self._drafts = directory / "incoming"
        self._storage = storage or DiskStorage(directory)
        self._tools = tools
        self._max_image_bytes = max_image_bytes
        self._max_media_bytes = max_media_bytes
        self._pictures = asyncio.Semaphore(_AT_ONCE)
        self._films = asyncio.Semaphore(_AT_ONCE)  # ffmpeg takes its time: pictures don't wait for it

    async def store_upload(
        self,
        source: bytes | AsyncIterable[bytes],
        declared_type: str,
        filename: str = "",
        *,
        may_wait: bool = False,
        is_remote: bool = False,
    ) -> StoredMedia:
        """Check and keep a file. Raises MediaRefused and StorageFailed.

        `may_wait`: film, sound and moving GIFs are stored raw, for `process_stored`. `is_remote`: what others
        published already needs no preview, a GIF that moves stays a picture, and film and sound stay as they are.
        """
        name = sanitize_name(PurePosixPath(filename.replace("\\", "/")).name, 100)
        async with self._draft() as draft:
            media_type = await self._receive(draft, _chunks(source), declared_type)
            if may_wait and await self._is_slow(draft, media_type):
                size = _size(draft)
                key = await self._add(draft, media_type)
                kind = "gifv" if media_type == "image/gif" else kind_of(media_type)
                return StoredMedia(key, media_type, kind, size, name, is_processed=False)
            return await self._process(draft, media_type, name, is_remote=is_remote)

    async def process_stored(self, key: str) -> StoredMedia:
        """Do what `store_upload` put off; the raw file stays until it is removed. Raises MediaRefused, MediaMissing."""
        raw = await self.open(key)
        async with self._draft() as draft:
            with draft.open("xb") as file:
                async for chunk in raw.stored.read():
                    await asyncio.to_thread(file.write, chunk)
            return await self._process(draft, raw.media_type, "", is_remote=False)

    async def store_image(
        self, source: bytes | AsyncIterable[bytes], declared_type: str, make: MakePictures, max_bytes: int
    ) -> list[str]:
        """Keep what `make` (called in a thread) makes of an image; the keys. Raises MediaRefused and StorageFailed."""
        async with self._draft() as draft:
            media_type = await self._receive(draft, _chunks(source), declared_type, max_bytes)
            if not media_type.startswith("image/"):
                raise MediaRefused(f"This has to be an image, and it is {media_type}")
            from content.images import ImageRefused  # brings Pillow, which an office carries from its first picture on

            try:
                async with self._pictures:
                    made = await asyncio.to_thread(make, draft, media_type)
            except ImageRefused as refused:
                raise MediaRefused(f"Not accepted: {refused}") from refused
        return [await self.store_bytes(data, kept_type) for data, kept_type in made]

    async def store_bytes(self, data: bytes, media_type: str) -> str:
        """Keep a file of our own making; its key. Raises StorageFailed."""
        async with self._draft() as draft:
            await asyncio.to_thread(draft.write_bytes, data)
            return await self._add(draft, media_type)

    async def open(self, key: str) -> MediaFile:
        """The file of a key, and as what to serve it. Raises MediaMissing and StorageFailed."""
        match = _KEY.fullmatch(key)
        stored = await self._storage.find(key) if match else None
        if match is None or stored is None:
            raise MediaMissing(key)
        return MediaFile(stored, _TYPES[match[1]])

    async def remove(self, *keys: str) -> None:
        """Delete files; those that are not there are fine. Raises StorageFailed."""
        await self._storage.remove([key for key in keys if _KEY.fullmatch(key)])

    @asynccontextmanager
    async def _draft(self) -> AsyncIterator[Path]:
        """A name for a file under way; whatever is there at the end goes."""
        self._drafts.mkdir(parents=True, exist_ok=True)
        path = self._drafts / secrets.token_hex(16)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def _is_slow(self, draft: Path, media_type: str) -> bool:
        if self._tools is None:
            return False
        if media_type == "image/gif":
            from content.images import is_moving

            return await asyncio.to_thread(is_moving, draft)
        return not media_type.startswith("image/")

    async def _process(self, draft: Path, media_type: str, name: str, *, is_remote: bool) -> StoredMedia:
        from content.processing import Refused, process

        is_slow = not is_remote and await self._is_slow(draft, media_type)
        async with self._draft() as target, self._films if is_slow else self._pictures:
            try:
                made = await process(
                    draft, media_type, target, None if is_remote else self._tools, has_preview=not is_remote
                )
            except Refused as refused:
                raise MediaRefused(f"Not accepted: {refused}") from refused
            return await self._publish(target if target.exists() else draft, made, name)

    async def _publish(self, draft: Path, made: "Processed", name: str) -> StoredMedia:
        size = _size(draft)
        key = await self._add(draft, made.media_type)
        preview_key = None
        if made.preview is not None:
            try:
                preview_key = await self.store_bytes(made.preview.data, made.preview.media_type)
            except BaseException:
                await self.remove(key)
                raise
        return StoredMedia(
            key,
            made.media_type,
            made.kind,
            size,
            name,
            preview_key=preview_key,
            width=made.width,
            height=made.height,
            blurhash=made.preview.blurhash if made.preview else None,
            meta=made.meta,
        )

    async def _add(self, draft: Path, media_type: str) -> str:
        key = f"{secrets.token_hex(16)}.{_ALL_EXTENSIONS[media_type]}"
        await self._storage.add(key, draft, media_type)
        return key

    async def _receive(
        self, path: Path, chunks: AsyncIterator[bytes], declared_type: str, max_bytes: int | None = None
    ) -> str:
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
                self._check_size(size, media_type, max_bytes)
                if media_type is not None and len(pending) >= _WRITE_BYTES:
                    await asyncio.to_thread(file.write, bytes(pending))
                    pending.clear()
            media_type = media_type or _checked_type(bytes(pending[:HEAD_BYTES]), declared_type)
            self._check_size(size, media_type, max_bytes)
            await asyncio.to_thread(file.write, bytes(pending))
        return media_type

    def _check_size(self, size: int, media_type: str | None, max_bytes: int | None) -> None:
        limit = self._max_media_bytes
        if media_type is not None and media_type.startswith("image/"):
            limit = self._max_image_bytes
        limit = max_bytes or limit
        if size > limit:
            shown = f"{limit // 1_048_576} MiB" if limit >= 1_048_576 else f"{limit // 1_024} KiB"
            raise MediaRefused(f"The file is larger than {shown}", is_too_large=True)


def _size(path: Path) -> int:
    return path.stat().st_size


def _checked_type(head: bytes, declared_type: str) -> str:
    detected = detect(head)
    if detected is None:
        raise MediaRefused("Only images (JPEG, PNG, WebP, GIF), audio and video can be uploaded")
    agreed = agreed_type(declared_type, detected)
    if agreed is None:
        raise MediaRefused(f"The file is said to be {sanitize_name(declared_type, 60)}, but it is {detected}")
    return agreed


async def _chunks(source: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    async for chunk in source:
        yield chunk
