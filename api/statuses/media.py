"""Files for posts: uploaded, described and thrown away before (or after) a status has them.

Forms with files are read here, part by part and straight to disk: what a form may hold is small but for its file, and
the file is checked while it arrives. Pictures are ready at once; film, sound and moving GIFs are answered 202 with a
null `url` and processed by a job (version 2), or while the client waits (version 1).
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import field
from math import isfinite
from typing import Any, Final

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from api.arguments import everything
from api.call import Call, Json
from api.endpoints import Endpoint
from api.entities.media import media_entity
from api.errors import ApiError, NotFound, Unprocessable, invalid
from api.serving import Reply
from content.media import MediaRefused, StoredMedia
from content.media_limits import DESCRIPTION_CHARACTERS, PREVIEW_SIDE
from content.storage import StorageFailed
from models import UnitOfWork
from models.statuses import Attachment
from models.values import dataclass
from social.uploads import FAILED, PROCESSING, forget_files, forget_upload, process_later, upload_row

MAX_PARTS: Final = 12
MAX_FIELD_BYTES: Final = 16_384
SCOPE: Final = "write:media"
_TEXTS: Final = frozenset({"description", "focus"})


@dataclass(slots=True)
class Form:
    """What came: stored files by field, and the texts."""

    file: StoredMedia | None = None
    thumbnail: StoredMedia | None = None
    texts: dict[str, str] = field(default_factory=dict)


async def upload_media(call: Call) -> Any:
    """Upload a file, to be attached to a post. 202: it is still being processed; ask for it again until `url` is set.

    A form with `file`, and perhaps `description`, `focus` ("x,y", each from -1 to 1) and `thumbnail` (an image).
    """
    return await _upload(call, may_wait=True)


async def upload_media_and_wait(call: Call) -> Any:
    """Upload a file, to be attached to a post; answered when it is processed."""
    return await _upload(call, may_wait=False)


async def get_media(call: Call) -> Any:
    """An upload of one's own that no post has yet. 206 while it is being processed."""
    async with call.database.reading() as session:
        upload = await session.get(Attachment, call.id())
    upload = _own(call, upload)
    if upload.state == FAILED:
        raise Unprocessable("The file couldn't be processed: upload it again, or another one")
    return _answer(call, upload, waiting=206)


async def update_media(call: Call) -> Json:
    """Change the description, the focus or the thumbnail of an upload that no post has yet."""
    async with AsyncExitStack() as undo:
        form = await _read_form(call, undo)
        texts = _texts(form)
        async with call.database.unit_of_work() as unit:
            upload = _own(call, await unit.session.get(Attachment, call.id()))
            _describe(upload, texts)
            if form.thumbnail is not None:
                await _take_thumbnail(unit, upload, form.thumbnail)
        undo.pop_all()
    return media_entity(upload, call.api)


async def delete_media(call: Call) -> Json:
    """Throw away an upload that no post has."""
    async with call.database.unit_of_work() as unit:
        upload = await unit.session.get(Attachment, call.id())
        if upload is None or upload.account_id != call.me.id or upload.storage_key is None:
            raise NotFound
        if upload.status_id is not None or upload.scheduled_id is not None:
            raise Unprocessable("Media attachment is currently used by a status")
        await forget_upload(unit, upload)
    return {}


async def _upload(call: Call, *, may_wait: bool) -> Any:
    async with AsyncExitStack() as undo:
        form = await _read_form(call, undo, may_wait=may_wait)
        if form.file is None:
            raise invalid("file", "can't be blank", code="ERR_BLANK")
        texts = _texts(form)
        async with call.database.unit_of_work() as unit:
            upload = upload_row(unit, call.me, form.file)
            _describe(upload, texts)
            if form.thumbnail is not None:
                await _take_thumbnail(unit, upload, form.thumbnail)
            unit.session.add(upload)
            if upload.state == PROCESSING:
                await process_later(unit, upload)
        undo.pop_all()
    return _answer(call, upload, waiting=202)


def _answer(call: Call, upload: Attachment, *, waiting: int) -> Any:
    entity = media_entity(upload, call.api)
    return Reply(entity, status=waiting) if upload.state == PROCESSING else entity


def _own(call: Call, upload: Attachment | None) -> Attachment:
    """One's own upload that is still to be attached. Raises NotFound."""
    is_own = upload is not None and upload.account_id == call.me.id and upload.storage_key is not None
    if upload is None or not is_own or upload.status_id is not None:
        raise NotFound
    return upload


async def _take_thumbnail(unit: UnitOfWork, upload: Attachment, thumbnail: StoredMedia) -> None:
    """Show another preview; of the uploaded image its thumbnail is what is kept."""
    await forget_files(unit, [upload.preview_key, thumbnail.key])
    upload.preview_key = thumbnail.preview_key
    upload.meta = {**upload.meta, "small": thumbnail.meta["small"]}
    upload.blurhash = thumbnail.blurhash


def _describe(upload: Attachment, texts: dict[str, Any]) -> None:
    if "description" in texts:
        upload.description = texts["description"] or None
    if "focus" in texts:
        upload.focal_point = texts["focus"]


def _texts(form: Form) -> dict[str, Any]:
    """Description and focus as they are kept. Raises Unprocessable."""
    found: dict[str, Any] = {}
    description = form.texts.get("description")
    if description is not None:
        if len(description) > DESCRIPTION_CHARACTERS:
            raise invalid("description", f"is longer than {DESCRIPTION_CHARACTERS} characters", code="ERR_TOO_LONG")
        found["description"] = description.replace("\x00", "").strip()
    focus = form.texts.get("focus")
    if focus:
        found["focus"] = focus_of(focus)
    return found


def focus_of(text: str) -> list[float]:
    """`x,y` as two numbers, each moved into -1…1. Raises Unprocessable."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 2 or not all(isfinite(number) for number in numbers):
        raise invalid("focus", "has to be two numbers from -1 to 1, with a comma between them")
    return [max(-1.0, min(number, 1.0)) for number in numbers]


async def _read_form(call: Call, undo: AsyncExitStack, *, may_wait: bool = False) -> Form:
    """Read the request; files that were stored go again when `undo` is run."""
    form = Form()
    if call.request.content_type != "multipart/form-data":
        given = await everything(call.request)
        form.texts = {name: value for name, value in given.items() if name in _TEXTS and isinstance(value, str)}
        return form
    form.texts = {name: value for name, value in call.request.query.items() if name in _TEXTS}
    try:
        async for part in _parts(call.request):
            if part.name == "file" and form.file is None:
                form.file = await _store(call, part, undo, may_wait=may_wait)
            elif part.name == "thumbnail" and form.thumbnail is None:
                form.thumbnail = await _store_thumbnail(call, part, undo)
            elif part.name in _TEXTS:
                form.texts[part.name] = await _read_text(part)
    except (ValueError, LookupError, HttpProcessingError) as error:  # what aiohttp says of a form that is none
        raise ApiError(400, "The form can't be read") from error
    return form


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    reader = await request.multipart()
    for _ in range(MAX_PARTS):
        part = await reader.next()
        if part is None:
            return
        if isinstance(part, BodyPartReader):
            yield part
    raise ApiError(400, f"The form has more than {MAX_PARTS} parts")


async def _store(call: Call, part: BodyPartReader, undo: AsyncExitStack, *, may_wait: bool = False) -> StoredMedia:
    declared = part.headers.get("Content-Type", "")
    try:
        stored = await call.api.media.store_upload(_chunks(part), declared, part.filename or "", may_wait=may_wait)
    except MediaRefused as refused:
        raise invalid(str(part.name), f"can't be taken. {refused.detail}", code="ERR_INVALID") from refused
    except StorageFailed as failed:
        raise ApiError(503, "The files can't be stored just now", headers={"Retry-After": "30"}) from failed
    undo.push_async_callback(call.api.media.remove, *stored.keys)
    return stored


async def _store_thumbnail(call: Call, part: BodyPartReader, undo: AsyncExitStack) -> StoredMedia | None:
    if not part.filename:  # some clients send the field empty
        await _read_text(part)
        return None
    stored = await _store(call, part, undo)
    if stored.kind != "image" or stored.preview_key is None:
        raise invalid("thumbnail", f"has to be an image, of which {PREVIEW_SIDE} pixels are kept")
    return stored


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(65_536):
        yield bytes(chunk)


async def _read_text(part: BodyPartReader) -> str:
    found = bytearray()
    async for chunk in _chunks(part):
        found += chunk
        if len(found) > MAX_FIELD_BYTES:
            raise ApiError(413, "A field of the form is too large")
    return found.decode("utf-8", "replace")


_DETAILS: Final = (("description", "text"), ("focus", "text"), ("thumbnail", "file"))
_FORM: Final = (("file", "file"), *_DETAILS)
ENDPOINTS = (
    Endpoint("POST", "/api/v2/media", upload_media, scope=SCOPE, form=_FORM, returns="MediaEntity", limit="uploads"),
    Endpoint("POST", "/api/v1/media", upload_media_and_wait, scope=SCOPE, form=_FORM, returns="MediaEntity",
             limit="uploads"),
    Endpoint("GET", "/api/v1/media/{id}", get_media, scope=SCOPE, returns="MediaEntity"),
    Endpoint("PUT", "/api/v1/media/{id}", update_media, scope=SCOPE, form=_DETAILS, returns="MediaEntity"),
    Endpoint("DELETE", "/api/v1/media/{id}", delete_media, scope=SCOPE),
)  # fmt: skip
