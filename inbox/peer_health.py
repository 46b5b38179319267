"""How a peer is: the figures of the last days, and one sentence that says whether it is well and what to do if not.

Figures are read, not kept: from the tables of hosts, deliveries, the journal and sync, and from what the meter counted
(`federation.peers.meter`), in a fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.peers import PeerState
from federation.peers.meter import ACCEPTED, DELIVERY, REFUSED, percentile
from federation.services import Services
from inbox.sync.figures import SyncFigures, sync_figures
from models.activities import InboundActivity, RemoteHost
from models.peers import Peer, PeerCount
from models.values import dataclass
from outbox.peering.explain import ago
from outbox.report import HostQueue, queue_status

DAYS: Final = 2
"""Today and yesterday (UTC): what happened before says little about today."""
MAX_CLOCK_SECONDS: Final = 30.0
LATE: Final = timedelta(minutes=10)
MANY_FAILURES: Final = 5
OUTCOMES_READ: Final = 20


@dataclass(frozen=True, slots=True)
class PeerHealth:
    """One peer. `refusals` and `deliveries` are counts by reason and by result, `outcomes` what became of activities
    that were taken; times of delivery are from queueing to the answer, retries included. `clock_ahead_seconds` is
    how far its clock is ahead of ours."""

    domain: str
    state: str | None
    since: datetime
    software: str
    software_version: str
    last_received_at: datetime | None
    last_delivered_at: datetime | None
    last_error: str | None
    circuit: str | None
    queued: int
    dead: int
    oldest_queued_at: datetime | None
    delivery_p50_seconds: float | None
    delivery_p95_seconds: float | None
    deliveries: Mapping[str, int] = field(default_factory=dict)
    accepted: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    signature_failures: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    clock_ahead_seconds: float | None = None
    clock_seen_at: datetime | None = None


async def peer_health(services: Services, domain: str) -> tuple[PeerHealth, SyncFigures]:
    """The figures of one host, a peer or not."""
    now = services.clock()
    await services.peers.meter.flush()
    async with services.database.reading() as session:
        peer, host = await session.get(Peer, domain), await session.get(RemoteHost, domain)
        waiting = next(iter(await queue_status(session, now=now, host=domain)), None)
        since = _since(now)
        counts = (await counts_of(session, [domain], now)).get(domain, {})
        outcomes = await _outcomes(session, domain, since)
    sync = await sync_figures(services, domain)
    return _health(domain, peer, host, waiting, counts, outcomes, since), sync


def _since(now: datetime) -> datetime:
    return (now - timedelta(days=DAYS - 1)).replace(hour=0, minute=0, second=0, microsecond=0)


async def counts_of(session: AsyncSession, hosts: Sequence[str], now: datetime) -> dict[str, dict[str, int]]:
    """What was counted with these hosts lately, by host and name: one query."""
    rows = await session.execute(
        select(PeerCount.host, PeerCount.name, func.sum(PeerCount.count))
        .where(PeerCount.host.in_(hosts), PeerCount.day >= _since(now).date().isoformat())
        .group_by(PeerCount.host, PeerCount.name)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for host, name, count in rows:
        found[host][name] = int(count)
    return found


async def _outcomes(session: AsyncSession, domain: str, since: datetime) -> dict[str, int]:
    count = func.count()
    rows = await session.execute(
        select(InboundActivity.outcome, count)
        .where(InboundActivity.host == domain, InboundActivity.received_at >= since)
        .where(InboundActivity.outcome.is_not(None))
        .group_by(InboundActivity.outcome)
        .order_by(count.desc(), InboundActivity.outcome)
        .limit(OUTCOMES_READ)
    )
    return {str(outcome): int(number) for outcome, number in rows}


def _health(
    domain: str, peer: Peer | None, host: RemoteHost | None, waiting: HostQueue | None, counts: Mapping[str, int],
    outcomes: Mapping[str, int], since: datetime,
) -> PeerHealth:  # fmt: skip
    refusals = part(counts, REFUSED)
    return PeerHealth(
        domain=domain,
        state=peer.state if peer else None,
        since=since,
        software=(peer.software if peer else "") or (host.software if host else "") or "",
        software_version=peer.software_version if peer else "",
        last_received_at=host.last_inbound_at if host else None,
        last_delivered_at=host.last_success_at if host else None,
        last_error=host.last_error if host else None,
        circuit=waiting.circuit if waiting else None,
        queued=waiting.queued if waiting else 0,
        dead=waiting.dead if waiting else 0,
        oldest_queued_at=waiting.oldest_queued_at if waiting else None,
        delivery_p50_seconds=percentile(counts, 0.5),
        delivery_p95_seconds=percentile(counts, 0.95),
        deliveries=part(counts, DELIVERY),
        accepted=counts.get(ACCEPTED, 0),
        refusals=refusals,
        signature_failures=sum(count for reason, count in refusals.items() if is_about_signature(reason)),
        outcomes=outcomes,
        clock_ahead_seconds=host.clock_ahead_seconds if host else None,
        clock_seen_at=host.clock_seen_at if host else None,
    )


def part(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    """The counts whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): count for name, count in sorted(counts.items()) if name.startswith(prefix)}


def is_about_signature(reason: str) -> bool:
    """Whether a refusal means that a signature or proof didn't hold."""
    return reason.startswith("signature-") or reason in ("proof", "different-actor", "actor-gone")


Check = Callable[[PeerHealth, SyncFigures, datetime], str | None]


def verdict(health: PeerHealth, sync: SyncFigures, now: datetime) -> str:
    """The worst thing about a peer in a sentence, with what to do; or that it is well."""
    return next((found for check in _CHECKS if (found := check(health, sync, now))), None) or _well(health, now)


def _not_active(health: PeerHealth, _sync: SyncFigures, _now: datetime) -> str | None:
    if health.state == PeerState.ACTIVE:
        return None
    return f"It is {health.state or 'no peer'}: nothing goes in or out."


def _unreachable(health: PeerHealth, _sync: SyncFigures, now: datetime) -> str | None:
    if health.circuit not in ("open", "half-open", "dead"):
        return None
    last = f"for {ago(now - health.last_delivered_at)}" if health.last_delivered_at else "at all yet"
    return (
        f"It doesn't take what we send ({health.last_error or 'no answer'}), not {last}: {health.queued} deliveries "
        "wait and go out by themselves when it answers; `tertulia doctor` looks for the cause."
    )


def _forged(health: PeerHealth, _sync: SyncFigures, _now: datetime) -> str | None:
    failures = health.signature_failures
    if failures < MANY_FAILURES or failures * 10 < health.accepted:
        return None
    return f"{failures} requests in its name didn't verify: compare its key (`tertulia peer show`) and both clocks; " \
           "somebody else may have written them."  # fmt: skip


def _clock(health: PeerHealth, _sync: SyncFigures, _now: datetime) -> str | None:
    ahead = health.clock_ahead_seconds or 0.0
    if abs(ahead) <= MAX_CLOCK_SECONDS:
        return None
    way = "ahead of" if ahead > 0 else "behind"
    return f"Its clock is {abs(ahead):.0f} s {way} ours: let NTP set both, or signatures will be refused."


def _given_up(health: PeerHealth, _sync: SyncFigures, _now: datetime) -> str | None:
    if not health.dead:
        return None
    return f"{health.dead} deliveries were given up: `tertulia queue retry {health.domain}` sends them again."


def _late(health: PeerHealth, _sync: SyncFigures, now: datetime) -> str | None:
    if health.oldest_queued_at is None or now - health.oldest_queued_at < LATE:
        return None
    waited = ago(now - health.oldest_queued_at)
    return f"{health.queued} deliveries wait for it, the oldest for {waited}: see `tertulia queue status`."


def _behind(health: PeerHealth, sync: SyncFigures, _now: datetime) -> str | None:
    if sync.cut_at is not None:
        return f"Its log doesn't reach back to what is missing here: `tertulia peer sync {health.domain}`."
    if not sync.behind:
        return None
    return f"{sync.behind} activities of it are missing here: `tertulia peer sync {health.domain}` gets them now."


def _unmended(health: PeerHealth, sync: SyncFigures, _now: datetime) -> str | None:
    if sync.compare_error is not None:
        return f"Comparing with it stopped ({sync.compare_error}): `tertulia peer sync {health.domain}` tries again."
    if not sync.unrepaired:
        return None
    return (
        f"{sync.unrepaired} differences with it couldn't be mended: `tertulia peer sync {health.domain}` tries again."
    )


_CHECKS: Final[tuple[Check, ...]] = (_not_active, _unreachable, _forged, _clock, _given_up, _late, _behind, _unmended)


def _well(health: PeerHealth, now: datetime) -> str:
    if health.last_received_at is None and health.last_delivered_at is None:
        return "It is a peer, and nothing was said in either direction yet."
    heard = f"heard {ago(now - health.last_received_at)} ago" if health.last_received_at else "never heard yet"
    reached = f"reached {ago(now - health.last_delivered_at)} ago" if health.last_delivered_at else "never reached yet"
    waits = f"{health.queued} deliveries wait" if health.queued else "nothing waits"
    return f"It is well: {heard}, {reached}, {waits}."
