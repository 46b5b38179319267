"""Announce: a boost (ActivityPub §7.11), or a community passing on what its members did (FEP-1b12)."""

from dataclasses import replace

from federation.origins import same_origin
from inbox.access import author_of, visible_status
from inbox.incoming import Handler, Incoming, MissingReference, Outcome, References, Scene
from models.visibility import Visibility
from policy.authority import may_boost
from social.edits import delete_status
from social.interactions import boost
from social.statuses import status_by_uri

WITH_OBJECT = frozenset({"Create", "Update"})
PASSED_ON = frozenset({"Create", "Update", "Delete", "Like", "EmojiReact", "Undo", "Add", "Remove"})


def announced_references(incoming: Incoming) -> References:
    """A boost needs its object; of an announced activity, what it is about and who did it."""
    if not incoming.inner:
        return References(statuses=incoming.activity.object_ids[:1], known_accounts=(incoming.activity.actor,))
    accounts: list[str] = []
    statuses: list[str] = []
    fresh: list[str] = []
    known: list[str] = []
    for inner in incoming.inner:
        accounts.append(inner.activity.actor)
        accounts += inner.references.accounts
        known += inner.activity.object_ids
        if inner.is_proven or inner.type not in WITH_OBJECT:
            statuses += inner.references.statuses
        elif inner.activity.object_id:
            # Somebody's word about somebody else: fetched from its own server instead.
            (fresh if inner.type == "Update" else statuses).append(inner.activity.object_id)
    return References(
        accounts=tuple(accounts), statuses=tuple(statuses), known_statuses=tuple(known), fresh_statuses=tuple(fresh)
    )


async def apply_announce(scene: Scene) -> Outcome:
    """A boost never widens an audience: only what is public is boosted, and only by who may see it (O18, O19)."""
    if scene.incoming.inner:
        return await _pass_on(scene)
    uri = scene.activity.object_id
    if uri is None:
        return Outcome.INVALID
    if not _is_wanted(scene, uri):
        return Outcome.UNRELATED
    status = await visible_status(scene, uri)
    if status is None:
        is_unknown = await status_by_uri(scene.unit, uri) is None
        if is_unknown and not scene.unit.addresses.is_local(uri) and uri not in scene.incoming.absent:
            raise MissingReference(uri)
        return Outcome.UNRELATED
    return await _boost(scene, uri)


def _is_wanted(scene: Scene, uri: str) -> bool:
    """Somebody here follows the sender, or the status is ours or known, or the network is closed."""
    return (
        scene.sender.id in scene.followed_here
        or scene.owner is not None
        or scene.services.settings.is_closed
        or scene.unit.statuses.get(uri) is not None
    )


async def _boost(scene: Scene, uri: str) -> Outcome:
    status = await visible_status(scene, uri)
    if status is None or not may_boost(scene.sender, status):
        return Outcome.FORBIDDEN
    author = await author_of(scene, status)
    if not author.is_active:
        return Outcome.FORBIDDEN
    activity = scene.activity
    visibility = Visibility.PUBLIC if activity.is_public else Visibility.PRIVATE
    boost_uri = activity.id if not scene.incoming.inner else None
    _, is_new = await boost(
        scene.unit,
        scene.sender,
        status,
        author,
        uri=boost_uri or f"{activity.dedup_key}#{status.id}",
        visibility=visibility,
        published_at=activity.published,
    )
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE


async def _pass_on(scene: Scene) -> Outcome:
    """Apply each announced activity under the name of who did it, if that is sure."""
    if not scene.sender.is_group:
        return Outcome.FORBIDDEN
    if scene.sender.id not in scene.followed_here and not scene.services.settings.is_closed:
        return Outcome.UNRELATED
    outcomes = [await _pass_on_one(scene, inner) for inner in scene.incoming.inner]
    return Outcome.APPLIED if Outcome.APPLIED in outcomes else outcomes[0]


async def _pass_on_one(scene: Scene, inner: Incoming) -> Outcome:
    handler = scene.handlers.get(inner.type)
    actor = scene.unit.accounts.get(inner.activity.actor)
    if handler is None or inner.type not in PASSED_ON:
        return Outcome.UNSUPPORTED
    is_sure = inner.is_proven or same_origin(inner.activity.actor, scene.sender.uri)
    if inner.type == "Delete" and not is_sure:
        return await _removed_by_group(scene, inner)
    if inner.type in WITH_OBJECT:
        return await _status_in_group(scene, inner, is_sure=is_sure)
    if not is_sure or actor is None or not actor.is_active or actor.is_local:
        return Outcome.FORBIDDEN
    return await handler.apply(_as_actor(scene, inner))


async def _status_in_group(scene: Scene, inner: Incoming, *, is_sure: bool) -> Outcome:
    uri = inner.draft.uri if inner.draft else inner.activity.object_id
    actor = scene.unit.accounts.get(inner.activity.actor)
    if uri is None or actor is None or not actor.is_active:
        return Outcome.INVALID
    outcome = Outcome.DUPLICATE
    if is_sure and inner.draft is not None and not actor.is_local:
        outcome = await scene.handlers[inner.type].apply(_as_actor(scene, inner))
    status = await status_by_uri(scene.unit, uri)
    if status is None:
        return outcome
    if status.group_id is None:
        status.group_id = scene.sender.id
    if status.in_reply_to_uri is None and inner.type == "Create":
        await scene.unit.session.flush()
        return await _boost(scene, uri)
    return outcome


async def _removed_by_group(scene: Scene, inner: Incoming) -> Outcome:
    """A moderator's removal: the community may take out what was posted in it, and nothing else."""
    uri = inner.activity.object_id
    status = await status_by_uri(scene.unit, uri) if uri else None
    if status is None or status.group_id != scene.sender.id:
        return Outcome.FORBIDDEN
    author = await author_of(scene, status)
    if author.is_local:
        status.group_id = None  # ours to keep; it only leaves the community
        return Outcome.APPLIED
    await delete_status(scene.unit, status, owner_uri=scene.sender.uri)
    return Outcome.APPLIED


def _as_actor(scene: Scene, inner: Incoming) -> Scene:
    """The same scene with the inner actor on it; the community vouches that it concerns somebody here."""
    actor = scene.unit.accounts[inner.activity.actor]
    assert actor is not None
    inner.group_uri = scene.sender.uri
    return replace(scene, sender=actor, incoming=inner, owner=None)


HANDLER = Handler(
    apply_announce, "A boost; by a Group also of activities (FEP-1b12), one or several", announced_references
)
