"""Jobs run once for many causes, again after a failure, and not for ever."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, select

from jobs.queue import MAX_ATTEMPTS, JobWorker, enqueue_job
from models import Database, UnitOfWork
from models.activities import Job, RemoteHost
from models.new_rows import insert_rows
from models.signals import JOBS
from tests.conftest import Clock


class Handler:
    """Keeps what it was called with; fails while `error` is set."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.was_called = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, payload: dict[str, Any]) -> None:
        self.calls.append(payload)
        self.was_called.set()
        if self.error is not None:
            raise self.error


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def worker(database: Database, handler: Handler) -> JobWorker:
    return JobWorker(database, {"greet": handler}, jitter=lambda: 0.5)


async def add(
    database: Database,
    name: str,
    *,
    key: str | None = None,
    due_in: float = 0,
    kind: str = "greet",
    is_reminder: bool = False,
) -> None:
    async with database.unit_of_work() as unit:
        await enqueue_job(
            unit, kind, {"name": name}, unique_key=key or name, due_in=due_in, is_reminder=is_reminder
        )  # fmt: skip


async def all_jobs(database: Database) -> list[Job]:
    async with database.reading() as session:
        return list(await session.scalars(select(Job).order_by(Job.id)))


async def test_a_job_runs_once_with_its_payload(database: Database, worker: JobWorker, handler: Handler) -> None:
    await add(database, "ana")
    assert await database.signals.wait(JOBS, 0)
    assert await worker.run_once() == 1
    assert await worker.run_once() == 0
    assert handler.calls == [{"name": "ana"}]
    (job,) = await all_jobs(database)
    assert job.state == "done"
    assert job.finished_at is not None


async def test_a_job_goes_on_with_another_of_its_kind(database: Database) -> None:
    pages: list[int] = []

    async def read(payload: dict[str, Any]) -> None:
        pages.append(payload["page"])
        if payload["page"] < 3:
            async with database.unit_of_work() as unit:
                await enqueue_job(unit, "read", {"page": payload["page"] + 1}, unique_key="read:archive")

    async with database.unit_of_work() as unit:
        await enqueue_job(unit, "read", {"page": 1}, unique_key="read:archive")
    assert await JobWorker(database, {"read": read}).run_once() == 3
    assert pages == [1, 2, 3]


async def test_a_wish_that_comes_while_its_job_runs_is_run_afterwards_once_and_never_beside_it(
    database: Database, clock: Clock
) -> None:
    runs: list[str] = []
    under_way = 0

    async def greet(payload: dict[str, Any]) -> None:
        nonlocal under_way
        runs.append(payload["name"])
        under_way += 1
        assert under_way == 1
        if len(runs) == 1:
            await add(database, "nobody: somebody looked", key="same", is_reminder=True)
            await add(database, "late", key="same", due_in=3600)
            await add(database, "early", key="same", due_in=60)
            await JobWorker(database, {"greet": greet}).run_once()  # another process finds nothing to run
        under_way -= 1

    worker = JobWorker(database, {"greet": greet})
    await add(database, "first", key="same")
    await worker.run_once()
    assert runs == ["first"]
    await add(database, "it waits already", key="same")
    clock.advance(seconds=61)
    await worker.run_once()
    clock.advance(hours=2)
    await worker.run_once()
    assert runs == ["first", "early"]
    assert [job.state for job in await all_jobs(database)] == ["done", "done"]


async def test_a_wish_outlives_the_failure_of_the_run_that_it_came_in(database: Database) -> None:
    async def fail(payload: dict[str, Any]) -> None:
        if payload["name"] == "first":
            await add(database, "second", key="same")
            raise ValueError("no")

    await add(database, "first", key="same")
    await JobWorker(database, {"greet": fail}, max_attempts=1).run_once()
    assert [(job.state, job.payload["name"]) for job in await all_jobs(database)] == [
        ("failed", "first"), ("done", "second"),
    ]  # fmt: skip


async def test_a_wish_in_a_unit_that_is_still_open_is_neither_lost_nor_passed_over(
    database: Database, worker: JobWorker, handler: Handler
) -> None:
    """The cause can't be seen before its unit commits: a job that ran until then would have missed it."""
    await add(database, "ana", key="same")
    async with database.unit_of_work() as unit:
        await enqueue_job(unit, "greet", {"name": "berta"}, unique_key="same")
        await unit.settle()
        if not database.is_sqlite:  # where nobody else could write
            assert await worker.run_once() == 0
    assert await worker.run_once() == 1
    assert handler.calls == [{"name": "ana"}]


async def test_many_causes_queue_one_job_and_a_later_one_another(
    database: Database, worker: JobWorker, handler: Handler
) -> None:
    for name in ("ana", "berta", "carla"):
        await add(database, name, key="same")
    await worker.run_once()
    await add(database, "dora", key="same")
    await worker.run_once()
    assert handler.calls == [{"name": "ana"}, {"name": "dora"}]


@pytest.mark.parametrize("is_of_new", [False, True])
async def test_a_job_about_what_its_unit_makes_goes_together_with_it(
    database: Database, worker: JobWorker, handler: Handler, is_of_new: bool
) -> None:
    async def write(unit: UnitOfWork, hosts: list[str]) -> None:
        await insert_rows(unit.session, RemoteHost, [{"host": host, "updated_at": unit.now} for host in hosts])

    heard: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *told: heard.append(told[2]))
    async with database.unit_of_work() as unit:
        await enqueue_job(unit, "greet", {"name": "new.test"}, unique_key="greet:new.test", is_of_new=is_of_new)
        unit.defer(write, "new.test", is_gathered=True)
    writing = [sql for sql in heard if "INSERT" in sql]
    # What others may wish for, too, is locked last: it comes by itself.
    assert len(writing) == (1 if is_of_new and not database.is_sqlite else 2)
    assert await worker.run_once() == 1
    assert handler.calls == [{"name": "new.test"}]


async def test_a_unit_that_fails_queues_no_job(database: Database, worker: JobWorker) -> None:
    with pytest.raises(RuntimeError):
        async with database.unit_of_work() as unit:
            await enqueue_job(unit, "greet", {}, unique_key="k")
            raise RuntimeError
    assert await worker.run_once() == 0


async def test_a_job_waits_until_it_is_due(database: Database, worker: JobWorker, clock: Clock) -> None:
    await add(database, "ana", due_in=60)
    assert await worker.run_once() == 0
    clock.advance(seconds=61)
    assert await worker.run_once() == 1


async def test_a_failure_is_tried_again_after_pauses_that_grow_and_then_kept_as_a_dead_letter(
    database: Database, worker: JobWorker, handler: Handler, clock: Clock
) -> None:
    handler.error = ValueError("no")
    await add(database, "ana")
    pauses = []
    while await worker.run_once():
        (job,) = await all_jobs(database)
        pauses.append(round((job.due_at - clock()).total_seconds()))
        clock.advance(hours=7)
    assert len(handler.calls) == MAX_ATTEMPTS
    assert pauses[:3] == [15, 60, 240]
    (job,) = await all_jobs(database)
    assert (job.state, job.last_error) == ("failed", "ValueError: no")


async def test_a_poisonous_job_does_not_keep_the_others(
    database: Database, worker: JobWorker, handler: Handler
) -> None:
    await add(database, "poison", kind="unknown")
    await add(database, "ana")
    await worker.run_once()
    assert handler.calls == [{"name": "ana"}]
    assert [job.state for job in await all_jobs(database)] == ["failed", "done"]


async def test_a_job_that_kills_its_process_ends_as_a_dead_letter(
    database: Database, worker: JobWorker, handler: Handler, clock: Clock
) -> None:
    await add(database, "ana")
    for _ in range(MAX_ATTEMPTS):
        assert await worker._claim(1)  # and the process dies
        assert await worker.run_once() == 0
        clock.advance(minutes=10)
    await worker.run_once()
    assert handler.calls == []
    assert [job.state for job in await all_jobs(database)] == ["failed"]


async def test_a_handler_that_hangs_is_cut_off(database: Database) -> None:
    async def hang(_payload: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    await add(database, "ana")
    assert await JobWorker(database, {"greet": hang}, deadline_seconds=0.01).run_once() == 1
    (job,) = await all_jobs(database)
    assert (job.state, job.last_error) == ("queued", "TimeoutError: ")


async def test_two_workers_run_each_job_once(database: Database, handler: Handler) -> None:
    for number in range(20):
        await add(database, f"n{number}")
    counts = await asyncio.gather(*(JobWorker(database, {"greet": handler}).run_once() for _ in range(2)))
    assert sum(counts) == 20
    assert len(handler.calls) == 20


async def test_the_running_worker_wakes_up_and_stops_when_told(
    database: Database, worker: JobWorker, handler: Handler
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await add(database, "ana")
    async with asyncio.timeout(4):  # less than the worker would sleep by itself
        await handler.was_called.wait()
        stop.set()
        await running
    assert [job.state for job in await all_jobs(database)] == ["done"]
