"""Work that a process had in its hands when it ended: given back at once, not only when its leases run out.

A process that ends in order gives back its own. One that was killed can't; but every connection to PostgreSQL carries
the name of its process (`models.database`), so who has no connection any more is gone. Whoever is missing at two looks
in a row loses its leases; the second look is for a server that was started again, where nobody is back at first.

Where a connection was lost and its process goes on all the same, something may be done twice, as with any lease. On
SQLite there is one worker, which takes everything when it starts (`jobs.leases.begin_anew`).
"""

import asyncio
from collections.abc import Collection
from typing import Final, cast

import structlog
from sqlalchemy import Table, select, text

from jobs.leases import is_leased, release_leases
from jobs.waiting import wait_at_most
from models import Database
from models.activities import Delivery, InboundActivity, Job
from models.database import PROCESS_NAME
from models.signals import DELIVERIES, INBOUND, JOBS

EVERY_SECONDS: Final = 3.0
# The tables, and how many attempts a claim alone has counted.
_LEASED: Final = tuple(
    (cast(Table, model.__table__), counted) for model, counted in ((InboundActivity, 1), (Delivery, 0), (Job, 1))
)
_CONNECTED: Final = text(
    "SELECT DISTINCT application_name FROM pg_stat_activity"
    f" WHERE datname = current_database() AND application_name LIKE '{PROCESS_NAME}%'"
)

log = structlog.get_logger(__name__)


class Takeover:
    """Looks for processes that are gone, in every process that works."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] | None = None
        self._missing: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop` is set."""
        while not self._database.is_sqlite and not stop.is_set():
            await self.run_once()
            await wait_at_most(stop, EVERY_SECONDS)
        await stop.wait()

    async def run_once(self) -> int:
        """One look; how many rows were given back."""
        if self._database.is_sqlite:
            return 0
        async with self._database.reading() as session:
            names = await session.scalars(_CONNECTED)
            connected = {str(name).removeprefix(PROCESS_NAME) for name in names}
        if self._known is None:
            self._known = await self._holders()
        missing = (self._known | self._missing) - connected
        gone = missing & self._missing
        self._known, self._missing = connected, missing - gone
        return await self._release(gone) if gone else 0

    async def _holders(self) -> set[str]:
        """Who has leases: asked once, because it looks at whatever is due later."""
        now = self._database.clock()
        found: set[str] = set()
        async with self._database.reading() as session:
            for table, _ in _LEASED:
                query = select(table.c.leased_by).where(is_leased(table, now), table.c.leased_by.is_not(None))
                found.update(await session.scalars(query.distinct()))
        return found

    async def _release(self, gone: Collection[str]) -> int:
        async with self._database.unit_of_work() as unit:
            rows = sum([await release_leases(unit, table, gone) for table, _ in _LEASED])
            if rows:
                unit.signals.update((INBOUND, DELIVERIES, JOBS))
                log.warning("took over from a process that is gone", processes=sorted(gone), rows=rows)
        return rows


async def hand_back(database: Database) -> int:
    """Give back what this process has leased and won't do any more; its claims don't count as attempts."""
    if database.is_sqlite:
        return 0
    own = [database.process_id]
    async with database.unit_of_work() as unit:
        rows = sum([await release_leases(unit, table, own, counted=counted) for table, counted in _LEASED])
        if rows:
            unit.signals.update((INBOUND, DELIVERIES, JOBS))
    return rows
