"""The days that figures are asked for, and counting by day through time-ordered ids. Pure but for `count_by_day`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, SQLColumnExpression, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.errors import invalid
from api.schemas.admin import MAX_DAYS
from api.times import timestamp
from models.base import BigInt
from models.ids import SEQUENCE_BITS, milliseconds
from models.values import dataclass

_EPOCH: Final = date(2020, 1, 1)
_DAY_MS: Final = 86_400_000
# In the text of the statement: PostgreSQL takes two parameters in SELECT and GROUP BY for different expressions.
_IDS_OF_A_DAY: Final = literal(_DAY_MS << SEQUENCE_BITS, BigInt, literal_execute=True)


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> "Period":
        """What `start_at` and `end_at` say (dates, or times in ISO 8601). Raises Unprocessable."""
        period = cls(_day("start_at", args["start_at"]), _day("end_at", args["end_at"]))
        if period.last < period.first:
            raise invalid("end_at", "is before start_at")
        if len(period) > MAX_DAYS:
            raise invalid("start_at", f"is more than {MAX_DAYS} days before end_at")
        return period

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=number) for number in range(len(self))]

    @property
    def previous(self) -> "Period":
        """As many days, just before."""
        length = timedelta(days=len(self))
        return Period(self.first - length, self.last - length)

    def holds_id(self, column: SQLColumnExpression[int]) -> ColumnElement[bool]:
        """Whether an id was made on one of these days."""
        return column.between(first_id(self.first), first_id(self.last + timedelta(days=1)) - 1)


def first_id(day: date) -> int:
    """Not above any id of that day or of a later one."""
    return milliseconds(midnight(day)) << SEQUENCE_BITS


def midnight(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time(), UTC)


def day_stamp(day: date) -> str:
    """A day as figures name it."""
    return timestamp(midnight(day))


async def count_by_day(
    session: AsyncSession, rows: FromClause, period: Period, *, counted: ColumnElement[int] | None = None
) -> dict[date, int]:
    """How many of `rows` (a subquery with `id`) were made on each day: one SELECT."""
    day = rows.c.id // _IDS_OF_A_DAY
    query = select(day, func.count() if counted is None else counted).select_from(rows).group_by(day)
    found = await session.execute(query.where(period.holds_id(rows.c.id)))
    return {_EPOCH + timedelta(days=int(number)): int(value) for number, value in found}


def filled(period: Period, values: Mapping[date, int]) -> Sequence[tuple[str, int]]:
    """The values of every day, zero where there is none."""
    return [(day_stamp(day), values.get(day, 0)) for day in period.days]


def _day(name: str, text: str) -> date:
    try:
        moment = datetime.fromisoformat(text)
        day = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError) as error:
        raise invalid(name, "is no date") from error
    if not date(2000, 1, 1) <= day <= date(2200, 1, 1):
        raise invalid(name, "is too far away")
    return day
