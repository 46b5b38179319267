"""The same request again gives the same answer (`Idempotency-Key` of the client API): for an hour, each for oneself.

The key is taken in the transaction that makes what it stands for. Of two requests at once the second waits for the
first (on PostgreSQL at the unique key, on SQLite for the one writer) and finds what it made; when the first fails, its
key goes with it. A key whose status is gone is free again, and so is one whose hour is over, whether it has been swept
or not.
"""

import hashlib
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, delete, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.base import BigInt, UtcDateTime
from models.bulk import Bulk
from models.insertion import insert_of
from models.questions import Glance, Question
from models.statuses import IdempotencyKey, ScheduledStatus, Status

LASTS: Final = timedelta(hours=1)
_MAX_KEY_CHARACTERS: Final = 128
_KEYS: Final = cast(Table, IdempotencyKey.__table__)
_IS_IT: Final = (_KEYS.c.account_id == bindparam("owner_id", type_=BigInt)) & (_KEYS.c.key == bindparam("word"))
_SINCE: Final = bindparam("since", type_=UtcDateTime())
_MADE: Final = Question(select(_KEYS.c.status_id, _KEYS.c.scheduled_id).where(_IS_IT, _KEYS.c.created_at >= _SINCE))
_SETTLE: Final = Bulk(
    update(_KEYS)
    .where(_IS_IT)
    .values(
        status_id=bindparam("made_status_id", type_=BigInt),
        scheduled_id=bindparam("made_scheduled_id", type_=BigInt),
        created_at=bindparam("made_at", type_=UtcDateTime()),
    ),
    ("owner_id", "word", "made_status_id", "made_scheduled_id", "made_at"),
)
Made = Status | ScheduledStatus


def kept_key(key: str) -> str:
    """The key as it is stored: one that is long, or no ASCII, as its digest."""
    if len(key) <= _MAX_KEY_CHARACTERS and key.isascii():
        return key
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


async def is_taken(glance: Glance, account_id: int, key: str, now: datetime) -> bool:
    """Whether a request with this key has made something within the hour."""
    return bool(await glance.ask(_MADE, _key(account_id, key) | {"since": now - LASTS}))


async def made_before(session: AsyncSession, account_id: int, key: str, now: datetime) -> Made | None:
    """What a request with this key made within the hour, if it is still there."""
    query = select(IdempotencyKey).where(IdempotencyKey.account_id == account_id, IdempotencyKey.key == key)
    row = (await session.scalars(query.where(IdempotencyKey.created_at >= now - LASTS))).first()
    if row is None:
        return None
    if row.scheduled_id is not None:
        return await session.get(ScheduledStatus, row.scheduled_id)
    return None if row.status_id is None else await session.get(Status, row.status_id)


async def take_key(unit: UnitOfWork, account_id: int, key: str) -> Made | None:
    """Take the key for what this unit makes; what an earlier request made with it, if it is taken."""
    since = unit.now - LASTS
    is_sqlite = unit.session.get_bind().dialect.name == "sqlite"
    values = _key(account_id, key) | {"taken_at": unit.now, "since": since}
    if await unit.session.ask(_taking(is_sqlite), values):
        return None
    return await made_before(unit.session, account_id, key, unit.now)


async def settle_key(
    unit: UnitOfWork, account_id: int, key: str, *, status_id: int | None = None, scheduled_id: int | None = None
) -> None:
    """Say what was made under the key."""
    made = {"made_status_id": status_id, "made_scheduled_id": scheduled_id, "made_at": unit.now}
    await _SETTLE.write(unit.session, [_key(account_id, key) | made])


async def forget_old_keys(unit: UnitOfWork) -> None:
    """Remove the keys whose hour is over."""
    await unit.session.execute(delete(_KEYS).where(_KEYS.c.created_at < unit.now - LASTS))


def _key(account_id: int, key: str) -> dict[str, Any]:
    return {"owner_id": account_id, "word": key}


@cache
def _taking(is_sqlite: bool) -> Question:
    """`INSERT`, or an old key taken over; a row when it is ours now. Made once."""
    taken = insert_of(is_sqlite)(_KEYS).values(
        account_id=bindparam("owner_id", type_=BigInt),
        key=bindparam("word"),
        created_at=bindparam("taken_at", type_=UtcDateTime()),
    )
    return Question(
        taken.on_conflict_do_update(
            index_elements=["account_id", "key"],
            set_={"created_at": taken.excluded.created_at, "status_id": null(), "scheduled_id": null()},
            where=_KEYS.c.created_at < _SINCE,
        ).returning(_KEYS.c.key)
    )
