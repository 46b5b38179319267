"""Hashtags as clients get them: their use in the last week, and what the viewer does with them. Two queries a page."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Integer, bindparam, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.entities.tag import DAYS, history_entity, tag_entity
from api.errors import NotFound
from content.hashtags import normalise_hashtag
from models.base import BigInt
from models.ids import EPOCH_MS, SEQUENCE_BITS
from models.relations import FeaturedTag, TagFollow
from models.statuses import Status, StatusTag, Tag
from models.visibility import Visibility
from social.trends import LOOKED_AT

_DAY_MS: Final = 86_400_000
_EPOCH_DAY: Final = datetime.fromtimestamp(EPOCH_MS / 1000, UTC).date()
_IDS: Final = bindparam("ids", expanding=True, type_=BigInt)
_NEWEST = (
    select(StatusTag.tag_id, StatusTag.status_id)
    .where(StatusTag.tag_id.in_(_IDS), StatusTag.status_id >= bindparam("since", type_=BigInt))
    .order_by(StatusTag.status_id.desc())
    .limit(bindparam("most", type_=Integer))
    .subquery()
)
# In the text of the statement: PostgreSQL takes two parameters in SELECT and GROUP BY for different expressions.
_DAY = (_NEWEST.c.status_id // literal(_DAY_MS << SEQUENCE_BITS, BigInt, literal_execute=True)).label("day")
_USES = (
    select(_NEWEST.c.tag_id, _DAY, func.count(), func.count(Status.account_id.distinct()))
    .join(Status, Status.id == _NEWEST.c.status_id)
    .where(Status.visibility == Visibility.PUBLIC.value)
    .group_by(_NEWEST.c.tag_id, _DAY)
)
_FOLLOWED, _FEATURED = 0, 1


def _mine(kind: int, table: type[TagFollow] | type[FeaturedTag]) -> Any:
    query = select(literal(kind, literal_execute=True), table.tag_id)
    return query.where(table.account_id == bindparam("viewer", type_=BigInt), table.tag_id.in_(_IDS))


_MARKS = union_all(_mine(_FOLLOWED, TagFollow), _mine(_FEATURED, FeaturedTag))


def tag_name(text: str) -> str:
    """The normal form of a hashtag that a client names. Raises NotFound for what can't be one."""
    name = normalise_hashtag(text)
    if not name:
        raise NotFound
    return name


def as_written(text: str) -> str:
    """A hashtag as its writer spells it, without the sign before it."""
    return text.lstrip("#\uff03")


async def tag_entities(call: Call, session: AsyncSession, tags: Sequence[Tag]) -> list[Json]:
    """These hashtags, in this order."""
    ids = [tag.id for tag in tags]
    today = call.services.clock().date()
    history = await _histories(session, ids, today) if ids else {}
    marks = await _marks(call, session, ids) if ids and call.viewer is not None else None
    return [
        tag_entity(
            tag,
            call.api,
            history=history_entity(today, history.get(tag.id, {})),
            following=None if marks is None else (_FOLLOWED, tag.id) in marks,
            featuring=None if marks is None else (_FEATURED, tag.id) in marks,
        )
        for tag in tags
    ]


async def _histories(session: AsyncSession, ids: Sequence[int], today: date) -> dict[int, dict[date, tuple[int, int]]]:
    """Uses and users by hashtag and day, of the newest `LOOKED_AT` uses: ids are time-ordered, so a day is a range of
    them."""
    first = (today - timedelta(days=DAYS - 1) - _EPOCH_DAY).days
    since = (first * _DAY_MS) << SEQUENCE_BITS
    found: dict[int, dict[date, tuple[int, int]]] = defaultdict(dict)
    for tag_id, day, uses, accounts in await session.execute(_USES, {"ids": ids, "since": since, "most": LOOKED_AT}):
        found[tag_id][_EPOCH_DAY + timedelta(days=int(day))] = (uses, accounts)
    return found


async def _marks(call: Call, session: AsyncSession, ids: Sequence[int]) -> set[tuple[int, int]]:
    rows = await session.execute(_MARKS, {"viewer": call.me.id, "ids": ids})
    return {(kind, tag_id) for kind, tag_id in rows}
