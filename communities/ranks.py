"""Roles and bans: what moderators and owners decide about people."""

from datetime import datetime

from sqlalchemy import delete, select, update

from communities.changes import Action, Change, record
from communities.membership import become_member, keep_an_owner, membership_row
from communities.notices import was_answered
from communities.standings import CommunityRefused, NotAllowed, acting_on, place_of
from models import UnitOfWork
from models.accounts import Account
from models.communities import Role, State
from models.statuses import Status
from policy.communities import may_assign, may_moderate, may_own
from social.counters import count
from social.digests import digests_changed
from social.follows import accept_follow, end_follow, request_follow


async def set_role(
    unit: UnitOfWork, group: Account, actor: Account, target: Account, role: Role, *, trusted: bool = False
) -> Change:
    """Give a member another role; owners may step down themselves. Raises NotAllowed and CommunityRefused."""
    mine = await place_of(unit.session, group, actor, now=unit.now)
    place = mine if actor.id == target.id else await place_of(unit.session, group, target, now=unit.now)
    if not place.standing.is_member:
        raise CommunityRefused("Only members have a role.")
    if place.standing.role is role:
        if not trusted and not may_moderate(mine.community, mine.standing):
            raise NotAllowed("You can't give this role to this member.")
        return Change(action=Action.ROLE, group=group, actor=actor, target=target, role=role, is_new=False)
    steps_down = actor.id == target.id and may_own(mine.standing)
    if not trusted and not steps_down and not may_assign(mine.community, mine.standing, place.standing, role):
        raise NotAllowed("You can't give this role to this member.")
    if role is not Role.OWNER:
        await keep_an_owner(unit, place)
    row = membership_row(unit, place)
    row.state, row.role, row.joined_at = State.MEMBER.value, role.value, row.joined_at or unit.now
    change = Change(
        action=Action.ROLE, group=group, actor=actor, target=target, role=role, former_role=place.standing.role
    )
    return record(unit, change)


async def appoint(unit: UnitOfWork, group: Account, actor: Account, target: Account, role: Role) -> Change:
    """Give somebody of this office a role, in the office's name; who isn't a member becomes one. Lifts a ban."""
    place = await place_of(unit.session, group, target, now=unit.now)
    if not place.standing.is_member:
        follow = place.follow or await request_follow(unit, target, group)
        await accept_follow(unit, follow, target, group)
        await become_member(unit, place)
    return await set_role(unit, group, actor, target, role, trusted=True)


async def ban(
    unit: UnitOfWork,
    group: Account,
    actor: Account,
    target: Account,
    *,
    reason: str = "",
    until: datetime | None = None,
    removes_posts: bool = False,
    trusted: bool = False,
) -> Change:
    """Put somebody out and keep them out, for good or until a time; members or not. Raises NotAllowed.

    With `removes_posts` all that they posted in the community is removed. A second ban replaces the first.
    """
    if until is not None and until <= unit.now:
        raise CommunityRefused("A ban ends in the future.")
    _, place = await acting_on(unit, group, actor, target, trusted=trusted)
    await was_answered(unit, place)
    if place.follow is not None:
        await end_follow(unit, place.follow, target, group)
    row = membership_row(unit, place)
    row.state, row.role, row.joined_at, row.invited_by_id = State.BANNED.value, Role.MEMBER.value, None, None
    row.banned_until, row.ban_reason = until, reason
    if removes_posts:
        await _remove_all(unit, group, target)
    change = Change(
        action=Action.BAN,
        group=group,
        actor=actor,
        target=target,
        follow=place.follow,
        reason=reason,
        until=until,
        removes_posts=removes_posts,
    )
    return record(unit, change)


async def _remove_all(unit: UnitOfWork, group: Account, author: Account) -> None:
    posted = (Status.group_id == group.id) & (Status.account_id == author.id) & Status.boost_of_id.is_(None)
    boosted = select(Status.id).where(posted)
    shared = delete(Status).where(Status.account_id == group.id, Status.boost_of_id.in_(boosted)).returning(Status.id)
    taken = await unit.session.scalars(shared.execution_options(synchronize_session=False))
    number = len(taken.all())
    if group.is_local:
        count(unit, Account, "statuses_count", group.id, -number)
    removed = update(Status).where(posted, Status.removed_at.is_(None)).values(removed_at=unit.now, featured_at=None)
    await unit.session.execute(removed.execution_options(synchronize_session=False))
    unit.boosts.clear()
    digests_changed(unit)


async def unban(
    unit: UnitOfWork, group: Account, actor: Account, target: Account, *, reason: str = "", trusted: bool = False
) -> Change:
    """Lift a ban; whoever was banned may join again. Raises NotAllowed."""
    _, place = await acting_on(unit, group, actor, target, trusted=trusted)
    is_new = place.membership is not None and place.standing.state is State.BANNED
    if is_new and place.membership is not None:
        await unit.session.delete(place.membership)
    return record(
        unit, Change(action=Action.UNBAN, group=group, actor=actor, target=target, reason=reason, is_new=is_new)
    )
