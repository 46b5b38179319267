"""All queues of an office at a glance: the numbers behind `tertulia queue status` and `tertulia doctor`. Only reads."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.activities import InboundActivity, Job
from outbox.report import HostQueue
from outbox.report import queue_status as host_queues


@dataclass(frozen=True)
class QueueStatus:
    """Counts of rows by state; hosts with something queued or given up (`dead`), the longest queue first."""

    deliveries: dict[str, int]
    inbound: dict[str, int]
    jobs: dict[str, int]
    hosts: list[HostQueue]

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return asdict(self)


async def queue_status(session: AsyncSession, now: datetime) -> QueueStatus:
    """The state of all queues: three queries."""
    hosts = await host_queues(session, now=now)
    return QueueStatus(
        deliveries={"queued": sum(host.queued for host in hosts), "dead": sum(host.dead for host in hosts)},
        inbound=await _counts(session, InboundActivity),
        jobs=await _counts(session, Job),
        hosts=hosts,
    )


async def _counts(session: AsyncSession, table: type[InboundActivity] | type[Job]) -> dict[str, int]:
    states = ("queued", "failed")
    rows = await session.execute(
        select(table.state, func.count().label("number")).where(table.state.in_(states)).group_by(table.state)
    )
    return dict.fromkeys(states, 0) | {row.state: row.number for row in rows}
