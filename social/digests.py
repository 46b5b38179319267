"""Digests of what our people wrote, day by day (UTC): kept once a day is over, made again when something in it changes.

A digest is the XOR of the SHA-256 of each item, as FEP-8fcf does it for followers, with a count. The item of a post is
its URI and its version (`version_of`), so that a missed edit shows as well as a missed post; in a community of ours
also what its moderators decided (`marks_of`). Posts are kept apart by author and visibility, hashtags by the tag, what
was posted in a community by the community, by whomever in those of ours, by our own people in others' (*submissions*).
What one peer was told is put together from the subjects that it may see (`inbox.sync.told`), and no post is looked at
again for the next peer.

The day of a post is that of its id, which is made of its time of publication here and at whoever received it. A day is
kept from `SETTLING` after its end, when nothing of it can still be uncommitted. Whoever changes a post of an earlier
day counts the day's revision up in the same transaction (`digest_changed`); what was computed for an older revision is
thrown away, so a digest that is kept never misses a change.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby, takewhile
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models import Database, UnitOfWork
from models.accounts import Account
from models.base import BigInt
from models.ids import EPOCH_MS, SEQUENCE_BITS, milliseconds
from models.insertion import AnySelect, insert_missing
from models.statuses import Status, StatusTag, Tag
from models.sync import DigestDay, DigestMark
from models.values import dataclass
from models.visibility import Visibility
from policy.visibility import for_members

TOPIC, COMMUNITY, SUBMISSION = "topic", "community", "submission"
TOLD_KINDS: Final = (Visibility.PUBLIC.value, Visibility.UNLISTED.value, Visibility.PRIVATE.value)
SETTLING: Final = timedelta(hours=1)
ROWS_AT_ONCE: Final = 2_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS: Final = 86_400_000
_FIRST: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Digest:
    """The XOR of the items' SHA-256 as a number, and how many there are."""

    value: int = 0
    count: int = 0

    def __add__(self, other: "Digest") -> "Digest":
        return Digest(self.value ^ other.value, self.count + other.count)

    @property
    def hexadecimal(self) -> str:
        return f"{self.value:064x}"


NOTHING: Final = Digest()
Subject = tuple[date, str, int]
"""A day, the kind (a visibility, `TOPIC`, `COMMUNITY`, `SUBMISSION`), and the id of the account or of the hashtag."""


def digest_of(*parts: object) -> Digest:
    """The digest of one item; its parts hold no spaces."""
    return Digest(int.from_bytes(hashlib.sha256(" ".join(map(str, parts)).encode()).digest()), 1)


def version_of(edited_at: datetime | None) -> int:
    """The state of a post: milliseconds since 1970 at its last edit, cut as they are on the wire; 0 without one."""
    return 0 if edited_at is None else (edited_at - _EPOCH) // timedelta(milliseconds=1)


class Marked(Protocol):
    """A row with what moderators decided about a post."""

    locked_at: datetime | None
    featured_at: datetime | None
    removed_at: datetime | None


SHOWN, LOCKED, FEATURED, REMOVED = "shown", "locked", "featured", "removed"
MARKS: Final = (SHOWN, LOCKED, FEATURED, f"{LOCKED},{FEATURED}", REMOVED)
MARKED: Final = (Status.id, Status.uri, Status.edited_at, Status.locked_at, Status.featured_at, Status.removed_at)


def marks_of(row: Marked | Any) -> str:
    """What moderators decided about a post, as one of `MARKS`."""
    if row.removed_at is not None:
        return REMOVED
    marks = {LOCKED: row.locked_at, FEATURED: row.featured_at}
    return ",".join(name for name, at in marks.items() if at is not None) or SHOWN


def day_of(status_id: int) -> date:
    """The day of a post."""
    return date.fromordinal(_FIRST + ((status_id >> SEQUENCE_BITS) + EPOCH_MS) // _DAY_MS)


def id_range(day: date) -> tuple[int, int]:
    """The ids of a day: from the first on, below the second."""
    start = datetime.combine(day, time(), UTC)
    return (milliseconds(start) << SEQUENCE_BITS, milliseconds(start + timedelta(days=1)) << SEQUENCE_BITS)


def in_day(day: date) -> ColumnElement[bool]:
    """The condition on statuses."""
    first, end = id_range(day)
    return (Status.id >= first) & (Status.id < end)


def is_tellable() -> ColumnElement[bool]:
    """The condition on statuses that followers elsewhere are told of, with or without a community's public post."""
    return Status.visibility.in_(TOLD_KINDS) & Status.is_local_only.is_(False) & ~for_members()


def is_in_community() -> ColumnElement[bool]:
    """The condition on statuses that were posted in some community, which is told of them; removed ones included."""
    author = select(Account.id).where(
        Account.id == Status.account_id, Account.suspended_at.is_(None), Account.gone_at.is_(None)
    )
    return (
        Status.group_id.is_not(None)
        & Status.boost_of_id.is_(None)
        & Status.visibility.in_(TOLD_KINDS)
        & Status.is_local_only.is_(False)
        & author.correlate_except(Account).exists()
    )


# What digests are made of, from an id on: of active people here, the hashtags of what is public, and what was posted in
# communities here, or by people here.
_POSTS = (
    select(Status.id, Status.uri, Status.edited_at, Status.account_id, Status.visibility, Status.boost_of_id)
    .join(Account, Account.id == Status.account_id)
    .where(Status.id >= bindparam("after", type_=BigInt), Status.id < bindparam("end", type_=BigInt), is_tellable())
    .where(Account.domain.is_(None), Account.suspended_at.is_(None), Account.gone_at.is_(None))
    .order_by(Status.id)
    .limit(ROWS_AT_ONCE)
)
_TAGS = (
    select(StatusTag.status_id, StatusTag.tag_id, Tag.name)
    .join(Tag, Tag.id == StatusTag.tag_id)
    .where(StatusTag.status_id.in_(bindparam("ids", expanding=True, type_=BigInt)))
)


@cache
def _in_communities() -> AnySelect:
    group = aliased(Account)
    return (
        select(*MARKED, Status.group_id, group.domain.label("host"))
        .join(group, group.id == Status.group_id)
        .join(Account, Account.id == Status.account_id)
        .where(Status.id >= bindparam("after", type_=BigInt), Status.id < bindparam("end", type_=BigInt))
        .where(is_in_community(), Status.removed_at.is_(None), or_(group.domain.is_(None), Account.domain.is_(None)))
        .order_by(Status.id)
        .limit(ROWS_AT_ONCE)
    )


def digest_changed(unit: UnitOfWork, status_id: int) -> None:
    """A post of ours, or in a community of ours, is there, changed or gone: what is kept of its day doesn't hold."""
    day = day_of(status_id)
    if day < unit.now.date():
        unit.defer(_outdate, day)


async def _outdate(unit: UnitOfWork, days: list[date]) -> None:
    wanted = sorted(set(days))
    await insert_missing(unit.session, DigestMark, [{"day": day, "revision": 0, "is_valid": False} for day in wanted])
    await _count_up(unit, DigestMark.day.in_(wanted))


def digests_changed(unit: UnitOfWork) -> None:
    """Posts of any days are out of sight, or in sight again: nothing that is kept holds any more."""
    unit.defer(_outdate_all, None)


async def _outdate_all(unit: UnitOfWork, _: list[None]) -> None:
    await _count_up(unit, DigestMark.is_valid.is_(True))


async def _count_up(unit: UnitOfWork, condition: ColumnElement[bool]) -> None:
    values = {"revision": DigestMark.revision + 1, "is_valid": False}
    statement = update(DigestMark).where(condition).values(values)
    await unit.session.execute(statement.execution_options(synchronize_session=False))


def is_over(day: date, now: datetime) -> bool:
    """Whether the digests of a day can be kept."""
    return now >= datetime.combine(day, time(), UTC) + timedelta(days=1) + SETTLING


async def keep_days(database: Database, days: Sequence[date], *, most_posts: int) -> list[date]:
    """See to it that the digests of these finished days are kept; those first ones for which they are.

    Stops after the day with which so many posts were looked at: ask again for the others.
    """
    async with database.reading() as session:
        query = select(DigestMark.day).where(DigestMark.day.in_(days), DigestMark.is_valid.is_(True))
        kept = set(await session.scalars(query))
    looked_at = 0
    for run in _runs([day for day in days if day not in kept]):
        if looked_at < most_posts:
            made, posts = await _keep_run(database, run, most_posts=most_posts - looked_at)
            kept |= made
            looked_at += posts
    return list(takewhile(kept.__contains__, days))


def _runs(days: Sequence[date]) -> list[list[date]]:
    """Days that follow each other, together."""
    numbered = groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0])
    return [[day for _, day in run] for _, run in numbered]


async def _keep_run(database: Database, days: list[date], *, most_posts: int) -> tuple[set[date], int]:
    """The days that are kept from now on, and how many posts were looked at for them."""
    async with database.unit_of_work() as unit:
        await insert_missing(unit.session, DigestMark, [{"day": day, "revision": 0, "is_valid": False} for day in days])
    async with database.reading() as session:
        query = select(DigestMark.day, DigestMark.revision).where(DigestMark.day.in_(days))
        revisions = [(day, revision) for day, revision in await session.execute(query)]
    found, last, posts = await compute_days(database, days[0], days[-1], most_posts=most_posts)
    async with database.unit_of_work() as unit:
        holding = await unit.session.scalars(
            update(DigestMark)
            .where(tuple_(DigestMark.day, DigestMark.revision).in_(revisions), DigestMark.day <= last)
            .values(is_valid=True)
            .returning(DigestMark.day)
        )
        made = set(holding)
        await unit.session.execute(delete(DigestDay).where(DigestDay.day.in_(made)))
        rows = [
            {"kind": kind, "subject_id": subject_id, "day": day, "digest": one.value.to_bytes(32), "count": one.count}
            for (day, kind, subject_id), one in found.items()
            if day in made
        ]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await unit.session.execute(insert(DigestDay), rows[start : start + ROWS_AT_ONCE])
    return made, posts


async def compute_days(
    database: Database, first: date, last: date, *, most_posts: int | None = None
) -> tuple[Mapping[Subject, Digest], date, int]:
    """The digests of days by subject, from the posts themselves; the last day that is complete, and how many posts.

    In portions of a range of the primary key. With `most_posts` it ends with the day in which there are so many.
    """
    found: dict[Subject, Digest] = defaultdict(Digest)
    posts = 0
    for page in (_page_of_posts, _page_of_communities):
        last, looked_at = await _compute(database, found, page, first, last, most_posts)
        posts += looked_at
    return found, last, posts


Page = Callable[[AsyncSession, dict[str, int], dict[Subject, Digest]], Awaitable[list[int]]]


async def _compute(
    database: Database, found: dict[Subject, Digest], page: Page, first: date, last: date, most_posts: int | None
) -> tuple[date, int]:
    """Page by page; the last day that is complete, and how many posts there were."""
    after, end, posts = id_range(first)[0], id_range(last)[1], 0
    while True:
        async with database.reading() as session:
            ids = await page(session, {"after": after, "end": end}, found)
        posts += len(ids)
        if len(ids) < ROWS_AT_ONCE:
            return last, posts
        reached = day_of(ids[-1])
        if most_posts is not None and posts >= most_posts and reached > first:
            return reached - timedelta(days=1), posts
        after = ids[-1] + 1
        await asyncio.sleep(0)  # others get their turn


async def _page_of_posts(session: AsyncSession, window: dict[str, int], found: dict[Subject, Digest]) -> list[int]:
    rows = (await session.execute(_POSTS, window)).all()
    public = [row.id for row in rows if row.visibility == Visibility.PUBLIC.value and row.boost_of_id is None]
    tags = (await session.execute(_TAGS, {"ids": public})).all() if public else []
    items = {row.id: (row.uri, version_of(row.edited_at)) for row in rows}
    for row in rows:
        found[day_of(row.id), row.visibility, row.account_id] += digest_of(*items[row.id])
    for status_id, tag_id, name in tags:
        found[day_of(status_id), TOPIC, tag_id] += digest_of(name, *items[status_id])
    return list(items)


async def _page_of_communities(
    session: AsyncSession, window: dict[str, int], found: dict[Subject, Digest]
) -> list[int]:
    rows = (await session.execute(_in_communities(), window)).all()
    for row in rows:
        item, is_ours = (row.uri, version_of(row.edited_at)), row.host is None
        kind, marks = (COMMUNITY, [marks_of(row)]) if is_ours else (SUBMISSION, [])
        found[day_of(row.id), kind, row.group_id] += digest_of(*item, *marks)
    return [row.id for row in rows]
