"""Invitations into communities that other servers host: who may bring one, and how it is taken back.

An `Invite` is a moderator's, to one of our people (`target`), into a community (`object`). It counts when the moderator
lives where the community does, is known to moderate there, or when the community itself passes it on. Whoever is
invited accepts by a Follow, and declines by a Reject of the Invite (`outbox.community_acts`).
"""

from typing import Any

from communities.admission import invite, withdraw_invitation
from communities.standings import CommunityError, place_of
from federation.activity import id_of
from federation.trust.origins import same_origin
from inbox.access import local_account
from inbox.incoming import Outcome, Scene
from models.accounts import Account
from models.communities import Role, State
from social.accounts import account_by_uri


async def invited(scene: Scene, group: Account) -> Outcome:
    """One of ours may get into a community elsewhere, and is told."""
    target = await local_account(scene, scene.activity.target_id)
    if target is None or target.is_group or target.is_topic:
        return Outcome.INVALID
    try:
        if not await _may_invite(scene, group):
            return Outcome.NOT_ENTITLED
        place = await place_of(scene.unit.session, group, target, now=scene.unit.now)
        if place.standing.state is State.REQUESTED:
            return Outcome.DUPLICATE  # to who has asked the community says Accept
        change = await invite(scene.unit, group, scene.sender, target, trusted=True)
    except CommunityError:
        return Outcome.FORBIDDEN
    return Outcome.APPLIED if change.is_new else Outcome.DUPLICATE


async def uninvited(scene: Scene, embedded: dict[str, Any]) -> bool:
    """The invitation is taken back, by who sent it."""
    group_uri, target_uri = id_of(embedded.get("object")), id_of(embedded.get("target"))
    group = await account_by_uri(scene.unit, group_uri) if group_uri else None
    target = await local_account(scene, target_uri)
    if group is None or target is None or group.is_local or not group.is_group or not group.is_active:
        return False
    place = await place_of(scene.unit.session, group, target, now=scene.unit.now)
    if place.membership is None or place.membership.invited_by_id != scene.sender.id:
        return False
    change = await withdraw_invitation(scene.unit, group, scene.sender, target, trusted=True)
    return change.is_new


async def _may_invite(scene: Scene, group: Account) -> bool:
    if same_origin(scene.sender.uri, group.uri) or scene.incoming.group_uri == group.uri:
        return True
    place = await place_of(scene.unit.session, group, scene.sender, now=scene.unit.now)
    return place.standing.has(Role.MODERATOR)
