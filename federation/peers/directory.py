"""Which instances may talk to us and hear from us: the administrator's decisions, at hand for every request.

In a closed network only confirmed peers may read or write. In an open one everybody may, except who is suspended or
has been ended. A decision about `evil.test` that forbids covers its sub-domains and ports too (CVE-2023-42451), one
that permits covers exactly the name it was made for; a name with a decision of its own follows that one.

The decisions are few, so all of them are kept in memory. A change made in this process counts from its commit, one
made elsewhere (the command line, another worker) after at most `RELOAD_AFTER`; a request costs no SQL in between.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from sqlalchemy import select

from federation.client import AddressRefused, host_of
from federation.peers.memory import PeerMemory
from models import Database, UnitOfWork
from models.peers import Peer
from policy.domains import covering, normalise_domain

RELOAD_AFTER: Final = timedelta(seconds=5)
MAX_ANSWERS: Final = 10_000


class PeerState(StrEnum):
    """What was decided about a peer."""

    CONFIRMED = "confirmed"
    SUSPENDED = "suspended"
    ENDED = "ended"


class PeerRefused(Exception):
    """The host is none that may talk to us: 403, whatever it wants. `host` is in normal form, or as it was given."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not a confirmed peer of this office")
        self.host = host


class PeerDirectory:
    """The decisions about peers, and (in `memory`) what this process has come to know of them."""

    def __init__(self, database: Database, *, is_closed: bool) -> None:
        self.is_closed = is_closed
        self.memory = PeerMemory()
        self._database = database
        self._own_host = domain_of(database.addresses.origin)
        self._states: dict[str, PeerState] = {}
        self._answers: dict[str, bool] = {}
        self._loaded_at: datetime | None = None
        self._changes = 0

    async def load(self) -> None:
        """Read all decisions: one SELECT."""
        while True:
            changes, asked_at = self._changes, self._database.clock()
            async with self._database.reading() as session:
                rows = (await session.execute(select(Peer.domain, Peer.state))).all()
            if changes == self._changes:  # else this process has committed something that may not be among the rows
                break
        self._states = {row.domain: PeerState(row.state) for row in rows}
        self._answers = {}
        self._loaded_at = asked_at

    async def refreshed(self) -> "PeerDirectory":
        """The directory itself, read anew when it is older than `RELOAD_AFTER`."""
        if self._loaded_at is None or self._database.clock() - self._loaded_at >= RELOAD_AFTER:
            await self.load()
        return self

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
        """The decision about exactly this name. Raises ValueError when it is no domain."""
        return self._states.get(normalise_domain(domain))

    async def confirm(self, unit: UnitOfWork, domain: str, note: str = "") -> Peer:
        """Let the peer read and write. Raises ValueError when `domain` is none, or is our own."""
        return await self._decide_upon(unit, domain, PeerState.CONFIRMED, note)

    async def suspend(self, unit: UnitOfWork, domain: str, note: str = "") -> Peer:
        """Refuse the peer for now; what is known of it stays. Raises ValueError as `confirm` does."""
        return await self._decide_upon(unit, domain, PeerState.SUSPENDED, note)

    async def end(self, unit: UnitOfWork, domain: str, note: str = "") -> Peer:
        """End the relation with the peer. Raises ValueError as `confirm` does."""
        return await self._decide_upon(unit, domain, PeerState.ENDED, note)

    async def forget(self, unit: UnitOfWork, peer: Peer) -> None:
        """Take the decision about a peer back: it is one of those again about whom nothing was decided."""
        name = peer.domain
        await unit.session.delete(peer)
        unit.after_commit(lambda: self._changed(name, None))

    async def list(self, *, limit: int = 1000) -> Sequence[Peer]:
        """The first `limit` decisions by name."""
        async with self._database.reading() as session:
            return (await session.scalars(select(Peer).order_by(Peer.domain).limit(limit))).all()

    async def show(self, domain: str) -> Peer | None:
        """The decision about exactly this name. Raises ValueError when it is no domain."""
        async with self._database.reading() as session:
            return await session.get(Peer, normalise_domain(domain))

    def _decide(self, host: str) -> bool:
        try:
            name = normalise_domain(host)
        except ValueError:
            return False
        if name == self._own_host:
            return True
        own = self._states.get(name)
        if own is not None or self.is_closed:
            return own is PeerState.CONFIRMED
        return not any(self._forbids(wider) for wider in covering(name))

    def _forbids(self, name: str) -> bool:
        return self._states.get(name) in (PeerState.SUSPENDED, PeerState.ENDED)

    async def _decide_upon(self, unit: UnitOfWork, domain: str, state: PeerState, note: str) -> Peer:
        name = normalise_domain(domain)
        if name in (self._own_host, normalise_domain(unit.addresses.domain)):
            raise ValueError("an office is not its own peer")
        peer = await unit.session.get(Peer, name)
        if peer is None:
            peer = Peer(
                id=unit.new_id(), domain=name, state=state.value, note=note, created_at=unit.now, updated_at=unit.now
            )
            unit.session.add(peer)
        else:
            peer.state, peer.updated_at = state.value, unit.now
            peer.note = note or peer.note
        unit.after_commit(lambda: self._changed(name, state))
        return peer

    def _changed(self, name: str, state: PeerState | None) -> None:
        self._changes += 1
        others = {other: decided for other, decided in self._states.items() if other != name}
        self._states = others if state is None else {**others, name: state}
        self._answers = {}
        self.memory.keys.forget_host(name)


@lru_cache(maxsize=8192)
def domain_of(url: str) -> str:
    """The name under which the host of a URL is a peer. Raises ValueError when it has none."""
    try:
        return normalise_domain(host_of(url))
    except AddressRefused as error:
        raise ValueError(error.detail) from error
