"""What an administrator does about a host's deliveries: try again now, or give up.

Both keep the rows, so that the delivery report stays true. A row that is under way while it is dropped may still
arrive; what came of it is then not recorded.
"""

from typing import Any

from sqlalchemy import Table, update

from federation.peers.host_rows import KnownHost, write_hosts
from jobs.leases import QUEUED, is_queued
from models import UnitOfWork
from models.activities import Delivery
from models.signals import DELIVERIES

DEAD, DROPPED = "dead", "dropped"

_TABLE: Table = Delivery.__table__  # type: ignore[assignment]


async def retry_host(unit: UnitOfWork, host: str) -> int:
    """Make everything that waits for `host` or was given up there due now; how many deliveries that is.

    Given up ones begin their time anew. The host's circuit closes; the next failures may open it again.
    """
    waiting: Any = await unit.session.execute(
        update(_TABLE)
        .where(_TABLE.c.host == host, is_queued(_TABLE), _TABLE.c.lease_until.is_(None))
        .values(due_at=unit.now, created_at=unit.now)
    )
    given_up: Any = await unit.session.execute(
        update(_TABLE)
        .where(_TABLE.c.host == host, _TABLE.c.state == DEAD)
        .values(state=QUEUED, attempts=0, due_at=unit.now, created_at=unit.now, finished_at=None)
    )
    circuit = ("failures", "first_failure_at", "open_until", "failing_days")
    await write_hosts(unit, {host: KnownHost()}, circuit)
    unit.signal(DELIVERIES)
    return int(waiting.rowcount) + int(given_up.rowcount)


async def drop_host(unit: UnitOfWork, host: str) -> int:
    """Give up what waits for `host` and what was given up there, for good; how many deliveries that is."""
    result: Any = await unit.session.execute(
        update(_TABLE)
        .where(_TABLE.c.host == host, _TABLE.c.state.in_([QUEUED, DEAD]))
        .values(state=DROPPED, lease_until=None, finished_at=unit.now, last_error="dropped by the administrator")
    )
    return int(result.rowcount)
