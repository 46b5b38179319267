"""Processes of one office wake each other."""

import asyncio

from sqlalchemy import text

from jobs.bus import Bus
from models import Database
from models.addresses import LocalAddresses
from models.signals import DELIVERIES, INBOUND
from tests.conftest import NewDatabase


async def test_a_commit_of_another_process_wakes_this_one(new_database_url: NewDatabase, backend: str) -> None:
    if backend == "sqlite":
        return  # one process; test_a_bus_on_sqlite_just_waits
    url, addresses, stop = (
        await new_database_url(),
        LocalAddresses("https://office.test", "office.test"),
        asyncio.Event(),
    )
    here, there = Database(url, addresses=addresses), Database(url, addresses=addresses)
    bus = Bus(here, reconnect_seconds=0.01)
    listening = asyncio.create_task(bus.run(stop))
    async with asyncio.timeout(10):
        await bus.is_listening.wait()
        assert await here.signals.wait(DELIVERIES, 0)  # nobody knows what was missed before
        async with there.unit_of_work() as unit:
            unit.signal(DELIVERIES)
        assert await here.signals.wait(DELIVERIES, 5)

        await here.signals.wait(INBOUND, 0)
        async with there.reading() as session:
            await session.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                     " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'")
            )  # fmt: skip
        assert await here.signals.wait(INBOUND, 5)  # woken when it listens again
        async with there.unit_of_work() as unit:
            unit.signal(DELIVERIES)
        assert await here.signals.wait(DELIVERIES, 5)
        stop.set()
        await listening
    await here.close()
    await there.close()


async def test_a_bus_on_sqlite_just_waits(database: Database) -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(10):
        await Bus(database).run(stop)
