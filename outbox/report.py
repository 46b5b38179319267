"""What became of our deliveries: per activity for its author, per host for the administrator. Only reads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, case, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from jobs.circuit import Circuit
from jobs.leases import QUEUED
from models.activities import Delivery, OutboundActivity, RemoteHost
from models.values import dataclass
from outbox.dead_letters import DEAD

MAX_LINES = 1_000

_DELIVERIES: Table = Delivery.__table__  # type: ignore[assignment]
_HOSTS: Table = RemoteHost.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One inbox: `state` is queued, done, gone, dead or dropped; `last_status` the last HTTP answer."""

    id: int
    activity_uri: str
    activity_type: str
    inbox_url: str
    host: str
    state: str
    attempts: int
    last_status: int | None
    last_error: str | None
    queued_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class HostQueue:
    """The queue of one host. `circuit` is closed, open, half-open, or dead (failing for a week)."""

    host: str
    queued: int
    dead: int
    oldest_queued_at: datetime | None
    circuit: str
    next_probe_at: datetime | None
    last_error: str | None
    last_success_at: datetime | None
    signature_scheme: str | None


async def report_of_status(
    session: AsyncSession, status_id: int, *, account_id: int | None = None, after_id: int = 0, limit: int = 100
) -> Sequence[DeliveryLine]:
    """All deliveries about a status (its Create, edits, deletion) in the order of queueing, a page at a time.

    `account_id` limits it to what that account sent: the report is for its author's eyes.
    """
    condition: ColumnElement[bool] = OutboundActivity.status_id == status_id
    if account_id is not None:
        condition = and_(condition, OutboundActivity.account_id == account_id)
    return await _lines(session, condition, after_id, limit)


async def report_of_activity(
    session: AsyncSession, activity_uri: str, *, after_id: int = 0, limit: int = 100
) -> Sequence[DeliveryLine]:
    """All deliveries of one activity in the order of queueing, a page at a time."""
    return await _lines(session, OutboundActivity.uri == activity_uri, after_id, limit)


async def report_of_uri(session: AsyncSession, uri: str, *, limit: int = MAX_LINES) -> Sequence[DeliveryLine]:
    """All deliveries about a status or of an activity, whichever the URI names."""
    return await _lines(session, or_(OutboundActivity.uri == uri, OutboundActivity.object_uri == uri), 0, limit)


async def _lines(
    session: AsyncSession, condition: ColumnElement[bool], after_id: int, limit: int
) -> list[DeliveryLine]:
    rows = await session.execute(
        select(Delivery, OutboundActivity.uri, OutboundActivity.activity_type)
        .join(OutboundActivity, OutboundActivity.id == Delivery.activity_id)
        .where(condition, Delivery.id > after_id)
        .order_by(Delivery.id)
        .limit(min(limit, MAX_LINES))
    )
    return [_line(row.Delivery, row.uri, row.activity_type) for row in rows]


def _line(delivery: Delivery, uri: str, activity_type: str) -> DeliveryLine:
    return DeliveryLine(
        id=delivery.id,
        activity_uri=uri,
        activity_type=activity_type,
        inbox_url=delivery.inbox_url,
        host=delivery.host,
        state=delivery.state,
        attempts=delivery.attempts,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        queued_at=delivery.created_at,
        next_attempt_at=delivery.due_at if delivery.state == QUEUED else None,
        finished_at=delivery.finished_at,
    )


async def queue_status(
    session: AsyncSession, *, now: datetime, host: str | None = None, limit: int = MAX_LINES
) -> list[HostQueue]:
    """The hosts with something queued or given up, those with most in the queue first; or one host. One query."""
    is_waiting = _DELIVERIES.c.state == QUEUED
    queued = func.sum(case((is_waiting, 1), else_=0)).label("queued")
    counts = (
        select(
            _DELIVERIES.c.host,
            queued,
            func.count().label("total"),
            func.min(case((is_waiting, _DELIVERIES.c.created_at))).label("oldest_queued_at"),
        )
        .where(_DELIVERIES.c.state.in_([QUEUED, DEAD]), true() if host is None else _DELIVERIES.c.host == host)
        .group_by(_DELIVERIES.c.host)
        .order_by(queued.desc(), _DELIVERIES.c.host)
        .limit(limit)
        .subquery("counts")
    )
    query = (
        select(counts, *(column for column in _HOSTS.c if column.name != "host"))
        .outerjoin(_HOSTS, _HOSTS.c.host == counts.c.host)
        .order_by(counts.c.queued.desc(), counts.c.host)
    )
    return [_host_queue(row, now) for row in await session.execute(query)]


def _host_queue(row: Row[Any], now: datetime) -> HostQueue:
    circuit = Circuit(row.failures or 0, row.first_failure_at, row.open_until, row.failing_days or 0)
    return HostQueue(
        host=row.host,
        queued=int(row.queued),
        dead=int(row.total) - int(row.queued),
        oldest_queued_at=row.oldest_queued_at,
        circuit="dead" if circuit.is_dead else str(circuit.state(now)),
        next_probe_at=circuit.open_until,
        last_error=row.last_error,
        last_success_at=row.last_success_at,
        signature_scheme=row.scheme,
    )
