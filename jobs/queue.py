"""Background jobs: work that may use the network, done once for many causes, some time after the commit.

`enqueue_job` is part of the caller's unit of work, so a job exists exactly if its cause does. Of jobs with one
`unique_key` only one waits, and never do two run at a time. The worker claims a few at a time under a lease that
outlasts the deadline of a handler.

**A wish that comes while its job runs isn't lost**: the run may have passed already what it is about. It stays on the
row (`again_at`, `again_payload`) and becomes a job of its own when the run has ended, however it ended; of several the
earliest time and the last payload count. A handler that goes on in another run therefore wishes for its own key.
A *reminder* (somebody looked, an hour is over) is content with a run under way. A wish that joins a waiting job locks
its row until its unit commits (PostgreSQL): nobody runs the job before what it is about can be seen.

On failure: a handler that raises or takes too long is tried again with growing pauses, then kept as `failed`, a dead
letter. The claim itself counts as an attempt, so a job that kills its process ends there too. Handlers run outside any
transaction and may run twice.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import Table, bindparam, case, select, text, update

from jobs.backoff import Backoff
from jobs.leases import Claiming, begin_anew, claim, due_ids, is_queued, put_back
from jobs.waiting import wait_at_most, waking
from models import Database, UnitOfWork
from models.activities import Job
from models.bulk import Bulk
from models.insertion import insert_of
from models.new_rows import with_defaults
from models.questions import Question
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

JsonObject = dict[str, Any]
_JOBS: Table = Job.__table__  # type: ignore[assignment]
_ENDING = (
    update(_JOBS)
    .where(_JOBS.c.id == bindparam("job_id"), is_queued(_JOBS))
    .values(state=bindparam("as"), last_error=bindparam("why"), finished_at=bindparam("at"), lease_until=None)
    .returning(_JOBS.c.kind, _JOBS.c.unique_key, _JOBS.c.again_at, _JOBS.c.again_payload)
)
_CLAIM = Claiming(_JOBS, due_ids(_JOBS), ("id", "kind", "unique_key", "payload", "attempts"), counts_attempts=True)
_FIRST_DUE = Question(select(_JOBS.c.due_at).where(is_queued(_JOBS)).order_by(_JOBS.c.due_at).limit(1))
_log = structlog.get_logger(__name__)


async def enqueue_job(
    unit: UnitOfWork,
    kind: str,
    payload: Mapping[str, Any],
    *,
    unique_key: str,
    due_in: float = 0,
    is_reminder: bool = False,
    is_of_new: bool = False,
) -> None:
    """Queue a job of `kind`, due in so many seconds, unless one with this `unique_key` waits already.

    When that one runs just now, it runs again after this, unless the wish `is_reminder`. What `is_of_new` has a key
    that names a row of this very unit, so that nobody else wishes for it: it is written together with that row.
    """
    await enqueue_jobs(unit, kind, {unique_key: payload}, due_in=due_in, is_reminder=is_reminder, is_of_new=is_of_new)


async def enqueue_jobs(
    unit: UnitOfWork,
    kind: str,
    payloads: Mapping[str, Mapping[str, Any]],
    *,
    due_in: float = 0,
    is_reminder: bool = False,
    is_of_new: bool = False,
) -> None:
    """The same for many of a kind, by their unique keys; all of a unit are inserted at its end, with one statement."""
    work = _insert_reminders if is_reminder else _insert_wishes
    due_at = unit.now + timedelta(seconds=due_in)
    for unique_key, payload in payloads.items():
        row = _row(unit, kind, unique_key, dict(payload), due_at)
        unit.defer(work, row, is_last=not is_of_new, is_gathered=True)
    unit.signal(JOBS)


def _row(unit: UnitOfWork, kind: str, unique_key: str, payload: JsonObject, due_at: datetime) -> JsonObject:
    return {
        "id": unit.new_id(),
        "kind": kind,
        "unique_key": unique_key,
        "payload": payload,
        "due_at": due_at,
        "created_at": unit.now,
    }


async def _insert_wishes(unit: UnitOfWork, rows: list[JsonObject]) -> None:
    await _insert(unit, rows, is_reminder=False)


async def _insert_reminders(unit: UnitOfWork, rows: list[JsonObject]) -> None:
    await _insert(unit, rows, is_reminder=True)


async def _insert(unit: UnitOfWork, rows: list[JsonObject], *, is_reminder: bool) -> None:
    """Each key once, in their order: two units that wish for the same don't wait for each other in a circle."""
    by_key = {str(row["unique_key"]): row for row in reversed(rows)}  # what was said first counts
    statement = _inserting(unit.session.get_bind().dialect.name == "sqlite", is_reminder)
    await statement.write(unit.session, [with_defaults(Job, by_key[key]) for key in sorted(by_key)])


@lru_cache
def _inserting(is_sqlite: bool, is_reminder: bool) -> Bulk:
    """`INSERT` unless the key waits; a wish is noted on a row that is leased. Made once."""
    return Bulk(_unless_waiting(is_sqlite, is_reminder), _JOBS.columns.keys(), is_apart=True)


def _unless_waiting(is_sqlite: bool, is_reminder: bool) -> Any:
    made = insert_of(is_sqlite)(_JOBS)
    waiting = {"index_elements": ["unique_key"], "index_where": text("state = 'queued'")}
    if is_reminder:
        return made.on_conflict_do_nothing(**waiting)
    earlier = (_JOBS.c.again_at.is_(None)) | (_JOBS.c.again_at > made.excluded.due_at)
    again_at = case((earlier, made.excluded.due_at), else_=_JOBS.c.again_at)
    wish = {"again_at": again_at, "again_payload": made.excluded.payload}
    return made.on_conflict_do_update(**waiting, set_=wish, where=_JOBS.c.lease_until.is_not(None))


async def _end(unit: UnitOfWork, job_id: int, state: str, error: str | None) -> None:
    """Mark a job as finished, and queue what was wished for while it ran."""
    parameters = {"job_id": job_id, "as": state, "why": error, "at": unit.now}
    ended = (await unit.session.execute(_ENDING, parameters)).one_or_none()
    if ended is not None and ended.again_at is not None:
        wished = _row(unit, ended.kind, ended.unique_key, ended.again_payload, ended.again_at)
        await _insert(unit, [wished], is_reminder=True)
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
        await begin_anew(self._database, _JOBS)
        running: set[asyncio.Task[None]] = set()
        async with waking(self._database.signals, JOBS, stop, self._has_ended), asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._has_ended.clear()
                running = {task for task in running if not task.done()}
                rows = await self._claim(CONCURRENCY - len(running))
                running |= {group.create_task(self._run(row)) for row in rows}
                if not rows:
                    await wait_at_most(self._has_ended, await self._seconds_until_due())

    async def _claim(self, limit: int) -> list[Any]:
        if limit <= 0:
            return []
        if self._database.is_sqlite:  # where a look costs a twentieth of a transaction
            due_at = await self._first_due_at()
            if due_at is None or due_at > self._database.clock():
                return []
        seconds = self._deadline_seconds + LEASE_MARGIN_SECONDS
        async with self._database.unit_of_work() as unit:
            return await claim(unit, _CLAIM, lease_seconds=seconds, leased_by=self._database.process_id, most=limit)

    async def _run(self, row: Any) -> None:
        error = await self._call(row)
        async with self._database.unit_of_work() as unit:
            if error is None:
                await _end(unit, row.id, DONE, None)
            elif row.attempts >= self._max_attempts or row.kind not in self._handlers:
                await _end(unit, row.id, FAILED, error)
            else:
                due_at = unit.now + BACKOFF.delay(row.attempts, self._jitter())
                await put_back(unit, _JOBS, [{"id": row.id, "due_at": due_at, "last_error": error}])
        self._has_ended.set()

    async def _call(self, row: Any) -> str | None:
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
        due_at = await self._first_due_at()
        if due_at is None:
            return POLL_SECONDS
        return float(min(max((due_at - self._database.clock()).total_seconds(), MIN_POLL_SECONDS), POLL_SECONDS))

    async def _first_due_at(self) -> datetime | None:
        async with self._database.glancing() as glance:
            found = await glance.ask(_FIRST_DUE, {})
        return found[0][0] if found else None
