"""Whom an event concerns, among those who are connected: a fixed number of queries whatever the number of followers.

Feeds and lists say who would find a status in a timeline; `policy.visibility` and `policy.timelines` decide, for each
viewer, who may see it and wants to. What was deleted is told to whom it may have reached: it is only an id.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.streaming.streams import LIST, USER, Channel, public_channels, tag_channels
from communities.listing import posts_in
from models.accounts import Account
from models.base import BigInt, UtcDateTime
from models.events import Event
from models.feeds import AccountList, FeedEntry, ListEntry, ListMember
from models.insertion import AnySelect
from models.relations import Follow, TagFollow
from models.statuses import Attachment, Status, StatusTag, Tag
from models.values import dataclass
from models.visibility import Visibility
from policy.timelines import not_limited_for, wanted_by
from policy.visibility import visible_to

# More ids than a statement takes are asked for in several.
CHUNK: Final = 5_000


def _ids(name: str) -> Any:
    return bindparam(name, expanding=True, type_=BigInt)


_HOMES = select(FeedEntry.account_id).where(
    FeedEntry.status_id == bindparam("status_id", type_=BigInt), FeedEntry.account_id.in_(_ids("some"))
)
_LISTS = (
    select(ListEntry.list_id, AccountList.account_id)
    .join(AccountList, AccountList.id == ListEntry.list_id)
    .where(ListEntry.status_id == bindparam("status_id", type_=BigInt), ListEntry.list_id.in_(_ids("some")))
)
_HAS_MEDIA = select(Attachment.id).where(Attachment.status_id == Status.id).exists()
_FACTS = (
    select(
        Status.id,
        Status.visibility,
        Status.boost_of_id,
        Status.account_id,
        Status.in_reply_to_uri,
        Status.in_reply_to_id,
        Status.in_reply_to_account_id,
        Account.domain,
        _HAS_MEDIA.label("has_media"),
    )
    .join(Account, Account.id == Status.account_id)
    .where(Status.id == bindparam("status_id", type_=BigInt))
)
_TAGS = (
    select(Tag.name)
    .join(StatusTag, StatusTag.tag_id == Tag.id)
    .where(StatusTag.status_id == bindparam("status_id", type_=BigInt))
)
_TAG_NAMES = select(Tag.name).where(Tag.id.in_(_ids("some")))
_FOLLOWERS = union(
    select(Follow.follower_id).where(
        Follow.followee_id == bindparam("author_id", type_=BigInt),
        Follow.state == "accepted",
        Follow.follower_id.in_(_ids("some")),
    ),
    select(TagFollow.account_id).where(TagFollow.tag_id.in_(_ids("tag_ids")), TagFollow.account_id.in_(_ids("some"))),
)
_MEMBER_LISTS = select(ListMember.list_id).where(
    ListMember.account_id == bindparam("author_id", type_=BigInt), ListMember.list_id.in_(_ids("some"))
)
_OPENS_THREAD = select(Status.group_id).where(
    Status.id == bindparam("status_id", type_=BigInt), *posts_in(Status.group_id), Status.group_id.is_not(None)
)
_MEMBERS = select(Follow.followee_id.label("group_id"), Follow.follower_id).where(
    Follow.followee_id == bindparam("group_id", type_=BigInt),
    Follow.state == "accepted",
    Follow.follower_id.in_(_ids("some")),
)
_COMMUNITIES = select(Follow.followee_id).where(
    Follow.follower_id == bindparam("author_id", type_=BigInt),
    Follow.state == "accepted",
    Follow.followee_id.in_(_ids("some")),
)
_NOW = bindparam("now", type_=UtcDateTime())


@cache
def _sees() -> AnySelect:
    """Viewers who may see a status (of a boost, also what it boosts) and want it in a timeline; made once."""
    boosted: Any = aliased(Status)
    viewer: Any = aliased(Account)
    return (
        select(viewer.id, not_limited_for(viewer.id).label("is_unlimited"))
        .select_from(viewer)
        .join(Status, Status.id == bindparam("status_id", type_=BigInt))
        .outerjoin(boosted, boosted.id == Status.boost_of_id)
        .where(
            viewer.id.in_(_ids("some")),
            visible_to(viewer.id),
            or_(Status.boost_of_id.is_(None), visible_to(viewer.id, boosted)),
            wanted_by(viewer.id, now=_NOW),
        )
    )


@dataclass(slots=True)
class Listeners:
    """Which channels somebody listens to, as the hub knows it."""

    accounts: Mapping[Channel, Collection[int]]  # public channels with the accounts behind them
    homes: Collection[int]
    lists: Mapping[int, Collection[int]]  # with the accounts behind them: many read the list that is a community


@dataclass(slots=True)
class Audience:
    """Who gets an event: the accounts behind each channel. None as accounts means: everybody who listens to it."""

    channels: dict[Channel, set[int] | None] = field(default_factory=lambda: defaultdict(set))

    @property
    def account_ids(self) -> set[int]:
        return set[int]().union(*(accounts for accounts in self.channels.values() if accounts))


async def status_audience(session: AsyncSession, event: Event, listeners: Listeners, *, now: datetime) -> Audience:
    """Who is shown a status that is new or was edited."""
    audience = Audience()
    parameters: dict[str, Any] = {"status_id": event.subject_id}
    for row in await _in_chunks(session, _HOMES, parameters, listeners.homes):
        audience.channels[USER, row.account_id].add(row.account_id)  # type: ignore[union-attr]
    for row in await _in_chunks(session, _LISTS, parameters, listeners.lists):
        audience.channels[LIST, row.list_id].add(row.account_id)  # type: ignore[union-attr]
    for row in await _community_readers(session, parameters, listeners):
        audience.channels[LIST, row.group_id].add(row.follower_id)  # type: ignore[union-attr]
    public = await _public_channels(session, event, listeners)
    for channel in public:
        audience.channels[channel] = set(listeners.accounts[channel])
    if not audience.channels:
        return audience
    seen = await _in_chunks(session, _sees(), parameters | {"now": now}, audience.account_ids)
    seers = {row.id for row in seen}
    unlimited = {row.id for row in seen if row.is_unlimited}
    for channel, accounts in audience.channels.items():
        audience.channels[channel] = (accounts or set()) & (unlimited if channel in public else seers)
    return audience


async def _community_readers(session: AsyncSession, parameters: dict[str, Any], listeners: Listeners) -> Sequence[Any]:
    """Members who listen to the community of what opens a thread there."""
    if not listeners.lists:
        return []
    group_id = await session.scalar(_OPENS_THREAD, parameters)
    if group_id is None or group_id not in listeners.lists:
        return []
    return await _in_chunks(session, _MEMBERS, {"group_id": group_id}, listeners.lists[group_id])


async def _public_channels(session: AsyncSession, event: Event, listeners: Listeners) -> list[Channel]:
    """The public and hashtag streams of a status that anybody listens to; boosts and answers to others have fewer."""
    if not listeners.accounts:
        return []
    facts = (await session.execute(_FACTS, {"status_id": event.subject_id})).first()
    if facts is None or facts.visibility != Visibility.PUBLIC or facts.boost_of_id is not None:
        return []
    is_local = facts.domain is None
    is_answer = facts.in_reply_to_id is not None or facts.in_reply_to_uri is not None
    channels: list[Channel] = []
    if not is_answer or facts.in_reply_to_account_id == facts.account_id:
        channels += public_channels(is_local=is_local, has_media=facts.has_media)
    if any(name.startswith("hashtag") for name, _ in listeners.accounts):
        tags = list(await session.scalars(_TAGS, {"status_id": event.subject_id}))
        channels += tag_channels(tags, is_local=is_local)
    return [channel for channel in channels if channel in listeners.accounts]


async def deletion_audience(session: AsyncSession, event: Event, listeners: Listeners) -> Audience:
    """Who is told that a status is gone: those whose timelines it may be in."""
    audience = Audience()
    homes = set(listeners.homes)
    told = homes & {event.account_id, *event.ids}
    parameters: dict[str, Any] = {"author_id": event.account_id, "tag_ids": event.tag_ids}
    for row in await _in_chunks(session, _COMMUNITIES, {"author_id": event.account_id}, listeners.lists):
        audience.channels[LIST, row.followee_id] = None
    if event.word not in (Visibility.DIRECT, Visibility.LIMITED, ""):
        told |= {row[0] for row in await _in_chunks(session, _FOLLOWERS, parameters, homes)}
        for row in await _in_chunks(session, _MEMBER_LISTS, {"author_id": event.account_id}, listeners.lists):
            audience.channels[LIST, row.list_id] = None
    for account_id in told:
        audience.channels[USER, account_id] = None
    if event.word == Visibility.PUBLIC and listeners.accounts:
        tags = list(await session.scalars(_TAG_NAMES, {"some": event.tag_ids})) if event.tag_ids else []
        for channel in (
            *(channel for is_local in (True, False) for channel in public_channels(is_local=is_local, has_media=True)),
            *tag_channels(tags, is_local=True),
        ):
            if channel in listeners.accounts:
                audience.channels[channel] = None
    return audience


async def _in_chunks(
    session: AsyncSession, statement: Any, parameters: dict[str, Any], ids: Collection[int]
) -> Sequence[Any]:
    rows: list[Any] = []
    for some in _chunks(ids):
        rows += (await session.execute(statement, {**parameters, "some": some})).all()
    return rows


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    listed = sorted(ids)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]
