"""Who is asking? From an HTTP request to the actor whose key signed it.

The order is that of cost: is the host that the key id names allowed at all (403 before any arithmetic), does the
signature hold (`keys.verification` judges all that needs no key, then asks `trust.key_finding` for one), was it
seen before. A request with a cached key costs no SQL and no network.

A signature that its key did not make may mean that the owner has a new key under the same id: the key is fetched anew
once, at most every five minutes for one key, and the request judged again (S29).

Raises PeerRefused (403), SignatureRefused (401), or ActorGone, when the claimed actor's key can't be had because the
actor is gone: what it says can't be verified any more, and a Delete of itself need not be (S31).
"""

from collections.abc import Awaitable, Callable
from dataclasses import field
from typing import NamedTuple

from federation.actors.store import ActorGone as ActorGone
from federation.peers import PeerRefused as PeerRefused
from federation.peers import domain_of
from federation.services import Services
from federation.trust.key_cache import KnownKey
from federation.trust.key_finding import KeyOwnerGone, fetch_public_key, find_public_key
from federation.trust.origins import same_origin
from keys.keypairs import PublicKey
from keys.refusals import Refusal
from keys.refusals import SignatureRefused as SignatureRefused
from keys.requests import HttpMessage
from keys.verification import VerifiedSignature, signature_key_ids, verify_request
from models.accounts import Account
from models.values import dataclass

LookUp = Callable[[Services, str], Awaitable[KnownKey | None]]


class Requester(NamedTuple):
    """Who signed. `host` is in normal form, `scheme` is `cavage` or `rfc9421`.

    `account` is a detached row, as it was when the key was last looked up (up to ten minutes ago): its id and URI
    don't change, its state may have. `covered` are the components that the signature covers, in lower case.
    """

    host: str
    actor_uri: str
    account: Account | None
    key_id: str
    scheme: str
    covered: frozenset[str] = frozenset()


class Replayed(SignatureRefused):
    """This very request came before."""

    def __init__(self, key_id: str) -> None:
        super().__init__(Refusal.EXPIRED, "replayed: this signature was used before", key_id)


async def authenticate(
    services: Services, message: HttpMessage, *, claimed_actor: str | None = None, key_ids: list[str] | None = None
) -> Requester:
    """The actor that signed `message`. Raises PeerRefused, SignatureRefused, ActorGone.

    `claimed_actor` is who the body says to be from; it is *not* compared with the signer (others may bring an activity
    that carries its own proof) and only decides whether ActorGone is raised. Requests other than GET and HEAD are
    accepted once. `key_ids` are those of the message, where somebody has read them already.
    """
    if key_ids is None:
        key_ids = signature_key_ids(message)
    await services.peers.refreshed()
    _check_peers(services, key_ids)
    finder = _Finder(services, claimed_actor)
    try:
        verified = await _verify(services, message, finder)
    except SignatureRefused as refused:
        raise _about_pin(services, refused) from None
    known = finder.found[verified.key_id]
    if message.method not in ("GET", "HEAD"):
        now = services.clock()
        if not services.replays.check_and_add(verified.replay_token, verified.valid_until, now):
            raise Replayed(verified.key_id)
    return Requester(
        known.host, known.actor_uri, known.account, known.key_id, verified.scheme, frozenset(verified.components)
    )


def _about_pin(services: Services, refused: SignatureRefused) -> SignatureRefused:
    """The refusal, with a word more when it is about an instance key that is pinned: somebody there has to act."""
    owner = (refused.key_id or "").partition("#")[0]
    if services.peers.pinned_keys(owner) is None:
        return refused
    detail = (
        f"{refused.detail}. The instance key of {_shown_host(owner)} is pinned here: announce a new one under the old "
        "one, or have an administrator of this office confirm it anew."
    )
    return SignatureRefused(refused.reason, detail, refused.key_id)


def _check_peers(services: Services, key_ids: list[str]) -> None:
    """Refuse the request when none of its key ids is of an allowed host; one without any is judged by the verifier."""
    if key_ids and not any(services.peers.allows_url(key_id) for key_id in key_ids):
        raise PeerRefused(_shown_host(key_ids[0]))


def _shown_host(key_id: str) -> str:
    try:
        return domain_of(key_id)
    except ValueError:
        return "this key's host"


async def _verify(services: Services, message: HttpMessage, finder: "_Finder") -> VerifiedSignature:
    try:
        return await verify_request(message, find_key=finder.find, now=services.clock())
    except SignatureRefused as refused:
        if refused.reason is not Refusal.WRONG or not await finder.refetch(refused.key_id):
            raise
    return await verify_request(message, find_key=finder.find, now=services.clock())


@dataclass(slots=True)
class _Finder:
    """Finds keys for one request and remembers whose they are."""

    services: Services
    claimed_actor: str | None
    found: dict[str, KnownKey] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)

    async def find(self, key_id: str) -> PublicKey | None:
        """The key, from an allowed host only."""
        known = self.found.get(key_id)
        if known is None and self.services.peers.allows_url(key_id):
            known = await self._guarded(key_id, find_public_key)
        if known is None:
            return None
        self.found[key_id] = known
        return known.public

    async def refetch(self, key_id: str | None) -> bool:
        """Fetch anew a key that didn't verify, if that may be done now; whether another key came of it."""
        services, before = self.services, self.found.get(key_id or "")
        if before is None or services.addresses.is_local(before.key_id):
            return False
        if not services.peers.memory.keys.may_refetch(before.key_id, services.clock()):
            return False
        known = await self._guarded(before.key_id, fetch_public_key)
        if known is None or known.public == before.public:
            return False
        self.found[before.key_id] = known
        return True

    async def _guarded(self, key_id: str, look_up: LookUp) -> KnownKey | None:
        try:
            return await look_up(self.services, key_id)
        except KeyOwnerGone:
            if self.claimed_actor is not None and same_origin(self.claimed_actor, key_id):
                raise ActorGone(self.claimed_actor) from None
            return None
