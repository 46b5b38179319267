"""What a moderator says of something that they did: the activities for a `Change`, in common terms and in ours.

Also for communities that others host: who takes this to whom is no matter here. A reverse is the Undo of the activity
as this moderator would say it now, whoever said it first.
"""

from collections.abc import Callable, Mapping
from typing import Final

from communities.changes import Action, Change
from federation.documents import (
    ban_activity,
    invite_activity,
    lock_activity,
    pin_activity,
    remove_post_activity,
    role_activity,
    undo_act,
)
from federation.json_ld.strict_json import JsonObject
from models import UnitOfWork
from models.communities import Role
from outbox.publish import activity_uri
from outbox.readers import Shape

REVERSES: Final = {
    Action.RESTORE: Action.REMOVE,
    Action.UNLOCK: Action.LOCK,
    Action.UNBAN: Action.BAN,
    Action.UNINVITE: Action.INVITE,
}
MODERATE: Final = (Role.OWNER, Role.MODERATOR)
Build = Callable[[Change, str, bool], JsonObject]


def documents_of(unit: UnitOfWork, change: Change, *, is_public: bool) -> list[tuple[JsonObject, Shape]]:
    """The activities of the change's actor, without proofs, each with the readers who understand it."""
    if change.action is Action.ROLE:
        steps = _role_steps(change.role or Role.MEMBER, change.former_role)
        return [(_role(change, activity_uri(unit), is_public, role), shape) for role, shape in steps]
    made = _BUILDERS[REVERSES.get(change.action, change.action)](change, activity_uri(unit), is_public)
    if change.action in REVERSES:
        made = undo_act(activity_uri(unit), made)
    return [(made, Shape.ACTIVITIES)]


def _role_steps(role: Role, former: Role | None) -> list[tuple[Role, Shape]]:
    """The roles to tell of, one after the other: software of others knows of moderators alone."""
    if role in MODERATE:
        return [(role, Shape.ACTIVITIES)]
    moderated = former is None or former in MODERATE
    leaves = [(Role.MEMBER, Shape.ACTIVITIES)] if moderated else []
    return leaves if moderated and role is Role.MEMBER else [*leaves, (role, Shape.PEERS)]


def _role(change: Change, uri: str, is_public: bool, role: Role) -> JsonObject:
    assert change.target is not None
    return role_activity(
        uri, actor_uri=change.actor.uri, group=change.group, person_uri=change.target.uri, role=role,
        former=change.former_role, is_public=is_public,
    )  # fmt: skip


def _remove(change: Change, uri: str, is_public: bool) -> JsonObject:
    return remove_post_activity(
        uri, actor_uri=change.actor.uri, group=change.group, status_uri=_post(change), is_public=is_public,
        reason=change.reason,
    )  # fmt: skip


def _lock(change: Change, uri: str, is_public: bool) -> JsonObject:
    return lock_activity(
        uri, actor_uri=change.actor.uri, group=change.group, status_uri=_post(change), is_public=is_public,
        reason=change.reason,
    )  # fmt: skip


def _pin(change: Change, uri: str, is_public: bool) -> JsonObject:
    return pin_activity(
        uri, actor_uri=change.actor.uri, group=change.group, status_uri=_post(change), is_public=is_public,
        is_pinned=change.action is Action.PIN,
    )  # fmt: skip


def _ban(change: Change, uri: str, is_public: bool) -> JsonObject:
    assert change.target is not None
    return ban_activity(
        uri, actor_uri=change.actor.uri, group=change.group, person_uri=change.target.uri, is_public=is_public,
        reason=change.reason, until=change.until, removes_posts=change.removes_posts,
    )  # fmt: skip


def _invite(change: Change, uri: str, is_public: bool) -> JsonObject:
    assert change.target is not None
    return invite_activity(uri, actor_uri=change.actor.uri, group=change.group, person_uri=change.target.uri)


def _post(change: Change) -> str:
    assert change.status is not None
    return change.status.uri


_BUILDERS: Final[Mapping[Action, Build]] = {
    Action.REMOVE: _remove,
    Action.LOCK: _lock,
    Action.PIN: _pin,
    Action.UNPIN: _pin,
    Action.BAN: _ban,
    Action.INVITE: _invite,
}
