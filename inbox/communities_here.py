"""What people of other servers do as moderators of a community that this office hosts.

Sent to us by the moderator, it is done by the verbs of `communities`, which ask `policy.communities` whether this one
may, and passed on as it was said. A plain member, a stranger and the moderator of another community are alike: refused
with a reason, and nothing happens. Reports are taken from whoever may see what is reported, and from the server of a
member, which says nothing of who it was. A member who may not do it is answered with a Reject, so that their office
takes back what it has done already.

`act_here` gives None for what is no such act: then the activity means what it means elsewhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from communities.admission import invite, withdraw_invitation
from communities.changes import REASON_CHARACTERS, Change
from communities.moderation import lock, pin, remove_post, restore_post, unlock, unpin
from communities.ranks import ban, set_role, unban
from communities.reports import report
from communities.standings import CommunityError, NotAllowed, place_of
from content.html import plain_text
from federation.activity import id_of
from federation.documents import reject_act_activity
from federation.json_ld.dates import parse_time
from federation.json_ld.strict_json import JsonObject
from federation.peers import domain_of
from federation.serving.read_gate import Reader, is_of_members
from inbox.access import sender_can_see
from inbox.incoming import Outcome, Scene
from models.accounts import Account
from models.communities import Role
from models.statuses import Status
from models.values import dataclass
from outbox.communities import tell
from outbox.publish import activity_uri, send_to
from policy.visibility import is_for_members
from social.accounts import account_by_uri
from social.statuses import status_by_uri


@dataclass(frozen=True, slots=True)
class Said:
    """An act, or the one that is undone: what it is about, where, and what it says besides."""

    object_uri: str
    target_uri: str | None
    document: JsonObject
    reason: str


Act = Callable[[Scene, Said], Awaitable[Change | Outcome | None]]


async def act_here(scene: Scene) -> Outcome | None:
    """Do what a moderator says; None for what is no act in a community of ours."""
    document, acts = scene.activity.document, _ACTS
    if scene.activity.type == "Undo":
        document, acts = scene.activity.object or {}, _UNDONE
    act, uri = acts.get(str(document.get("type"))), id_of(_first(document.get("object")))
    if act is None or uri is None or not scene.activity.raw:
        return None
    reason = plain_text(scene.activity.summary or "").strip()[:REASON_CHARACTERS]
    try:
        done = await act(scene, Said(uri, id_of(document.get("target")), document, reason))
    except CommunityError as refused:
        await _say_why_not(scene, str(refused))
        return Outcome.NOT_A_MODERATOR if isinstance(refused, NotAllowed) else Outcome.FORBIDDEN
    if not isinstance(done, Change):
        return done
    await tell(scene.services, scene.unit, done, said=scene.said)
    return Outcome.APPLIED if done.is_new else Outcome.DUPLICATE


async def _say_why_not(scene: Scene, reason: str) -> None:
    """Answer a member of the community that is addressed; nobody else learns of it, or makes us send anything."""
    activity, session = scene.activity, scene.unit.session
    groups = [await _hosted(scene, uri) for uri in dict.fromkeys((*activity.audience, *activity.cc, *activity.to))]
    group = next((found for found in groups if found is not None and found.is_active), None)
    if group is None or activity.id is None or activity.type == "Flag":
        return
    place = await place_of(session, group, scene.sender, now=scene.unit.now)
    if place.standing.is_member:
        act = {"id": activity.id, "type": activity.type, "actor": scene.sender.uri}
        document = reject_act_activity(activity_uri(scene.unit), group=group, act=act, reason=reason)
        await send_to(scene.services, scene.unit, group, document, scene.sender, ordering_key=activity.id)


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


async def _hosted(scene: Scene, uri: str | None) -> Account | None:
    """The community of ours with this id."""
    if uri is None or not scene.unit.addresses.is_local(uri):
        return None
    group = await account_by_uri(scene.unit, uri)
    return group if group is not None and group.is_local and group.is_group else None


async def _post_to_moderate(scene: Scene, said: Said) -> tuple[Account, Status] | None:
    """A post in a community of ours, with it; what its own author deletes (without a summary) is another matter."""
    status = await status_by_uri(scene.unit, said.object_uri)
    if status is None or status.group_id is None:
        return None
    if status.account_id == scene.sender.id and "summary" not in said.document:
        return None
    group = await scene.unit.session.get(Account, status.group_id)
    return (group, status) if group is not None and group.is_local else None


async def _remove(scene: Scene, said: Said) -> Change | None:
    found = await _post_to_moderate(scene, said)
    return None if found is None else await remove_post(
        scene.unit, found[0], scene.sender, found[1], reason=said.reason
    )  # fmt: skip


async def _restore(scene: Scene, said: Said) -> Change | None:
    found = await _post_to_moderate(scene, said)
    return None if found is None else await restore_post(
        scene.unit, found[0], scene.sender, found[1], reason=said.reason
    )  # fmt: skip


async def _lock(scene: Scene, said: Said) -> Change | None:
    return await _lock_or_unlock(scene, said, is_reverse=False)


async def _unlock(scene: Scene, said: Said) -> Change | None:
    return await _lock_or_unlock(scene, said, is_reverse=True)


async def _lock_or_unlock(scene: Scene, said: Said, *, is_reverse: bool) -> Change | None:
    status = await status_by_uri(scene.unit, said.object_uri)
    group = await scene.unit.session.get(Account, status.group_id) if status and status.group_id else None
    if status is None or group is None or not group.is_local:
        return None
    verb = unlock if is_reverse else lock
    return await verb(scene.unit, group, scene.sender, status, reason=said.reason)


async def _add(scene: Scene, said: Said) -> Change | Outcome | None:
    return await _set(scene, said, is_set=True)


async def _take_away(scene: Scene, said: Said) -> Change | Outcome | None:
    return await _set(scene, said, is_set=False)


_ROLES: Final = {"moderators": Role.MODERATOR, "publishers": Role.PUBLISHER, "readers": Role.READER}


async def _set(scene: Scene, said: Said, *, is_set: bool) -> Change | Outcome | None:
    """Add or Remove: a post shown first, or somebody with a role."""
    base, _, name = (said.target_uri or "").rpartition("/collections/")
    group = await _hosted(scene, base)
    if group is None:
        return None
    if name == "featured":
        status = await status_by_uri(scene.unit, said.object_uri)
        if status is None:
            return Outcome.UNRELATED
        return await (pin if is_set else unpin)(scene.unit, group, scene.sender, status)
    role, target = _ROLES.get(name), await account_by_uri(scene.unit, said.object_uri)
    if role is None or target is None:
        return Outcome.UNRELATED
    if role is Role.MODERATOR and said.document.get("role") == Role.OWNER:
        role = Role.OWNER
    if not is_set:
        place = await place_of(scene.unit.session, group, target, now=scene.unit.now)
        has = place.standing.role
        is_among = has in (Role.MODERATOR, Role.OWNER) if role is Role.MODERATOR else has is role
        role = Role.MEMBER if is_among else has
    return await set_role(scene.unit, group, scene.sender, target, role)


async def _ban(scene: Scene, said: Said) -> Change | Outcome | None:
    group, target = await _hosted(scene, said.target_uri), await account_by_uri(scene.unit, said.object_uri)
    if group is None or target is None:
        return None if group is None else Outcome.UNRELATED
    return await ban(
        scene.unit, group, scene.sender, target, reason=said.reason, until=parse_time(said.document.get("endTime")),
        removes_posts=said.document.get("removeData") is True,
    )  # fmt: skip


async def _unban(scene: Scene, said: Said) -> Change | Outcome | None:
    group, target = await _hosted(scene, said.target_uri), await account_by_uri(scene.unit, said.object_uri)
    if group is None or target is None:
        return None if group is None else Outcome.UNRELATED
    return await unban(scene.unit, group, scene.sender, target, reason=said.reason)


async def _invite(scene: Scene, said: Said) -> Change | Outcome | None:
    return await _invite_or_withdraw(scene, said, is_reverse=False)


async def _uninvite(scene: Scene, said: Said) -> Change | Outcome | None:
    return await _invite_or_withdraw(scene, said, is_reverse=True)


async def _invite_or_withdraw(scene: Scene, said: Said, *, is_reverse: bool) -> Change | Outcome | None:
    group = await _hosted(scene, said.object_uri)
    target = await account_by_uri(scene.unit, said.target_uri) if said.target_uri else None
    if group is None or target is None:
        return None if group is None else Outcome.UNRELATED
    return await (withdraw_invitation if is_reverse else invite)(scene.unit, group, scene.sender, target)


async def _report(scene: Scene, said: Said) -> Change | Outcome | None:
    """Posts in a community, to its moderators: the community is addressed, and they are all in it and by one author."""
    activity = scene.activity
    groups = [await _hosted(scene, uri) for uri in dict.fromkeys((*activity.to, *activity.audience))]
    group = next((found for found in groups if found is not None), None)
    if group is None:
        return None
    found = [await status_by_uri(scene.unit, uri) for uri in activity.object_ids]
    statuses = [status for status in found if status is not None and await _may_report(scene, status)]
    if not statuses:
        return Outcome.UNRELATED
    target = await scene.unit.session.get_one(Account, statuses[0].account_id)
    comment = said.reason or activity.content or ""
    return await report(scene.unit, group, scene.sender, target, statuses, comment=comment, uri=activity.id)


async def _may_report(scene: Scene, status: Status) -> bool:
    if await sender_can_see(scene, status):
        return True
    if not is_for_members(status) or scene.sender.actor_type != "Application":
        return False
    group = await scene.unit.session.get_one(Account, status.group_id)
    reader = Reader(scene.sender, scene.sender.uri, domain_of(scene.sender.uri))
    return await is_of_members(scene.unit.session, reader, group)


_ACTS: Final[Mapping[str, Act]] = {
    "Add": _add, "Block": _ban, "Delete": _remove, "Flag": _report, "Invite": _invite, "Lock": _lock,
    "Remove": _take_away,
}  # fmt: skip
_UNDONE: Final[Mapping[str, Act]] = {
    "Block": _unban, "Delete": _restore, "Invite": _uninvite, "Lock": _unlock,
}  # fmt: skip
