"""What is about one object reaches a host in the order in which it was said."""

import asyncio

from sqlalchemy import insert, select

from federation.services import Services
from outbox.claim import DELIVERIES_TABLE, WINDOW
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
