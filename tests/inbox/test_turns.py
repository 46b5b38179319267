"""Several processes apply what came: nobody overtakes another with what depends on order, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from inbox.process import LEASE_SECONDS
from inbox.turns import BATCH, IN_ORDER_SECONDS, claim_in_turn
from models import Database, UnitOfWork
from models.accounts import Account
from models.activities import InboundActivity
from models.addresses import LocalAddresses
from tests.conftest import Clock, NewDatabase
from tests.end_to_end.waiting import eventually

GROUP = "https://evil.test/c/garden"


class Processes:
    """Two processes of an office, each with connections of its own."""

    def __init__(self, one: Database, two: Database) -> None:
        self.one, self.two = one, two
        self._number = 0

    async def arrive(self, *activities: str) -> None:
        """Put `Type name` into the journal, in this order; the name is that of the actor."""
        async with self.one.unit_of_work() as unit:
            for activity in activities:
                self._number += 1
                kind, _, name = activity.partition(" ")
                actor_uri = GROUP if name == "garden" else f"https://evil.test/{name}"
                unit.session.add(InboundActivity(
                    id=unit.new_id(), dedup_key=f"{self._number}", actor_uri=actor_uri, activity_type=kind,
                    host="evil.test", body=activity.encode(), due_at=unit.now, received_at=unit.now,
                ))  # fmt: skip

    async def claim(self, process: Database) -> list[str]:
        async with process.unit_of_work() as unit:
            return await claim_in(process, unit)

    async def change(self, activity: str, **values: Any) -> None:
        async with self.one.unit_of_work() as unit:
            await unit.session.execute(
                update(InboundActivity).where(InboundActivity.body == activity.encode()).values(**values)
            )


async def claim_in(process: Database, unit: UnitOfWork) -> list[str]:
    rows = await claim_in_turn(unit, now=unit.now, lease_seconds=LEASE_SECONDS, me=process.process_id)
    query = select(InboundActivity.body).where(InboundActivity.id.in_([row.id for row in rows]))
    return [body.decode() for body in await unit.session.scalars(query.order_by(InboundActivity.id))]


async def waiting_for_a_lock(process: Database) -> int:
    async with process.reading() as session:
        return int(await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) or 0)


@pytest.fixture
async def processes(new_database_url: NewDatabase, backend: str, clock: Clock) -> AsyncIterator[Processes]:
    if backend == "sqlite":
        pytest.skip("one process works there")
    url, addresses = await new_database_url(), LocalAddresses("https://office.test", "office.test")
    one, two = (Database(url, addresses=addresses, clock=clock) for _ in range(2))
    async with one.unit_of_work() as unit:
        unit.session.add(Account(
            id=unit.new_id(), uri=GROUP, username="garden", domain="evil.test", actor_type="Group",
            inbox_url=f"{GROUP}/inbox", created_at=unit.now, updated_at=unit.now,
        ))  # fmt: skip
    yield Processes(one, two)
    await one.close()
    await two.close()


async def test_what_depends_on_order_waits_for_what_came_before_and_the_rest_goes_side_by_side(
    processes: Processes, clock: Clock
) -> None:
    one, two = processes.one, processes.two
    first = ["Create ana", "Follow berta", "Announce garden", "Announce carla"]
    await processes.arrive(*first)
    assert await processes.claim(one) == first
    await processes.arrive(
        "Update ana", "Create ana", "Undo berta", "Create berta", "Announce garden", "Announce carla"
    )
    assert await processes.claim(two) == ["Create ana", "Announce carla"]
    assert await processes.claim(one) == []

    await processes.change("Follow berta", state="done", lease_until=None)
    assert await processes.claim(two) == ["Undo berta", "Create berta"]
    # What has failed and waits for its next try is waited for by nobody.
    await processes.change("Create ana", lease_until=None)
    assert await processes.claim(one) == ["Update ana"]
    # Nor is what lasts too long, or died in somebody's hands.
    clock.advance(seconds=IN_ORDER_SECONDS - 1)
    assert await processes.claim(one) == []
    clock.advance(seconds=2)
    assert await processes.claim(one) == ["Announce garden"]


async def test_a_claim_that_is_not_committed_yet_is_waited_for(processes: Processes) -> None:
    """Without that the second process would see neither the claim nor the rows, and go on with what comes after."""
    await processes.arrive("Announce garden")
    async with processes.one.unit_of_work() as unit:
        assert await claim_in(processes.one, unit) == ["Announce garden"]
        await processes.arrive("Announce garden", "Create dora")
        second = asyncio.create_task(processes.claim(processes.two))
        await eventually(lambda: waiting_for_a_lock(processes.one), lambda number: number == 1)
    assert await second == ["Create dora"]


async def test_a_claim_looks_only_at_what_it_takes_though_the_statistics_say_that_nothing_is_queued(
    processes: Processes,
) -> None:
    """As they do after a pause: the planner believes that whatever it joins has one row."""
    one = processes.one
    await processes.arrive(*("Create ana" for _ in range(3 * BATCH)))
    async with one.unit_of_work() as unit:
        await unit.session.execute(update(InboundActivity).values(state="done", finished_at=unit.now))
        await unit.session.execute(text("ANALYZE inbound_activities"))
    await processes.arrive(*("Create ana" for _ in range(5 * BATCH)))
    asked: list[tuple[str, Any]] = []
    event.listen(
        one.engine.sync_engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3]))
    )  # fmt: skip
    async with one.unit_of_work() as unit:
        assert len(await claim_in(one, unit)) == BATCH
    ((sql, arguments),) = [(sql, arguments) for sql, arguments in asked if "UPDATE inbound_activities" in sql]
    async with one.unit_of_work() as unit:
        straight = await unit.session.straight()
        found = await straight.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", arguments)
    assert read_by(found[0][0][0]["Plan"]) < 20 * BATCH


def read_by(node: dict[str, Any]) -> float:
    """How many rows the parts of a plan have handed on or thrown away."""
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return float(rows * node["Actual Loops"] + sum(read_by(part) for part in node.get("Plans", ())))
