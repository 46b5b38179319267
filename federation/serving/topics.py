"""Topics as the world reads them: the actor of a hashtag, its followers (their number), and its archive.

The archive is an OrderedCollection of Announces, newest first, in pages by id (`?before=<id>`): a page stays the same
while others write. Peers that have topics themselves get each post as the Create that its author signed, so that they
fetch nothing else, and only what carries this very hashtag (they decide about synonyms themselves); everybody else
gets ids, synonyms included.

Who may not read gets what the keys need and nothing more, in a closed network for any hashtag alike: nobody learns
from outside which ones are used here. Full peers may follow a hashtag that nobody here has used yet.
"""

from typing import Final

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from communities.archive import archive_page, is_in_use
from communities.topics import ensure_topic, find_topic, speaks_topics, topic_account
from communities.totals import archive_size
from content.hashtags import normalise_hashtag
from federation import documents
from federation.documents import contexts as emitted_contexts
from federation.json_ld.strict_json import JsonObject
from federation.json_ld.terms import PUBLIC
from federation.services import Services
from federation.serving import collection_pages as pages
from federation.serving.answers import Answer, document_answer, not_found
from federation.serving.archived import archived_creates
from federation.serving.collection_pages import MAX_ID
from federation.serving.read_gate import Reader, is_for_everybody, require_reader
from models.accounts import Account
from models.statuses import Tag
from models.values import dataclass
from social.tag_families import family_of

POSTS_PER_PAGE: Final = 200
BYTES_PER_PAGE: Final = 700_000


@dataclass(frozen=True, slots=True)
class _Topic:
    """A hashtag as a reader meets it: `tag` is None when nobody has said anything to everybody under it, `account` when
    nobody follows it either. What is written with it for fewer people changes nothing that others are told."""

    name: str
    tag: Tag | None
    account: Account | None


async def topic_answer(services: Services, reader: Reader, written: str) -> Answer:
    """The actor of a hashtag, or its key stub. Raises ReadRefused (404)."""
    name = _name(written)
    is_stub = services.settings.is_closed and reader.is_anonymous
    async with services.database.reading() as session:
        topic = _Topic(name, None, None) if is_stub else await _topic(services, session, reader, name)
        keys = await services.keyring.topic_keys(session, services.addresses.tag(name))
    account = topic.account or await _stored(services, topic)
    build = documents.key_stub_document if is_stub else documents.actor_document
    document = build(account, keys, services.addresses)
    return document_answer(document, is_for_everybody=is_stub or is_for_everybody(services, reader))


async def topic_followers_answer(services: Services, reader: Reader, written: str) -> Answer:
    """How many follow a hashtag from elsewhere; never who."""
    require_reader(services, reader)
    name = _name(written)
    async with services.database.reading() as session:
        topic = await _topic(services, session, reader, name)
    uri = services.addresses.part(services.addresses.tag(name), "followers")
    total = topic.account.followers_count if topic.account is not None else 0
    return document_answer(pages.collection(uri, total=total, has_pages=False),
                           is_for_everybody=is_for_everybody(services, reader))  # fmt: skip


async def archive_answer(services: Services, reader: Reader, written: str, before: str | None, is_page: bool) -> Answer:
    """The archive of a hashtag, or a page of it."""
    require_reader(services, reader)
    name, is_full = _name(written), _is_full(services, reader)
    uri = services.addresses.part(services.addresses.tag(name), "outbox")
    for_everybody = is_for_everybody(services, reader)
    async with services.database.reading() as session:
        await _topic(services, session, reader, name)
        if not is_page:
            total = await archive_size(session, name, with_synonyms=not is_full, policy=reader.policy)
            return document_answer(pages.collection(uri, total=total), is_for_everybody=for_everybody)
        limit = _limit_of(before)
        statuses = await archive_page(
            session, name, before=limit, limit=POSTS_PER_PAGE + 1, with_synonyms=not is_full, policy=reader.policy
        )
    found, has_more = pages.cut(statuses, POSTS_PER_PAGE)
    if is_full:
        creates = await archived_creates(services, found)
        bodies = [creates[status.id] for status in found]
    else:
        bodies = [orjson.dumps(status.uri) for status in found]
    kept = _fitting(bodies)
    has_more = has_more or kept < len(bodies)
    items = [
        _announce(services, name, status.id, body) for status, body in zip(found[:kept], bodies[:kept], strict=True)
    ]
    head: JsonObject = {
        "@context": emitted_contexts.STATUS,
        "id": f"{uri}?page=true" if limit == MAX_ID else f"{uri}?before={limit}",
        "type": "OrderedCollectionPage",
        "partOf": uri,
    }
    if has_more:
        head["next"] = f"{uri}?before={found[kept - 1].id}"
    # The posts are put in as the bytes that they are kept in: nothing is read and written again for a page.
    body = orjson.dumps(head)[:-1] + b',"orderedItems":[' + b",".join(items) + b"]}"
    return Answer(body, is_for_everybody=for_everybody)


def _announce(services: Services, name: str, status_id: int, body: bytes) -> bytes:
    topic = services.addresses.tag(name)
    frame = {"id": services.addresses.announcement(topic, status_id), "type": "Announce", "actor": topic,
             "to": [PUBLIC], "cc": [services.addresses.part(topic, "followers")]}  # fmt: skip
    return orjson.dumps(frame)[:-1] + b',"object":' + body + b"}"


def _fitting(bodies: list[bytes]) -> int:
    """How many of them fit on a page; at least one."""
    size = 0
    for number, body in enumerate(bodies):
        size += len(body)
        if size > BYTES_PER_PAGE and number:
            return number
    return len(bodies)


def _limit_of(before: str | None) -> int:
    if before is None or not before.isascii() or not before.isdigit() or len(before) > 19:
        return MAX_ID
    return min(int(before), MAX_ID)


def _name(written: str) -> str:
    name = normalise_hashtag(written)
    if not name:
        raise not_found()
    return name


def _is_full(services: Services, reader: Reader) -> bool:
    """The instance actor of a peer that has topics too."""
    return reader.is_instance and speaks_topics(reader.account) and services.peers.is_full(reader.host or "")


async def _topic(services: Services, session: AsyncSession, reader: Reader, name: str) -> _Topic:
    """The hashtag, if somebody has said something to everybody under it, or follows it. Raises ReadRefused (404)."""
    if reader.policy is not None and not reader.policy.has_topic(name):
        raise not_found()
    account = await find_topic(session, services.addresses, name)
    is_followed = account is not None and account.followers_count > 0
    is_used = await is_in_use(session, name)
    if not (is_used or is_followed or _is_full(services, reader)):
        raise not_found()
    family = await family_of(session, name) if is_used else ()
    tag = next((tag for tag in family if tag.name == name), None)
    return _Topic(name, tag, account if is_used or is_followed else None)


async def _stored(services: Services, topic: _Topic) -> Account:
    """The account of a topic that is used here, made at the first request; of another what it would be."""
    if topic.tag is None:
        return topic_account(services.addresses, topic.name, topic.name, services.clock())
    async with services.database.unit_of_work() as unit:
        tag = await unit.session.get_one(Tag, topic.tag.id)
        return await ensure_topic(unit, tag)
