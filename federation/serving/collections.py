"""The collections that we publish: outbox, followers, featured, replies, contexts (ActivityPub §5, FEP-7888).

Every list shows what its reader may see, under a limit, in a stable order, in a fixed number of queries. Who follows
whom is shown to those whom it concerns: its owner, followers, and, in a closed network of colleagues, whoever signs,
unless the account is locked. Everybody else who may read at all gets the number (case O44). Of a community's followers
all get the number alone, of a private one's only the offices of members.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from federation import documents
from federation.documents import contexts as emitted_contexts
from federation.documents.activities import without_context
from federation.documents.audience import followers_of
from federation.documents.bundles import StatusBundle, load_bundles
from federation.json_ld.strict_json import JsonObject
from federation.peers.sync import PARTIAL_FOLLOWERS, partial_followers
from federation.services import Services
from federation.serving import collection_pages as pages
from federation.serving.answers import Answer, document_answer, not_found
from federation.serving.collection_pages import Cursor
from federation.serving.read_gate import (
    Reader,
    is_blocked,
    is_follower,
    is_for_everybody,
    is_of_members,
    readable,
    require_reader,
)
from federation.serving.resources import active_account, published_status, unavailable_to
from models.accounts import Account
from models.addresses import LocalAddresses
from models.communities import Community
from models.relations import FeaturedTag, Follow
from models.statuses import Status, Tag
from policy.communities import shown_belonging
from policy.limits import FEATURED_TAGS, PINNED_STATUSES
from social.pins import is_pinned_to, pinned_since

STATUSES_PER_PAGE: Final = 40
IDS_PER_PAGE: Final = 100


async def outbox_answer(services: Services, reader: Reader, account_id: int, cursor: Cursor) -> Answer:
    """What an account published, newest first: Create and Announce as they were sent, without their proofs."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        account = await active_account(session, account_id, reader)
        uri = account.outbox_url or services.addresses.part(account.uri, "outbox")
        if not cursor.is_page:
            may_count = not await _is_private_to(session, reader, account)
            return _answer(services, reader, pages.collection(uri, total=account.statuses_count if may_count else None))
        query = (
            select(Status)
            .where(Status.account_id == account_id, Status.id < cursor.max_id, readable(reader))
            .order_by(Status.id.desc())
            .limit(STATUSES_PER_PAGE + 1)
        )
        statuses, has_more = pages.cut((await session.scalars(query)).all(), STATUSES_PER_PAGE)
        bundles = await load_bundles(session, statuses)
    document = pages.page(
        uri,
        [_published(bundle, services.addresses) for bundle in bundles.values()],
        this=pages.newest_first(cursor),
        following=f"page=true&max_id={statuses[-1].id}" if has_more else None,
        context=emitted_contexts.EVENT,
    )
    return _answer(services, reader, document)


async def followers_answer(services: Services, reader: Reader, account_id: int, cursor: Cursor) -> Answer:
    """Who follows an account."""
    return await _members(services, reader, account_id, cursor, of_followers=True)


async def following_answer(services: Services, reader: Reader, account_id: int, cursor: Cursor) -> Answer:
    """Whom an account follows."""
    return await _members(services, reader, account_id, cursor, of_followers=False)


async def _members(
    services: Services, reader: Reader, account_id: int, cursor: Cursor, *, of_followers: bool
) -> Answer:
    require_reader(services, reader)
    async with services.database.reading() as session:
        account = await active_account(session, account_id, reader)
        if await _is_private_to(session, reader, account):
            raise not_found()
        may_see = not account.is_group and await _may_see_members(services, session, reader, account)
        uri = followers_of(account, services.addresses) if of_followers else _following_of(account, services.addresses)
        if not cursor.is_page:
            total = account.followers_count if of_followers else account.following_count
            return _answer(services, reader, pages.collection(uri, total=total, has_pages=may_see))
        if not may_see:
            raise unavailable_to(reader)
        here, there = Follow.followee_id, Follow.follower_id
        rows, has_more = await _page_of_members(
            session, reader, account_id, cursor, *((here, there) if of_followers else (there, here))
        )
    document = pages.page(
        uri,
        [member for _, member in rows],
        this=pages.newest_first(cursor),
        following=f"page=true&max_id={rows[-1][0]}" if has_more else None,
    )
    return _answer(services, reader, document)


async def _page_of_members(
    session: AsyncSession,
    reader: Reader,
    account_id: int,
    cursor: Cursor,
    here: InstrumentedAttribute[int],
    there: InstrumentedAttribute[int],
) -> tuple[list[tuple[int, str]], bool]:
    """Pairs of (id, URI) of the accounts on the other side, by an index of each direction."""
    found = await session.execute(
        select(there, Account.uri)
        .join(Account, Account.id == there)
        .where(
            here == account_id,
            Follow.state == "accepted",
            there < cursor.max_id,
            Account.gone_at.is_(None),
            shown_belonging(reader.viewer_id),
        )
        .order_by(there.desc())
        .limit(IDS_PER_PAGE + 1)
    )
    rows, has_more = pages.cut([(number, uri) for number, uri in found], IDS_PER_PAGE)
    return list(rows), has_more


async def _is_private_to(session: AsyncSession, reader: Reader, account: Account) -> bool:
    """Whether this is a private community without anybody of the reader's server in it."""
    community = await session.get(Community, account.id) if account.is_group else None
    return community is not None and community.is_private and not await is_of_members(session, reader, account)


async def _may_see_members(services: Services, session: AsyncSession, reader: Reader, account: Account) -> bool:
    if reader.owns(account):
        return True
    if account.hides_collections or reader.is_anonymous or await is_blocked(session, reader, account):
        return False
    if services.settings.is_closed and not account.is_locked:
        return True
    return await is_follower(session, reader, account)


async def followers_synchronization_answer(services: Services, reader: Reader, account_id: int) -> Answer:
    """The followers of an account on the reader's own server, all of them (FEP-8fcf), and nobody else (case O43).

    There is no limit: from a shortened list the peer would conclude that the missing ones have stopped following.
    """
    async with services.database.reading() as session:
        if reader.host is None:
            raise unavailable_to(reader)
        account = await active_account(session, account_id, reader)
        members = await partial_followers(session, account, reader.host)
    uri = services.addresses.part(account.uri, PARTIAL_FOLLOWERS)
    return _answer(services, reader, pages.whole_collection(uri, members))


async def featured_answer(services: Services, reader: Reader, account_id: int) -> Answer:
    """The statuses that an account pinned to its profile, whole, the last one first."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        account = await active_account(session, account_id, reader)
        found = await session.scalars(
            select(Status)
            .where(is_pinned_to(account_id), readable(reader))
            .order_by(pinned_since().desc(), Status.id.desc())
            .limit(PINNED_STATUSES)
        )
        bundles = await load_bundles(session, found.all())
    uri = account.featured_url or services.addresses.part(account.uri, "collections/featured")
    items = [documents.embedded_status(bundle, services.addresses) for bundle in bundles.values()]
    return _answer(services, reader, pages.whole_collection(uri, items, context=emitted_contexts.EVENT))


async def featured_tags_answer(services: Services, reader: Reader, account_id: int) -> Answer:
    """The hashtags that an account features on its profile."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        account = await active_account(session, account_id, reader)
        tags = await session.scalars(
            select(Tag)
            .join(FeaturedTag, FeaturedTag.tag_id == Tag.id)
            .where(FeaturedTag.account_id == account_id)
            .order_by(FeaturedTag.id)
            .limit(FEATURED_TAGS)
        )
        items = [
            documents.hashtag_object(tag, services.addresses)
            for tag in tags
            if reader.policy is None or reader.policy.has_topic(tag.name)
        ]
    uri = services.addresses.part(account.uri, "collections/tags")
    document = pages.whole_collection(uri, items, context=emitted_contexts.HASHTAGS, is_ordered=False)
    return _answer(services, reader, document)


async def replies_answer(services: Services, reader: Reader, account_id: int, status_id: int, cursor: Cursor) -> Answer:
    """The ids of the answers to a status that the reader may see, oldest first."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        status = await _visible(session, reader, account_id, status_id)
        uri = services.addresses.replies(status.uri)
        if not cursor.is_page:
            return _answer(services, reader, pages.collection(uri, is_ordered=False))
        query = (
            select(Status.id, Status.uri)
            .where(Status.in_reply_to_id == status_id, Status.id > cursor.min_id, readable(reader))
            .order_by(Status.id)
            .limit(IDS_PER_PAGE + 1)
        )
        found = (await session.execute(query)).all()
    return _answer(services, reader, _page_of_ids(uri, found, cursor, is_ordered=False))


async def count_answer(services: Services, reader: Reader, account_id: int, status_id: int, name: str) -> Answer:
    """`likes` or `shares` of a status: their number."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        status = await _visible(session, reader, account_id, status_id)
    total = status.favourites_count if name == "likes" else status.boosts_count
    document = pages.collection(f"{status.uri}/{name}", total=total, has_pages=False, is_ordered=False)
    return _answer(services, reader, document)


async def context_answer(services: Services, reader: Reader, conversation_id: int, cursor: Cursor) -> Answer:
    """A conversation as far as we know it (FEP-7888, FEP-f228): the ids of its statuses, oldest first."""
    require_reader(services, reader)
    uri = services.addresses.context(conversation_id)
    belongs = (Status.conversation_id == conversation_id, Status.boost_of_id.is_(None), readable(reader))
    async with services.database.reading() as session:
        if not cursor.is_page:
            total = await session.scalar(select(func.count()).select_from(Status).where(*belongs))
            if not total:
                raise not_found()
            return _answer(services, reader, pages.collection(uri, total=total))
        query = (
            select(Status.id, Status.uri)
            .where(*belongs, Status.id > cursor.min_id)
            .order_by(Status.id)
            .limit(IDS_PER_PAGE + 1)
        )
        found = (await session.execute(query)).all()
    return _answer(services, reader, _page_of_ids(uri, found, cursor))


def _page_of_ids(uri: str, found: Sequence[Any], cursor: Cursor, *, is_ordered: bool = True) -> JsonObject:
    """A page, oldest first, of rows with `id` and `uri`, of which one more than fits was asked for."""
    rows, has_more = pages.cut(found, IDS_PER_PAGE)
    return pages.page(
        uri,
        [row.uri for row in rows],
        this=pages.oldest_first(cursor),
        following=f"page=true&min_id={rows[-1].id}" if has_more else None,
        is_ordered=is_ordered,
    )


async def _visible(session: AsyncSession, reader: Reader, account_id: int, status_id: int) -> Status:
    published = await published_status(session, reader, account_id, status_id)
    if published is None:
        raise not_found()
    return published.status


def _published(bundle: StatusBundle, addresses: LocalAddresses) -> JsonObject:
    build = documents.announce_activity if bundle.status.is_boost else documents.create_activity
    return without_context(build(bundle, addresses))


def _following_of(account: Account, addresses: LocalAddresses) -> str:
    return account.following_url or addresses.part(account.uri, "following")


def _answer(services: Services, reader: Reader, document: JsonObject) -> Answer:
    return document_answer(document, is_for_everybody=is_for_everybody(services, reader))
