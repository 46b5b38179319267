"""Announce: a boost (ActivityPub §7.11), or a community passing on what its members did (FEP-1b12)."""

from dataclasses import replace

from sqlalchemy import select

from federation.trust.origins import same_origin
from inbox.access import author_of, visible_status
from inbox.archives import refusal_of
from inbox.boosting import boost_by_sender
from inbox.group_announcements import inner_references, pass_on
from inbox.incoming import Handler, Incoming, MissingReference, Outcome, References, Scene
from models.topics import TopicSubscription
from outbox.subscriptions import ACCEPTED, REQUESTED
from social.statuses import status_by_uri


def announced_references(incoming: Incoming) -> References:
    """A boost needs its object; of an announced activity, what it is about and who did it."""
    if not incoming.inner:
        own = (incoming.activity.id,) if incoming.activity.id else ()
        return References(statuses=incoming.activity.object_ids[:1], known_statuses=own)
    return inner_references(incoming)


async def apply_announce(scene: Scene) -> Outcome:
    """A boost never widens an audience: only what is public is boosted, and only by who may see it (O18, O19)."""
    if scene.incoming.inner:
        return await (_from_topic(scene) if scene.sender.is_topic else pass_on(scene))
    uri = scene.activity.object_id
    if uri is None:
        return Outcome.INVALID
    if not scene.policy.with_boosts and not scene.sender.is_group and not scene.sender.is_topic:
        return Outcome.BOOSTS_STOP
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
    if status.group_id == scene.sender.id:
        status.removed_at = None  # a community that shares its own post again has restored it
    return await boost_by_sender(scene, uri)


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
    if within.is_undone():
        return Outcome.SUPERSEDED
    outcome = await scene.handlers["Create"].apply(within)
    if scene.sender.id in scene.followed_here:  # somebody here follows the topic's account as if it were a person's
        await scene.unit.session.flush()
        return await boost_by_sender(scene, inner.draft.uri)
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


HANDLER = Handler(
    apply_announce,
    "A boost; by a Group also of activities (FEP-1b12), one or several; by a topic of what its people wrote",
    announced_references,
)
