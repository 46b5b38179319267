"""What waits, what was given up, and how an administrator steers it: the numbers behind `tertulia queue`.

Reads and changes rows only, so it works while workers run: a delivery in somebody's hands keeps its lease and is left
alone by `drop_host`.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.activities import Delivery, InboundActivity, Job, RemoteHost
from models.signals import DELIVERIES

HOSTS_SHOWN = 1000


@dataclass(frozen=True)
class HostQueue:
    """Deliveries to one host. `leave_alone_until`: the host doesn't answer, nothing is tried before."""

    host: str
    queued: int
    dead: int
    oldest_at: datetime | None
    next_at: datetime | None
    leave_alone_until: datetime | None
    last_error: str | None


@dataclass(frozen=True)
class QueueStatus:
    """Counts of rows by state; hosts with something queued or dead, the longest queue first."""

    deliveries: dict[str, int]
    inbound: dict[str, int]
    jobs: dict[str, int]
    hosts: list[HostQueue]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def queue_status(session: AsyncSession, now: datetime) -> QueueStatus:
    """The state of all queues: four queries."""
    return QueueStatus(
        deliveries={"queued": 0, "dead": 0} | await _counts(session, Delivery, ("queued", "dead")),
        inbound={"queued": 0, "failed": 0} | await _counts(session, InboundActivity, ("queued", "failed")),
        jobs={"queued": 0, "failed": 0} | await _counts(session, Job, ("queued", "failed", "dead")),
        hosts=await host_queues(session, now),
    )


async def host_queues(session: AsyncSession, now: datetime, host: str | None = None) -> list[HostQueue]:
    """The queue of each host that has one, or of `host`."""
    queued = Delivery.state == "queued"
    rows = await session.execute(
        select(
            Delivery.host,
            _count_of(queued).label("queued"),
            _count_of(Delivery.state == "dead").label("dead"),
            func.min(case((queued, Delivery.created_at))).label("oldest_at"),
            func.min(case((queued, Delivery.due_at))).label("next_at"),
            RemoteHost.open_until,
            func.coalesce(RemoteHost.last_error, func.max(Delivery.last_error)).label("last_error"),
        )
        .outerjoin(RemoteHost, RemoteHost.host == Delivery.host)
        .where(or_(queued, Delivery.state == "dead"), *([Delivery.host == host] if host else []))
        .group_by(Delivery.host, RemoteHost.open_until, RemoteHost.last_error)
        .order_by(_count_of(queued).desc(), Delivery.host)
        .limit(HOSTS_SHOWN)
    )
    return [
        HostQueue(
            host=row.host,
            queued=row.queued,
            dead=row.dead,
            oldest_at=row.oldest_at,
            next_at=row.next_at,
            leave_alone_until=row.open_until if row.open_until and row.open_until > now else None,
            last_error=row.last_error,
        )
        for row in rows
    ]


async def retry_host(unit: UnitOfWork, host: str) -> int:
    """Make everything for a host due now, dead letters included, and try the host again; returns how many.

    Each is given the whole time for its attempts once more.
    """
    await unit.session.execute(
        update(RemoteHost).where(RemoteHost.host == host).values(open_until=None, failures=0, updated_at=unit.now)
    )
    result: Any = await unit.session.execute(
        update(Delivery)
        .where(Delivery.host == host, _is_waiting(unit.now))
        .values(state="queued", attempts=0, due_at=unit.now, lease_until=None, finished_at=None, created_at=unit.now)
        .execution_options(synchronize_session=False)
    )
    unit.signal(DELIVERIES)
    return int(result.rowcount)


async def drop_host(unit: UnitOfWork, host: str) -> int:
    """Delete what waits for a host and what was given up; returns how many."""
    result: Any = await unit.session.execute(
        delete(Delivery)
        .where(Delivery.host == host, _is_waiting(unit.now))
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


def _is_waiting(now: datetime) -> ColumnElement[bool]:
    is_free = or_(Delivery.lease_until.is_(None), Delivery.lease_until < now)
    return or_(Delivery.state == "dead", (Delivery.state == "queued") & is_free)


def _count_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


async def _counts(session: AsyncSession, table: type[Any], states: tuple[str, ...]) -> dict[str, int]:
    rows = await session.execute(
        select(table.state, func.count().label("number"))
        .where(table.state.in_(states))
        .group_by(table.state)
        .order_by(table.state)
    )
    return {row.state: row.number for row in rows}
