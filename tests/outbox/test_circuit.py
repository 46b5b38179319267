"""A host in trouble is left alone, probed, and served again as soon as it speaks."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from federation.peers.hosts import HOSTS_REMEMBERED, HostTable, forget_stale_hosts
from federation.services import Services
from keys.signing import Scheme
from models import Database
from models.activities import RemoteHost
from models.signals import DELIVERIES
from outbox.deliver import DeliveryWorker
from tests.conftest import Clock
from tests.outbox.cast import counting_statements, deliveries
from tests.outbox.conftest import NewPeer, Send
from tests.outbox.inboxes import Peer

ED25519 = "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"


async def open_circuit(services: Services, worker: DeliveryWorker, peer: Peer, send: Send) -> int:
    """Fail until the host is left alone; returns how many requests that took."""
    peer.answers(503)
    for _ in range(10):
        await send(peer.inbox_url)
    await worker.run_once()
    assert services.hosts.is_open(peer.host, services.clock())
    return len(peer.received)


async def test_five_failures_leave_the_host_alone_and_the_others_served(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send, clock: Clock
) -> None:
    failing, well = await new_peer(), await new_peer()
    asked = await open_circuit(services, worker, failing, send)
    assert asked <= 8  # five, and what was under way
    await send(failing.inbox_url, well.inbox_url)
    clock.advance(minutes=5)
    assert await worker.run_once() == 1
    assert (len(failing.received), len(well.received)) == (asked, 1)


async def test_one_request_probes_and_closes_the_circuit_for_all(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    asked = await open_circuit(services, worker, peer, send)
    clock.advance(minutes=31)
    assert await worker.run_once() == 1  # the probe, in vain
    assert len(peer.received) == asked + 1
    peer.answers(202)
    assert await worker.run_once() == 0
    clock.advance(minutes=31)
    await worker.run_once()
    clock.advance(minutes=31)  # what had backed off for longer
    await worker.run_once()
    assert {row.state for row in await deliveries(services.database)} == {"done"}
    assert not services.hosts.is_suspect(peer.host)


async def test_a_host_that_speaks_is_served_at_once(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    await open_circuit(services, worker, peer, send)
    peer.answers(202)
    await services.database.signals.wait(DELIVERIES, 0)
    services.hosts.heard_from(peer.host)
    await services.hosts.flush()
    assert await services.database.signals.wait(DELIVERIES, 0)
    assert await worker.run_once() == 10
    assert {row.state for row in await deliveries(services.database)} == {"done"}


async def test_a_worker_hears_of_contact_with_another_process(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    await open_circuit(services, worker, peer, send)
    peer.answers(202)
    web_process = HostTable(services.database, clock)
    web_process.heard_from(peer.host)
    await web_process.flush()
    assert await worker.run_once() == 10


async def test_a_host_that_speaks_but_does_not_listen_gets_one_probe(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    asked = await open_circuit(services, worker, peer, send)
    for _ in range(3):
        services.hosts.heard_from(peer.host)  # within a minute
        await services.hosts.flush()
        await worker.run_once()
    assert len(peer.received) == asked + 1


async def test_hearing_from_a_healthy_host_costs_no_statement(services: Services, clock: Clock) -> None:
    services.hosts.heard_from("peer.test")
    await services.hosts.flush()
    with counting_statements(services.database) as seen:
        for _ in range(1000):
            services.hosts.heard_from("peer.test")
        await services.hosts.flush()
        assert seen == []
        clock.advance(seconds=61)
        services.hosts.heard_from("peer.test")
        await services.hosts.flush()
        assert seen != []
    async with services.database.reading() as session:
        host = await session.get_one(RemoteHost, "peer.test")
    assert host.last_inbound_at is not None
    assert clock() - host.last_inbound_at < timedelta(seconds=30)


async def test_what_waited_too_long_for_a_dead_host_is_a_dead_letter(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    await open_circuit(services, worker, peer, send)
    for _ in range(10):
        clock.advance(hours=10)
        await worker.run_once()
    rows = await deliveries(services.database)
    assert {row.state for row in rows} == {"dead"}
    assert len(peer.received) < 20


async def test_seven_failing_days_make_a_host_dead_until_it_speaks(services: Services, clock: Clock) -> None:
    hosts = services.hosts
    for _ in range(7):
        assert not hosts.is_dead("peer.test")
        await hosts.failed("peer.test", "no answer")
        clock.advance(days=1)
    assert hosts.is_dead("peer.test")
    for _ in range(5):
        await hosts.failed("peer.test", "no answer")
    again = HostTable(services.database, clock)
    await again.know(["peer.test"])
    assert again.is_dead("peer.test")
    again.heard_from("peer.test")
    await again.flush()
    assert not again.is_dead("peer.test")
    await again.succeeded("peer.test")
    assert not again.is_suspect("peer.test")


async def test_ten_thousand_dead_inboxes_leave_bounded_state(database: Database, clock: Clock) -> None:
    hosts = HostTable(database, clock, capacity=100)
    for number in range(1000):
        hosts.note_failure(f"h{number}.evil.test", "no answer")
        if number % 50 == 0:
            async with database.unit_of_work() as unit:
                await hosts.save(unit)
    async with database.unit_of_work() as unit:
        await hosts.save(unit)
    hosts.note_failure("one-more.test", "no answer")
    assert len(hosts._hosts) <= 151
    assert HOSTS_REMEMBERED <= 10_000
    clock.advance(days=91)
    async with database.unit_of_work() as unit:
        await forget_stale_hosts(unit)
        assert await unit.session.scalar(select(func.count()).select_from(RemoteHost)) == 0


async def test_hosts_that_fail_leave_half_of_the_places_to_the_others(
    services: Services, new_peer: NewPeer, send: Send
) -> None:
    from outbox.lanes import Lanes
    from tests.outbox.works import work

    lanes = Lanes(8, limit=lambda _host: 4, is_suspect=lambda host: host.startswith("bad"))
    lanes.add(work(number, f"bad{number}.test") for number in range(20))
    lanes.add(work(100 + number, f"good{number}.test") for number in range(20))
    taken = [lanes.take() for _ in range(10)]
    hosts = [each.host for each in taken if each is not None]
    assert (len(hosts), sum(host.startswith("bad") for host in hosts)) == (8, 4)


# What peers announce (FEP-844e)


async def test_a_peer_that_announces_ed25519_is_believed_until_it_refuses(services: Services) -> None:
    hosts = services.hosts
    await hosts.announced("peer.test", [ED25519])
    assert hosts.scheme_for("peer.test") is Scheme.RFC9421_ED25519
    await hosts.learned("peer.test", Scheme.CAVAGE_RSA)
    assert hosts.scheme_for("peer.test") is Scheme.CAVAGE_RSA
    with counting_statements(services.database) as seen:
        await hosts.announced("peer.test", [ED25519])
        await hosts.announced("peer.test", [])
    assert seen == []
    assert hosts.scheme_for("peer.test") is Scheme.CAVAGE_RSA


@pytest.mark.parametrize("implements", [[], ["https://datatracker.ietf.org/doc/html/rfc9421"], ["https://evil.test"]])
async def test_a_peer_that_does_not_announce_ed25519_gets_what_everybody_understands(
    services: Services, implements: list[str]
) -> None:
    await services.hosts.announced("peer.test", implements)
    assert services.hosts.scheme_for("peer.test") is Scheme.CAVAGE_RSA


async def test_software_that_lost_a_capability_is_not_sent_it(services: Services) -> None:
    await services.hosts.announced("peer.test", [ED25519])
    await services.hosts.announced("peer.test", ["https://datatracker.ietf.org/doc/html/rfc9421"])
    assert services.hosts.scheme_for("peer.test") is Scheme.CAVAGE_RSA
