"""Jobs about files: processing what was uploaded raw, and removing what no row names any more."""

from typing import Any

import structlog

from content.media import MediaMissing, MediaRefused
from federation.services import Services
from models.statuses import Attachment
from social.uploads import FAILED, PROCESSING, forget_files, take_over

log = structlog.get_logger(__name__)


async def process_upload(services: Services, payload: dict[str, Any]) -> None:
    """Process a raw upload and put what came out in its place; one that can't be read becomes `failed`."""
    async with services.database.reading() as session:
        upload = await session.get(Attachment, int(payload["upload_id"]))
    if upload is None or upload.state != PROCESSING or upload.storage_key is None:
        return
    raw_key, stored = upload.storage_key, None
    try:
        stored = await services.media.process_stored(raw_key)
    except (MediaRefused, MediaMissing) as refused:
        log.info("an upload can't be processed", upload_id=upload.id, reason=str(refused))
    async with services.database.unit_of_work() as unit:
        found = await unit.session.get(Attachment, upload.id)
        if found is None or found.storage_key != raw_key:  # deleted, or somebody was quicker
            await forget_files(unit, stored.keys if stored else [])
        elif stored is None:
            found.state = FAILED
        else:
            preview_key, small, blurhash = found.preview_key, found.meta.get("small"), found.blurhash
            take_over(found, stored)
            if preview_key is not None:  # the uploader sent a thumbnail: it stays
                found.preview_key, found.blurhash = preview_key, blurhash
                found.meta = {**found.meta, "small": small}
                await forget_files(unit, [stored.preview_key])
            await forget_files(unit, [raw_key])


async def remove_files(services: Services, payload: dict[str, Any]) -> None:
    """Delete files from the store."""
    await services.media.remove(*(str(key) for key in payload["keys"]))
