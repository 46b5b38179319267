"""What is talked about: hashtags, posts and links of the last days, counted from public posts of people to be found.

Every query looks at the newest `LOOKED_AT` public posts of its days (a range of time-ordered ids) and no further, so
that it costs the same in a large office. Left out: boosts, what stays in the office, what is sensitive, and authors
who don't want to be discovered, are limited or gone. Who may see a post is decided again when it is shown.
"""

from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Subquery, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.base import BigInt
from models.ids import SEQUENCE_BITS, milliseconds
from models.insertion import AnySelect
from models.statuses import PreviewCard, Status, StatusTag, Tag
from models.trends import PeerTrends
from models.values import dataclass
from models.visibility import Visibility

LOOKED_AT: Final = 10_000
TREND_DAYS: Final = 7
STATUS_DAYS: Final = 3
MOST: Final = 200
_DAY_MS: Final = 86_400_000
# In the text of the statement: PostgreSQL takes two parameters in SELECT and GROUP BY for different expressions.
_IDS_OF_A_DAY = literal(_DAY_MS << SEQUENCE_BITS, BigInt, literal_execute=True)


@dataclass(slots=True)
class Uses:
    """How much something was used: by day, (uses, accounts)."""

    by_day: dict[date, tuple[int, int]] = field(default_factory=dict)

    @property
    def score(self) -> tuple[int, int]:
        """People count more than posts: one who says a thing ten times makes no trend."""
        return sum(accounts for _, accounts in self.by_day.values()), sum(uses for uses, _ in self.by_day.values())


async def trending_tags(session: AsyncSession, now: datetime) -> dict[int, Uses]:
    """The use of each hashtag in the last week by `Tag.id`, the most used first: one SELECT."""
    posts = _posts(now, TREND_DAYS)
    query = _by_day(select(StatusTag.tag_id).join(posts, posts.c.id == StatusTag.status_id), StatusTag.tag_id, posts)
    return await _uses(session, query, now)


async def network_tags(session: AsyncSession, now: datetime, domains: Sequence[str]) -> dict[int, Uses]:
    """The same with what the peers at `domains` publish of theirs: two SELECTs.

    Posts of a peer that have come here are among those that it counts. Of each hashtag and day the higher number of a
    peer's people holds, ours or its own; nobody is counted twice.
    """
    posts = _posts(now, TREND_DAYS)
    query = _by_day(select(StatusTag.tag_id).join(posts, posts.c.id == StatusTag.status_id), StatusTag.tag_id, posts)
    query = query.join(Account, Account.id == posts.c.account_id)
    here = await session.execute(query.add_columns(Account.domain).group_by(Account.domain))
    counts: dict[tuple[int, date, str], tuple[int, int]] = {}
    for tag_id, day, uses, accounts, domain in here:
        counts[tag_id, _date(now, day), domain or ""] = (uses, accounts)
    for row in await session.scalars(select(PeerTrends).where(PeerTrends.domain.in_(domains))):
        ids = await _ids_of_tags(session, [one["name"] for one in row.counts])
        for one in row.counts:
            key = (ids.get(one["name"], 0), date.fromisoformat(one["day"]), row.domain)
            uses, accounts = counts.get(key, (0, 0))
            counts[key] = (max(uses, one["uses"]), max(accounts, one["accounts"]))
    found: dict[int, Uses] = {}
    for (tag_id, when, _), (uses, accounts) in counts.items():
        if tag_id and when > now.date() - timedelta(days=TREND_DAYS):
            by_day = found.setdefault(tag_id, Uses()).by_day
            more_uses, more_accounts = by_day.get(when, (0, 0))
            by_day[when] = (uses + more_uses, accounts + more_accounts)
    return _ranked(found)


async def own_tag_counts(session: AsyncSession, now: datetime, *, least: int) -> list[tuple[str, date, int, int]]:
    """What our own people use: (hashtag, day, uses, people), only where at least `least` people did on that day."""
    posts = _posts(now, TREND_DAYS, is_ours=True)
    query = _by_day(
        select(Tag.name).select_from(StatusTag).join(posts, posts.c.id == StatusTag.status_id), Tag.name, posts
    )
    people = func.count(posts.c.account_id.distinct())
    query = query.join(Tag, Tag.id == StatusTag.tag_id).having(people >= max(least, 1))
    rows = await session.execute(query.order_by(people.desc(), Tag.name).limit(MOST))
    return [(name, _date(now, day), uses, accounts) for name, day, uses, accounts in rows]


async def _ids_of_tags(session: AsyncSession, names: Sequence[str]) -> dict[str, int]:
    rows = await session.execute(select(Tag.name, Tag.id).where(Tag.name.in_(names)))
    return dict(rows.all())


async def trending_links(session: AsyncSession, now: datetime) -> dict[int, Uses]:
    """The use of each link in the last week by `PreviewCard.id`, the most used first: one SELECT."""
    posts = _posts(now, TREND_DAYS)
    cards = select(PreviewCard.id).join(posts, posts.c.card_id == PreviewCard.id)
    query = _by_day(cards.where(PreviewCard.title != "", PreviewCard.card_type == "link"), PreviewCard.id, posts)
    return await _uses(session, query, now)


async def trending_statuses(session: AsyncSession, now: datetime) -> list[int]:
    """The ids of the posts of the last days that were boosted and favourited most: one SELECT."""
    posts = _posts(now, STATUS_DAYS, is_reply=False)
    score = posts.c.boosts_count + posts.c.favourites_count
    query = select(posts.c.id).where(score > 0).order_by(score.desc(), posts.c.id.desc()).limit(MOST)
    return list(await session.scalars(query))


def _posts(now: datetime, days: int, *, is_reply: bool = True, is_ours: bool = False) -> Subquery:
    query = _eligible(now, days)
    if is_ours:
        query = query.where(Account.domain.is_(None))
    if not is_reply:
        query = query.where(Status.in_reply_to_uri.is_(None), Status.in_reply_to_id.is_(None), Status.summary == "")
    return query.order_by(Status.id.desc()).limit(LOOKED_AT).subquery()


def _eligible(now: datetime, days: int) -> AnySelect:
    return (
        select(Status.id, Status.account_id, Status.card_id, Status.boosts_count, Status.favourites_count)
        .join(Account, Account.id == Status.account_id)
        .where(
            Status.id >= _first_id(now, days),
            Status.visibility == Visibility.PUBLIC.value,
            Status.boost_of_id.is_(None),
            Status.is_local_only.is_(False),
            Status.is_sensitive.is_(False),
            Account.is_discoverable.is_(True),
            Account.limited_at.is_(None),
            Account.suspended_at.is_(None),
            Account.gone_at.is_(None),
        )
    )


def _first_id(now: datetime, days: int) -> int:
    """Below every id of the last `days` days, today included."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    return milliseconds(midnight - timedelta(days=days - 1)) << SEQUENCE_BITS


def _by_day(query: AnySelect, subject: Any, posts: Subquery) -> AnySelect:
    """Group by subject and by the day in the id: (subject, day number since our epoch, uses, accounts)."""
    day = posts.c.id // _IDS_OF_A_DAY
    return query.add_columns(day, func.count(), func.count(posts.c.account_id.distinct())).group_by(subject, day)


async def _uses(session: AsyncSession, query: AnySelect, now: datetime) -> dict[int, Uses]:
    found: dict[int, Uses] = {}
    for subject_id, day, uses, accounts in await session.execute(query):
        found.setdefault(subject_id, Uses()).by_day[_date(now, day)] = (uses, accounts)
    return _ranked(found)


def _date(now: datetime, day: int) -> date:
    """The date of a day that is counted since our epoch."""
    return now.astimezone(UTC).date() - timedelta(days=int(milliseconds(now) // _DAY_MS - day))


def _ranked(found: dict[int, Uses]) -> dict[int, Uses]:
    """The most used first, and no more than can be shown."""
    ranked = sorted(found.items(), key=lambda pair: (*pair[1].score, pair[0]), reverse=True)
    return dict(ranked[:MOST])
