"""From a key id to a key that its owner lists: out of the cache, out of the database, from its home (cases S03–S07).

A key counts only when key and owner claim each other: the key says whom it belongs to, and the owner's own document,
fetched from the owner's own id, lists it. Both are of one origin. Standalone key documents must have exactly the id
that was asked for; their word about the owner is checked with the owner.

Fetching is what strangers can make us do, so it is last and bounded: only from allowed hosts, never from ourselves
(S32), once for all who ask at the same time, few at once (S30), and not again for a while when it failed.
"""

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import bindparam, select

from federation.actors import ActorGone, ActorRefused, draft_of, resolve_actor, store_fetched
from federation.client import FetchBudget, RemoteError
from federation.dereference import FetchedDocument, HostTroubled, NotFound, fetch_document
from federation.json_ld.terms import ACTOR_TYPES
from federation.peers import domain_of
from federation.peers.memory import TooBusy
from federation.services import Services
from federation.trust.key_cache import KnownKey
from federation.trust.origins import has_origin, same_origin
from keys.keypairs import KeyRejected, PublicKey
from models.accounts import Account, Keypair
from models.questions import WORDS, Question, among

MAX_KEY_ID: Final = 2000
FETCHES_PER_KEY: Final = 12
# Made once: building a statement costs more than SQLite needs for running it.
_WITH_OWNER: Final = (
    select(Keypair, Account)
    .join(Account, Account.id == Keypair.account_id)
    .where(Keypair.key_id == bindparam("wanted"))
)

_STORED: Final = Question(select(Keypair.key_id).where(among(Keypair.key_id, "wanted", WORDS)))

log = structlog.get_logger(__name__)


class KeyOwnerGone(Exception):
    """The key's document, or its owner's, is gone (404, 410)."""


async def find_public_key(services: Services, key_id: str) -> KnownKey | None:
    """The key with its owner, or None when there is no such key for us. No SQL while it is cached.

    Raises KeyOwnerGone.
    """
    now = services.clock()
    memory = services.peers.memory
    known = memory.keys.get(key_id, now)
    if known is not None:
        return known
    if len(key_id) > MAX_KEY_ID or not has_origin(key_id):
        return None
    known = await _stored_key(services, key_id, now)
    if known is not None:
        memory.keys.put(known, now)
        return known
    if services.addresses.is_local(key_id) or same_origin(key_id, services.addresses.origin):
        return None
    miss = memory.keys.miss(key_id, domain_of(key_id), now)
    if miss is not None:
        if miss.is_gone:
            raise KeyOwnerGone(key_id)
        return None
    return await fetch_public_key(services, key_id)


async def fetch_public_key(services: Services, key_id: str) -> KnownKey | None:
    """The key as its home shows it now, stored and cached; None when it can't be had. Raises KeyOwnerGone."""
    if not (await services.peers.refreshed()).allows_url(key_id):
        return None
    return await services.peers.memory.key_flights.run(key_id, lambda: _fetch(services, key_id))


async def _stored_key(services: Services, key_id: str, now: datetime) -> KnownKey | None:
    """The key in the database, unless it has expired: one SELECT, and another one when it is there."""
    if not await services.database.glance_together(_STORED, "wanted", [key_id]):
        return None
    async with services.database.reading() as session:
        row = (await session.execute(_WITH_OWNER, {"wanted": key_id})).one_or_none()
    if row is None:
        return None
    keypair, account = row
    if keypair.expires_at is not None and keypair.expires_at <= now:
        return None
    try:
        public = PublicKey.from_pem(keypair.public_pem)
    except KeyRejected:
        return None  # stored under weaker rules than today's
    return _known_key(services, key_id, public, account)


def _known_key(services: Services, key_id: str, public: PublicKey, account: Account) -> KnownKey | None:
    """The key, unless others are pinned for its owner."""
    pinned = services.peers.pinned_keys(account.uri)
    if pinned is not None and public.multibase not in pinned:
        return None
    return KnownKey(key_id, public, account.uri, domain_of(account.uri), account)


async def _fetch(services: Services, key_id: str) -> KnownKey | None:
    memory, host = services.peers.memory, domain_of(key_id)
    try:
        async with memory.slots.take(host):
            known = await _fetch_key(services, key_id, FetchBudget(FETCHES_PER_KEY))
    except TooBusy:
        log.warning("key.too-busy", key_id=key_id)
        return None
    except (NotFound, ActorGone) as error:
        memory.keys.missed(key_id, services.clock(), is_gone=True)
        raise KeyOwnerGone(key_id) from error
    except (RemoteError, ActorRefused) as error:
        if isinstance(error, HostTroubled) or (isinstance(error, RemoteError) and not error.is_permanent):
            memory.keys.host_failed(host, services.clock())
        log.info("key.not-found", key_id=key_id, error=str(error))
        known = None
    else:
        memory.keys.host_answered(host)
    if known is None:
        memory.keys.missed(key_id, services.clock())
    else:
        memory.keys.put(known, services.clock())
    return known


async def _fetch_key(services: Services, key_id: str, budget: FetchBudget) -> KnownKey | None:
    fetched = await fetch_document(services, key_id, budget=budget)
    if fetched.document.get("type") in ACTOR_TYPES:
        stored = await store_fetched(services, draft_of(fetched), budget=budget)
        public = stored.keys.get(key_id)
        is_own = public is not None and same_origin(stored.account.uri, key_id)
        return _known_key(services, key_id, public, stored.account) if public is not None and is_own else None
    owner = _owner_named_by(fetched, key_id)
    if owner is None:
        return None
    account = await resolve_actor(services, owner, budget=budget, refresh=True)
    if not same_origin(account.uri, key_id):
        return None
    known = await _stored_key(services, key_id, services.clock())
    return known if known is not None and known.actor_uri == account.uri else None


def _owner_named_by(fetched: FetchedDocument, key_id: str) -> str | None:
    """The owner that a standalone key document names, when the document is the one that was asked for (S06)."""
    document = fetched.document
    owner = document.get("owner") or document.get("controller")
    is_asked_for = document.get("id") == key_id
    is_key = "publicKeyPem" in document or "publicKeyMultibase" in document
    return owner if is_asked_for and is_key and isinstance(owner, str) and same_origin(owner, key_id) else None
