"""What moderators do about posts: remove and restore, lock and unlock, pin and unpin.

A removed post keeps its `group_id` with a mark: it is gone from the community (its boost, its place among the pinned,
its timeline), in a private one for everybody but its author; restoring brings it back. What a public post is on its
author's own profile isn't the community's business.
"""

from sqlalchemy import func, select

from communities.changes import Action, Change, record
from communities.notices import REMOVED
from communities.posts import announce, shared_of
from communities.standings import CommunityRefused, acting_on, moderating
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from policy.limits import PINNED_STATUSES
from social.counters import count
from social.digests import digest_changed
from social.edits import delete_status
from social.notifications import notify


async def _author_below(unit: UnitOfWork, group: Account, actor: Account, status: Status, *, trusted: bool) -> Account:
    """The author of a post of this community. Raises NotAllowed when they aren't below the moderator."""
    _check_is_here(group, status)
    author = await unit.session.get_one(Account, status.account_id)
    if author.id == actor.id:
        await moderating(unit, group, actor, trusted=trusted)
    else:
        await acting_on(unit, group, actor, author, trusted=trusted)
    return author


def _check_is_here(group: Account, status: Status) -> None:
    if status.group_id != group.id or status.is_boost:
        raise CommunityRefused("This post isn't in this community.")


async def remove_post(
    unit: UnitOfWork, group: Account, actor: Account, status: Status, *, reason: str = "", trusted: bool = False
) -> Change:
    """Take a post out of the community; its author is told why by the log. Raises NotAllowed and CommunityRefused."""
    author = await _author_below(unit, group, actor, status, trusted=trusted)
    if status.removed_at is not None:
        return Change(action=Action.REMOVE, group=group, actor=actor, status=status, target=author, is_new=False)
    status.removed_at, status.featured_at = unit.now, None
    digest_changed(unit, status.id)
    shared = await shared_of(unit, group, status)
    if shared is not None:
        await delete_status(unit, shared, owner_uri=group.uri)
        if group.is_local:
            count(unit, Account, "statuses_count", group.id, -1)
    if author.id != actor.id:
        notify(unit, author, REMOVED, group, status_id=status.id)
    change = Change(
        action=Action.REMOVE, group=group, actor=actor, target=author, status=status, shared=shared, reason=reason
    )
    return record(unit, change)


async def restore_post(
    unit: UnitOfWork, group: Account, actor: Account, status: Status, *, reason: str = "", trusted: bool = False
) -> Change:
    """Bring a removed post back. Raises NotAllowed and CommunityRefused."""
    author = await _author_below(unit, group, actor, status, trusted=trusted)
    if status.removed_at is None:
        return Change(action=Action.RESTORE, group=group, actor=actor, status=status, target=author, is_new=False)
    status.removed_at = None
    digest_changed(unit, status.id)
    announced = await announce(unit, group, status, author)
    change = Change(
        action=Action.RESTORE,
        group=group,
        actor=actor,
        target=author,
        status=status,
        shared=announced.shared,
        reason=reason,
    )
    return record(unit, change)


async def lock(
    unit: UnitOfWork, group: Account, actor: Account, status: Status, *, reason: str = "", trusted: bool = False
) -> Change:
    """No more replies to a post; to a whole thread when it opened one. Raises NotAllowed and CommunityRefused."""
    return await _mark(unit, group, actor, status, Action.LOCK, reason=reason, trusted=trusted)


async def unlock(
    unit: UnitOfWork, group: Account, actor: Account, status: Status, *, reason: str = "", trusted: bool = False
) -> Change:
    """Allow replies again. Raises NotAllowed and CommunityRefused."""
    return await _mark(unit, group, actor, status, Action.UNLOCK, reason=reason, trusted=trusted)


async def pin(unit: UnitOfWork, group: Account, actor: Account, status: Status, *, trusted: bool = False) -> Change:
    """Show a post first in the community (its `featured`). Raises NotAllowed and CommunityRefused."""
    if not trusted and status.featured_at is None:
        query = select(func.count()).where(Status.group_id == group.id, Status.featured_at.is_not(None))
        if (await unit.session.scalar(query) or 0) >= PINNED_STATUSES:
            raise CommunityRefused(f"A community shows up to {PINNED_STATUSES} posts first: take one down before.")
    return await _mark(unit, group, actor, status, Action.PIN, reason="", trusted=trusted)


async def unpin(unit: UnitOfWork, group: Account, actor: Account, status: Status, *, trusted: bool = False) -> Change:
    """The reverse. Raises NotAllowed and CommunityRefused."""
    return await _mark(unit, group, actor, status, Action.UNPIN, reason="", trusted=trusted)


_MARKS = {
    Action.LOCK: ("locked_at", True),
    Action.UNLOCK: ("locked_at", False),
    Action.PIN: ("featured_at", True),
    Action.UNPIN: ("featured_at", False),
}


async def _mark(
    unit: UnitOfWork, group: Account, actor: Account, status: Status, action: Action, *, reason: str, trusted: bool
) -> Change:
    _check_is_here(group, status)
    await moderating(unit, group, actor, trusted=trusted)
    if status.removed_at is not None:
        raise CommunityRefused("This post was removed from its community.")
    column, is_set = _MARKS[action]
    is_new = (getattr(status, column) is not None) != is_set
    if is_new:
        setattr(status, column, unit.now if is_set else None)
        digest_changed(unit, status.id)
    return record(unit, Change(action=action, group=group, actor=actor, status=status, reason=reason, is_new=is_new))
