"""What this office has of what a peer told it: the other half of `inbox.sync.told`, with the roles exchanged.

Posts are those of accounts there that somebody here follows, topics those with a hashtag whose archive there we
subscribe to, communities what was posted in those there that somebody here belongs to, submissions what people from
there posted in ours, follows those of our people to accounts there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from federation.sync.digests import COMMUNITIES, DAILY, POSTS, TOPICS, Item
from models import Database
from models.accounts import Account
from models.relations import Follow
from models.statuses import Status, StatusTag, Tag
from models.topics import TopicSubscription
from models.visibility import Visibility
from social.digests import (
    MARKED,
    REMOVED,
    ROWS_AT_ONCE,
    Digest,
    day_of,
    digest_of,
    id_range,
    in_day,
    is_in_community,
    is_tellable,
    marks_of,
    version_of,
)
from social.follows import ACCEPTED

_There = aliased(Account)
_Here = aliased(Account)
_Boost = aliased(Status)
SUBSCRIBED: Final = "accepted"


def _lives_at(origin: str) -> ColumnElement[bool]:
    return _There.uri.startswith(f"{origin}/", autoescape=True) & _There.domain.is_not(None)


def followed_there(origin: str) -> Any:
    """The ids of the accounts of an office whom somebody here follows."""
    return (
        select(Follow.followee_id)
        .join(_There, _There.id == Follow.followee_id)
        .join(_Here, _Here.id == Follow.follower_id)
        .where(_lives_at(origin), _Here.domain.is_(None), Follow.state == ACCEPTED)
        .where(_There.actor_type != "Group", _There.topic.is_(None))
    )


def joined_there(origin: str) -> Any:
    """The ids of the communities of an office that somebody here belongs to."""
    return (
        select(Follow.followee_id)
        .join(_There, _There.id == Follow.followee_id)
        .join(_Here, _Here.id == Follow.follower_id)
        .where(_lives_at(origin), _Here.domain.is_(None), Follow.state == ACCEPTED)
        .where(_There.actor_type == "Group", _There.suspended_at.is_(None), _There.gone_at.is_(None))
    )


def is_posted_there(origin: str) -> ColumnElement[bool]:
    """The condition on statuses that were posted in one of these, removed ones included."""
    return Status.group_id.in_(joined_there(origin)) & is_in_community()


def is_submitted_by(origin: str) -> ColumnElement[bool]:
    """The condition on statuses of people from there in communities of ours, removed ones included."""
    lives = select(_There.id).where(_There.id == Status.account_id, _lives_at(origin)).exists()
    ours = select(_Here.id).where(_Here.id == Status.group_id, _Here.domain.is_(None)).exists()
    return Status.group_id.is_not(None) & lives & ours & is_in_community()


# Whether members have it in their timelines: what opens a thread comes with the community's boost, replies come alone.
IS_SHARED: Final = (
    Status.in_reply_to_uri.is_not(None)
    | select(_Boost.id)
    .where(_Boost.boost_of_id == Status.id, _Boost.account_id == Status.group_id)
    .correlate_except(_Boost)
    .exists()
).label("is_shared")


def state_here(row: Any) -> str:
    """`social.digests.marks_of`, and a word of its own for what no member has in a timeline."""
    marks = marks_of(row)
    return marks if marks == REMOVED or row.is_shared else f"{marks},unshared"


def subscribed_topics(host: str) -> Any:
    """The ids of the hashtags whose archives we subscribe to at a peer."""
    return select(TopicSubscription.tag_id).where(
        TopicSubscription.domain == host, TopicSubscription.state == SUBSCRIBED
    )


async def topics_of(session: AsyncSession, host: str) -> set[str]:
    """Their names."""
    return set(await session.scalars(select(Tag.name).where(Tag.id.in_(subscribed_topics(host)))))


def _heard(origin: str, kind: str, host: str) -> ColumnElement[bool]:
    """The condition on statuses of a kind."""
    if kind == POSTS:
        return Status.account_id.in_(followed_there(origin)) & is_tellable()
    if kind != TOPICS:
        posted = is_posted_there(origin) if kind == COMMUNITIES else is_submitted_by(origin)
        return posted & Status.removed_at.is_(None)
    carried = select(StatusTag.status_id).where(StatusTag.tag_id.in_(subscribed_topics(host)))
    lives = select(_There.id).where(_There.id == Status.account_id, _lives_at(origin)).exists()
    return (
        Status.id.in_(carried) & lives & (Status.visibility == Visibility.PUBLIC.value) & Status.boost_of_id.is_(None)
    )


async def heard_on(
    database: Database, host: str, origin: str, first: date, last: date
) -> Mapping[tuple[date, str], Digest]:
    """The digests of what we have, by day and kind; in portions by id."""
    found: dict[tuple[date, str], Digest] = defaultdict(Digest)
    for kind in DAILY:
        after, end = id_range(first)[0], id_range(last)[1]
        while True:
            query = (
                select(*MARKED, IS_SHARED)
                .where(_heard(origin, kind, host), Status.id >= after, Status.id < end)
                .order_by(Status.id)
                .limit(ROWS_AT_ONCE)
            )
            async with database.reading() as session:
                rows = (await session.execute(query)).all()
                names = await _names(session, host, [row.id for row in rows]) if kind == TOPICS else {}
            for row in rows:
                item = (row.uri, version_of(row.edited_at), *([state_here(row)] if kind == COMMUNITIES else []))
                for prefix in [[name] for name in names.get(row.id, ())] if kind == TOPICS else [[]]:
                    found[day_of(row.id), kind] += digest_of(*prefix, *item)
            if len(rows) < ROWS_AT_ONCE:
                break
            after = rows[-1].id + 1
            await asyncio.sleep(0)
    return found


async def _names(session: AsyncSession, host: str, ids: Collection[int]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    query = (
        select(StatusTag.status_id, Tag.name)
        .join(Tag, Tag.id == StatusTag.tag_id)
        .where(StatusTag.status_id.in_(ids), StatusTag.tag_id.in_(subscribed_topics(host)))
    )
    for status_id, name in await session.execute(query):
        found[status_id].append(name)
    return found


async def posts_here(
    session: AsyncSession, host: str, origin: str, kinds: Collection[str], day: date
) -> dict[str, int]:
    """The versions of what we have of some kinds on a day, by URI."""
    found: dict[str, int] = {}
    for kind in kinds:
        query = select(Status.uri, Status.edited_at).where(_heard(origin, kind, host), in_day(day))
        found |= {uri: version_of(edited_at) for uri, edited_at in await session.execute(query)}
    return found


async def follows_here(session: AsyncSession, origin: str) -> list[Item]:
    """Whom our people follow there, and in which state; numbers are those of our rows."""
    query = (
        select(Follow.id, Follow.state, _Here.uri.label("who"), _There.uri.label("of"))
        .join(_There, _There.id == Follow.followee_id)
        .join(_Here, _Here.id == Follow.follower_id)
        .where(_lives_at(origin), _Here.domain.is_(None), _There.topic.is_(None))
        .where(_There.suspended_at.is_(None), _There.gone_at.is_(None))
        .order_by(Follow.id)
    )
    return [Item(row.id, row.who, of=row.of, state=row.state) for row in await session.execute(query)]


def follows_heard(items: Collection[Item]) -> Digest:
    """The digest of follows, as the other side has it."""
    found = Digest()
    for item in items:
        found += digest_of(item.uri, item.of, item.state)
    return found
