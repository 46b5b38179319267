"""Pages of statuses that meet several conditions, of which no index has them in order: hashtags combined, and the like.

Each condition that has an index is a *way*: the index gives the ids of what meets it, one after the other. The way on
which the fewest are met is walked in portions that grow, and a *sieve* says which of a portion meet all the rest. No
page looks at more than `LOOKED_AT` statuses, however many there are. One that comes to this bound ends short, and its
cursors name what was looked at last, so that its `Link` goes on from there.

Ways are indexes and nothing else, so a portion costs next to nothing; a sieve finds each status by its id. Neither
leaves the database a choice that gets worse while the tables grow (docs/decisions/0036-plans.md). On SQLite, where
statements run in place, the loop breathes between portions.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, SQLColumnExpression, bindparam, select

from api.call import Call
from api.pagination import AnySelect, Keyset
from api.statuses.pictured import PICTURED_BY
from models.base import BigInt
from models.questions import Glance, Question, Row, among
from models.statuses import Status, StatusTag
from models.values import dataclass

LOOKED_AT: Final = 5_000
_FIRST_PORTION: Final = 100
_LARGEST_PORTION: Final = 2_000
# Of two ways the one is walked whose status with this number, counted from the page's beginning, is farther away.
_STRIDE: Final = 500
_BELOW_ALL: Final = -1
_ABOVE_ALL: Final = 2**63 - 1


class Order:
    """An index that has ids of statuses in their order; `query` selects `column`, and may have parameters."""

    def __init__(self, query: Callable[[], AnySelect], column: SQLColumnExpression[int]) -> None:
        def part(*, is_upwards: bool) -> AnySelect:
            bounds = column > bindparam("above", type_=BigInt), column < bindparam("below", type_=BigInt)
            return _in_order(query().where(*bounds), column, is_upwards).offset(bindparam("skipped", type_=Integer))

        self.questions = _both(part)


class Sieve:
    """Which of some statuses, given as `ids`, meet all conditions: `query` selects from `Status`, its id first."""

    def __init__(self, query: Callable[[], AnySelect]) -> None:
        def sifted(*, is_upwards: bool) -> AnySelect:
            return _in_order(query().where(among(Status.id, "ids")), Status.id, is_upwards)

        self.questions = _both(sifted)


def _in_order(query: AnySelect, column: SQLColumnExpression[int], is_upwards: bool) -> AnySelect:
    return query.order_by(column.asc() if is_upwards else column.desc()).limit(bindparam("most", type_=Integer))


def _both(build: Callable[..., AnySelect]) -> tuple[Question, Question]:
    return Question(lambda: build(is_upwards=False)), Question(lambda: build(is_upwards=True))


class Place(NamedTuple):
    """A stretch of an index: the order, and what its parameters are."""

    order: Order
    values: Mapping[str, Any]


Way = Sequence[Place]
"""What is at any of these places meets the condition; without places nothing does."""

_TAGGED: Final = Order(
    lambda: select(StatusTag.status_id).where(StatusTag.tag_id == bindparam("tag", type_=BigInt)), StatusTag.status_id
)
_BY_ACCOUNT: Final = Order(
    lambda: select(Status.id).where(Status.account_id == bindparam("account", type_=BigInt)), Status.id
)
_WITH_MEDIA: Final = Order(lambda: select(PICTURED_BY), PICTURED_BY)
WITH_MEDIA: Final[Way] = (Place(_WITH_MEDIA, {}),)


def tagged(tag_ids: Sequence[int]) -> Way:
    """Carrying one of these hashtags."""
    return [Place(_TAGGED, {"tag": tag_id}) for tag_id in tag_ids]


def by_account(account_id: int) -> Way:
    """Written or boosted by somebody."""
    return (Place(_BY_ACCOUNT, {"account": account_id}),)


@dataclass(frozen=True, slots=True)
class Walked:
    """What the sieve found, newest first, and by which ids the neighbours of the page are found."""

    rows: list[Row]
    cursors: list[int]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is left to be looked at, between two ids; upwards or downwards."""

    above: int
    below: int
    is_upwards: bool

    @classmethod
    def of(cls, keyset: Keyset) -> "_Stretch":
        above = max((one for one in (keyset.min_id, keyset.since_id) if one is not None), default=_BELOW_ALL)
        below = keyset.max_id if keyset.max_id is not None else _ABOVE_ALL
        return cls(above, below, keyset.min_id is not None)

    def after(self, status_id: int) -> "_Stretch":
        if self.is_upwards:
            return _Stretch(status_id, self.below, self.is_upwards)
        return _Stretch(self.above, status_id, self.is_upwards)

    async def ids(self, glance: Glance, place: Place, most: int, *, skipped: int = 0) -> list[int]:
        """The next ids of a place; one that has several files is there several times."""
        values = {**place.values, "above": self.above, "below": self.below, "most": most, "skipped": skipped}
        return [status_id for (status_id,) in await glance.ask(place.order.questions[self.is_upwards], values)]


async def walk(call: Call, ways: Sequence[Way], sieve: Sieve, values: Mapping[str, Any]) -> Walked:
    """The page that the request asks for of what is on all the ways and passes the sieve with these values."""
    keyset = Keyset.of(call)
    stretch, rows, looked_at = _Stretch.of(keyset), list[Row](), list[int]()
    portion, is_end = max(_FIRST_PORTION, keyset.limit * 2), not all(ways)
    way: Way = ()
    while not is_end and len(rows) < keyset.limit:
        if len(looked_at) >= LOOKED_AT:
            return _walked(keyset, rows, [looked_at[0], looked_at[-1]])
        async with call.database.glancing() as glance:
            way = way or await _longest(glance, ways, stretch)
            ids, is_end = await _portion(glance, way, stretch, portion)
            if ids:
                asked = {**values, "ids": ids, "most": keyset.limit - len(rows)}
                rows += await glance.ask(sieve.questions[stretch.is_upwards], asked)
                looked_at += ids
                stretch = stretch.after(ids[-1])
        portion = min(portion * 3, _LARGEST_PORTION)
        await asyncio.sleep(0)
    return _walked(keyset, rows, [])


def _walked(keyset: Keyset, rows: list[Row], ends: list[int]) -> Walked:
    return Walked(keyset.arrange(rows), [*(row[0] for row in rows), *ends])


async def _longest(glance: Glance, ways: Sequence[Way], stretch: _Stretch) -> Way:
    """The way on which the fewest statuses are met."""
    if len(ways) == 1:
        return ways[0]
    strides = [await _stride(glance, way, stretch) for way in ways]
    return ways[strides.index(max(strides))]


async def _stride(glance: Glance, way: Way, stretch: _Stretch) -> int:
    """How far one comes with so many statuses, in ids; over the fullest of its places."""
    start, end = (stretch.above, stretch.below) if stretch.is_upwards else (stretch.below, stretch.above)
    lengths = []
    for place in way:
        found = await stretch.ids(glance, place, 1, skipped=_STRIDE)
        lengths.append(abs((found[0] if found else end) - start))
    return min(lengths)


async def _portion(glance: Glance, way: Way, stretch: _Stretch, most: int) -> tuple[list[int], bool]:
    """The next ids of a way, each once, and whether it ends with them."""
    places = [await stretch.ids(glance, place, most) for place in way]
    ids = sorted({status_id for found in places for status_id in found}, reverse=not stretch.is_upwards)
    return ids[:most], all(len(found) < most for found in places)
