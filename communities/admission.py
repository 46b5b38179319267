"""Letting people in: requests are approved or rejected, people are invited, invitations withdrawn."""

from communities.changes import Action, Change, record
from communities.membership import become_member, membership_row
from communities.notices import APPROVED, INVITED, REJECTED, was_answered
from communities.standings import CommunityRefused, NotAllowed, moderating, place_of
from models import UnitOfWork
from models.accounts import Account
from models.communities import Role, State
from policy.communities import RANKS
from social.follows import accept_follow, end_follow
from social.notifications import notify


async def approve(
    unit: UnitOfWork, group: Account, actor: Account, target: Account, *, trusted: bool = False
) -> Change:
    """Let somebody in who asked. Raises NotAllowed, and CommunityRefused when they didn't ask."""
    await moderating(unit, group, actor, trusted=trusted)
    place = await place_of(unit.session, group, target, now=unit.now)
    if place.standing.is_member:
        return Change(action=Action.APPROVE, group=group, actor=actor, target=target, is_new=False)
    if place.follow is None or place.standing.state is not State.REQUESTED:
        raise CommunityRefused("They haven't asked to join this community.")
    await accept_follow(unit, place.follow, target, group)
    await become_member(unit, place)
    notify(unit, target, APPROVED, group, subject_id=group.id)
    return record(unit, Change(action=Action.APPROVE, group=group, actor=actor, target=target, follow=place.follow))


async def reject(
    unit: UnitOfWork, group: Account, actor: Account, target: Account, *, reason: str = "", trusted: bool = False
) -> Change:
    """Turn down somebody who asked; they may ask again. Raises NotAllowed."""
    await moderating(unit, group, actor, trusted=trusted)
    place = await place_of(unit.session, group, target, now=unit.now)
    if place.standing.state is not State.REQUESTED or place.follow is None:
        return Change(action=Action.REJECT, group=group, actor=actor, target=target, is_new=False)
    await was_answered(unit, place)
    await end_follow(unit, place.follow, target, group)
    if place.membership is not None:
        await unit.session.delete(place.membership)
    notify(unit, target, REJECTED, group, subject_id=group.id)
    change = Change(action=Action.REJECT, group=group, actor=actor, target=target, follow=place.follow, reason=reason)
    return record(unit, change)


async def invite(
    unit: UnitOfWork,
    group: Account,
    actor: Account,
    target: Account,
    *,
    role: Role = Role.MEMBER,
    trusted: bool = False,
) -> Change:
    """Invite somebody, who is in as `role` by joining; who asked to join is in at once.

    Raises NotAllowed, and CommunityRefused for whom can't be invited.
    """
    mine = await moderating(unit, group, actor, trusted=trusted)
    place = await place_of(unit.session, group, target, now=unit.now)
    if place.standing.state is State.REQUESTED:
        return await approve(unit, group, actor, target, trusted=trusted)
    if not trusted and RANKS[role] >= mine.standing.rank:
        raise NotAllowed("You can't give a role that isn't below your own.")
    if place.standing.is_member or place.standing.state is State.INVITED:
        return Change(action=Action.INVITE, group=group, actor=actor, target=target, is_new=False)
    if place.standing.state is State.BANNED:
        raise CommunityRefused("They are banned from this community: lift the ban first.")
    if place.community.default_for == "office" and not target.is_local:
        raise CommunityRefused("This community is for the people of this office.")
    if not target.is_active or target.is_group:
        raise CommunityRefused("They can't be invited.")
    row = membership_row(unit, place)
    row.state, row.role, row.invited_by_id = State.INVITED.value, role.value, actor.id
    notify(unit, target, INVITED, actor, subject_id=group.id)
    return record(unit, Change(action=Action.INVITE, group=group, actor=actor, target=target, role=role))


async def withdraw_invitation(
    unit: UnitOfWork, group: Account, actor: Account, target: Account, *, trusted: bool = False
) -> Change:
    """Take an invitation back that wasn't accepted yet. Raises NotAllowed."""
    await moderating(unit, group, actor, trusted=trusted)
    place = await place_of(unit.session, group, target, now=unit.now)
    is_new = place.standing.state is State.INVITED and place.membership is not None
    if is_new and place.membership is not None:
        await was_answered(unit, place)
        await unit.session.delete(place.membership)
    return record(unit, Change(action=Action.UNINVITE, group=group, actor=actor, target=target, is_new=is_new))
