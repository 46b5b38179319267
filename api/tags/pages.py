"""Hashtags as clients get them: their use in the last week, and what the viewer does with them. Two queries a page."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, and_, bindparam, func, literal, select, true, union_all
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
LEAST_LOOKED_AT: Final = 1_000
_IDS: Final = bindparam("ids", expanding=True, type_=BigInt)
_SINCE: Final = bindparam("since", type_=BigInt)
_MOST: Final = bindparam("most", type_=Integer)
# In the text of the statement: PostgreSQL takes two parameters in SELECT and GROUP BY for different expressions.
_IDS_OF_A_DAY: Final = literal(_DAY_MS << SEQUENCE_BITS, BigInt, literal_execute=True)


@cache
def _uses(is_sqlite: bool) -> Any:
    """Uses and users of each hashtag by the day in the id, of the newest uses of each.

    PostgreSQL gets them hashtag by hashtag because LATERAL says so. SQLite has no such word, but goes from hashtags to
    their uses by itself, and finds where the newest of each begin.
    """
    newest = select(StatusTag.status_id).where(StatusTag.tag_id == Tag.id, StatusTag.status_id >= _SINCE)
    newest = newest.correlate(Tag).order_by(StatusTag.status_id.desc())
    if is_sqlite:
        status_id: Any = StatusTag.status_id
        before_them = func.coalesce(newest.limit(1).offset(_MOST).scalar_subquery(), _SINCE - 1)
        found = select().join(StatusTag, and_(StatusTag.tag_id == Tag.id, status_id > before_them))
    else:
        carried = newest.limit(_MOST).lateral()
        status_id = carried.c.status_id
        found = select().select_from(Tag).join(carried, true())
    day = (status_id // _IDS_OF_A_DAY).label("day")
    return (
        found.add_columns(Tag.id, day, func.count(), func.count(Status.account_id.distinct()))
        .join(Status, Status.id == status_id)
        .where(Tag.id.in_(_IDS), Status.visibility == Visibility.PUBLIC.value)
        .group_by(Tag.id, day)
    )


_FOLLOWED, _FEATURED = 0, 1
_LAST_CHARACTER: Final = "\U0010ffff"


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


def begins_with(session: AsyncSession, name: str) -> ColumnElement[bool]:
    """The condition on `Tag` that its name begins with this one, by an index where PostgreSQL plans for the value.

    SQLite has names in the order of their characters and compares those without regard to case in LIKE; PostgreSQL has
    them in the order of some language, unless an index says otherwise, and that one serves LIKE.
    """
    if session.get_bind().dialect.name == "sqlite":
        return and_(Tag.name >= name, Tag.name < name + _LAST_CHARACTER)
    return Tag.name.startswith(name, autoescape=True)


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
    """Uses and users by hashtag and day: ids are time-ordered, so a day is a range of them. Of each hashtag the newest
    uses are looked at, all of them together `LOOKED_AT`, but never fewer than `LEAST_LOOKED_AT` of one."""
    first = (today - timedelta(days=DAYS - 1) - _EPOCH_DAY).days
    since = (first * _DAY_MS) << SEQUENCE_BITS
    found: dict[int, dict[date, tuple[int, int]]] = defaultdict(dict)
    values = {"ids": ids, "since": since, "most": max(min(LEAST_LOOKED_AT, LOOKED_AT), LOOKED_AT // len(ids))}
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for tag_id, day, uses, accounts in await session.execute(_uses(is_sqlite), values):
        found[tag_id][_EPOCH_DAY + timedelta(days=int(day))] = (uses, accounts)
    return found


async def _marks(call: Call, session: AsyncSession, ids: Sequence[int]) -> set[tuple[int, int]]:
    rows = await session.execute(_MARKS, {"viewer": call.me.id, "ids": ids})
    return {(kind, tag_id) for kind, tag_id in rows}
