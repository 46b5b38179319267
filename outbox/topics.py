"""What a topic of ours says: it announces the posts of our people to those elsewhere who follow the hashtag.

One announcement for each post and topic. Peers that have topics themselves get the author's signed Create inside the
Announce, so that nothing is fetched again; everybody else gets the id, which every software reads as a boost. Never
both to one inbox (`outbox.announcing`). Peers get what carries the hashtag itself, others also what carries a synonym
of it: stewards decide for their own office. Only what is in the archive (`communities.archive`) is announced, so
nothing of others, nothing within the office, nothing of closed groups.

Edits that add the hashtag announce, edits that remove it undo; the post's own Update and Delete go to the followers of
its hashtags too. All of it costs one query for a post whose hashtags nobody elsewhere follows.
"""

from collections.abc import Iterable
from dataclasses import field
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import Select, bindparam, delete, select

from communities.archive import is_archived
from communities.topics import speaks_topics
from federation.documents import StatusBundle, group_announce_activity, undo_activity
from federation.json_ld.strict_json import JsonObject
from federation.peers import domain_of
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.aliases import narrow_alias
from models.base import BigInt
from models.insertion import insert_missing
from models.relations import Follow
from models.statuses import Status, StatusTag, Tag
from models.topics import TopicAnnouncement
from models.values import dataclass
from outbox.announcing import signed, signed_create, stored_uri
from outbox.enqueue import enqueue_bytes
from outbox.publish import activity_uri
from social.tag_families import is_of_family, root_of

_STATUS: Final = bindparam("status_id", type_=BigInt)
# Made once: building a statement costs more than SQLite needs for running it.
_ANNOUNCED: Final = (
    select(TopicAnnouncement.number, Account)
    .join(Account, Account.id == TopicAnnouncement.account_id)
    .where(TopicAnnouncement.status_id == _STATUS)
)
_TAG_NAMES: Final = select(Tag.name).join(StatusTag, StatusTag.tag_id == Tag.id).where(StatusTag.status_id == _STATUS)


@cache
def _topics() -> Select[Any]:
    """The ids of followed topics in whose archive a status is."""
    carried = narrow_alias(Tag, "id", "canonical_id")
    member = narrow_alias(Tag, "id", "canonical_id", "name")
    topic = narrow_alias(Account, "id", "topic", "domain", "followers_count")
    return (
        select(topic.c.id)
        .distinct()
        .select_from(StatusTag)
        .join(carried, carried.c.id == StatusTag.tag_id)
        .join(member, is_of_family(member.c, root_of(carried.c)))
        .join(topic, (topic.c.topic == member.c.name) & topic.c.domain.is_(None))
        .join(Status, Status.id == StatusTag.status_id)
        .where(StatusTag.status_id == _STATUS, topic.c.followers_count > 0, is_archived())
    )


@dataclass(slots=True)
class Readers:
    """The inboxes of those who follow one topic: of peers with topics, and of everybody else."""

    topic: Account
    full: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)


async def topic_inboxes(services: Services, unit: UnitOfWork, status: Status) -> list[str]:
    """Where the followers of the hashtags of an archived status read, each once: they hear of its end and its edits."""
    found = await _readers(services, unit, status)
    return sorted({url for readers in found.values() for url in (*readers.full, *readers.others)})


async def announce_by_topics(
    services: Services, unit: UnitOfWork, bundle: StatusBundle, *, is_edit: bool = False
) -> None:
    """Have the topics of a status announce it, and after an edit also take back what no longer holds."""
    status = bundle.status
    known = {}
    if is_edit:
        rows = await unit.session.execute(_ANNOUNCED, {"status_id": status.id})
        known = {account.id: (number, account) for number, account in rows}
    if not bundle.tags and not known:
        return
    await unit.settle()
    found = await _readers(services, unit, status)
    for account_id, (number, topic) in known.items():
        if account_id not in found:
            await _undo(services, unit, topic, status, number)
    new = [readers for account_id, readers in found.items() if account_id not in known]
    if not new:
        return
    names = set(await unit.session.scalars(_TAG_NAMES, {"status_id": status.id}))
    create = await signed_create(services, unit, bundle, is_edit=is_edit)
    rows_made = []
    for readers in new:
        number = unit.new_id() if is_edit else status.id
        made = False
        if readers.full and readers.topic.topic in names:
            await _announce(services, unit, readers.topic, status, number, create, readers.full)
            made = True
        if readers.others:
            await _announce(services, unit, readers.topic, status, number, status.uri, readers.others)
            made = True
        if made:
            rows_made.append({"account_id": readers.topic.id, "status_id": status.id, "number": number,
                              "created_at": unit.now})  # fmt: skip
    await insert_missing(unit.session, TopicAnnouncement, rows_made)


async def _readers(services: Services, unit: UnitOfWork, status: Status) -> dict[int, Readers]:
    """Who follows the hashtags of an archived status from elsewhere, by the topic's id; one query where nobody does."""
    await unit.session.flush()
    ids = list(await unit.session.scalars(_topics(), {"status_id": status.id}))
    if not ids:
        return {}
    topics = {account.id: account for account in await unit.session.scalars(select(Account).where(Account.id.in_(ids)))}
    found: dict[int, Readers] = {}
    follows = (
        select(Follow.followee_id, Account)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id.in_(ids), Follow.state == "accepted", Account.domain.is_not(None))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
    )
    for topic_id, follower in await unit.session.execute(follows):
        readers = found.setdefault(topic_id, Readers(topics[topic_id]))
        (readers.full if is_full_peer(services, follower) else readers.others).add(follower.delivery_url)
    for readers in found.values():
        readers.others -= readers.full
    return found


def is_full_peer(services: Services, account: Account) -> bool:
    """Whether this is the instance actor of a peer that has topics like ours."""
    is_instance = account.actor_type == "Application" and speaks_topics(account)
    return is_instance and services.peers.is_full(domain_of(account.uri))


def _announcement(unit: UnitOfWork, topic: Account, number: int, announced: str | JsonObject) -> JsonObject:
    uri = unit.addresses.announcement(topic.uri, number)
    return group_announce_activity(uri, group=topic, announced=announced, is_public=True, at=unit.now)


async def _announce(
    services: Services, unit: UnitOfWork, topic: Account, status: Status, number: int, announced: str | JsonObject,
    inbox_urls: Iterable[str],
) -> None:  # fmt: skip
    document = _announcement(unit, topic, number, announced)
    await _enqueue(services, unit, topic, status, document, stored_uri(document), inbox_urls)


async def _undo(services: Services, unit: UnitOfWork, topic: Account, status: Status, number: int) -> None:
    """The status doesn't carry the hashtag any more."""
    follows = (
        select(Account)
        .join(Follow, Follow.follower_id == Account.id)
        .where(Follow.followee_id == topic.id, Follow.state == "accepted", Account.domain.is_not(None))
    )
    urls = {follower.delivery_url for follower in await unit.session.scalars(follows) if follower.is_active}
    document = undo_activity(activity_uri(unit), _announcement(unit, topic, number, status.uri))
    await _enqueue(services, unit, topic, status, document, document["id"], urls)
    await unit.session.execute(
        delete(TopicAnnouncement).where(
            TopicAnnouncement.account_id == topic.id, TopicAnnouncement.status_id == status.id
        )
    )


async def _enqueue(
    services: Services, unit: UnitOfWork, topic: Account, status: Status, document: JsonObject, uri: str,
    inbox_urls: Iterable[str],
) -> None:  # fmt: skip
    await enqueue_bytes(
        unit,
        account=topic,
        uri=uri,
        activity_type=document["type"],
        object_uri=status.uri,
        body=orjson.dumps(await signed(services, unit, topic, document)),
        inbox_urls=sorted(inbox_urls),
        ordering_key=status.uri,
        gate=services.peers,
        status_id=status.id,
        visibility=status.visibility,
    )
