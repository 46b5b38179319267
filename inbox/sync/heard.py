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

from federation.sync.digests import COMMUNITIES, DAILY, POSTS, TOPICS, Item
from models import Database
from models.accounts import Account
from models.aliases import alias_of
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

_there, _here, _boost = alias_of(Account), alias_of(Account), alias_of(Status)
SUBSCRIBED: Final = "accepted"


def _lives_at(origin: str) -> ColumnElement[bool]:
    return _there().uri.startswith(f"{origin}/", autoescape=True) & _there().domain.is_not(None)


def followed_there(origin: str) -> Any:
    """The ids of the accounts of an office whom somebody here follows."""
    return (
        select(Follow.followee_id)
        .join(_there(), _there().id == Follow.followee_id)
        .join(_here(), _here().id == Follow.follower_id)
        .where(_lives_at(origin), _here().domain.is_(None), Follow.state == ACCEPTED)
        .where(_there().actor_type != "Group", _there().topic.is_(None))
    )


def joined_there(origin: str) -> Any:
    """The ids of the communities of an office that somebody here belongs to."""
    return (
        select(Follow.followee_id)
        .join(_there(), _there().id == Follow.followee_id)
        .join(_here(), _here().id == Follow.follower_id)
        .where(_lives_at(origin), _here().domain.is_(None), Follow.state == ACCEPTED)
        .where(_there().actor_type == "Group", _there().suspended_at.is_(None), _there().gone_at.is_(None))
    )


def is_posted_there(origin: str) -> ColumnElement[bool]:
    """The condition on statuses that were posted in one of these, removed ones included."""
    return Status.group_id.in_(joined_there(origin)) & is_in_community()


def is_submitted_by(origin: str) -> ColumnElement[bool]:
    """The condition on statuses of people from there in communities of ours, removed ones included."""
    lives = select(_there().id).where(_there().id == Status.account_id, _lives_at(origin)).exists()
    ours = select(_here().id).where(_here().id == Status.group_id, _here().domain.is_(None)).exists()
    return Status.group_id.is_not(None) & lives & ours & is_in_community()


def is_shared() -> Any:
    """The column that says whether members have a status in their timelines: what opens a thread comes with the
    community's boost, replies come alone."""
    boost = _boost()
    boosted = select(boost.id).where(boost.boost_of_id == Status.id, boost.account_id == Status.group_id)
    return (Status.in_reply_to_uri.is_not(None) | boosted.correlate_except(boost).exists()).label("is_shared")


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
    lives = select(_there().id).where(_there().id == Status.account_id, _lives_at(origin)).exists()
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
                select(*MARKED, is_shared())
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
        select(Follow.id, Follow.state, _here().uri.label("who"), _there().uri.label("of"))
        .join(_there(), _there().id == Follow.followee_id)
        .join(_here(), _here().id == Follow.follower_id)
        .where(_lives_at(origin), _here().domain.is_(None), _there().topic.is_(None))
        .where(_there().suspended_at.is_(None), _there().gone_at.is_(None))
        .order_by(Follow.id)
    )
    return [Item(row.id, row.who, of=row.of, state=row.state) for row in await session.execute(query)]


def follows_heard(items: Collection[Item]) -> Digest:
    """The digest of follows, as the other side has it."""
    found = Digest()
    for item in items:
        found += digest_of(item.uri, item.of, item.state)
    return found
