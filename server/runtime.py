"""The background work of one process: which loops belong to which role, stepped by hand in tests, endless in service.

Promises that a loop that fails is started again, with a pause, and that the others don't notice: an error that nobody
foresaw may cost one step of work, never the service.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from federation.services import Services
from inbox.jobs import job_handlers
from inbox.journal import Journal
from inbox.process import InboxWorker
from inbox.sync.watch import PeerWatch
from jobs.queue import JobWorker
from jobs.takeover import Takeover
from jobs.waiting import wait_at_most
from outbox.deliver import DeliveryWorker
from server.housekeeping import Housekeeper
from server.roles import WORK_ROLES
from server.synchronization import SynchronizationHeaders

RESTART_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Worker(Protocol):
    """A loop that can also be stepped."""

    async def run_once(self) -> int:
        """Do all that is due now; returns how much that was."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        ...


class Workers:
    """The loops of one process."""

    def __init__(
        self,
        services: Services,
        journal: Journal,
        *,
        roles: Sequence[str] = WORK_ROLES,
        retention_days: int = 30,
        log_days: int = 30,
        sync_minutes: int = 10,
    ) -> None:
        made: dict[str, Callable[[], list[tuple[str, Worker]]]] = {
            "inbox": lambda: [("inbox", InboxWorker(services, journal))],
            "delivery": lambda: [
                ("delivery", DeliveryWorker(services, extra_headers=SynchronizationHeaders(services)))
            ],
            "jobs": lambda: [
                ("jobs", JobWorker(services.database, job_handlers(services))),
                ("sync", PeerWatch(services, interval=timedelta(minutes=sync_minutes))),
                ("housekeeping", Housekeeper(services, retention_days=retention_days, log_days=log_days)),
            ],
        }
        self._named = [pair for role in WORK_ROLES if role in roles for pair in made[role]()]
        if self._named:
            self._named.append(("takeover", Takeover(services.database)))

    @property
    def watch(self) -> PeerWatch:
        """The loop that asks peers what is new, where this process has it."""
        return next(worker for _, worker in self._named if isinstance(worker, PeerWatch))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self._named]

    async def run_once(self) -> int:
        """One step of each; returns how much was done."""
        return sum([await worker.run_once() for name, worker in self._named if name != "housekeeping"])

    async def run(self, stop: asyncio.Event) -> None:
        """All loops until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            for name, worker in self._named:
                group.create_task(keep_running(name, worker.run, stop), name=name)


async def keep_running(name: str, run: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run a loop until `stop` is set, again and again when it fails."""
    while not stop.is_set():
        try:
            await run(stop)
        except Exception:
            log.exception("a loop failed and is started again", loop=name, seconds=RESTART_SECONDS)
            await wait_at_most(stop, RESTART_SECONDS)
