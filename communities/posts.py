"""Posting in a community, and how its members get it: the community boosts what opens a thread, once.

A post in a community has its `group_id`; in a private one it is `private`, which is then for the members and nobody
else (`policy.visibility`). Replies stay where the thread is.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.changes import Action, Change
from communities.standings import CommunityRefused, NoSuchCommunity, Place, place_of
from models import UnitOfWork
from models.accounts import Account
from models.communities import Community, State
from models.statuses import Status
from models.values import dataclass
from models.visibility import Visibility
from policy.communities import may_answer, may_know, may_open_thread
from social.counters import count
from social.interactions import boost, find_boost


@dataclass(frozen=True, slots=True)
class Submission:
    """Where a new post goes, and how: `visibility` is as wide as asked for, at most as the community allows."""

    group: Account
    visibility: Visibility
    is_local_only: bool


async def check_submission(
    session: AsyncSession,
    group: Account,
    author: Account,
    *,
    parent: Status | None = None,
    visibility: Visibility = Visibility.PUBLIC,
    is_local_only: bool = False,
    now: datetime,
) -> Submission:
    """Whether `author` may post there, as an answer to `parent` or to open a thread.

    What is public in a community of another server is for that server to refuse, apart from what is known here of
    locks, bans and its end. Raises NoSuchCommunity, and CommunityRefused with a sentence for the author.
    """
    place = await place_of(session, group, author, now=now)
    if not group.is_local and not place.community.is_private:
        if place.community.archived_at is not None or place.standing.state is State.BANNED:
            raise CommunityRefused(_why_not(place))
        await _check_thread(session, group, parent)
        return Submission(group, _audience(place.community, visibility), is_local_only)
    if not may_know(place.community, place.standing):
        raise NoSuchCommunity
    await _check_thread(session, group, parent)
    if parent is not None and parent.group_id == group.id:
        if not may_answer(place.community, place.standing):
            raise CommunityRefused(_why_not(place))
    elif not may_open_thread(place.community, place.standing):
        raise CommunityRefused(_why_not(place))
    return Submission(
        group, _audience(place.community, visibility), is_local_only or place.community.default_for == "office"
    )


async def _check_thread(session: AsyncSession, group: Account, parent: Status | None) -> None:
    """Raises CommunityRefused when nobody replies to `parent` any more."""
    if parent is None or parent.group_id != group.id:
        return
    if await is_locked(session, parent):
        raise CommunityRefused("This thread is locked: nobody replies to it any more.")
    if parent.removed_at is not None:
        raise CommunityRefused("This post was removed from its community.")


def _audience(community: Community, visibility: Visibility) -> Visibility:
    if community.is_private:
        return Visibility.PRIVATE
    if not visibility.is_public:
        raise CommunityRefused("What is posted in this community is public: choose that audience, or write elsewhere.")
    return visibility


def _why_not(place: Place) -> str:
    if place.community.archived_at is not None:
        return "This community is archived: nobody posts in it any more."
    if place.standing.state is State.BANNED:
        return "You are banned from this community."
    if not place.standing.is_member:
        return "Only members post in this community: join it first."
    if may_answer(place.community, place.standing):
        return "Only publishers open threads in this community; you may reply to theirs."
    return "You may read in this community, but not post."


async def is_locked(session: AsyncSession, status: Status) -> bool:
    """Whether replies to `status` are over: it is locked itself, or the post that opened its thread."""
    if status.locked_at is not None:
        return True
    await session.flush()
    query = select(Status.id).where(
        Status.conversation_id == status.conversation_id,
        Status.group_id == status.group_id,
        Status.in_reply_to_uri.is_(None),
        Status.locked_at.is_not(None),
    )
    return (await session.scalars(query.limit(1))).first() is not None


async def announce(unit: UnitOfWork, group: Account, status: Status, author: Account) -> Change:
    """Pass a post on to the members: a boost by the community, for what opens a thread (replies are only told of).

    The status has this `group_id`; `check_submission` came before. A second time changes nothing.
    """
    shared, is_new = None, status.in_reply_to_uri is not None
    if status.in_reply_to_uri is None and status.removed_at is None:
        visibility = Visibility.PUBLIC if Visibility(status.visibility).is_public else Visibility.PRIVATE
        uri = None if group.is_local else f"{group.uri}#shares-{status.id}"  # its own host hasn't told its name
        shared, is_new = await boost(unit, group, status, author, visibility=visibility, uri=uri)
        shared.is_local_only = status.is_local_only
        if is_new and group.is_local:
            count(unit, Account, "statuses_count", group.id)
    return Change(action=Action.ANNOUNCE, group=group, actor=author, status=status, shared=shared, is_new=is_new)


async def shared_of(unit: UnitOfWork, group: Account, status: Status) -> Status | None:
    """The community's own boost of a post."""
    return await find_boost(unit, group, status)
