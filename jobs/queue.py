"""Background jobs: work that may use the network, done once for many causes, some time after the commit.

`enqueue_job` is part of the caller's unit of work, so a job exists exactly if its cause does. Of jobs with one
`unique_key` only one waits. The worker claims a few at a time under a lease that outlasts the deadline of a handler.

On failure: a handler that raises or takes too long is tried again with growing pauses, then kept as `failed`, a dead
letter. The claim itself counts as an attempt, so a job that kills its process ends there too. Handlers run outside any
transaction and may run twice.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Table, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from jobs.backoff import Backoff
from jobs.leases import claim, due_ids, finish, is_queued, put_back, release_leases
from jobs.waiting import wait_at_most, waking
from models import Database, UnitOfWork
from models.activities import Job
from models.signals import JOBS

Handler = Callable[[dict[str, Any]], Awaitable[None]]

DEADLINE_SECONDS = 120.0
LEASE_MARGIN_SECONDS = 30.0
CONCURRENCY = 8
MAX_ATTEMPTS = 8
BACKOFF = Backoff(first_seconds=15, factor=4, cap_seconds=21_600)
POLL_SECONDS = 5.0
MIN_POLL_SECONDS = 0.2
MAX_ERROR_CHARACTERS = 500
DONE, FAILED = "done", "failed"

_JOBS: Table = Job.__table__  # type: ignore[assignment]
_log = structlog.get_logger(__name__)


async def enqueue_job(
    unit: UnitOfWork, kind: str, payload: Mapping[str, Any], *, unique_key: str, due_in: float = 0
) -> None:
    """Queue a job of `kind`, due in so many seconds, unless one with this `unique_key` waits already."""
    await enqueue_jobs(unit, kind, {unique_key: payload}, due_in=due_in)


async def enqueue_next(
    unit: UnitOfWork, kind: str, payload: Mapping[str, Any], *, unique_key: str, due_in: float = 0
) -> None:
    """Queue what a running job goes on with: `unique_key` is its own, which it holds until it has ended."""
    await enqueue_job(unit, kind, payload, unique_key=f"{unique_key}:{unit.new_id()}", due_in=due_in)


async def enqueue_jobs(
    unit: UnitOfWork, kind: str, payloads: Mapping[str, Mapping[str, Any]], *, due_in: float = 0
) -> None:
    """The same for many of a kind, by their unique keys, with one statement."""
    insert = sqlite_insert if unit.session.get_bind().dialect.name == "sqlite" else postgresql_insert
    rows = [
        {
            "id": unit.new_id(),
            "kind": kind,
            "unique_key": unique_key,
            "payload": dict(payload),
            "due_at": unit.now + timedelta(seconds=due_in),
            "created_at": unit.now,
        }
        for unique_key, payload in payloads.items()
    ]
    statement: Any = insert(_JOBS)
    await unit.session.execute(
        statement.on_conflict_do_nothing(index_elements=["unique_key"], index_where=text("state = 'queued'")), rows
    )
    unit.signal(JOBS)


class JobWorker:
    """Runs jobs by the handler of their kind. `jitter` gives numbers in 0…1."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        max_attempts: int = MAX_ATTEMPTS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._deadline_seconds = deadline_seconds
        self._max_attempts = max_attempts
        self._jitter = jitter
        self._has_ended = asyncio.Event()

    async def run_once(self) -> int:
        """Run what is due until nothing is; how many runs that took."""
        total = 0
        while rows := await self._claim(CONCURRENCY):
            await asyncio.gather(*(self._run(row) for row in rows))
            total += len(rows)
        return total

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until `stop` is set; then wait for those under way."""
        if self._database.is_sqlite:
            async with self._database.unit_of_work() as unit:
                await release_leases(unit, _JOBS)
        running: set[asyncio.Task[None]] = set()
        async with waking(self._database.signals, JOBS, stop, self._has_ended), asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._has_ended.clear()
                running = {task for task in running if not task.done()}
                rows = await self._claim(CONCURRENCY - len(running))
                running |= {group.create_task(self._run(row)) for row in rows}
                if not rows:
                    await wait_at_most(self._has_ended, await self._seconds_until_due())

    async def _claim(self, limit: int) -> list[Row[Any]]:
        if limit <= 0:
            return []
        seconds = self._deadline_seconds + LEASE_MARGIN_SECONDS
        async with self._database.unit_of_work() as unit:
            rows = await claim(
                unit, _JOBS, due_ids(_JOBS, unit.now, limit), lease_seconds=seconds, counts_attempts=True
            )
        return list(rows)

    async def _run(self, row: Row[Any]) -> None:
        error = await self._call(row)
        async with self._database.unit_of_work() as unit:
            if error is None:
                await finish(unit, _JOBS, [row.id], DONE, last_error=None)
            elif row.attempts >= self._max_attempts or row.kind not in self._handlers:
                await finish(unit, _JOBS, [row.id], FAILED, last_error=error)
            else:
                due_at = unit.now + BACKOFF.delay(row.attempts, self._jitter())
                await put_back(unit, _JOBS, [{"id": row.id, "due_at": due_at, "last_error": error}])
        self._has_ended.set()

    async def _call(self, row: Row[Any]) -> str | None:
        """Run the handler; what went wrong, or None."""
        if row.attempts > self._max_attempts:
            return "given up: earlier runs never came to an end"
        handler = self._handlers.get(row.kind)
        if handler is None:
            return f"nobody handles jobs of kind {row.kind}"
        try:
            async with asyncio.timeout(self._deadline_seconds):
                await handler(row.payload)
        except Exception as error:
            _log.warning("a job failed", kind=row.kind, key=row.unique_key, attempts=row.attempts, exc_info=True)
            return f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS]
        return None

    async def _seconds_until_due(self) -> float:
        """How long to sleep: until the next job is due, within bounds."""
        async with self._database.reading() as session:
            first = select(_JOBS.c.due_at).where(is_queued(_JOBS)).order_by(_JOBS.c.due_at).limit(1)
            due_at = await session.scalar(first)
        if due_at is None:
            return POLL_SECONDS
        return float(min(max((due_at - self._database.clock()).total_seconds(), MIN_POLL_SECONDS), POLL_SECONDS))
