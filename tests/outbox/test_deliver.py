"""Deliveries reach their inboxes: signed, once, in groups, and never lost."""

import asyncio

import orjson
import pytest
from sqlalchemy import update

from federation.services import Services
from keys.keypairs import PublicKey
from keys.signing import Scheme
from models.activities import Delivery
from outbox.deliver import LEASE_SECONDS, DeliveryWorker
from outbox.work import Work
from tests.conftest import Clock
from tests.outbox.cast import counting_statements, deliveries
from tests.outbox.conftest import NewPeer, Send
from tests.outbox.inboxes import Answer, Peer


async def test_a_delivery_arrives_as_it_was_stored_with_a_signature_that_verifies(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, ana_keys: dict[str, PublicKey], clock: Clock
) -> None:
    activity = await send(peer.inbox_url)
    assert await worker.run_once() == 1
    (received,) = peer.received
    assert received.message.body == activity.body
    assert received.header("content-type") == "application/activity+json"
    assert (await received.verified(ana_keys, clock)).algorithm == "rsa-v1_5-sha256"
    (row,) = await deliveries(services.database)
    assert (row.state, row.last_status, row.attempts, row.lease_until) == ("done", 202, 1, None)
    assert row.finished_at is not None
    assert await worker.run_once() == 0


async def test_a_peer_that_announces_ed25519_gets_ed25519(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, ana_keys: dict[str, PublicKey], clock: Clock
) -> None:
    await services.hosts.announced(
        peer.host, ["https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"]
    )
    await send(peer.inbox_url)
    await worker.run_once()
    proven = await peer.received[0].verified(ana_keys, clock)
    assert (proven.scheme, proven.algorithm) == ("rfc9421", "ed25519")


async def test_many_hosts_are_served_with_few_transactions(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send
) -> None:
    peers = [await new_peer() for _ in range(30)]
    await send(*(peer.inbox_url for peer in peers))
    with counting_statements(services.database) as seen:
        assert await worker.run_once() == 30
    assert all(len(peer.received) == 1 for peer in peers)
    assert {row.state for row in await deliveries(services.database)} == {"done"}
    assert len(seen) < 60  # not one transaction for each


async def test_no_host_gets_more_than_a_few_requests_at_once(
    worker: DeliveryWorker, services: Services, new_peer: NewPeer, send: Send
) -> None:
    busy, other = await new_peer(), await new_peer()
    for _ in range(20):
        await send(busy.inbox_url)
    await send(other.inbox_url)
    order: list[str] = []
    for peer in (busy, other):
        peer.decide = lambda received: order.append(received.message.authority) or Answer()  # type: ignore[func-returns-value]
    assert await worker.run_once() == 21
    # The last to be queued doesn't wait for the twenty before it.
    assert order.index(other.host) <= 8


async def test_a_peer_that_we_do_not_talk_to_any_more_gets_nothing(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send
) -> None:
    friend, former = await new_peer(), await new_peer()
    await send(friend.inbox_url, former.inbox_url)
    async with services.database.unit_of_work() as unit:
        await services.peers.suspend(unit, former.host)
    await worker.run_once()
    assert (len(friend.received), len(former.received)) == (1, 0)
    states = {row.host: row.state for row in await deliveries(services.database)}
    assert states == {friend.host: "done", former.host: "dead"}


async def test_extra_headers_go_with_the_delivery(services: Services, peer: Peer, send: Send) -> None:
    async def synchronization(account_id: int, host: str, work: Work) -> dict[str, str]:
        return {"Collection-Synchronization": f'digest="{work.activity.visibility}:{host}"'}

    await send(peer.inbox_url)
    await DeliveryWorker(services, extra_headers=synchronization).run_once()
    assert peer.received[0].header("collection-synchronization") == f'digest="direct:{peer.host}"'


async def test_an_error_of_ours_is_written_down_and_tried_again(
    services: Services, peer: Peer, send: Send, clock: Clock
) -> None:
    async def broken(account_id: int, host: str, work: Work) -> dict[str, str]:
        raise LookupError("no digest")

    await send(peer.inbox_url)
    assert await DeliveryWorker(services, extra_headers=broken).run_once() == 1
    (row,) = await deliveries(services.database)
    assert (row.state, row.last_error) == ("queued", "internal: LookupError: no digest")
    clock.advance(minutes=2)
    assert await DeliveryWorker(services).run_once() == 1
    assert len(peer.received) == 1


async def test_what_a_killed_worker_had_claimed_is_sent_when_its_lease_runs_out(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    await send(peer.inbox_url)
    assert len(await worker._turn()) == 1  # and dies
    other = DeliveryWorker(services)
    assert await other.run_once() == 0
    clock.advance(seconds=LEASE_SECONDS + 1)
    assert await other.run_once() == 1
    assert len(peer.received) == 1


async def test_two_workers_share_the_work(services: Services, new_peer: NewPeer, send: Send) -> None:
    peers = [await new_peer() for _ in range(10)]
    for _ in range(3):
        await send(*(peer.inbox_url for peer in peers))
    attempts = await asyncio.gather(DeliveryWorker(services).run_once(), DeliveryWorker(services).run_once())
    assert sum(attempts) == 30
    assert all(len(peer.received) == 3 for peer in peers)


async def test_the_running_worker_wakes_up_for_new_work_and_stops_when_told(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await send(peer.inbox_url)
    async with asyncio.timeout(4):  # less than the worker would sleep by itself
        await peer.has_received.wait()
    stop.set()
    async with asyncio.timeout(4):
        await running
    assert [row.state for row in await deliveries(services.database)] == ["done"]


async def test_a_worker_on_sqlite_takes_back_what_its_predecessor_had_claimed(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    if not services.database.is_sqlite:
        pytest.skip("on PostgreSQL another worker may still hold the lease")
    await send(peer.inbox_url)
    await worker._turn()  # and dies
    stop = asyncio.Event()
    running = asyncio.create_task(DeliveryWorker(services).run(stop))
    async with asyncio.timeout(4):
        await peer.has_received.wait()
    stop.set()
    await running


async def test_a_row_that_was_dropped_while_it_was_under_way_stays_dropped(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    await send(peer.inbox_url)
    await worker._turn()
    async with services.database.unit_of_work() as unit:
        await unit.session.execute(update(Delivery).values(state="dropped", lease_until=None))
    async with asyncio.TaskGroup() as sends:
        worker._start(sends)
        await worker._some_ended.wait()
        await worker._turn(claims=False)
    assert [row.state for row in await deliveries(services.database)] == ["dropped"]


async def test_bodies_never_name_blind_recipients_on_the_wire(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    await send(peer.inbox_url)
    await worker.run_once()
    assert not {"bto", "bcc"} & orjson.loads(peer.received[0].message.body).keys()


async def test_schemes_survive_a_restart(services: Services) -> None:
    from federation.peers.hosts import HostTable

    await services.hosts.learned("peer.test", Scheme.RFC9421_RSA)
    again = HostTable(services.database, services.clock)
    assert again.scheme_for("peer.test") is Scheme.CAVAGE_RSA
    await again.know(["peer.test", "other.test"])
    assert again.scheme_for("peer.test") is Scheme.RFC9421_RSA
    assert again.scheme_for("other.test") is Scheme.CAVAGE_RSA
