"""Pictures of accounts that come with a form: looked at, cut to size, and stored, before any transaction."""

from typing import Final

from aiohttp import web

from api.call import Call
from api.errors import ApiError, invalid
from content.media import MediaRefused
from content.media_limits import PICTURE_BYTES
from content.pictures import PictureKind, store_picture
from content.storage import StorageFailed

FORM_BYTES: Final = 2 * PICTURE_BYTES + 1_048_576


async def stored_picture(call: Call, name: str, kind: PictureKind) -> str:
    """The address of a picture that came with the form. Raises ApiError."""
    upload = call.args[name]
    if not isinstance(upload, web.FileField):
        raise invalid(name, "has to be a picture, sent as a file of a multipart form")
    try:
        key = await store_picture(call.api.media, upload.file.read(), kind, upload.content_type)
    except MediaRefused as error:
        raise (ApiError(413, error.detail) if error.is_too_large else invalid(name, error.detail)) from error
    except StorageFailed as failed:
        raise ApiError(503, "The picture can't be kept now; try again later") from failed
    return call.addresses.media(key)
