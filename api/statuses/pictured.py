"""Statuses with media, walked along their media: among a million posts without any there is nothing to look through."""

from typing import Any, Final

from sqlalchemy import ColumnElement

from api.pagination import SelectT
from models.statuses import Attachment, Status

# By which they are sorted and paged.
PICTURED_BY: Final[Any] = Attachment.status_id  # of those that have a status
# What has no address elsewhere was uploaded here, by us; a partial index has it.
UPLOADED: Final = Attachment.remote_url.is_(None)


def with_media(statuses: SelectT, *, only: ColumnElement[bool] | None = None) -> SelectT:
    """Those of the statuses that have media; `only` narrows the media first. Each is found once, by its first file."""
    pictured = statuses.join(Attachment, Attachment.status_id == Status.id).where(Attachment.position == 0)
    return pictured if only is None else pictured.where(only)
