"""The log of each peer: the deliveries for it under numbers that count up without a hole (docs/decisions/0022-sync.md).

Only peers that made the handshake and say that they keep a log have one (`federation.sync`). Numbers are given when
deliveries are claimed or the log is read, not when somebody posts: giving them takes the counter's row, and nobody's
post must wait for another post. All rows of a host get theirs in the order of their ids, also those that were never
sent.

A log is of one *generation*: whoever knows numbers of another one, because this database was replaced by an older one,
is told where the two part. What is about the peering itself is in no log.
"""

import secrets
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Row, Table, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from federation.peers.receiving import Sent, withheld
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.activities import Delivery, OutboundActivity, RemoteHost
from models.insertion import insert_ignoring
from models.questions import WORDS, Question, among
from models.sync import THE_STATE, PeerSync, SyncState
from models.values import dataclass
from policy.peers import PeerPolicy

OUTSIDE: Final = "urn:tertulia:peering"
"""The ordering key of what is about the peering: it also goes where there is no log yet, and must not be said again."""
GENERATION_BYTES: Final = 9

_DELIVERIES: Table = Delivery.__table__  # type: ignore[assignment]
_PEERS: Table = PeerSync.__table__  # type: ignore[assignment]
_UNNUMBERED = (_DELIVERIES.c.log_number.is_(None), _DELIVERIES.c.ordering_key != OUTSIDE)
# One look at the index for each full peer that keeps a log.
_HOSTS_TO_NUMBER = Question(
    select(RemoteHost.host).where(
        among(RemoteHost.host, "peers", WORDS),
        RemoteHost.keeps_log.is_(True),
        select(_DELIVERIES.c.id).where(_DELIVERIES.c.host == RemoteHost.host, *_UNNUMBERED).exists(),
    )
)


@dataclass(frozen=True, slots=True)
class LogState:
    """How far a peer's log goes: the newest number, the oldest that is still there, and where generations part."""

    generation: str
    previous: str | None
    newest: int
    oldest: int
    branched_at: int

    def start(self, generation: str | None, after: int) -> int:
        """Where to go on for somebody who has everything up to `after` of `generation`."""
        if generation == self.generation:
            return min(after, self.newest)
        return min(after, self.branched_at) if generation is not None and generation == self.previous else 0

    def is_cut(self, start: int) -> bool:
        """Whether numbers after `start` are no longer there."""
        return start + 1 < self.oldest


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One delivery as the log tells of it."""

    number: int
    inbox_url: str
    body: bytes


@dataclass(frozen=True, slots=True)
class LogSlice:
    """A part of a log; `last` is the last number that was looked at, None at the end of the log."""

    entries: list[LogEntry]
    last: int | None


async def own_generation(unit: UnitOfWork) -> str:
    """The generation of our logs; the first one begins here."""
    state = await unit.session.get(SyncState, THE_STATE)
    if state is None:
        values = {"id": THE_STATE, "generation": new_generation()}
        await unit.session.execute(insert_ignoring(unit.session, SyncState), [values])
        state = await unit.session.get_one(SyncState, THE_STATE)
    return state.generation


def new_generation() -> str:
    """A name that no other history of this office has."""
    return secrets.token_hex(GENERATION_BYTES)


async def number_waiting(services: Services, unit: UnitOfWork) -> None:
    """Give numbers to whatever waits for one; one look when nothing does, none where there is no full peer."""
    peers = services.peers.active(is_full=True)
    if not peers:
        return
    hosts = [host for (host,) in await unit.session.ask(_HOSTS_TO_NUMBER, {"peers": peers})]
    if hosts:
        await number_log(unit, hosts)


async def number_log(unit: UnitOfWork, hosts: Collection[str]) -> None:
    """Number everything for these hosts that has no number yet; a fixed number of statements.

    Takes the hosts' counters first, before any delivery is touched: who numbers and claims does it in this order.
    """
    await counters(unit, hosts)
    numbered = (
        select(
            _DELIVERIES.c.id,
            (
                func.row_number().over(partition_by=_DELIVERIES.c.host, order_by=_DELIVERIES.c.id)
                + _PEERS.c.last_number
            ).label("number"),
        )
        .join(_PEERS, _PEERS.c.host == _DELIVERIES.c.host)
        .where(_DELIVERIES.c.host.in_(hosts), *_UNNUMBERED)
        .subquery("numbered")
    )
    await unit.session.execute(
        update(_DELIVERIES).where(_DELIVERIES.c.id == numbered.c.id).values(log_number=numbered.c.number)
    )
    highest = (
        select(func.max(_DELIVERIES.c.log_number))
        .where(_DELIVERIES.c.host == _PEERS.c.host, _DELIVERIES.c.log_number.is_not(None))
        .scalar_subquery()
    )
    last = literal_column("last_number", _PEERS.c.last_number.type)
    await unit.session.execute(
        update(_PEERS).where(_PEERS.c.host.in_(hosts), highest > last).values(last_number=highest)
    )


async def counters(unit: UnitOfWork, hosts: Collection[str]) -> Mapping[str, Row[Any]]:
    """The rows of these peers, made where there were none, and locked until the unit ends (PostgreSQL)."""
    names = sorted(hosts)
    blank = {"last_number": 0, "branched_at": 0, "number": 0, "newest": 0, "echo_after": 0}
    await unit.session.execute(insert_ignoring(unit.session, PeerSync), [{"host": name, **blank} for name in names])
    rows = await unit.session.execute(
        select(*_PEERS.c).where(_PEERS.c.host.in_(names)).order_by(_PEERS.c.host).with_for_update()
    )
    return {row.host: row for row in rows}


async def log_state(unit: UnitOfWork, host: str) -> LogState:
    """How far the log of a peer goes, whatever waited for a number included."""
    generation = await own_generation(unit)
    state = await unit.session.get_one(SyncState, THE_STATE)
    await number_log(unit, [host])
    counter = (await counters(unit, [host]))[host]
    oldest = await unit.session.scalar(
        select(func.min(_DELIVERIES.c.log_number)).where(
            _DELIVERIES.c.host == host, _DELIVERIES.c.log_number.is_not(None)
        )
    )
    newest = int(counter.last_number)
    return LogState(generation, state.previous, newest, oldest or newest + 1, int(counter.branched_at))


async def read_log(
    session: AsyncSession, host: str, after: int, *, limit: int, max_bytes: int, policy: PeerPolicy | None = None
) -> LogSlice:
    """What comes after a number, in order: at most so many, and at most so many bytes unless one alone has more.

    What the peer's policy keeps from it today is left out, whenever it was written.
    """
    query = (
        select(_DELIVERIES.c.log_number, _DELIVERIES.c.inbox_url, OutboundActivity, Account)
        .join(OutboundActivity, OutboundActivity.id == _DELIVERIES.c.activity_id)
        .join(Account, Account.id == OutboundActivity.account_id)
        .where(_DELIVERIES.c.host == host, _DELIVERIES.c.log_number.is_not(None), _DELIVERIES.c.log_number > after)
        .where(_DELIVERIES.c.state != "dropped")
        .order_by(_DELIVERIES.c.log_number)
        .limit(limit)
    )
    entries: list[LogEntry] = []
    size = 0
    sent: dict[int, Sent] = {}
    for number, inbox_url, activity, sender in await session.execute(query):
        size += len(activity.body)
        if entries and size > max_bytes:
            break
        entries.append(LogEntry(int(number), inbox_url, activity.body))
        sent[int(number)] = Sent.of(activity, sender)
    last = entries[-1].number if entries else None
    kept_back = await withheld(session, policy, list(sent.values()))
    return LogSlice([entry for entry in entries if sent[entry.number].id not in kept_back], last)
