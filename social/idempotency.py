"""The same request again gives the same answer (`Idempotency-Key` of the client API): for an hour, each for oneself.

The key is taken in the transaction that makes what it stands for. Of two requests at once the second waits for the
first (on PostgreSQL at the unique key, on SQLite for the one writer) and finds what it made; when the first fails, its
key goes with it. A key whose status is gone is free again.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.insertion import insert_ignoring
from models.statuses import IdempotencyKey, ScheduledStatus, Status

LASTS: Final = timedelta(hours=1)
_MAX_KEY_CHARACTERS: Final = 128


def kept_key(key: str) -> str:
    """The key as it is stored: one that is long, or no ASCII, as its digest."""
    if len(key) <= _MAX_KEY_CHARACTERS and key.isascii():
        return key
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


async def made_before(
    session: AsyncSession, account_id: int, key: str, now: datetime
) -> Status | ScheduledStatus | None:
    """What a request with this key made within the hour, if it is still there."""
    query = select(IdempotencyKey).where(IdempotencyKey.account_id == account_id, IdempotencyKey.key == key)
    row = (await session.scalars(query.where(IdempotencyKey.created_at >= now - LASTS))).first()
    if row is None:
        return None
    if row.scheduled_id is not None:
        return await session.get(ScheduledStatus, row.scheduled_id)
    return None if row.status_id is None else await session.get(Status, row.status_id)


async def take_key(unit: UnitOfWork, account_id: int, key: str) -> Status | ScheduledStatus | None:
    """Take the key for what this unit makes; what an earlier request made with it, if it is taken."""
    is_over = IdempotencyKey.created_at < unit.now - LASTS
    await unit.session.execute(delete(IdempotencyKey).where(IdempotencyKey.account_id == account_id, is_over))
    values = {"account_id": account_id, "key": key, "created_at": unit.now}
    taken = insert_ignoring(unit.session, IdempotencyKey).values(values).returning(IdempotencyKey.key)
    if (await unit.session.scalar(taken)) is not None:
        return None
    return await made_before(unit.session, account_id, key, unit.now)


async def settle_key(
    unit: UnitOfWork, account_id: int, key: str, *, status_id: int | None = None, scheduled_id: int | None = None
) -> None:
    """Say what was made under the key."""
    row = await unit.session.get_one(IdempotencyKey, (account_id, key))
    row.status_id, row.scheduled_id, row.created_at = status_id, scheduled_id, unit.now
