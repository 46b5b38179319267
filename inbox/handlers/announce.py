"""Announce: a boost (ActivityPub §7.11), or a community passing on what its members did (FEP-1b12)."""

from dataclasses import replace

from sqlalchemy import select

from federation.trust.origins import same_origin
from inbox.access import author_of, visible_status
from inbox.archives import refusal_of
from inbox.handlers.delete import take_out_of_group
from inbox.incoming import Handler, Incoming, MissingReference, Outcome, References, Scene
from models.topics import TopicSubscription
from models.visibility import Visibility
from outbox.subscriptions import ACCEPTED, REQUESTED
from policy.authority import may_boost
from social.drafts import StatusDraft
from social.interactions import boost
from social.statuses import status_by_uri

WITH_OBJECT = frozenset({"Create", "Update"})
PASSED_ON = frozenset({"Create", "Update", "Delete", "Like", "EmojiReact", "Undo", "Add", "Remove"})


def announced_references(incoming: Incoming) -> References:
    """A boost needs its object; of an announced activity, what it is about and who did it."""
    if not incoming.inner:
        own = (incoming.activity.id,) if incoming.activity.id else ()
        return References(statuses=incoming.activity.object_ids[:1], known_statuses=own)
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
        return await (_from_topic(scene) if scene.sender.is_topic else _pass_on(scene))
    uri = scene.activity.object_id
    if uri is None:
        return Outcome.INVALID
    uri = scene.incoming.known_as.get(uri, uri)
    if not _is_wanted(scene, uri):
        return Outcome.UNRELATED
    status = await visible_status(scene, uri)
    if status is None:
        is_unknown = await status_by_uri(scene.unit, uri) is None
        if is_unknown and not scene.unit.addresses.is_local(uri) and uri not in scene.incoming.absent:
            raise MissingReference(uri)
        return Outcome.UNRELATED
    if scene.sender.is_topic and not same_origin((await author_of(scene, status)).uri, scene.sender.uri):
        return Outcome.FOREIGN_AUTHOR
    return await _boost(scene, uri)


async def _from_topic(scene: Scene) -> Outcome:
    """What somebody of a topic's office wrote, as its author signed it; stored as if the author had sent it to us.

    A topic speaks for nobody: of anything but a Create with its own author's proof nothing is believed or fetched.
    """
    inner = scene.incoming.inner[0]
    actor = scene.unit.accounts.get(inner.activity.actor)
    if not same_origin(inner.activity.actor, scene.sender.uri):
        return Outcome.FOREIGN_AUTHOR
    if len(scene.incoming.inner) != 1 or inner.type != "Create" or inner.draft is None or inner.draft.uri is None:
        return Outcome.UNSUPPORTED
    if not inner.is_proven:
        return Outcome.NOT_PROVEN
    refusal = refusal_of(inner.activity, inner.draft, topic_uri=scene.sender.uri, name=scene.sender.topic or "")
    if refusal is not None:
        return _REFUSALS[refusal]
    if actor is None or not actor.is_active or actor.is_local:
        return Outcome.FORBIDDEN
    inner.is_subscribed = await _is_subscribed(scene)
    if not inner.is_subscribed and scene.sender.id not in scene.followed_here:
        return Outcome.UNRELATED
    within = replace(scene, sender=actor, incoming=inner, owner=None)
    if _is_undone(within):
        return Outcome.SUPERSEDED
    outcome = await scene.handlers["Create"].apply(within)
    if scene.sender.id in scene.followed_here:  # somebody here follows the topic's account as if it were a person's
        await scene.unit.session.flush()
        return await _boost(scene, inner.draft.uri)
    return outcome


async def _is_subscribed(scene: Scene) -> bool:
    query = select(TopicSubscription.id).where(
        TopicSubscription.topic_uri == scene.sender.uri, TopicSubscription.state.in_((REQUESTED, ACCEPTED))
    )
    return await scene.unit.session.scalar(query) is not None


_REFUSALS = {
    "foreign-author": Outcome.FOREIGN_AUTHOR,
    "not-public": Outcome.NOT_PUBLIC,
    "without-the-hashtag": Outcome.WITHOUT_TAG,
}


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
    if boost_uri is not None and await status_by_uri(scene.unit, boost_uri) is not None:
        return Outcome.DUPLICATE
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
    if inner.type in WITH_OBJECT:
        return await _status_in_group(scene, inner, is_sure=is_sure)
    if not is_sure or actor is None or not actor.is_active or actor.is_local:
        outcome = Outcome.FORBIDDEN
    else:
        within = _as_actor(scene, inner)
        outcome = Outcome.SUPERSEDED if _is_undone(within) else await handler.apply(within)
    if inner.type == "Delete" and outcome is Outcome.FORBIDDEN:
        return await _removed_by_moderator(scene, inner)
    return outcome


async def _status_in_group(scene: Scene, inner: Incoming, *, is_sure: bool) -> Outcome:
    """A post to the community: kept as what its author made it, and boosted by the community when it opens a thread.

    A status that its author didn't address to the community is boosted at most: only what was posted in a community
    may be removed by it.
    """
    uri = inner.draft.uri if inner.draft else inner.activity.object_id
    actor = scene.unit.accounts.get(inner.activity.actor)
    if uri is None or actor is None or not actor.is_active:
        return Outcome.INVALID
    outcome = Outcome.DUPLICATE
    if is_sure and inner.draft is not None and not actor.is_local:
        within = _as_actor(scene, inner)
        if _is_undone(within):
            return Outcome.SUPERSEDED
        outcome = await scene.handlers[inner.type].apply(within)
    status = await status_by_uri(scene.unit, uri)
    if status is None or status.account_id != actor.id:
        return outcome
    if is_sure and inner.draft is not None and status.group_id is None and _addresses(inner.draft, scene.sender.uri):
        status.group_id = scene.sender.id
    if status.in_reply_to_uri is None and inner.type == "Create":
        await scene.unit.session.flush()
        return await _boost(scene, uri)
    return outcome


def _addresses(draft: StatusDraft, group_uri: str) -> bool:
    return group_uri in (*draft.audience, *draft.to, *draft.cc)


async def _removed_by_moderator(scene: Scene, inner: Incoming) -> Outcome:
    uri = inner.activity.object_id
    status = await status_by_uri(scene.unit, uri) if uri else None
    return Outcome.FORBIDDEN if status is None else await take_out_of_group(scene, status)


def _is_undone(scene: Scene) -> bool:
    return scene.activity.type != "Undo" and scene.is_undone()


def _as_actor(scene: Scene, inner: Incoming) -> Scene:
    """The same scene with the inner actor on it; the community vouches that it concerns somebody here."""
    actor = scene.unit.accounts[inner.activity.actor]
    assert actor is not None
    inner.group_uri = scene.sender.uri
    return replace(scene, sender=actor, incoming=inner, owner=None)


HANDLER = Handler(
    apply_announce,
    "A boost; by a Group also of activities (FEP-1b12), one or several; by a topic of what its people wrote",
    announced_references,
)
