"""Single things that we publish: actors, statuses, activities, follows, consents to quotes, and what is left of them.

Each function takes who reads and what was asked for, and returns an Answer or raises ReadRefused. What is gone is
answered 410 with its Tombstone (ActivityPub §6.4), what is absent or forbidden 404.
"""

from datetime import timedelta
from typing import Final

import orjson
from sqlalchemy import bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.standings import stays_inside
from federation import documents
from federation.documents.bundles import load_bundles
from federation.expiring import Expiring
from federation.peers.receiving import Sent, withheld
from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, document_answer, not_found
from federation.serving.read_gate import Reader, exists_for, is_blocked, is_for_everybody, may_read, require_reader
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.activities import Delivery, OutboundActivity
from models.base import BigInt
from models.communities import Community
from models.proofs import Proof
from models.questions import Question
from models.relations import Follow
from models.statuses import Status, Tombstone
from models.values import dataclass
from models.visibility import Visibility

_KEPT: Final = timedelta(seconds=40)
_MAX_KEPT: Final = 2048
# What names the bytes that are kept of an actor of ours, of one that everybody may see.
_PLAIN: Final = Question(
    select(Account.id, Account.updated_at, Account.followers_url).where(
        Account.id == bindparam("account_id", type_=BigInt),
        Account.domain.is_(None),
        Account.actor_type != "Group",
        Account.gone_at.is_(None),
        Account.suspended_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Published:
    """A local status and its author, as far as the reader may see them."""

    status: Status
    author: Account


class ActorPages:
    """Answers for our actors, their bytes kept: profiles and keys are asked for more than anything else.

    A changed profile has another `updated_at`, so it is never served stale; replaced keys are seen after a minute at
    the latest (peers hear of them by an Update before).
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: Expiring[tuple[object, ...], bytes] = Expiring(max_entries=_MAX_KEPT)

    async def answer(self, account_id: int, reader: Reader) -> Answer:
        """The document of an actor; its key stub for strangers in a closed network, so that nobody must wait (S36)."""
        services = self._services
        is_open_to_all = account_id == INSTANCE_ACTOR_ID or not services.settings.is_closed
        is_stub = reader.is_anonymous and not is_open_to_all
        is_for_everybody = is_open_to_all and reader.is_anonymous
        body, proof = await self._remembered(account_id, is_stub=is_stub)
        if body is not None:
            return Answer(body, is_for_everybody=is_for_everybody, proof=proof)
        async with services.database.reading() as session:
            account = await local_account(session, account_id, reader)
            gone = account is None or account.gone_at is not None
            if gone:
                return await gone_answer(session, services.addresses.actor(account_id))
            assert account is not None
            if account.suspended_at is not None:
                raise not_found()
            body = await self._body(session, account, is_stub=is_stub)
        return Answer(body, is_for_everybody=is_for_everybody, proof=proof)

    async def _remembered(self, account_id: int, *, is_stub: bool) -> tuple[bytes | None, Proof | None]:
        """What is kept of an actor that is there for everybody, found with a glance, and the proof of it.

        None where nothing is kept. No proof either where more has to be asked: who is there for some (a community) is
        left to `answer`, and so is who is gone or suspended.
        """
        async with self._services.database.glancing() as glance:
            rows = await glance.ask(_PLAIN, {"account_id": account_id})
        if not rows:
            return None, None
        return self._kept.get((*rows[0], is_stub), self._services.clock()), glance.proof()

    async def _body(self, session: AsyncSession, account: Account, *, is_stub: bool) -> bytes:
        services, now = self._services, self._services.clock()
        name = (account.id, account.updated_at, account.followers_url, is_stub)
        body = self._kept.get(name, now)
        if body is None:
            keys = await services.keyring.public_keys(session, account.id)
            if is_stub:
                document = documents.key_stub_document(account, keys, services.addresses)
            else:
                community = await session.get(Community, account.id) if account.is_group else None
                document = documents.actor_document(account, keys, services.addresses, community=community)
            body = orjson.dumps(document)
            self._kept.put(name, body, now, _KEPT)
        return body


async def local_account(session: AsyncSession, account_id: int, reader: Reader | None) -> Account | None:
    """An account of ours, gone ones included, if it is there for the reader.

    Without one, for pages that decide by themselves who sees a community.
    """
    account = await session.get(Account, account_id)
    if account is None or not account.is_local:
        return None
    is_there = (
        not await stays_inside(session, account) if reader is None else await exists_for(session, reader, account)
    )
    return account if is_there else None


async def active_account(session: AsyncSession, account_id: int, reader: Reader | None) -> Account:
    """An account of ours that publishes, if it is there for the reader. Raises ReadRefused (404)."""
    account = await local_account(session, account_id, reader)
    if account is None or not account.is_active:
        raise not_found()
    return account


async def gone_answer(session: AsyncSession, uri: str) -> Answer:
    """410 with the Tombstone of a URI. Raises ReadRefused (404) when there was never anything."""
    tombstone = (await session.scalars(select(Tombstone).where(Tombstone.uri == uri))).first()
    if tombstone is None:
        raise not_found()
    document = documents.tombstone_document(uri, kind=tombstone.kind, deleted_at=tombstone.created_at)
    return document_answer(document, status=410, is_for_everybody=False)


async def published_status(session: AsyncSession, reader: Reader, account_id: int, status_id: int) -> Published | None:
    """The status under an address of ours, None when there is no row. Raises ReadRefused where the reader may not."""
    found = (
        await session.execute(
            select(Status, Account)
            .join(Account, Account.id == Status.account_id)
            .where(Status.id == status_id, Status.account_id == account_id, Account.domain.is_(None))
        )
    ).one_or_none()
    if found is None:
        return None
    status, author = found
    if not await may_read(session, reader, status, author):
        raise not_found()
    return Published(status, author)


async def local_status(session: AsyncSession, account_id: int, status_id: int) -> Status:
    """The status under an address of ours, for pages that decide about visibility by themselves. Raises ReadRefused."""
    account = await active_account(session, account_id, None)
    status = await session.get(Status, status_id)
    if status is None or status.account_id != account.id:
        raise not_found()
    return status


async def status_answer(
    services: Services, reader: Reader, account_id: int, status_id: int, *, as_activity: bool = False
) -> Answer:
    """A status, or the Create (of a boost: the Announce) that published it."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        published = await published_status(session, reader, account_id, status_id)
        if published is None:
            return await gone_answer(session, services.addresses.status(account_id, status_id))
        bundle = (await load_bundles(session, [published.status]))[status_id]
    if published.status.is_boost:
        document = documents.announce_activity(bundle, services.addresses)
    elif as_activity:
        document = documents.create_activity(bundle, services.addresses)
    else:
        document = documents.status_document(bundle, services.addresses)
    return document_answer(document, is_for_everybody=is_for_everybody(services, reader))


async def activity_answer(services: Services, reader: Reader, activity_id: int) -> Answer:
    """An activity of ours, in the bytes that were delivered (its proof holds for those alone)."""
    # The number in it is not that of the row.
    return await activity_by_uri(services, reader, services.addresses.activity(activity_id))


async def activity_by_uri(services: Services, reader: Reader, uri: str) -> Answer:
    """The same by its id."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        activity = (await session.scalars(select(OutboundActivity).where(OutboundActivity.uri == uri))).first()
        if activity is None or not await _may_read_activity(session, reader, activity):
            raise not_found()
    return Answer(activity.body, is_for_everybody=is_for_everybody(services, reader))


async def _may_read_activity(session: AsyncSession, reader: Reader, activity: OutboundActivity) -> bool:
    """What is about a status follows the status; other activities are for everybody, or for whom they were sent to."""
    author = await session.get(Account, activity.account_id)
    if author is None or not author.is_active or await is_blocked(session, reader, author):
        return False
    if reader.owns(author):
        return True
    if await withheld(session, reader.policy, [Sent.of(activity, author)]):
        return False
    status = await session.get(Status, activity.status_id) if activity.status_id is not None else None
    if status is not None:
        writer = await session.get(Account, status.account_id)
        return writer is not None and await may_read(session, reader, status, writer)
    if Visibility(activity.visibility).is_public:
        return True
    if reader.host is None or activity.status_id is not None:
        return False
    sent = exists().where(Delivery.activity_id == activity.id, Delivery.host == reader.host)
    return bool(await session.scalar(select(sent)))


async def follow_answer(services: Services, reader: Reader, follow_id: int) -> Answer:
    """A Follow of one of our accounts, for the two sides of it and their servers."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        follow = await session.get(Follow, follow_id)
        if follow is None or follow.uri != services.addresses.follow(follow_id):
            raise not_found()
        follower = await session.get(Account, follow.follower_id)
        followee = await session.get(Account, follow.followee_id)
    assert follower is not None
    assert followee is not None
    is_party = any(reader.viewer_id == side.id or _lives_with(reader, side) for side in (follower, followee))
    if not is_party:
        raise not_found()
    document = documents.follow_activity(follow.uri, actor_uri=follower.uri, target_uri=followee.uri)
    return document_answer(document, is_for_everybody=False)


async def quote_authorization_answer(services: Services, reader: Reader, account_id: int, quote_id: int) -> Answer:
    """The consent of one of our accounts to a quote (FEP-044f), for as long as it holds: `quote_id` is the quote's."""
    require_reader(services, reader)
    uri = services.addresses.quote_authorization(account_id, quote_id)
    async with services.database.reading() as session:
        author = await active_account(session, account_id, reader)
        quote = await session.get(Status, quote_id)
        quoted = await session.get(Status, quote.quote_of_id) if quote is not None and quote.quote_of_id else None
        if quote is None or quoted is None or quoted.account_id != account_id or quote.quote_state != "accepted":
            raise not_found()
        if not await may_read(session, reader, quoted, author):
            raise not_found()
    document = documents.quote_authorization_document(
        uri, author_uri=author.uri, quote_uri=quote.uri, quoted_uri=quoted.uri
    )
    return document_answer(document, is_for_everybody=is_for_everybody(services, reader))


def _lives_with(reader: Reader, account: Account) -> bool:
    return reader.host is not None and account.uri.startswith(reader.home)


def unavailable_to(reader: Reader) -> ReadRefused:
    """For what only a signature opens: 401 for those without, 404 for those with one that isn't enough."""
    if reader.is_anonymous:
        return ReadRefused(401, "missing", "Sign the request with the key of an actor.")
    return not_found()
