"""FEP-8fcf: two servers find out that they disagree about who follows whom, and mend it.

With a followers-addressed delivery goes a digest of the author's followers on the receiving server. Who finds another
digest for its own people asks the author's server for the list of them, signed, and mends both directions: a follow
that the author's server doesn't have ends here, one that only it has is undone there.

The list can only concern our own people and the one account whose server sent it; whatever else it names is ignored
(O43). A follow made in the last minutes is left alone, because the two messages may have crossed. A collection is
asked for at most once in `INTERVAL`, or in `INTERVAL_AFTER_FAILURE` when it could not be had.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.client import FetchBudget, RemoteError
from federation.collections import collection_pages, item_id
from federation.dereference import UnusableDocument
from federation.peers import domain_of
from federation.services import Services
from federation.trust.authentication import Requester
from federation.trust.origins import same_origin
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from models.values import dataclass
from policy.limits import COLLECTION_PAGES
from social.follows import ACCEPTED, accept_follow, end_follow

SYNCHRONIZATION_HEADER: Final = "Collection-Synchronization"
PARTIAL_FOLLOWERS: Final = "followers_synchronization"
INTERVAL: Final = timedelta(minutes=30)
INTERVAL_AFTER_FAILURE: Final = timedelta(minutes=1)
CROSSING_TIME: Final = timedelta(minutes=10)
MAX_HEADER_CHARACTERS: Final = 4096
MAX_ITEMS: Final = 10_000

_PARAMETER: Final = re.compile(r'[ \t]*(\w+)="([^"\\\x00-\x1f]*)"[ \t]*(?:,|$)')
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CollectionDigest:
    """What a Collection-Synchronization header says; `digest` is lower-case hexadecimal."""

    collection_id: str
    url: str
    digest: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What was found and mended: ids of local accounts that no longer follow, or now do, the account `followee_id`.

    `unexpected` are local accounts that the other server lists although they don't follow: it has to be told by an
    Undo of the Follow from each of them.
    """

    followee_id: int
    ended: tuple[int, ...] = ()
    accepted: tuple[int, ...] = ()
    unexpected: tuple[int, ...] = ()


def followers_digest(uris: Iterable[str]) -> str:
    """XOR of the SHA-256 of each URI, in hexadecimal; of nobody: 64 zeros."""
    digest = 0
    for uri in uris:
        digest ^= int.from_bytes(hashlib.sha256(uri.encode()).digest())
    return f"{digest:064x}"


async def partial_followers(session: AsyncSession, account: Account, host: str) -> list[str]:
    """The URIs of the account's followers on `host` (`host` or `host:port`), in order; complete, or it would unfollow
    people there. One SELECT over the account's followers."""
    return sorted(uri for uri in await _follower_uris(session, account, host) if _lives_on(uri, host))


async def synchronization_header(session: AsyncSession, account: Account, host: str) -> str:
    """The header's value for a delivery of a local account's followers-addressed activity to `host`: one SELECT."""
    return _header(account, await partial_followers(session, account, host))


async def synchronization_headers(session: AsyncSession, account: Account) -> dict[str, str]:
    """The same for all hosts where the account has followers, by host: one SELECT for a whole fan-out."""
    by_host: dict[str, list[str]] = {}
    for uri in await _follower_uris(session, account, None):
        by_host.setdefault(domain_of(uri), []).append(uri)
    return {host: _header(account, uris) for host, uris in by_host.items()}


def parse_synchronization_header(value: str) -> CollectionDigest | None:
    """Read the header; None when it is malformed, ambiguous or too long."""
    found: dict[str, str] = {}
    position = 0
    while position < len(value) <= MAX_HEADER_CHARACTERS:
        match = _PARAMETER.match(value, position)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2]
        position = match.end()
    if not {"collectionId", "url", "digest"} <= found.keys() or not _DIGEST.fullmatch(found["digest"].lower()):
        return None
    return CollectionDigest(found["collectionId"], found["url"], found["digest"].lower())


async def handle_synchronization(services: Services, requester: Requester, header: str) -> Disagreement | None:
    """Compare, and mend what differs; None when there is nothing to do, or nothing that may be done now.

    Two SELECTs when both sides agree. Otherwise the list is fetched (never inside a transaction: don't call this in
    one) and our side is mended in a unit of work of its own. The caller sends an Undo for each of `unexpected`.
    Raises RemoteError when the list can't be had.
    """
    claimed, followee = parse_synchronization_header(header), requester.account
    if claimed is None or followee is None or not _may_speak(services, followee, claimed):
        return None
    async with services.database.reading() as session:
        if followers_digest(await _local_followers(session, followee)) == claimed.digest:
            return None
    asked = services.peers.memory.synchronised
    if not asked.add(claimed.collection_id, True, services.clock(), INTERVAL):
        return None
    try:
        listed = await _fetch_list(services, claimed.url)
    except RemoteError:
        asked.put(claimed.collection_id, True, services.clock(), INTERVAL_AFTER_FAILURE)
        raise
    async with services.database.unit_of_work() as unit:
        return await _mend(unit, followee.id, listed)


def _may_speak(services: Services, followee: Account, claimed: CollectionDigest) -> bool:
    """Only about the sender's own followers, and only its own server is asked (O43)."""
    return (
        not followee.is_local
        and followee.is_active
        and claimed.collection_id == followee.followers_url
        and same_origin(claimed.url, followee.uri)
        and not services.addresses.is_local(claimed.url)
    )


async def _fetch_list(services: Services, url: str) -> set[str]:
    """The ids of our people in a collection, with all its pages."""
    items: set[str] = set()
    async for page in collection_pages(services, url, budget=FetchBudget(COLLECTION_PAGES)):
        items.update(uri for item in page if (uri := item_id(item)) is not None)
        if len(items) > MAX_ITEMS:
            raise UnusableDocument(url, "the collection is larger than anything we asked for")
    return {uri for uri in items if services.addresses.is_local(uri)}


async def _mend(unit: UnitOfWork, followee_id: int, listed: set[str]) -> Disagreement | None:
    session = unit.session
    followee = await session.get(Account, followee_id)
    if followee is None:
        return None
    rows = await session.execute(
        select(Account, Follow)
        .outerjoin(Follow, (Follow.follower_id == Account.id) & (Follow.followee_id == followee_id))
        .where(Account.domain.is_(None), (Follow.id.is_not(None)) | Account.uri.in_(listed))
        .order_by(Account.id)
    )
    ended: list[int] = []
    accepted: list[int] = []
    unexpected: list[int] = []
    for follower, follow in rows.all():
        if follow is None:
            unexpected.append(follower.id)
        elif follower.uri in listed:
            if await accept_follow(unit, follow, follower, followee):
                accepted.append(follower.id)
        elif _is_settled(unit, follow):
            await end_follow(unit, follow, follower, followee)
            ended.append(follower.id)
    return Disagreement(followee_id, tuple(ended), tuple(accepted), tuple(unexpected))


def _is_settled(unit: UnitOfWork, follow: Follow) -> bool:
    """Accepted, and long enough ago that the other server's list must know of it."""
    since = follow.accepted_at or follow.created_at
    return follow.state == ACCEPTED and unit.now - since > CROSSING_TIME


async def _local_followers(session: AsyncSession, followee: Account) -> list[str]:
    statement = (
        select(Account.uri)
        .join(Follow, Follow.follower_id == Account.id)
        .where(Follow.followee_id == followee.id, Follow.state == ACCEPTED, Account.domain.is_(None))
    )
    return list(await session.scalars(statement))


async def _follower_uris(session: AsyncSession, account: Account, host: str | None) -> list[str]:
    statement = (
        select(Account.uri)
        .join(Follow, Follow.follower_id == Account.id)
        .where(Follow.followee_id == account.id, Follow.state == ACCEPTED, Account.domain.is_not(None))
    )
    if host is not None:
        statement = statement.where(Account.uri.contains(f"://{host}/", autoescape=True))
    return list(await session.scalars(statement))


def _lives_on(uri: str, host: str) -> bool:
    return domain_of(uri) == host


def _header(account: Account, followers: Iterable[str]) -> str:
    url = f"{account.uri}/{PARTIAL_FOLLOWERS}"
    return f'collectionId="{account.followers_url}", url="{url}", digest="{followers_digest(followers)}"'
