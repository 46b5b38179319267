"""What is known of each host as a correspondent: which signatures it understands, and whether it is alive.

Owns the table `remote_hosts` and a bounded memory of it. Questions (`scheme_for`, `is_open`) are answered from memory;
`know` reads the rows of hosts that are about to matter, in one query. Changes are made in memory (`note_…`) and
written together by the caller's unit (`save`), or at once in a unit of our own (`succeeded`, `failed`, `learned`).

`heard_from` is called for every valid request, so it does nothing but look at the memory. A host's contact is written
once a minute, some seconds late; when its circuit is open, its deliveries become due at once behind one probe.

On failure: what could not be written is still known to this process. Several processes count failures each by itself
and the last to write wins; before a worker leaves a host alone it reads the row again (`know(…, refresh=True)`).
"""

import random
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from federation.peers.flushing import Flusher
from federation.peers.host_rows import (
    CONTACT,
    HEALTH,
    SCHEME,
    KnownHost,
    glance_at_hosts,
    make_due,
    read_hosts,
    write_hosts,
)
from federation.peers.host_rows import forget_stale_hosts as forget_stale_hosts
from federation.sync.marks import SYNC_CAPABILITY
from federation.sync.names import CATCH_UP
from jobs.circuit import HEALTHY, CircuitState
from jobs.queue import enqueue_jobs
from keys.signing import Scheme
from models import Database, UnitOfWork

DEFAULT_SCHEME = Scheme.CAVAGE_RSA
LEARNED_FOR = timedelta(days=30)
CONTACT_INTERVAL = timedelta(minutes=1)
SILENCE = timedelta(minutes=30)
FLUSH_SECONDS = 2.0
URGENT_FLUSH_SECONDS = 0.1
HOSTS_REMEMBERED = 10_000
MAX_ERROR_CHARACTERS = 300
# FEP-844e: how a server says that it verifies RFC 9421 signatures made with Ed25519.
RFC9421_ED25519_CAPABILITY = "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"


class HostTable:
    """The hosts of one instance. `jitter` gives numbers in 0…1; `capacity` bounds the memory, not the table."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        jitter: Callable[[], float] = random.random,
        capacity: int = HOSTS_REMEMBERED,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jitter = jitter
        self._capacity = capacity
        self._hosts: OrderedDict[str, KnownHost] = OrderedDict()
        self._changed_health: set[str] = set()
        self._changed_scheme: set[str] = set()
        self._reopened: set[str] = set()
        self._heard: set[str] = set()
        self._flusher = Flusher(self._flush, what="contacts of hosts", usual_seconds=FLUSH_SECONDS)

    # Questions, answered from memory

    def scheme_for(self, host: str) -> Scheme:
        """How to sign for a host: what it was found to understand within 30 days, else what it announces, else the
        draft with RSA, which nearly everybody verifies."""
        known = self._hosts.get(host)
        if known is None:
            return DEFAULT_SCHEME
        learned_at = known.scheme_learned_at
        if known.scheme is not None and learned_at is not None and self._clock() - learned_at <= LEARNED_FOR:
            return known.scheme
        return Scheme.RFC9421_ED25519 if known.accepts_ed25519 else DEFAULT_SCHEME

    def second_knock(self, host: str, refused: Scheme) -> Scheme:
        """What to try once after a host refused a signature: the other way of writing it down."""
        if not refused.is_cavage:
            return Scheme.CAVAGE_RSA
        known = self._hosts.get(host)
        return Scheme.RFC9421_ED25519 if known is not None and known.accepts_ed25519 else Scheme.RFC9421_RSA

    def keeps_log(self, host: str) -> bool:
        """Whether actors of the host announce that it keeps a log of what it sends, and reads ours."""
        known = self._hosts.get(host)
        return known is not None and bool(known.keeps_log)

    def circuit_state(self, host: str, now: datetime) -> CircuitState:
        """Closed (go on), open (leave it alone) or half-open (one request may probe it)."""
        known = self._hosts.get(host)
        return CircuitState.CLOSED if known is None else known.circuit.state(now)

    def is_open(self, host: str, now: datetime) -> bool:
        """Whether nothing should be sent to the host now."""
        return self.circuit_state(host, now) is CircuitState.OPEN

    def is_suspect(self, host: str) -> bool:
        """Whether the last thing that we tried there failed."""
        known = self._hosts.get(host)
        return known is not None and known.circuit.failures > 0

    def is_dead(self, host: str) -> bool:
        """Whether the host failed on seven days in a row of failures."""
        known = self._hosts.get(host)
        return known is not None and known.circuit.is_dead

    def open_until(self, host: str) -> datetime | None:
        """When the host may be probed; None when its circuit is closed."""
        known = self._hosts.get(host)
        return None if known is None else known.circuit.open_until

    # Reading

    async def know(self, hosts: Iterable[str], *, refresh: bool = False) -> None:
        """Read what is stored about these hosts into memory, unless it is there already."""
        wanted = sorted({host for host in hosts if refresh or host not in self._hosts})
        if not wanted:
            return
        self._use(wanted, await glance_at_hosts(self._database, wanted))

    def _use(self, hosts: Sequence[str], stored: Mapping[str, KnownHost]) -> None:
        for host in hosts:
            if host not in self._changed_health and host not in self._changed_scheme:
                self._remember(host, stored.get(host) or KnownHost())

    def _remember(self, host: str, known: KnownHost) -> KnownHost:
        self._hosts[host] = known
        self._hosts.move_to_end(host)
        while len(self._hosts) > self._capacity:
            oldest = next(iter(self._hosts))
            if oldest in self._changed_health or oldest in self._changed_scheme:
                break  # not written yet; the next change makes room
            del self._hosts[oldest]
        return known

    def _entry(self, host: str) -> KnownHost:
        known = self._hosts.get(host)
        return self._remember(host, KnownHost()) if known is None else known

    # What was learnt about signatures

    async def learned(self, host: str, scheme: Scheme) -> None:
        """The host accepted a request signed like this after it refused another, or asked for it."""
        await self.know([host])
        if self.note_scheme(host, scheme):
            await self._save_now()

    def note_scheme(self, host: str, scheme: Scheme) -> bool:
        """As `learned`, to be written by the next `save`. False when it was known."""
        known, now = self._entry(host), self._clock()
        is_recent = known.scheme_learned_at is not None and now - known.scheme_learned_at < timedelta(days=1)
        if known.scheme is scheme and is_recent:
            return False
        known.scheme, known.scheme_learned_at = scheme, now
        self._changed_scheme.add(host)
        return True

    async def announced(self, host: str, implements: Sequence[str]) -> None:
        """What actors of the host say that it implements (FEP-844e): the URIs. Saying nothing changes nothing."""
        await self.announced_together([(host, implements)])

    async def announced_together(self, said: Iterable[tuple[str, Sequence[str]]]) -> None:
        """The same for several: one look, and one unit when something of it is news."""
        new = [(host, implements) for host, implements in said if implements]
        await self.know(host for host, _ in new)
        news = [self._note_announced(host, implements) for host, implements in new]
        if any(news):
            await self._save_now()

    def _note_announced(self, host: str, implements: Sequence[str]) -> bool:
        known, accepts = self._entry(host), RFC9421_ED25519_CAPABILITY in implements
        keeps_log = SYNC_CAPABILITY in implements
        if known.accepts_ed25519 is accepts and known.keeps_log is keeps_log:
            return False
        is_other_scheme = known.accepts_ed25519 is not accepts
        known.accepts_ed25519, known.keeps_log = accepts, keeps_log
        if is_other_scheme and (accepts or known.scheme is Scheme.RFC9421_ED25519):
            known.scheme = known.scheme_learned_at = None  # learnt from other software than it runs now
        self._changed_scheme.add(host)
        return True

    # What was learnt about health

    async def succeeded(self, host: str) -> None:
        """The host took a request. Writes when that is news, and its last success once a minute."""
        await self.know([host])
        if self.note_success(host):
            await self._save_now()

    async def failed(self, host: str, error: str) -> None:
        """A request to the host failed for a reason that lies with the host."""
        await self.know([host])
        self.note_failure(host, error)
        await self._save_now()

    def note_success(self, host: str) -> bool:
        """As `succeeded`, to be written by the next `save`. False when there is nothing to write."""
        known, now = self._entry(host), self._clock()
        is_recent = known.last_success_at is not None and now - known.last_success_at < CONTACT_INTERVAL
        if known.circuit is HEALTHY and is_recent:
            return False
        if known.circuit.open_until is not None:
            self._reopened.add(host)
        known.circuit, known.last_success_at, known.last_error = HEALTHY, now, None
        self._changed_health.add(host)
        return True

    def note_failure(self, host: str, error: str) -> None:
        """As `failed`, to be written by the next `save`."""
        known = self._entry(host)
        known.circuit = known.circuit.after_failure(self._clock(), self._jitter())
        known.last_error = error[:MAX_ERROR_CHARACTERS]
        self._changed_health.add(host)

    # Writing

    async def save(self, unit: UnitOfWork) -> None:
        """Write what changed since the last time, and make due what waited for hosts that answer again."""
        health, self._changed_health = self._changed_health, set()
        schemes, self._changed_scheme = self._changed_scheme, set()
        reopened, self._reopened = self._reopened, set()
        try:
            await write_hosts(unit, {host: self._entry(host) for host in health}, HEALTH)
            await write_hosts(unit, {host: self._entry(host) for host in schemes}, SCHEME)
            await make_due(unit, reopened)
            await self._ask_what_is_new(unit, reopened)
        except SQLAlchemyError:
            self._changed_health |= health
            self._changed_scheme |= schemes
            self._reopened |= reopened
            raise

    async def _save_now(self) -> None:
        async with self._database.unit_of_work() as unit:
            await self.save(unit)

    # Contact

    def heard_from(self, host: str) -> None:
        """A valid request came from the host. Almost free; what there is to write follows within seconds."""
        known = self._hosts.get(host)
        before = None if known is None else known.last_inbound_at
        if host in self._heard or (before is not None and self._clock() - before < CONTACT_INTERVAL):
            return
        self._heard.add(host)
        is_urgent = known is None or known.circuit.open_until is not None
        # A thousand new hosts at once share a few transactions.
        self._flusher.soon(URGENT_FLUSH_SECONDS if is_urgent else FLUSH_SECONDS)

    async def flush(self) -> None:
        """Write at once what `heard_from` collected."""
        await self._flusher.flush()

    async def _flush(self) -> None:
        heard, self._heard = sorted(self._heard), set()
        if not heard:
            return
        async with self._database.unit_of_work() as unit:
            # The row may say more than memory: another process may have opened the circuit.
            self._use(heard, await read_hosts(unit, heard))
            waiting = {host for host in heard if self._entry(host).circuit.open_until is not None}
            silent = {host for host in heard if self._was_silent(self._entry(host), unit.now)}
            for host in heard:
                known = self._entry(host)
                known.last_inbound_at = unit.now
                known.circuit = known.circuit.after_hearing(unit.now)
            await write_hosts(unit, {host: self._entry(host) for host in heard}, CONTACT)
            await make_due(unit, waiting)
            await self._ask_what_is_new(unit, waiting | silent)

    @staticmethod
    def _was_silent(known: KnownHost, now: datetime) -> bool:
        return known.last_inbound_at is not None and now - known.last_inbound_at >= SILENCE

    async def _ask_what_is_new(self, unit: UnitOfWork, hosts: Iterable[str]) -> None:
        """Have hosts asked that were away, where they keep a log: they may have said what we didn't hear."""
        with_log = sorted(host for host in hosts if self.keeps_log(host))
        if with_log:
            await enqueue_jobs(unit, CATCH_UP, {f"{CATCH_UP}:{host}": {"host": host} for host in with_log})

    async def close(self) -> None:
        """Write what is left; for the end of the process."""
        await self.flush()
