"""Files of our people as rows: an Attachment without a status until it is attached, and what becomes of its files.

Rows and files can't be changed in one transaction. Files are therefore removed by a job that commits with the rows:
a file may outlive its row for a moment, a row never its file.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, select, update

from content.media import StoredMedia
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Attachment

REMOVE_FILES: Final = "remove_files"
PROCESS_UPLOAD: Final = "process_upload"
UNATTACHED_HOURS: Final = 24
PROCESSING, READY, FAILED = "processing", "ready", "failed"
_KEYS_OF_A_JOB: Final = 500


def upload_row(unit: UnitOfWork, owner: Account, stored: StoredMedia) -> Attachment:
    """The row of a file that the store has taken; the caller adds it to the session."""
    upload = Attachment(id=unit.new_id(), account_id=owner.id, created_at=unit.now, storage_key=stored.key)
    take_over(upload, stored)
    return upload


def take_over(upload: Attachment, stored: StoredMedia) -> None:
    """Write into a row what the store found out about its file."""
    upload.storage_key = stored.key
    upload.preview_key = stored.preview_key
    upload.media_type = stored.media_type
    upload.kind = stored.kind
    upload.state = READY if stored.is_processed else PROCESSING
    upload.meta = dict(stored.meta)
    upload.blurhash = stored.blurhash
    upload.width, upload.height = stored.width, stored.height
    upload.size_bytes = stored.size_bytes


async def process_later(unit: UnitOfWork, upload: Attachment) -> None:
    """Have a raw upload processed by a job."""
    await enqueue_job(unit, PROCESS_UPLOAD, {"upload_id": upload.id}, unique_key=f"{PROCESS_UPLOAD}:{upload.id}")


async def forget_files(unit: UnitOfWork, keys: Iterable[str | None]) -> None:
    """Have files removed from the store once this transaction is committed."""
    wanted = [key for key in dict.fromkeys(keys) if key]
    for start in range(0, len(wanted), _KEYS_OF_A_JOB):
        portion = wanted[start : start + _KEYS_OF_A_JOB]
        await enqueue_job(unit, REMOVE_FILES, {"keys": portion}, unique_key=f"{REMOVE_FILES}:{portion[0]}")


async def forget_upload(unit: UnitOfWork, upload: Attachment) -> None:
    """Delete one upload with its files."""
    await forget_files(unit, [upload.storage_key, upload.preview_key])
    await unit.session.delete(upload)


async def forget_files_of(unit: UnitOfWork, condition: ColumnElement[bool]) -> None:
    """Have the files of all local attachments removed of which `condition` is true; the rows are the caller's."""
    rows = await unit.session.execute(
        select(Attachment.storage_key, Attachment.preview_key).where(condition, Attachment.storage_key.is_not(None))
    )
    await forget_files(unit, [key for row in rows for key in row])


async def detach_uploads(unit: UnitOfWork, status_id: int) -> None:
    """Take the files off a status that goes; its author may attach them again within `UNATTACHED_HOURS`."""
    await unit.session.execute(
        update(Attachment)
        .where(Attachment.status_id == status_id, Attachment.storage_key.is_not(None))
        .values(status_id=None, created_at=unit.now)
        .execution_options(synchronize_session=False)
    )


def is_forgotten(now: datetime) -> ColumnElement[bool]:
    """Which uploads nobody attached in time."""
    return and_(
        Attachment.status_id.is_(None),
        Attachment.scheduled_id.is_(None),
        Attachment.storage_key.is_not(None),
        Attachment.created_at < now - timedelta(hours=UNATTACHED_HOURS),
    )
