"""`uploadMedia` (SocialCG, ActivityPub Media Upload): a form with a `file` and an `object` that describes it.

The files themselves are served by `outbox.file_routes`.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from content.media import MediaRefused, MediaStore, StoredMedia
from federation.json_ld import DocumentRefused, JsonObject
from federation.services import Services
from models.accounts import Account
from models.values import dataclass
from outbox.c2s.refusals import ClientRefused, malformed
from outbox.c2s.uploads import find_upload, keep_upload, read_shell, upload_document

MAX_SHELL_BYTES: Final = 65_536
MAX_PARTS: Final = 8
MAX_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Media:
    """The files of one instance."""

    services: Services
    store: MediaStore


async def post_upload(media: Media, request: web.Request, owner: Account) -> JsonObject:
    """Take a file and its description; returns the object that stands for it. Raises ClientRefused.

    The file is checked while it arrives and is removed again when the rest of the form is no good.
    """
    async with AsyncExitStack() as undo:
        stored, shell = await _read_form(media, request, undo)
        try:
            upload = await keep_upload(media.services, owner, stored, read_shell(shell))
        except DocumentRefused as refused:
            raise malformed(f"The object can't be read: {refused.detail}.") from refused
        undo.pop_all()
    return upload_document(owner, upload, media.services.addresses)


async def get_upload(media: Media, request: web.Request, owner: Account) -> JsonObject:
    """The object of an upload. Raises ClientRefused."""
    number = min(int(request.match_info["upload_id"]), MAX_ID)
    upload = await find_upload(media.services, owner, number)
    return upload_document(owner, upload, media.services.addresses)


async def _read_form(media: Media, request: web.Request, undo: AsyncExitStack) -> tuple[StoredMedia, bytes]:
    """The stored file and the bytes of the object; `undo` removes the file again."""
    stored: StoredMedia | None = None
    shell = b""
    try:
        async for part in _parts(request):
            if part.name == "file":
                if stored is not None:
                    raise malformed("An upload has one file.")
                stored = await _store(media, part)
                undo.push_async_callback(media.store.remove, *stored.keys)
            elif part.name == "object":
                shell = await _read_small(part)
    except (ValueError, HttpProcessingError) as error:  # what aiohttp says of a form that is none
        raise malformed("The form can't be read: send multipart/form-data with a file and an object.") from error
    if stored is None:
        raise malformed("The form has no file.")
    return stored, shell


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    if request.content_type != "multipart/form-data":
        raise ClientRefused(415, "media-type", "Send multipart/form-data with a file and an object.")
    reader = await request.multipart()
    for _ in range(MAX_PARTS):
        part = await reader.next()
        if part is None:
            return
        if isinstance(part, BodyPartReader):
            yield part
    raise malformed(f"The form has more than {MAX_PARTS} parts.")


async def _store(media: Media, part: BodyPartReader) -> StoredMedia:
    declared = part.headers.get("Content-Type", "")
    try:
        return await media.store.store_upload(_chunks(part), declared, part.filename or "")
    except MediaRefused as refused:
        status = 413 if refused.is_too_large else 422
        raise ClientRefused(status, "media", f"{refused.detail}.") from refused


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(65_536):
        yield bytes(chunk)


async def _read_small(part: BodyPartReader) -> bytes:
    found = bytearray()
    async for chunk in _chunks(part):
        found += chunk
        if len(found) > MAX_SHELL_BYTES:
            raise ClientRefused(413, "object", "The object of the upload is too large.")
    return bytes(found)
