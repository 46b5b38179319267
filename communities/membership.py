"""Getting into a community and out of it: each verb keeps the follow and the membership together.

Who is in follows the community's account; `Membership` remembers the role, the invitation, the ban. A verb that finds
its work done changes nothing. The follow of somebody from elsewhere has the id that their server gave it (`uri`); ours
get theirs here. Nobody is told here on the wire: that is done with the `Change`.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select

from communities.changes import Action, Change
from communities.notices import REQUESTED, tell_moderators, was_answered
from communities.standings import CommunityRefused, NoSuchCommunity, NotAllowed, Place, place_of
from models import UnitOfWork
from models.accounts import Account
from models.base import BigInt
from models.communities import Membership, Role, State
from models.relations import Follow
from policy.communities import Entry, entry, may_know, may_leave
from social.follows import ACCEPTED, FollowRefused, accept_follow, end_follow, request_follow

_OWNERS = (
    select(func.count())
    .select_from(Membership)
    .join(Follow, (Follow.follower_id == Membership.account_id) & (Follow.followee_id == Membership.community_id))
    .where(
        Membership.community_id == bindparam("group", type_=BigInt),
        Membership.state == State.MEMBER.value,
        Membership.role == Role.OWNER.value,
        Follow.state == ACCEPTED,
    )
)


async def join(
    unit: UnitOfWork,
    group: Account,
    account: Account,
    *,
    uri: str | None = None,
    shows_boosts: bool | None = None,
    notifies: bool | None = None,
    languages: Sequence[str] | None = None,
) -> Change:
    """Get in, or ask to (`Change.action` says which), or accept an invitation: whatever wanting to join comes to.

    `uri` and the wishes are those of `social.follows.request_follow`. Raises NoSuchCommunity and CommunityRefused.
    """
    place = await place_of(unit.session, group, account, now=unit.now)
    if not place.standing.is_member and not _is_known(place):
        raise NoSuchCommunity
    answer = entry(place.community, place.standing)
    if answer is Entry.REFUSE:
        raise NotAllowed(_why_not(place))
    try:
        follow = await request_follow(
            unit, account, group, uri=uri, shows_boosts=shows_boosts, notifies=notifies, languages=languages
        )
    except FollowRefused:
        raise CommunityRefused("You can't join this community.") from None
    if answer is Entry.REQUEST:
        return await _requested(unit, place, follow)
    return await _joined(unit, place, follow)


def _is_known(place: Place) -> bool:
    is_of_office = place.community.default_for == "office" and place.account.is_local
    return is_of_office or may_know(place.community, place.standing)


def _why_not(place: Place) -> str:
    if place.community.archived_at is not None:
        return "This community is archived: nobody joins it any more."
    if place.standing.state is State.BANNED:
        return "You are banned from this community."
    return "This community takes members by invitation only."


async def _requested(unit: UnitOfWork, place: Place, follow: Follow) -> Change:
    is_new = place.follow is None
    if is_new:
        membership_row(unit, place).state = State.REQUESTED.value
        await tell_moderators(unit, place.group, REQUESTED, place.account, subject_id=place.group.id)
    return Change(action=Action.REQUEST, group=place.group, actor=place.account, follow=follow, is_new=is_new)


async def _joined(unit: UnitOfWork, place: Place, follow: Follow) -> Change:
    await accept_follow(unit, follow, place.account, place.group)
    if not place.standing.is_member:
        await become_member(unit, place)
    is_new = not place.standing.is_member
    return Change(action=Action.JOIN, group=place.group, actor=place.account, follow=follow, is_new=is_new)


async def become_member(unit: UnitOfWork, place: Place) -> None:
    """Keep it beside the accepted follow; what was waiting for an answer has it."""
    await was_answered(unit, place)
    row = membership_row(unit, place)
    if row.state != State.INVITED.value:
        row.role = Role.MEMBER.value  # an invitation may have brought a role
    row.state, row.joined_at = State.MEMBER.value, unit.now
    row.banned_until, row.ban_reason = None, ""


def membership_row(unit: UnitOfWork, place: Place) -> Membership:
    """The membership row, made when there is none."""
    row = place.membership
    if row is None:
        row = Membership(
            id=unit.new_id(),
            community_id=place.group.id,
            account_id=place.account.id,
            role=Role.MEMBER.value,
            state=State.REQUESTED.value,
            created_at=unit.now,
            updated_at=unit.now,
        )
        unit.session.add(row)
    row.updated_at = unit.now
    return row


async def leave(unit: UnitOfWork, group: Account, account: Account) -> Change:
    """Leave, take a request back, or decline an invitation. Raises CommunityRefused for the last owner."""
    place = await place_of(unit.session, group, account, now=unit.now)
    had_something = place.standing.state in (State.MEMBER, State.REQUESTED, State.INVITED)
    if not had_something:
        return Change(action=Action.LEAVE, group=group, actor=account, is_new=False)
    if place.standing.is_member and not may_leave(place.community, place.standing):
        raise NotAllowed("Everybody of this office belongs to this community: mute it to read less of it.")
    await keep_an_owner(unit, place)
    await was_answered(unit, place)
    if place.follow is not None:
        await end_follow(unit, place.follow, account, group)
    if place.community.default_for is not None:
        membership_row(unit, place).state = State.LEFT.value
    elif place.membership is not None:
        await unit.session.delete(place.membership)
    return Change(action=Action.LEAVE, group=group, actor=account, follow=place.follow)


async def keep_an_owner(unit: UnitOfWork, place: Place) -> None:
    """Raises CommunityRefused when nobody would own the community; of one that others host that is their concern."""
    if place.group.is_local and place.standing.has(Role.OWNER):
        await unit.session.flush()
        if (await unit.session.scalar(_OWNERS, {"group": place.group.id}) or 0) < 2:
            raise CommunityRefused("A community needs an owner: make somebody else one first.")
