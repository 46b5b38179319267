"""Measures: figures by day for the moderators' dashboard (Mastodon 4.5 `Admin::Measure`).

Each is one or two set-based queries over a range of time-ordered ids, over `active_days`, or over what is known of one
server or hashtag. A key that is not among `MEASURES` is left out of the answer, as Mastodon does.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Subquery, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.admin.period import Period, count_by_day, filled, midnight
from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.admin import figure_entity
from api.errors import invalid
from api.schemas.admin import MeasuresArgs
from models.accounts import Account, ActiveDay, User
from models.relations import Favourite, Follow, Report
from models.statuses import Attachment, Status, StatusTag
from models.values import dataclass
from policy.domains import normalise_domain

MAX_RESOLVED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a measure is told: where to look, for which days, and about what."""

    session: AsyncSession
    period: Period
    subject: Mapping[str, Any]


async def post_measures(call: Call) -> list[Json]:
    """The figures with these `keys` for each day from `start_at` to `end_at`."""
    period, args = Period.of(call.args), call.args
    found = []
    async with call.database.reading() as session:
        for key in dict.fromkeys(args["keys"]):
            measure = MEASURES.get(key)
            if measure is not None:
                found.append({**await measure(Asked(session, period, args.get(key) or {})), "key": key})
    return found


async def _active_users(asked: Asked) -> Json:
    rows = await asked.session.execute(
        select(ActiveDay.day, func.count())
        .where(ActiveDay.day.between(asked.period.first, asked.period.last))
        .group_by(ActiveDay.day)
    )
    totals = [
        await asked.session.scalar(
            select(func.count(ActiveDay.user_id.distinct())).where(ActiveDay.day.between(period.first, period.last))
        )
        for period in (asked.period, asked.period.previous)
    ]
    values = {day: int(count) for day, count in rows}
    return figure_entity("", None, totals[0] or 0, totals[1] or 0, filled(asked.period, values))


async def _resolved_reports(asked: Asked) -> Json:
    periods, found = (asked.period, asked.period.previous), []
    for period in periods:
        moments = await asked.session.scalars(
            select(Report.resolved_at)
            .where(Report.resolved_at >= midnight(period.first))
            .where(Report.resolved_at < midnight(period.last + timedelta(days=1)))
            .limit(MAX_RESOLVED)
        )
        days: dict[date, int] = {}
        for moment in moments:
            if moment is not None:
                day = moment.astimezone(UTC).date()
                days[day] = days.get(day, 0) + 1
        found.append(days)
    return figure_entity("", None, sum(found[0].values()), sum(found[1].values()), filled(asked.period, found[0]))


def _by_id(rows: Callable[[Asked, Period], Subquery]) -> Callable[[Asked], Awaitable[Json]]:
    """A measure that counts rows by the time in their ids."""

    async def measure(asked: Asked) -> Json:
        values = await count_by_day(asked.session, rows(asked, asked.period), asked.period)
        before = await count_by_day(asked.session, rows(asked, asked.period.previous), asked.period.previous)
        return figure_entity("", None, sum(values.values()), sum(before.values()), filled(asked.period, values))

    return measure


def _new_users(_asked: Asked, period: Period) -> Subquery:
    return select(User.id).where(period.holds_id(User.id)).subquery()


def _opened_reports(_asked: Asked, period: Period) -> Subquery:
    return select(Report.id).where(period.holds_id(Report.id)).subquery()


def _interactions(_asked: Asked, period: Period) -> Subquery:
    """Favourites, boosts and answers of our own people."""
    is_ours = Account.domain.is_(None)
    favourites = select(Favourite.id).join(Account, Account.id == Favourite.account_id)
    answers = select(Status.id).join(Account, Account.id == Status.account_id)
    return union_all(
        favourites.where(period.holds_id(Favourite.id), is_ours),
        answers.where(
            period.holds_id(Status.id),
            is_ours,
            or_(Status.boost_of_id.is_not(None), Status.in_reply_to_id.is_not(None)),
        ),
    ).subquery()


def _tagged(asked: Asked, period: Period) -> Subquery:
    if "id" not in asked.subject:
        raise invalid("id", "of a hashtag is needed", code="ERR_BLANK")
    return (
        select(Status.id, Status.account_id, func.coalesce(Account.domain, "").label("domain"))
        .join(StatusTag, StatusTag.status_id == Status.id)
        .join(Account, Account.id == Status.account_id)
        .where(StatusTag.tag_id == asked.subject["id"], period.holds_id(StatusTag.status_id))
        .subquery()
    )


def _of_tag(distinct: str) -> Callable[[Asked], Awaitable[Json]]:
    """Accounts or servers that used a hashtag: each once a day, and once in the total."""

    async def measure(asked: Asked) -> Json:
        rows = _tagged(asked, asked.period)
        values = await count_by_day(asked.session, rows, asked.period, counted=func.count(rows.c[distinct].distinct()))
        totals = []
        for period in (asked.period, asked.period.previous):
            rows = _tagged(asked, period)
            totals.append(await asked.session.scalar(select(func.count(rows.c[distinct].distinct()))) or 0)
        return figure_entity("", None, totals[0], totals[1], filled(asked.period, values))

    return measure


def domain_condition(subject: Mapping[str, Any]) -> ColumnElement[bool]:
    """Accounts of the server that is asked about. Raises Unprocessable without one."""
    try:
        domain = normalise_domain(subject.get("domain", ""))
    except ValueError as error:
        raise invalid("domain", "of a server is needed", code="ERR_BLANK") from error
    is_of = Account.domain == domain
    return (
        or_(is_of, Account.domain.endswith(f".{domain}", autoescape=True)) if subject["include_subdomains"] else is_of
    )


def _of_server(rows: Callable[[ColumnElement[bool]], Any]) -> Callable[[Asked], Awaitable[Json]]:
    """What is known of a server: all of it in the total, what came by day."""

    async def measure(asked: Asked) -> Json:
        known = rows(domain_condition(asked.subject)).subquery()
        total = await asked.session.scalar(select(func.count()).select_from(known))
        values = await count_by_day(asked.session, known, asked.period)
        return figure_entity("", None, total or 0, None, filled(asked.period, values))

    return measure


async def _media_of_server(asked: Asked) -> Json:
    rows = (
        select(Attachment.id, func.coalesce(Attachment.size_bytes, 0).label("size"))
        .join(Account, Account.id == Attachment.account_id)
        .where(domain_condition(asked.subject))
        .subquery()
    )
    total = await asked.session.scalar(select(func.coalesce(func.sum(rows.c.size), 0)))
    values = await count_by_day(asked.session, rows, asked.period, counted=func.sum(rows.c.size))
    entity = figure_entity("", "bytes", int(total or 0), None, filled(asked.period, values))
    return {**entity, "human_value": human_size(int(total or 0))}


def human_size(size: int) -> str:
    """`1.5 MB`."""
    value, units = float(size), ["Bytes", "KB", "MB", "GB", "TB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.3g} {units[0]}"


def _statuses_of(is_of: ColumnElement[bool]) -> Any:
    return select(Status.id).join(Account, Account.id == Status.account_id).where(is_of)


def _reports_of(is_of: ColumnElement[bool]) -> Any:
    return select(Report.id).join(Account, Account.id == Report.target_id).where(is_of)


def _follows(column: Any, other: Any) -> Callable[[ColumnElement[bool]], Any]:
    def rows(is_of: ColumnElement[bool]) -> Any:
        ours = aliased(Account)
        joined = select(Follow.id).join(Account, Account.id == column).join(ours, ours.id == other)
        return joined.where(is_of, ours.domain.is_(None), Follow.state == "accepted")

    return rows


MEASURES: Final[Mapping[str, Callable[[Asked], Awaitable[Json]]]] = {
    "active_users": _active_users,
    "new_users": _by_id(_new_users),
    "interactions": _by_id(_interactions),
    "opened_reports": _by_id(_opened_reports),
    "resolved_reports": _resolved_reports,
    "tag_accounts": _of_tag("account_id"),
    "tag_uses": _by_id(_tagged),
    "tag_servers": _of_tag("domain"),
    "instance_accounts": _of_server(lambda is_of: select(Account.id).where(is_of)),
    "instance_media_attachments": _media_of_server,
    "instance_reports": _of_server(_reports_of),
    "instance_statuses": _of_server(_statuses_of),
    "instance_follows": _of_server(_follows(Follow.followee_id, Follow.follower_id)),
    "instance_followers": _of_server(_follows(Follow.follower_id, Follow.followee_id)),
}
ENDPOINTS = (
    Endpoint("POST", "/api/v1/admin/measures", post_measures, Access.MODERATOR, "admin:read", MeasuresArgs,
             many("MeasureEntity")),
)  # fmt: skip
