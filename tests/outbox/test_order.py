"""What is about one object reaches a host in the order in which it was said."""

import asyncio
from typing import Any

from sqlalchemy import insert, select, text

from federation.services import Services
from outbox.claim import CLAIMS, DELIVERIES_TABLE, WINDOW
from outbox.deliver import DeliveryWorker, is_cut_short
from tests.conftest import Clock
from tests.outbox.cast import deliveries
from tests.outbox.conftest import NewPeer, Send
from tests.outbox.inboxes import Answer, Peer


async def test_activities_about_one_object_arrive_in_order(worker: DeliveryWorker, peer: Peer, send: Send) -> None:
    sent = [await send(peer.inbox_url, about="https://office.test/notes/1") for _ in range(5)]
    assert await worker.run_once() == 5
    assert peer.activity_ids == [activity.uri for activity in sent]


async def test_what_follows_a_failure_waits_and_the_rest_goes_on(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send, clock: Clock
) -> None:
    failing, well = await new_peer(), await new_peer()
    inboxes = (failing.inbox_url, well.inbox_url)
    first = await send(*inboxes, about="a")
    second = await send(*inboxes, about="a")
    other = await send(*inboxes, about="b")
    failing.decide = lambda received: Answer(500 if received.activity_id == first.uri else 202)
    await worker.run_once()
    assert well.activity_ids.index(first.uri) < well.activity_ids.index(second.uri)
    assert sorted(failing.activity_ids) == sorted([first.uri, other.uri])
    failing.answers(202)
    clock.advance(minutes=1)
    assert await worker.run_once() == 2
    assert failing.activity_ids[-2:] == [first.uri, second.uri]


async def test_what_follows_a_dead_letter_goes(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    first = await send(peer.inbox_url, about="a")
    second = await send(peer.inbox_url, about="a")
    peer.decide = lambda received: Answer(422 if received.activity_id == first.uri else 202)
    assert await worker.run_once() == 2
    assert peer.activity_ids == [first.uri, second.uri]
    assert [row.state for row in await deliveries(services.database)] == ["dead", "done"]


async def test_two_workers_keep_the_order_too(services: Services, peer: Peer, send: Send) -> None:
    sent = [await send(peer.inbox_url, about="a") for _ in range(6)]
    workers = [DeliveryWorker(services), DeliveryWorker(services)]
    while [row for row in await deliveries(services.database) if row.state == "queued"]:
        await asyncio.gather(*(worker.run_once() for worker in workers))
    assert peer.activity_ids == [activity.uri for activity in sent]


async def test_a_host_with_a_long_queue_hides_nobody(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send
) -> None:
    busy, well = await new_peer(), await new_peer()
    await send(busy.inbox_url)
    async with services.database.unit_of_work() as unit:
        first = (await unit.session.execute(select(DELIVERIES_TABLE))).one()._asdict()
        copies = [
            first | {"id": unit.new_id(), "inbox_url": f"{busy.inbox_url}?{number}", "ordering_key": str(number)}
            for number in range(WINDOW)
        ]
        await unit.session.execute(insert(DELIVERIES_TABLE), copies)
    await send(well.inbox_url)
    claimed = await worker._turn()
    assert {work.host for work in claimed} == {busy.host}
    assert is_cut_short(claimed)  # so the worker looks again before anybody has answered
    claimed = await worker._turn()
    assert [work.host for work in claimed] == [well.host]
    assert not is_cut_short(claimed)


def rows_seen(plan: dict[str, Any]) -> int:
    """How many rows all scans of a plan have looked at."""
    seen = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Join Filter", 0)
    return int(seen * plan["Actual Loops"]) + sum(rows_seen(part) for part in plan.get("Plans", ()))


async def test_a_claim_looks_once_at_each_row_whatever_was_counted_of_the_queue(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send
) -> None:
    """PostgreSQL chooses by what it counted, and it counts when nothing is queued."""
    peers = [await new_peer() for _ in range(3)]
    await send(*(peer.inbox_url for peer in peers))
    await worker.run_once()
    sent = (await deliveries(services.database))[0]
    row = {column.key: getattr(sent, column.key) for column in DELIVERIES_TABLE.columns} | {"state": "queued"}
    async with services.database.unit_of_work() as unit:
        if not services.database.is_sqlite:
            await unit.session.execute(text("ANALYZE deliveries"))
        rows = [
            row | {"id": unit.new_id(), "inbox_url": f"https://h{n}.test/", "host": f"h{n}.test"} for n in range(500)
        ]
        await unit.session.execute(insert(DELIVERIES_TABLE), rows)
    now = services.clock()
    values = {"now": now, "until": now, "me": "", "busy": [], "per_host": 10, "most": 100}
    async with services.database.unit_of_work() as unit:
        straight = await unit.session.straight()
        form = CLAIMS[True].question.form(straight.dialect)
        explain = "EXPLAIN QUERY PLAN " if services.database.is_sqlite else "EXPLAIN (ANALYZE, FORMAT JSON) "
        plan = await straight.rows(explain + form.sql, form.arguments(values))
    if services.database.is_sqlite:
        probe = "SEARCH earlier USING INDEX ix_deliveries_order (host=? AND ordering_key=? AND id<?)"
        assert probe in [step[3] for step in plan]
    else:
        assert rows_seen(plan[0][0][0]["Plan"]) < 20 * len(rows)
