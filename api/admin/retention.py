"""Retention: of those who came in a day or month, how many were here later (Mastodon 4.5 `Admin::Cohort`).

One query over the people of the period and their active days, grouped by cohort and by when they were here.
"""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, case, func, literal, select

from api.admin.period import Period, day_stamp, first_id
from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.errors import invalid
from api.schemas.admin import RetentionArgs
from models.accounts import ActiveDay, User

MAX_COHORTS: Final = 92


async def post_retention(call: Call) -> list[Json]:
    """The cohorts of each day or month from `start_at` to `end_at`, with who of them came back."""
    period, frequency = Period.of(call.args), call.args["frequency"]
    starts = _starts(period, frequency)
    if len(starts) > MAX_COHORTS:
        raise invalid("start_at", f"makes more than {MAX_COHORTS} cohorts")
    ends = [*starts[1:], period.last + timedelta(days=1)]
    cohort = _numbered(User.id, [first_id(end) for end in ends])
    joined = select(User.id.label("user_id"), cohort.label("cohort")).where(period.holds_id(User.id)).subquery()
    when = _numbered(ActiveDay.day, ends)
    here = (
        select(joined.c.cohort, ActiveDay.user_id, when.label("at"))
        .join(joined, joined.c.user_id == ActiveDay.user_id)
        .where(ActiveDay.day.between(period.first, period.last))
        .subquery()
    )
    async with call.database.reading() as session:
        sizes = await session.execute(select(joined.c.cohort, func.count()).group_by(joined.c.cohort))
        counts = await session.execute(
            select(here.c.cohort, here.c.at, func.count(here.c.user_id.distinct())).group_by(here.c.cohort, here.c.at)
        )
        size_of = {int(number): int(count) for number, count in sizes}
        came = {(int(number), int(at)): int(count) for number, at, count in counts}
    return [
        {
            "period": day_stamp(start),
            "frequency": frequency,
            "data": [_share(starts[at], came, size_of, number, at) for at in range(number, len(starts))],
        }
        for number, start in enumerate(starts)
    ]


def _share(day: date, came: dict[tuple[int, int], int], sizes: dict[int, int], number: int, at: int) -> Json:
    size = sizes.get(number, 0)
    value = size if at == number else came.get((number, at), 0)
    return {"date": day_stamp(day), "rate": value / size if size else 0.0, "value": str(value)}


def _starts(period: Period, frequency: str) -> list[date]:
    if frequency == "day":
        return period.days
    months, month = [], period.first.replace(day=1)
    while month <= period.last:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _numbered(column: Any, ends: list[Any]) -> Any:
    """The number of the interval that a value falls into; `ends` are the ends, not included, in their order."""
    return case(*((column < end, literal(number, BigInteger)) for number, end in enumerate(ends)), else_=len(ends))


ENDPOINTS = (
    Endpoint("POST", "/api/v1/admin/retention", post_retention, Access.MODERATOR, "admin:read", RetentionArgs,
             many("CohortEntity")),
)  # fmt: skip
