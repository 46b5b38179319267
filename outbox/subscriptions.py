"""Subscribing to a hashtag at every office: our instance actor follows the topic actor of each full peer.

What is wanted follows from the rows: hashtags that somebody here follows, or that the office keeps itself
(`Tag.kept_since`), with their synonyms, at all active full peers. `subscribe_topics` compares that with the
subscriptions there are and sends the Follows and Undos that are missing. It is a job: it runs after somebody followed
or unfollowed, when a peer becomes active, and every hour, so that nothing depends on a single message.

The instance actor asks, because every peer knows it and has pinned its key; our own topic actor would have to be
fetched first, by each peer, for each hashtag.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from communities.topics import SUBSCRIBE_TOPICS, speaks_topics
from federation.actors import ActorRefused, resolve_actor
from federation.client import RemoteError
from federation.documents import follow_activity, undo_activity
from federation.services import Services
from federation.trust.authentication import ActorGone
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.addresses import LocalAddresses
from models.collisions import repeat_on_collision
from models.relations import TagFollow
from models.statuses import Tag
from models.topics import TopicSubscription
from outbox.publish import activity_uri, send
from social.tag_families import is_of_family, root_of

BACKFILL_TOPIC: Final = "backfill_topic"
REQUESTED, ACCEPTED, REJECTED, ENDED = "requested", "accepted", "rejected", "ended"
ASK_AGAIN_AFTER: Final = timedelta(days=1)

log = structlog.get_logger(__name__)


async def request_subscriptions(unit: UnitOfWork, tag: Tag | None = None) -> None:
    """Have the subscriptions to a hashtag's family (or to all) looked at once this unit is committed."""
    payload = {} if tag is None else {"tag_id": tag.id}
    await enqueue_job(unit, SUBSCRIBE_TOPICS, payload, unique_key=f"{SUBSCRIBE_TOPICS}:{'' if tag is None else tag.id}")


async def backfill_later(unit: UnitOfWork, subscription: TopicSubscription, *, due_in: float = 0) -> None:
    """Have the archive read once this unit is committed, or read on when the job that reads it asks."""
    payload, key = {"subscription_id": subscription.id}, f"{BACKFILL_TOPIC}:{subscription.id}"
    await enqueue_job(unit, BACKFILL_TOPIC, payload, unique_key=key, due_in=due_in)


async def subscribe_topics(services: Services, payload: dict[str, Any]) -> None:
    """The job: follow what is wanted and isn't followed yet, and the reverse."""
    await services.peers.refreshed()
    peers = await _full_peers(services)
    # The job of one hashtag and that of all of them may meet.
    await repeat_on_collision(lambda: _subscribe(services, payload, peers))


async def _subscribe(services: Services, payload: dict[str, Any], peers: dict[str, Account]) -> None:
    async with services.database.unit_of_work() as unit:
        wanted = await _wanted(unit, payload.get("tag_id"))
        looked_at = wanted if "tag_id" not in payload else await _family(unit, payload["tag_id"])
        query = select(TopicSubscription)
        if "tag_id" in payload:
            query = query.where(TopicSubscription.tag_id.in_(looked_at))
        known = {(row.tag_id, row.domain): row for row in await unit.session.scalars(query)}
        instance = await unit.session.get_one(Account, INSTANCE_ACTOR_ID)
        for tag_id, tag in wanted.items():
            for domain, actor in peers.items():
                row = known.get((tag_id, domain))
                if row is None or _is_to_be_asked(row, unit):
                    await _follow(services, unit, instance, tag, domain, actor, row)
        for (tag_id, domain), row in known.items():
            if row.state in (REQUESTED, ACCEPTED) and (tag_id not in wanted or domain not in peers):
                await _unfollow(services, unit, instance, row, peers.get(domain))


async def _full_peers(services: Services) -> dict[str, Account]:
    """Active peers with topics, by their name, with their instance actor; one that was never met is asked for it."""
    found: dict[str, Account] = {}
    for domain in services.peers.active(is_full=True):
        uri = LocalAddresses(f"{services.addresses.scheme}://{domain}", domain).instance_actor
        try:
            actor = await resolve_actor(services, uri)
        except (RemoteError, ActorRefused, ActorGone) as error:
            log.info("topics.no-instance-actor", domain=domain, error=str(error))
            continue
        if speaks_topics(actor) and actor.is_active:
            found[domain] = actor
    return found


async def _wanted(unit: UnitOfWork, tag_id: int | None) -> dict[int, Tag]:
    """The hashtags to be subscribed to, or those of one family."""
    followed = select(root_of(Tag)).where(or_(Tag.id.in_(select(TagFollow.tag_id)), Tag.kept_since.is_not(None)))
    query = select(Tag).where(root_of(Tag).in_(followed)).order_by(Tag.id)
    if tag_id is not None:
        query = query.where(Tag.id.in_(await _family(unit, tag_id)))
    return {tag.id: tag for tag in await unit.session.scalars(query)}


async def _family(unit: UnitOfWork, tag_id: int) -> Collection[int]:
    one, member = aliased(Tag), aliased(Tag)
    query = select(member.id).join(one, is_of_family(member, root_of(one))).where(one.id == tag_id)
    return (await unit.session.scalars(query)).all()


def _is_to_be_asked(row: TopicSubscription, unit: UnitOfWork) -> bool:
    is_unanswered = row.state == REQUESTED and unit.now - row.updated_at > ASK_AGAIN_AFTER
    return row.state in (ENDED, REJECTED) or is_unanswered


async def _follow(
    services: Services, unit: UnitOfWork, instance: Account, tag: Tag, domain: str, actor: Account,
    row: TopicSubscription | None,
) -> None:  # fmt: skip
    origin = actor.uri.removesuffix("/actor")
    follow_uri = activity_uri(unit)
    if row is None:
        row = TopicSubscription(
            id=unit.new_id(), tag_id=tag.id, domain=domain, topic_uri=LocalAddresses(origin, domain).tag(tag.name),
            follow_uri=follow_uri, state=REQUESTED, pages=0, stored=0, created_at=unit.now, updated_at=unit.now,
        )  # fmt: skip
        unit.session.add(row)
    else:
        row.state, row.follow_uri, row.position, row.pages, row.updated_at = REQUESTED, follow_uri, None, 0, unit.now
    document = follow_activity(row.follow_uri, actor_uri=instance.uri, target_uri=row.topic_uri)
    await send(services, unit, instance, document, inbox_urls=[actor.delivery_url], ordering_key=row.topic_uri)


async def _unfollow(
    services: Services, unit: UnitOfWork, instance: Account, row: TopicSubscription, actor: Account | None
) -> None:
    """What was read stays; a peer that we don't talk to any more isn't told."""
    row.state, row.updated_at = ENDED, unit.now
    if actor is None:
        return
    followed = follow_activity(row.follow_uri, actor_uri=instance.uri, target_uri=row.topic_uri)
    document = undo_activity(activity_uri(unit), followed)
    await send(services, unit, instance, document, inbox_urls=[actor.delivery_url], ordering_key=row.topic_uri)
