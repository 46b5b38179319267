"""What a peer was told by this office, as queries: the one place that says what a digest for it may hold.

*Posts* are what accounts of ours that somebody there follows said to their followers: public, unlisted and for
followers, boosts included, without what stays in the office or is for a community's members. *Topics* are the archives
of the hashtags that the peer follows here. *Communities* are what was posted in those of ours that somebody there
belongs to (`policy.communities.shared_with`), *submissions* what our people posted in the peer's. *Follows* are those
of its people to ours. Nothing else is in a digest, on a list, or given away for a number: who isn't followed from there
isn't named. What a policy for the peer keeps from it (`policy.peers`) isn't there either.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.archive import is_archived
from federation.sync.digests import COMMUNITIES, DAILY, FOLLOWS, POSTS, SUBMISSIONS, TOPICS, Item, ItemPage
from models import Database
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.aliases import alias_of
from models.relations import Follow
from models.statuses import Status, StatusTag, Tag
from models.sync import DigestDay
from policy.communities import shared_with
from policy.limits import DIGEST_ITEMS
from policy.peers import PeerPolicy, receivable
from social.digests import (
    COMMUNITY,
    MARKED,
    NOTHING,
    ROWS_AT_ONCE,
    SUBMISSION,
    TOLD_KINDS,
    TOPIC,
    Digest,
    compute_days,
    day_of,
    digest_of,
    id_range,
    in_day,
    is_in_community,
    is_over,
    is_tellable,
    marks_of,
    version_of,
)
from social.follows import ACCEPTED

_there, _here = alias_of(Account), alias_of(Account)
_group, _place = alias_of(Account), alias_of(Account)
KINDS: Final = {POSTS: TOLD_KINDS, TOPICS: (TOPIC,), COMMUNITIES: (COMMUNITY,), SUBMISSIONS: (SUBMISSION,)}
NAMES: Final = {kept: kind for kind, keeps in KINDS.items() for kept in keeps}
Query = Any


def _lives_at(origin: str) -> ColumnElement[bool]:
    return _there().uri.startswith(f"{origin}/", autoescape=True) & _there().domain.is_not(None)


def _follows(origin: str, column: Any) -> Query:
    """Of the follows from an office to our active accounts, a column."""
    return (
        select(column)
        .select_from(Follow)
        .join(_there(), _there().id == Follow.follower_id)
        .join(_here(), _here().id == Follow.followee_id)
        .where(_lives_at(origin), _here().domain.is_(None), _here().suspended_at.is_(None), _here().gone_at.is_(None))
    )


def followed_accounts(origin: str) -> Query:
    """The ids of the people of ours whom somebody there follows."""
    people = (_here().actor_type != "Group", _here().topic.is_(None), _here().id != INSTANCE_ACTOR_ID)
    return _follows(origin, Follow.followee_id).where(Follow.state == ACCEPTED, *people)


def followed_topics(origin: str) -> Query:
    """The ids of the hashtags whose actors the office follows here."""
    followed = _follows(origin, _here().topic).where(Follow.state == ACCEPTED, _here().topic.is_not(None))
    return select(Tag.id).where(Tag.name.in_(followed))


def shared_communities(origin: str, policy: PeerPolicy | None = None) -> Query:
    """The ids of the communities of ours that somebody there belongs to, and that are there for the peer."""
    found = select(_group().id).where(
        _group().actor_type == "Group", _group().domain.is_(None), _group().suspended_at.is_(None),
        _group().gone_at.is_(None), shared_with(origin, _group().id, _there()),
    )  # fmt: skip
    if policy is not None and policy.communities is not None:
        found = found.where(_group().id.in_(sorted(policy.communities)))
    return found


def communities_there(origin: str) -> Query:
    """The ids of the communities of the office."""
    theirs = _group().uri.startswith(f"{origin}/", autoescape=True)
    return select(_group().id).where(_group().actor_type == "Group", _group().domain.is_not(None), theirs)


_SUBJECTS: Final[Mapping[str, Callable[[str], Query]]] = {
    POSTS: followed_accounts, TOPICS: followed_topics, COMMUNITIES: shared_communities, SUBMISSIONS: communities_there,
}  # fmt: skip


def told_posts(origin: str, kind: str, policy: PeerPolicy | None, *, with_removed: bool = False) -> ColumnElement[bool]:
    """The condition on statuses of a kind, as far as the peer's policy goes; perhaps with what moderators removed."""
    subjects = _SUBJECTS[kind](origin)
    match kind:
        case "posts":
            told = Status.account_id.in_(subjects) & is_tellable()
        case "topics":
            told = Status.id.in_(select(StatusTag.status_id).where(StatusTag.tag_id.in_(subjects))) & is_archived()
        case "communities":
            told = Status.group_id.in_(subjects) & is_in_community()
        case _:
            ours = select(_here().id).where(_here().id == Status.account_id, _here().domain.is_(None)).exists()
            told = Status.group_id.in_(subjects) & is_in_community() & ours
    if kind in (COMMUNITIES, SUBMISSIONS) and not with_removed:
        told &= Status.removed_at.is_(None)
    return told & receivable(policy)


def item_parts(kind: str, row: Any) -> tuple[object, ...]:
    """What the digest of a status is made of; `row` has the columns `MARKED`."""
    return (row.uri, version_of(row.edited_at), *([marks_of(row)] if kind == COMMUNITIES else []))


async def counted_on(
    database: Database, origin: str, days: Sequence[date], policy: PeerPolicy
) -> dict[date, dict[str, Digest]]:
    """The same as `told_on` for a peer with rules: post by post, for what is kept knows of no rules."""
    found: dict[date, dict[str, Digest]] = {day: dict.fromkeys(DAILY, NOTHING) for day in days}
    for kind in DAILY:
        after, end = id_range(days[0])[0], id_range(days[-1])[1]
        while True:
            query = (
                select(*MARKED)
                .where(told_posts(origin, kind, policy), Status.id >= after, Status.id < end)
                .order_by(Status.id)
                .limit(ROWS_AT_ONCE)
            )
            names: dict[int, list[str]] = defaultdict(list)
            async with database.reading() as session:
                rows = (await session.execute(query)).all()
                if kind == TOPICS:
                    carried = select(StatusTag.status_id, Tag.name).join(Tag, Tag.id == StatusTag.tag_id)
                    carried = carried.where(StatusTag.status_id.in_([row.id for row in rows]))
                    followed = carried.where(StatusTag.tag_id.in_(followed_topics(origin)))
                    for status_id, name in await session.execute(followed):
                        names[status_id].append(name)
            for row in rows:
                for prefix in [[name] for name in names[row.id]] if kind == TOPICS else [[]]:
                    found[day_of(row.id)][kind] += digest_of(*prefix, *item_parts(kind, row))
            if len(rows) < ROWS_AT_ONCE:
                break
            after = rows[-1].id + 1
            await asyncio.sleep(0)
    return found


async def told_on(
    database: Database, origin: str, days: Sequence[date], policy: PeerPolicy | None
) -> dict[date, dict[str, Digest]]:
    """The digests of days: of those that are over from what is kept (`social.digests.keep_days`), else counted now."""
    if policy is not None and policy.restricts:
        return await counted_on(database, origin, days, policy)
    kept = [day for day in days if is_over(day, database.clock())]
    found: dict[date, dict[str, Digest]] = {day: dict.fromkeys(DAILY, NOTHING) for day in days}
    async with database.reading() as session:
        for kind in DAILY if kept else ():
            query = select(DigestDay.day, DigestDay.digest, DigestDay.count).where(
                DigestDay.kind.in_(KINDS[kind]),
                DigestDay.subject_id.in_(_SUBJECTS[kind](origin)),
                DigestDay.day >= kept[0],
                DigestDay.day <= kept[-1],
            )
            for day, kept_digest, count in await session.execute(query):
                found[day][kind] += Digest(int.from_bytes(kept_digest), count)
    if len(kept) < len(days):
        async with database.reading() as session:
            wanted = {kind: set(await session.scalars(_SUBJECTS[kind](origin))) for kind in DAILY}
        for (day, kind, subject_id), digest in (await compute_days(database, days[len(kept)], days[-1]))[0].items():
            name = NAMES[kind]
            if subject_id in wanted[name]:
                found[day][name] += digest
    return found


async def follows_digest(session: AsyncSession, origin: str) -> Digest:
    """Of who there follows whom here."""
    found = NOTHING
    for item in await _follow_items(session, origin, 0, None):
        found += digest_of(item.uri, item.of, item.state)
    return found


async def items_of(
    session: AsyncSession, origin: str, kind: str, day: date | None, after: int, policy: PeerPolicy | None
) -> ItemPage:
    """The page of items after a number."""
    if kind == FOLLOWS or day is None:
        items = await _follow_items(session, origin, after, DIGEST_ITEMS + 1)
    else:
        query = (
            select(*MARKED, _place().uri.label("of"))
            .outerjoin(_place(), _place().id == Status.group_id)
            .where(told_posts(origin, kind, policy, with_removed=kind == COMMUNITIES), in_day(day), Status.id > after)
            .order_by(Status.id)
            .limit(DIGEST_ITEMS + 1)
        )
        items = [_item(kind, row) for row in await session.execute(query)]
    page = items[:DIGEST_ITEMS]
    return ItemPage(page, page[-1].number if len(items) > DIGEST_ITEMS else None)


def _item(kind: str, row: Any) -> Item:
    of, state = (row.of, marks_of(row)) if kind == COMMUNITIES else ("", "")
    return Item(row.id, row.uri, version_of(row.edited_at), of, state)


async def _follow_items(session: AsyncSession, origin: str, after: int, limit: int | None) -> list[Item]:
    columns = (Follow.id, Follow.state, _there().uri.label("who"), _here().uri.label("of"))
    query = (
        select(*columns)
        .join(_there(), _there().id == Follow.follower_id)
        .join(_here(), _here().id == Follow.followee_id)
        .where(_lives_at(origin), _here().domain.is_(None), _here().suspended_at.is_(None), _here().gone_at.is_(None))
        .where(_here().topic.is_(None), Follow.id > after)
        .order_by(Follow.id)
        .limit(limit)
    )
    return [Item(row.id, row.who, of=row.of, state=row.state) for row in await session.execute(query)]


async def posts_by_number(
    session: AsyncSession, origin: str, numbers: Collection[int], policy: PeerPolicy | None
) -> Sequence[Status]:
    """Those of these posts that the office was told of, in the order of their numbers."""
    told = or_(*(told_posts(origin, kind, policy) for kind in DAILY))
    query = select(Status).where(Status.id.in_(numbers), told).order_by(Status.id)
    return (await session.scalars(query)).all()
