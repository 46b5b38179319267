"""How a peer is, in figures and in a sentence: counted cheaply, kept small, and the same for every process."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from api.answers.admin_peers import PeerHealthEntity
from api.entities.peer_health import peer_health_entity
from federation.peers.meter import BOUNDS, MAX_NAMES, OTHERS, PeerMeter, forget_old_counts, percentile
from inbox.peer_health import peer_health, verdict
from models.activities import Delivery, RemoteHost
from models.peers import PeerCount
from tests.api.across import STATUSES, body, open_pair
from tests.api.contract import check
from tests.conftest import Clock
from tests.peers import Office
from tests.remote_peers import WRONG_KEY, RemoteServer


async def sentence(office: Office, domain: str) -> str:
    return verdict(*await peer_health(office.services, domain), office.services.clock())


async def counts(office: Office) -> dict[tuple[str, str], int]:
    await office.services.peers.meter.flush()
    async with office.services.database.reading() as session:
        return {(row.host, row.name): row.count for row in await session.scalars(select(PeerCount))}


async def test_a_peer_s_health_is_counted_and_said_in_a_sentence(
    two_offices: tuple[Office, Office], clock: Clock
) -> None:
    madrid, lisbon = two_offices
    pair = await open_pair(two_offices)
    await pair.ana.post("Hola")
    await pair.bea.post("Olá")
    await madrid.services.hosts.flush()  # it is written within seconds
    health, sync = await peer_health(madrid.services, lisbon.domain)
    assert (health.deliveries.get("done", 0) >= 2, health.accepted >= 2, health.refusals) == (True, True, {})
    assert health.outcomes["applied"] >= 2
    assert health.delivery_p50_seconds is not None
    assert health.delivery_p95_seconds is not None
    assert sync.takes_part
    assert health.clock_ahead_seconds is not None
    assert verdict(health, sync, clock()).startswith("It is well: heard ")
    check(PeerHealthEntity, peer_health_entity(health, sync, clock()))

    madrid.services.peers.meter._clocks.clear()  # a minute has passed
    madrid.services.peers.meter.saw_clock(lisbon.domain, "Sat, 28 Nov 2020 10:00:00 GMT")
    assert "behind ours: let NTP set both" in await sentence(madrid, lisbon.domain)
    async with madrid.services.database.unit_of_work() as unit:
        (await unit.session.get_one(RemoteHost, lisbon.domain)).clock_ahead_seconds = 0.5

    body(await pair.ana.api.post(STATUSES, {"status": "Espera"}))
    clock.advance(minutes=20)
    assert "1 deliveries wait for it, the oldest for 20 min" in await sentence(madrid, lisbon.domain)
    async with madrid.services.database.unit_of_work() as unit:
        waiting = (await unit.session.scalars(select(Delivery).where(Delivery.state == "queued"))).one()
        waiting.state, waiting.finished_at = "dead", unit.now
    assert "1 deliveries were given up: `tertulia queue retry" in await sentence(madrid, lisbon.domain)
    await madrid.suspend(lisbon)
    assert await sentence(madrid, lisbon.domain) == "It is suspended: nothing goes in or out."
    assert await sentence(madrid, "nobody.test") == "It is no peer: nothing goes in or out."


async def test_refusals_are_counted_for_peers_and_summed_for_strangers(
    office: Office, remote: RemoteServer, stranger: RemoteServer
) -> None:
    ana = await office.create_person("ana")
    known, unknown = await remote.actor("kim"), await stranger.actor("mal")
    for _ in range(6):
        assert (await known.post(ana.inbox_url, known.follow(ana.uri), tamper=WRONG_KEY)).status == 401
    for _ in range(3):
        assert (await unknown.post(ana.inbox_url, unknown.follow(ana.uri))).status == 403
    found = await counts(office)
    assert {host for host, _ in found} == {remote.host, OTHERS}
    assert found[OTHERS, "refused:peer"] == 3
    health, sync = await peer_health(office.services, remote.host)
    assert (health.signature_failures, sum(health.refusals.values())) == (6, 6)
    assert "6 requests in its name didn't verify" in verdict(health, sync, office.services.clock())


async def test_a_flood_of_hosts_and_reasons_makes_few_rows_and_writes(office: Office) -> None:
    meter, writes = office.services.peers.meter, 0

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal writes
        writes += "peer_counts" in statement

    event.listen(office.services.database.engine.sync_engine, "before_cursor_execute", note)
    for number in range(3_000):
        meter.refused(f"host{number}.test", f"reason-{number}")
    assert writes == 0
    found = await counts(office)
    assert {host for host, _ in found} == {OTHERS}
    assert (len(found), sum(found.values())) == (MAX_NAMES + 1, 3_000)
    assert writes <= 2  # one INSERT, and the SELECT of this test


async def test_two_processes_add_up_and_old_days_are_forgotten(office: Office, clock: Clock) -> None:
    database = office.services.database
    meters = [PeerMeter(database, lambda _host: True) for _ in range(2)]
    for meter in meters:
        meter.delivered("peer.test", "done", 0.3)
        meter.delivered("peer.test", "done", 1e9)
        await meter.flush()
    assert await counts(office) == {
        ("peer.test", "delivery:done"): 4, ("peer.test", "took:0.5"): 2, ("peer.test", "took:more"): 2,
    }  # fmt: skip
    clock.advance(seconds=timedelta(days=31).total_seconds())
    async with database.unit_of_work() as unit:
        await forget_old_counts(unit)
    assert await counts(office) == {}


@pytest.mark.parametrize(
    ("counted", "share", "seconds"),
    [({}, 0.5, None), ({"took:0.2": 100}, 0.5, 0.15), ({"took:0.1": 90, "took:60.0": 10}, 0.95, 45.0),
     ({"took:more": 3}, 0.5, BOUNDS[-1])],
)  # fmt: skip
def test_percentiles_come_from_classes(counted: dict[str, int], share: float, seconds: float | None) -> None:
    assert percentile(counted, share) == (None if seconds is None else pytest.approx(seconds))
