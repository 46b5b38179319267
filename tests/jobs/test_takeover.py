"""What a process had in its hands is done by another, at once: it gave it back, or it is gone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import select

from jobs.queue import JobWorker, enqueue_job
from jobs.takeover import Takeover, hand_back
from models import Database
from models.activities import Job
from models.addresses import LocalAddresses
from models.signals import JOBS
from tests.conftest import NewDatabase

NewProcess = Callable[[], Awaitable[Database]]


@pytest.fixture
async def new_process(new_database_url: NewDatabase, backend: str) -> AsyncIterator[NewProcess]:
    """Opens the same database as another process of the office does."""
    if backend == "sqlite":
        pytest.skip("one process works there; tests/inbox/test_restart.py")
    url = await new_database_url()
    async with AsyncExitStack() as stack:

        async def open_one() -> Database:
            made = Database(url, addresses=LocalAddresses("https://office.test", "office.test"))
            stack.push_async_callback(made.close)
            return made

        yield open_one


async def nothing(_payload: dict[str, Any]) -> None:
    """A handler."""


async def claim_one(process: Database, name: str) -> JobWorker:
    """A worker of the process that has claimed a job and hasn't come further."""
    worker = JobWorker(process, {"greet": nothing})
    async with process.unit_of_work() as unit:
        await enqueue_job(unit, "greet", {}, unique_key=name)
    assert len(await worker._claim(1)) == 1
    return worker


async def states(process: Database) -> dict[str, tuple[str, int]]:
    async with process.reading() as session:
        return {job.unique_key: (job.state, job.attempts) for job in await session.scalars(select(Job))}


async def test_what_a_dead_process_had_is_taken_over_and_what_a_living_one_has_is_not(new_process: NewProcess) -> None:
    killed, living, here = [await new_process() for _ in range(3)]
    await claim_one(killed, "of the killed")
    await claim_one(living, "of the living")
    worker, takeover = JobWorker(here, {"greet": nothing}), Takeover(here)
    await killed.close()  # whatever ended it: its connections are gone
    assert await takeover.run_once() == 0
    await here.signals.wait(JOBS, 0)
    assert await takeover.run_once() == 1  # missing twice
    assert await here.signals.wait(JOBS, 0)
    assert await worker.run_once() == 1
    assert await states(here) == {"of the killed": ("done", 2), "of the living": ("queued", 1)}
    assert await takeover.run_once() == 0

    await living.close()  # known by now, and gone later
    assert [await takeover.run_once() for _ in range(2)] == [0, 1]
    assert await worker.run_once() == 1


async def test_a_process_that_only_lost_its_connections_for_a_moment_keeps_its_work(new_process: NewProcess) -> None:
    away, here = await new_process(), await new_process()
    await claim_one(away, "job")
    takeover = Takeover(here)
    await away.close()
    await takeover.run_once()
    await states(away)  # connects again
    assert [await takeover.run_once() for _ in range(2)] == [0, 0]


async def test_a_process_that_ends_in_order_gives_back_its_own_and_that_is_no_attempt(new_process: NewProcess) -> None:
    ending, here = await new_process(), await new_process()
    await claim_one(ending, "of the ending")
    await claim_one(here, "of the other")
    assert await hand_back(ending) == 1
    assert await JobWorker(here, {"greet": nothing}).run_once() == 1
    assert await states(here) == {"of the ending": ("done", 1), "of the other": ("queued", 1)}
