"""Which instances may talk to us and hear from us: what was agreed with each, at hand for every request.

In a closed network only active peers may read or write. In an open one everybody may, except who is suspended or
has been ended. A decision about `evil.test` that forbids covers its sub-domains and ports too (CVE-2023-42451), one
that permits covers exactly the name it was made for; a name with a decision of its own follows that one.

The decisions are few, so all of them are kept in memory. A change made in this process counts from its commit, one
made elsewhere (the command line, another worker) after at most `RELOAD_AFTER`; a request costs no SQL in between.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import select

from communities.topics import SUBSCRIBE_TOPICS
from federation.client import AddressRefused, host_of
from federation.peers.memory import PeerMemory
from federation.peers.meter import PeerMeter
from jobs.queue import enqueue_job
from models import Database, UnitOfWork
from models.peers import Peer
from models.values import dataclass
from policy.domains import covering, normalise_domain
from policy.peers import PeerPolicy, policy_of
from policy.rates import MinuteRates

RELOAD_AFTER: Final = timedelta(seconds=5)
MAX_ANSWERS: Final = 10_000


class PeerState(StrEnum):
    """How far it has come with a peer (docs/decisions/0018-peering.md)."""

    PROPOSED = "proposed"  # one of the two administrators wants it
    CONFIRMED = "confirmed"  # both do; the test activity is on its way
    ACTIVE = "active"  # it reads and writes
    SUSPENDED = "suspended"  # for now not; by us, by them, or both
    ENDED = "ended"


FORBIDDING: Final = frozenset({PeerState.SUSPENDED, PeerState.ENDED})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a request needs to know of a peer; `pinned` are the multibase keys of its instance actor, if any are."""

    state: PeerState
    is_limited: bool
    actor_uri: str | None
    pinned: frozenset[str]
    policy: PeerPolicy | None = None


class PeerRefused(Exception):
    """The host is none that may talk to us: 403, whatever it wants. `host` is in normal form, or as it was given."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not an active peer of this office")
        self.host = host


class PeerDirectory:
    """What was agreed with peers, and (in `memory`) what this process has come to know of them."""

    def __init__(self, database: Database, *, is_closed: bool) -> None:
        self.is_closed = is_closed
        self.memory = PeerMemory()
        self.meter = PeerMeter(database, self.is_known)
        self._database = database
        self._own_host = domain_of(database.addresses.origin)
        self._standings: dict[str, Standing] = {}
        self._pins: dict[str, frozenset[str]] = {}
        self._answers: dict[str, bool] = {}
        self._policies: dict[str, PeerPolicy] = {}
        self.inbound_rates, self.outbound_rates = MinuteRates(), MinuteRates()
        self._loaded_at: datetime | None = None
        self._reload = asyncio.Lock()
        self._changes = 0

    async def load(self) -> None:
        """Read all decisions: one SELECT."""
        while True:
            changes, asked_at = self._changes, self._database.clock()
            async with self._database.reading() as session:
                rows = (await session.execute(_STANDINGS)).all()
            if changes == self._changes:  # else this process has committed something that may not be among the rows
                break
        self._use({row.domain: _standing(row) for row in rows})
        self._loaded_at = asked_at

    async def refreshed(self) -> "PeerDirectory":
        """The directory itself, read anew when it is older than `RELOAD_AFTER`: once, for all who ask meanwhile."""
        if self._is_old():
            async with self._reload:
                if self._is_old():
                    await self.load()
        return self

    def _is_old(self) -> bool:
        return self._loaded_at is None or self._database.clock() - self._loaded_at >= RELOAD_AFTER

    def allows(self, host: str) -> bool:
        """Whether this host (in any spelling, with its port if it has a special one) may read and write. No SQL."""
        answer = self._answers.get(host)
        if answer is None:
            answer = self._decide(host)
            if len(self._answers) >= MAX_ANSWERS:
                self._answers.clear()
            self._answers[host] = answer
        return answer

    def allows_url(self, url: str) -> bool:
        """Whether the host of a URL may read and write; False for what is no URL."""
        try:
            return self.allows(domain_of(url))
        except ValueError:
            return False

    def refuses(self, host: str) -> bool:
        """Whether an administrator has suspended or ended this host, or a domain above it. Unknown hosts aren't."""
        try:
            return any(self._forbids(name) for name in covering(normalise_domain(host)))
        except ValueError:
            return True

    def state_of(self, domain: str) -> PeerState | None:
        """How far it has come with exactly this name. Raises ValueError when it is no domain."""
        standing = self._standings.get(normalise_domain(domain))
        return None if standing is None else standing.state

    def is_full(self, host: str) -> bool:
        """Whether this host is an active peer that made the handshake: one that speaks everything we do. No SQL."""
        standing = self._standing(host)
        return standing is not None and standing.state is PeerState.ACTIVE and not standing.is_limited

    def active(self, *, is_full: bool = False) -> list[str]:
        """The names of all active peers, or of those that made the handshake. No SQL."""
        return sorted(
            domain
            for domain, standing in self._standings.items()
            if standing.state is PeerState.ACTIVE and not (is_full and standing.is_limited)
        )

    def is_known(self, host: str) -> bool:
        """Whether anything was agreed, proposed or decided with exactly this host. No SQL."""
        return self._standing(host) is not None

    @property
    def has_policies(self) -> bool:
        """Whether any peer has rules of its own. No SQL."""
        return bool(self._policies)

    def policy_of(self, host: str | None) -> PeerPolicy | None:
        """The rules for exactly this host (in normal form); None when there are none. No SQL."""
        return self._policies.get(host) if self._policies and host is not None else None

    def pinned_keys(self, actor_uri: str) -> frozenset[str] | None:
        """The keys (multibase) that alone count for a peer's instance actor; None when none are pinned. No SQL."""
        return self._pins.get(actor_uri)

    async def admit(self, unit: UnitOfWork, domain: str, note: str = "", *, is_limited: bool = False) -> Peer:
        """Make the peer active without any handshake. Raises ValueError when `domain` is none, or is our own."""
        peer = await self._decide_upon(unit, domain, PeerState.ACTIVE, note)
        peer.is_limited, peer.activated_at = is_limited, unit.now
        peer.suspended_at = peer.suspended_by_them_at = peer.ended_at = peer.ended_by = None
        return peer

    async def suspend(self, unit: UnitOfWork, domain: str, note: str = "") -> Peer:
        """Refuse the peer for now; what is known of it stays. Raises ValueError as `admit` does."""
        peer = await self._decide_upon(unit, domain, PeerState.SUSPENDED, note)
        peer.suspended_at = unit.now
        return peer

    async def end(self, unit: UnitOfWork, domain: str, note: str = "") -> Peer:
        """End the relation with the peer. Raises ValueError as `admit` does."""
        peer = await self._decide_upon(unit, domain, PeerState.ENDED, note)
        peer.ended_at, peer.ended_by = unit.now, "us"
        return peer

    async def found_or_made(self, unit: UnitOfWork, domain: str) -> Peer:
        """The row of this name, made (as `ended`) where there was none. Raises ValueError as `admit` does."""
        name = self.checked_name(domain)
        peer = await unit.session.get(Peer, name)
        if peer is None:
            peer = Peer(id=unit.new_id(), domain=name, state=PeerState.ENDED, created_at=unit.now, updated_at=unit.now)
            unit.session.add(peer)
        peer.id = peer.id or unit.new_id(peer.created_at)  # peers of before there were ids get one
        return peer

    def checked_name(self, domain: str) -> str:
        """The name in normal form. Raises ValueError when it is no domain, or our own."""
        name = normalise_domain(domain)
        if name in (self._own_host, normalise_domain(self._database.addresses.domain)):
            raise ValueError("an office is not its own peer")
        return name

    def changed(self, unit: UnitOfWork, peer: Peer) -> None:
        """Call it whenever a row was changed: from the commit on the change counts in this process."""
        peer.updated_at = unit.now
        unit.defer(_look_at_subscriptions, peer.domain)
        unit.after_commit(lambda: self._changed(peer.domain, _standing(peer)))

    async def forget(self, unit: UnitOfWork, peer: Peer) -> None:
        """Take everything about a peer back: it is one of those again about whom nothing was decided."""
        name = peer.domain
        await unit.session.delete(peer)
        unit.after_commit(lambda: self._changed(name, None))

    def visiting(self, host: str) -> "PeerDirectory":
        """A directory under which nobody but `host` may be asked anything: for finding out who a stranger is."""
        return _Visit(self._database, host)

    async def list(self, *, limit: int = 1000) -> Sequence[Peer]:
        """The first `limit` peers by name."""
        async with self._database.reading() as session:
            return (await session.scalars(select(Peer).order_by(Peer.domain).limit(limit))).all()

    async def show(self, domain: str) -> Peer | None:
        """What there is about exactly this name. Raises ValueError when it is no domain."""
        async with self._database.reading() as session:
            return await session.get(Peer, normalise_domain(domain))

    def _decide(self, host: str) -> bool:
        try:
            name = normalise_domain(host)
        except ValueError:
            return False
        if name == self._own_host:
            return True
        own = self._standings.get(name)
        if self.is_closed or (own is not None and own.state is PeerState.ACTIVE):
            return own is not None and own.state is PeerState.ACTIVE
        return not any(self._forbids(wider) for wider in covering(name))

    def _forbids(self, name: str) -> bool:
        standing = self._standings.get(name)
        return standing is not None and standing.state in FORBIDDING

    def _standing(self, host: str) -> Standing | None:
        try:
            return self._standings.get(normalise_domain(host))
        except ValueError:
            return None

    async def _decide_upon(self, unit: UnitOfWork, domain: str, state: PeerState, note: str) -> Peer:
        peer = await self.found_or_made(unit, domain)
        peer.state = state.value
        peer.note = note or peer.note
        self.changed(unit, peer)
        return peer

    def _changed(self, name: str, standing: Standing | None) -> None:
        self._changes += 1
        others = {other: decided for other, decided in self._standings.items() if other != name}
        self._use(others if standing is None else {**others, name: standing})
        self.memory.keys.forget_host(name)

    def _use(self, standings: dict[str, Standing]) -> None:
        self._standings, self._answers = standings, {}
        policies = {name: standing.policy for name, standing in standings.items() if standing.policy is not None}
        self._policies = policies
        self.inbound_rates.use(
            {name: policy.inbound_per_minute for name, policy in policies.items() if policy.inbound_per_minute}
        )
        self.outbound_rates.use(
            {name: policy.outbound_per_minute for name, policy in policies.items() if policy.outbound_per_minute}
        )
        before, self._pins = (
            self._pins,
            {
                standing.actor_uri: standing.pinned
                for standing in standings.values()
                if standing.actor_uri is not None and standing.pinned
            },
        )
        for actor_uri, pinned in self._pins.items():
            if before.get(actor_uri) != pinned:
                self.memory.keys.forget_actor(actor_uri)


async def _look_at_subscriptions(unit: UnitOfWork, _: list[str]) -> None:
    """A new peer gets the Follows for all topics that are followed here; one that left gets none any more."""
    await enqueue_job(unit, SUBSCRIBE_TOPICS, {}, unique_key=SUBSCRIBE_TOPICS)


class _Visit(PeerDirectory):
    """Allows one host, whatever was decided, and has a memory that is thrown away with it."""

    def __init__(self, database: Database, host: str) -> None:
        super().__init__(database, is_closed=True)
        self._host = normalise_domain(host)

    async def refreshed(self) -> PeerDirectory:
        return self

    def _decide(self, host: str) -> bool:
        try:
            return normalise_domain(host) == self._host
        except ValueError:
            return False


_STANDINGS: Final = select(
    Peer.domain, Peer.state, Peer.is_limited, Peer.actor_uri, Peer.instance_keys, Peer.pinned_at, Peer.policy
).order_by(Peer.domain)


def _standing(row: Any) -> Standing:
    pinned = frozenset(key["multibase"] for key in row.instance_keys) if row.pinned_at is not None else frozenset[str]()
    return Standing(PeerState(row.state), row.is_limited, row.actor_uri, pinned, policy_of(row.policy))


@lru_cache(maxsize=1024)
def domain_of(url: str) -> str:
    """The name under which the host of a URL is a peer. Raises ValueError when it has none."""
    try:
        return normalise_domain(host_of(url))
    except AddressRefused as error:
        raise ValueError(error.detail) from error
