"""What moderators of a community that another server hosts have done, as the community announces it (FEP-1b12).

The word is its host's: the Announce is signed by the community, and the act inside is by somebody who proves it, who
lives at that host, or whom we know to moderate there. It is applied with the same verbs as in a community of ours, to
posts in this community and to nothing else, so that both offices show the same. What the verb finds done changes
nothing: that is how an act of one of our own comes back.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import select

from communities.changes import REASON_CHARACTERS, Action, Change, record
from communities.moderation import lock, pin, remove_post, restore_post, unlock, unpin
from communities.ranks import ban, unban
from communities.remote import hold_role, request_roles
from communities.standings import CommunityError, place_of
from content.html import plain_text
from federation.activity import id_of
from federation.json_ld.dates import parse_time
from federation.json_ld.strict_json import JsonObject
from federation.trust.origins import same_origin
from inbox.incoming import Incoming, Outcome, Scene
from models.accounts import Account
from models.activities import OutboundActivity
from models.communities import Role, State
from models.statuses import Status
from models.values import dataclass
from policy.communities import RANKS
from social.accounts import account_by_uri
from social.statuses import status_by_uri


@dataclass(frozen=True, slots=True)
class Said:
    """An act: who did it, what it names, and whether it is the Undo of such an act. `document` has the rest of it."""

    actor: Account
    object_uri: str
    target_uri: str | None
    document: JsonObject
    reason: str
    is_reverse: bool


Act = Callable[[Scene, Said], Awaitable[Outcome | None]]


async def moderated(scene: Scene, inner: Incoming) -> Outcome | None:
    """Apply an announced act of a moderator; None for what isn't one. The sender of the scene is the community."""
    if inner.type == "Update" and inner.activity.object_id == scene.sender.uri:
        return Outcome.APPLIED  # it was asked for what it is now, before this
    document = inner.activity.document
    is_reverse = inner.type == "Undo"
    if is_reverse:
        document = inner.activity.object or {}
        if id_of(document.get("actor")) not in (None, inner.activity.actor):
            return Outcome.FORBIDDEN
    act = (_UNDONE if is_reverse else _ACTS).get(str(document.get("type")))
    actor, uri = scene.unit.accounts.get(inner.activity.actor), id_of(document.get("object"))
    if act is None or uri is None or actor is None:
        return None
    reason = plain_text(inner.activity.summary or "").strip()[:REASON_CHARACTERS]
    said = Said(actor, uri, id_of(document.get("target")), document, reason, is_reverse)
    if not await _may_speak(scene, inner, actor):
        # The end of a post by its own author, unproven, is the community's word that it is gone there.
        return None if inner.type in ("Delete", "Undo", "Add", "Remove") else Outcome.NOT_ENTITLED
    try:
        return await act(scene, said)
    except CommunityError:
        return Outcome.FORBIDDEN


async def _may_speak(scene: Scene, inner: Incoming, actor: Account) -> bool:
    if not actor.is_active:
        return False
    if inner.is_proven or same_origin(actor.uri, scene.sender.uri):
        return True
    place = await place_of(scene.unit.session, scene.sender, actor, now=scene.unit.now)
    return place.standing.has(Role.MODERATOR)


async def taken_out(scene: Scene, uri: str | None) -> Outcome:
    """The community (the sender) takes out what was posted in it, and nothing else.

    What was posted is its author's to keep; it only leaves the community.
    """
    status = await status_by_uri(scene.unit, uri) if uri else None
    if status is None:
        return Outcome.FORBIDDEN
    if status.group_id != scene.sender.id:
        return Outcome.ELSEWHERE
    return _outcome(await remove_post(scene.unit, scene.sender, scene.sender, status, trusted=True))


async def post_refused(scene: Scene) -> Outcome:
    """The community (the sender) doesn't take what one of ours posted: it stays the author's, who is told why."""
    uri = id_of((scene.activity.object or {}).get("object"))
    status = await status_by_uri(scene.unit, uri) if uri and scene.unit.addresses.is_local(uri) else None
    if status is None or status.group_id != scene.sender.id or not scene.sender.is_group:
        return Outcome.UNRELATED
    reason = plain_text(scene.activity.summary or "").strip()[:REASON_CHARACTERS]
    return _outcome(await remove_post(scene.unit, scene.sender, scene.sender, status, reason=reason, trusted=True))


async def act_refused(scene: Scene) -> Outcome | None:
    """The community (the sender) refuses what a moderator of ours did in it, and did here already: it is taken back.

    The log says so, in the community's name. Who holds which role is asked of the host. None for what is no such act.
    """
    told, group = scene.activity.object or {}, scene.sender
    if not group.is_group or told.get("type") not in REFUSED or scene.activity.object_id is None:
        return None
    query = select(OutboundActivity).where(OutboundActivity.uri == scene.activity.object_id)
    row = (await scene.unit.session.scalars(query)).one_or_none()
    document = orjson.loads(row.body) if row is not None else {}
    if row is None or group.uri not in _listed(document.get("audience")):
        return Outcome.UNRELATED
    is_reverse = document["type"] == "Undo"
    if is_reverse:
        document = document["object"]
    act, uri = _BACK[is_reverse].get(str(document.get("type"))), id_of(document.get("object"))
    if act is None or uri is None:
        return Outcome.UNRELATED
    reason = plain_text(scene.activity.summary or "").strip()[:REASON_CHARACTERS]
    said = Said(group, uri, id_of(document.get("target")), document, reason, not is_reverse)
    await request_roles(scene.unit, group)
    try:
        done = await act(scene, said)
    except CommunityError:
        return Outcome.SUPERSEDED
    return done or Outcome.UNRELATED


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


async def _remove(scene: Scene, said: Said) -> Outcome | None:
    """By a moderator, with a summary when it is their own post; what authors delete is gone altogether."""
    status = await status_by_uri(scene.unit, said.object_uri)
    is_by_author = status is not None and status.account_id == said.actor.id
    if status is None or (is_by_author and not said.is_reverse and "summary" not in said.document):
        return None
    if status.group_id != scene.sender.id:
        return Outcome.ELSEWHERE
    if said.is_reverse:
        return _outcome(
            await restore_post(scene.unit, scene.sender, said.actor, status, reason=said.reason, trusted=True)
        )
    return _outcome(await remove_post(scene.unit, scene.sender, said.actor, status, reason=said.reason, trusted=True))


async def _lock(scene: Scene, said: Said) -> Outcome | None:
    status = await _post(scene, said)
    if status is None:
        return Outcome.ELSEWHERE
    verb = unlock if said.is_reverse else lock
    return _outcome(await verb(scene.unit, scene.sender, said.actor, status, reason=said.reason, trusted=True))


async def _add(scene: Scene, said: Said) -> Outcome | None:
    return await _set(scene, said, is_set=True)


async def _take_away(scene: Scene, said: Said) -> Outcome | None:
    return await _set(scene, said, is_set=False)


async def _set(scene: Scene, said: Said, *, is_set: bool) -> Outcome | None:
    """Add or Remove: a post shown first, or somebody with a role."""
    group = scene.sender
    if said.target_uri is not None and said.target_uri == group.featured_url:
        status = await _post(scene, said)
        if status is None:
            return Outcome.ELSEWHERE
        verb = pin if is_set else unpin
        return _outcome(await verb(scene.unit, group, said.actor, status, trusted=True))
    role = _role_of(group, said)
    return None if role is None else await _set_role(scene, said, role, is_set=is_set)


def _role_of(group: Account, said: Said) -> Role | None:
    if said.target_uri is not None and said.target_uri == group.moderators_url:
        return Role.OWNER if said.document.get("role") == Role.OWNER else Role.MODERATOR
    ours = {f"{group.uri}/collections/publishers": Role.PUBLISHER, f"{group.uri}/collections/readers": Role.READER}
    return ours.get(said.target_uri or "")


async def _set_role(scene: Scene, said: Said, role: Role, *, is_set: bool) -> Outcome:
    unit, group = scene.unit, scene.sender
    target = await account_by_uri(unit, said.object_uri)
    if target is None:
        await request_roles(unit, group)  # somebody whom we haven't met
        return Outcome.APPLIED
    place = await place_of(unit.session, group, target, now=unit.now)
    if target.is_local and not place.standing.is_member:
        return Outcome.UNRELATED
    has = place.standing.role if place.standing.is_member else Role.MEMBER
    left = RANKS[has] >= RANKS[Role.MODERATOR] if role in (Role.MODERATOR, Role.OWNER) else has is role
    wanted = role if is_set else Role.MEMBER if left else has
    if wanted is has:
        return Outcome.DUPLICATE
    hold_role(unit, group, target.id, wanted, place.membership)
    record(unit, Change(action=Action.ROLE, group=group, actor=said.actor, target=target, role=wanted))
    return Outcome.APPLIED


async def _ban(scene: Scene, said: Said) -> Outcome | None:
    """Out of this community; a Block with another target, as of a whole server, isn't about it."""
    unit, group = scene.unit, scene.sender
    target = await account_by_uri(unit, said.object_uri)
    if said.target_uri != group.uri:
        return Outcome.ELSEWHERE
    if target is None:
        return Outcome.UNRELATED
    if said.is_reverse:
        return _outcome(await unban(unit, group, said.actor, target, reason=said.reason, trusted=True))
    until = parse_time(said.document.get("endTime"))
    if until is not None and until <= unit.now:
        return Outcome.SUPERSEDED
    place = await place_of(unit.session, group, target, now=unit.now)
    if place.standing.state is State.BANNED and place.standing.banned_until == until:
        return Outcome.DUPLICATE
    removes: Any = said.document.get("removeData")
    change = await ban(unit, group, said.actor, target, reason=said.reason, until=until, removes_posts=removes is True,
                       trusted=True)  # fmt: skip
    return _outcome(change)


async def _post(scene: Scene, said: Said) -> Status | None:
    """The post that it is about, if it was posted in the community."""
    status = await status_by_uri(scene.unit, said.object_uri)
    return status if status is not None and status.group_id == scene.sender.id else None


def _outcome(change: Change) -> Outcome:
    return Outcome.APPLIED if change.is_new else Outcome.DUPLICATE


_ACTS: Final[Mapping[str, Act]] = {
    "Add": _add, "Block": _ban, "Delete": _remove, "Lock": _lock, "Remove": _take_away,
}  # fmt: skip
_UNDONE: Final[Mapping[str, Act]] = {"Block": _ban, "Delete": _remove, "Lock": _lock}
REFUSED: Final = frozenset({*_ACTS, "Undo"})
# What takes back an act of ours, and the Undo of one.
_BACK: Final[Mapping[bool, Mapping[str, Act]]] = {
    False: {**_UNDONE, "Add": _take_away, "Remove": _add},
    True: _UNDONE,
}
