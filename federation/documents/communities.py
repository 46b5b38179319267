"""What is done in a community, as its moderators and the community itself say it (FEP-1b12; docs/FEDERATION.md).

An act of a moderator is an activity by the moderator: addressed to everybody, or to the community's followers where
not everybody may know of it (`is_public`), with the community in `cc` and `audience`. The community passes it on inside
an Announce. `reason` is plain text. Pure, like everything that builds documents; a community given as a row may be
ours or another server's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from federation.documents import contexts as emitted_contexts
from federation.documents.activities import activity, undo_activity
from federation.documents.wire_time import wire_time
from federation.json_ld.strict_json import JsonObject
from federation.json_ld.terms import PUBLIC
from models.accounts import Account
from models.communities import Role

_ROLE_COLLECTIONS: Final = {
    Role.OWNER: "moderators",
    Role.MODERATOR: "moderators",
    Role.PUBLISHER: "publishers",
    Role.READER: "readers",
}


def role_collection(group: Account, role: Role) -> str | None:
    """The collection of those who hold a role; plain members are in none, owners in that of the moderators."""
    name = _ROLE_COLLECTIONS.get(role)
    if name == "moderators" and group.moderators_url:
        return group.moderators_url
    return f"{group.uri}/collections/{name}" if name is not None else None


def remove_post_activity(
    uri: str, *, actor_uri: str, group: Account, status_uri: str, is_public: bool, reason: str = ""
) -> JsonObject:
    """A moderator takes a post out of the community; restoring it is the Undo.

    It always has a `summary`, which an author's own Delete hasn't: moderators also take out what they wrote themselves.
    """
    made = _act("Delete", uri, actor_uri, group, status_uri, is_public=is_public)
    return {**made, "summary": reason}


def lock_activity(
    uri: str, *, actor_uri: str, group: Account, status_uri: str, is_public: bool, reason: str = ""
) -> JsonObject:
    """No more replies; the reverse is the Undo."""
    return _act("Lock", uri, actor_uri, group, status_uri, is_public=is_public, reason=reason)


def pin_activity(
    uri: str, *, actor_uri: str, group: Account, status_uri: str, is_public: bool, is_pinned: bool = True
) -> JsonObject:
    """Add to, or Remove from, the posts that the community shows first."""
    kind, target = "Add" if is_pinned else "Remove", group.featured_url or f"{group.uri}/collections/featured"
    return _act(kind, uri, actor_uri, group, status_uri, is_public=is_public, target=target)


def role_activity(
    uri: str, *, actor_uri: str, group: Account, person_uri: str, role: Role, is_public: bool,
    former: Role | None = None,
) -> JsonObject:  # fmt: skip
    """Add to the collection of a role; for a plain member, Remove from that of the `former` role, else the moderators.

    Owners are told from moderators by our term `role`.
    """
    target = role_collection(group, role)
    if target is None:
        left = role_collection(group, former or Role.MODERATOR) or role_collection(group, Role.MODERATOR)
        return _act("Remove", uri, actor_uri, group, person_uri, is_public=is_public, target=left)
    more = {"role": role.value} if role is Role.OWNER else {}
    return _act("Add", uri, actor_uri, group, person_uri, is_public=is_public, target=target, **more)


def ban_activity(
    uri: str, *, actor_uri: str, group: Account, person_uri: str, is_public: bool, reason: str = "",
    until: datetime | None = None, removes_posts: bool = False,
) -> JsonObject:  # fmt: skip
    """Put somebody out, for good or until a time, with or without what they posted; lifting it is the Undo."""
    more: dict[str, Any] = {"endTime": wire_time(until)} if until is not None else {}
    return _act("Block", uri, actor_uri, group, person_uri, is_public=is_public, reason=reason, target=group.uri,
                removeData=removes_posts, **more)  # fmt: skip


def invite_activity(uri: str, *, actor_uri: str, group: Account, person_uri: str) -> JsonObject:
    """Invite somebody: between them, the moderator and the community. Withdrawing it is the Undo."""
    return activity(uri, "Invite", actor_uri, group.uri, to=[person_uri], cc=[group.uri],
                    context=emitted_contexts.MODERATION, target=person_uri, audience=[group.uri])  # fmt: skip


def report_activity(
    uri: str, *, actor_uri: str, group: Account, target_uri: str, status_uris: Sequence[str], reason: str = ""
) -> JsonObject:
    """Report posts (or, without any, their author) to the moderators of a community, and to nobody else."""
    return activity(uri, "Flag", actor_uri, [*status_uris] or [target_uri], to=[group.uri],
                    context=emitted_contexts.MODERATION, audience=[group.uri], **_summary(reason))  # fmt: skip


def resolve_activity(uri: str, *, actor_uri: str, group: Account, report_uri: str, to: Sequence[str]) -> JsonObject:
    """A report was dealt with; opening it again is the Undo."""
    return activity(uri, "Resolve", actor_uri, report_uri, to=to, cc=[group.uri],
                    context=emitted_contexts.MODERATION, audience=[group.uri])  # fmt: skip


def undo_act(uri: str, undone: JsonObject) -> JsonObject:
    """Take back one of these (Delete, Lock, Block, Invite, Resolve), given as it was sent or built again."""
    return {**undo_activity(uri, undone), "audience": undone["audience"]}


def reject_post_activity(
    uri: str, *, group: Account, create_uri: str, author_uri: str, status_uri: str, reason: str
) -> JsonObject:
    """The community doesn't take what somebody posted; `reason` is a sentence for the author."""
    rejected = {"id": create_uri, "type": "Create", "actor": author_uri, "object": status_uri}
    return activity(uri, "Reject", group.uri, rejected, to=[author_uri], context=emitted_contexts.MODERATION,
                    **_summary(reason))  # fmt: skip


def reject_act_activity(uri: str, *, group: Account, act: JsonObject, reason: str) -> JsonObject:
    """The community doesn't let a moderator do what they said they did; `reason` is a sentence for them."""
    rejected = {"id": act["id"], "type": act["type"], "actor": act["actor"]}
    return activity(uri, "Reject", group.uri, rejected, to=[act["actor"]], context=emitted_contexts.MODERATION,
                    **_summary(reason))  # fmt: skip


def group_announce_activity(
    uri: str, *, group: Account, announced: str | JsonObject, is_public: bool, at: datetime
) -> JsonObject:
    """The community passes on a post (its id) or an activity, complete with its own context, for its proof."""
    followers = group.followers_url or f"{group.uri}/followers"
    made = activity(uri, "Announce", group.uri, "", to=[PUBLIC if is_public else followers],
                    cc=[followers] if is_public else [], context=emitted_contexts.STATUS,
                    published=wire_time(at))  # fmt: skip
    return {**made, "object": announced}


def _act(
    kind: str, uri: str, actor_uri: str, group: Account, object_uri: str, *, is_public: bool, reason: str = "",
    **more: Any,
) -> JsonObject:  # fmt: skip
    to = PUBLIC if is_public else group.followers_url or f"{group.uri}/followers"
    return activity(uri, kind, actor_uri, object_uri, to=[to], cc=[group.uri], context=emitted_contexts.MODERATION,
                    audience=[group.uri], **_summary(reason), **more)  # fmt: skip


def _summary(reason: str) -> JsonObject:
    return {"summary": reason} if reason else {}
