"""Pictures that come with a form: looked at, cut to size and stored, before any transaction."""

from typing import Final

from content.media import MediaRefused
from content.media_limits import PICTURE_BYTES
from content.pictures import PictureKind, store_picture
from content.storage import StorageFailed
from web.forms import Form
from web.visits import Visit

PICTURE_FORM_BYTES: Final = PICTURE_BYTES + 1_048_576


class PictureRefused(Exception):
    """It is no picture that we take, or can't be kept now; `text` is a key of the texts."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


async def stored_picture(visit: Visit, form: Form, name: str) -> str | None:
    """The address of the picture that was chosen, None when none was. Raises PictureRefused."""
    file = form.files.get(name)
    if file is None:
        return None
    try:
        key = await store_picture(visit.services.media, file.content, PictureKind.AVATAR, file.content_type)
    except MediaRefused as error:
        raise PictureRefused("form_too_large" if error.is_too_large else "picture_refused") from error
    except StorageFailed as failed:
        raise PictureRefused("picture_not_kept") from failed
    return visit.services.addresses.media(key)
