"""What became of what we sent is there to be read, and can be tried again or given up."""

from datetime import timedelta

from federation.services import Services
from models import Database
from models.accounts import Account
from models.signals import DELIVERIES
from outbox.dead_letters import drop_host, retry_host
from outbox.deliver import DeliveryWorker
from outbox.enqueue import PEERING_GATE, enqueue
from outbox.report import HostQueue, queue_status, report_of_activity, report_of_status
from tests.conftest import Clock
from tests.outbox.cast import create_note
from tests.outbox.conftest import NewPeer, Send
from tests.outbox.inboxes import Peer


async def status_of(services: Services, host: str) -> HostQueue | None:
    async with services.database.reading() as session:
        found = await queue_status(session, now=services.clock())
    return next((each for each in found if each.host == host), None)


async def give_up(services: Services, worker: DeliveryWorker, peer: Peer, send: Send) -> None:
    peer.answers(422, body="no")
    await send(peer.inbox_url)
    await worker.run_once()


async def test_the_report_says_which_inbox_when_and_what_answer(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, ana: Account, clock: Clock
) -> None:
    takes, refuses, fails = [await new_peer() for _ in range(3)]
    refuses.answers(422, body="too long")
    fails.answers(500)
    async with services.database.unit_of_work() as unit:
        document = create_note(unit, ana)
        activity = await enqueue(unit, account=ana, document=document, ordering_key="k", gate=PEERING_GATE,
                                 status_id=77,
                                 inbox_urls=[peer.inbox_url for peer in (takes, refuses, fails)])  # fmt: skip
    await worker.run_once()
    async with services.database.reading() as session:
        lines = await report_of_status(session, 77)
        assert list(await report_of_activity(session, activity.uri)) == list(lines)
        assert await report_of_status(session, 78) == []
        assert await report_of_status(session, 77, after_id=lines[0].id, limit=1) == [lines[1]]
    assert [(line.inbox_url, line.state, line.last_status) for line in lines] == [
        (takes.inbox_url, "done", 202),
        (refuses.inbox_url, "dead", 422),
        (fails.inbox_url, "queued", 500),
    ]
    assert lines[0].finished_at is not None
    assert lines[1].last_error == "422 too long"
    assert lines[2].next_attempt_at is not None
    assert lines[2].next_attempt_at > clock()


async def test_the_queue_of_a_host_shows_what_waits_and_why(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send, clock: Clock
) -> None:
    failing, well = await new_peer(), await new_peer()
    failing.answers(503)
    for _ in range(10):
        await send(failing.inbox_url, well.inbox_url)
    await worker.run_once()
    seen = await status_of(services, failing.host)
    assert seen is not None
    assert (seen.queued, seen.dead, seen.circuit, seen.last_error) == (10, 0, "open", "503")
    assert seen.oldest_queued_at is not None
    assert clock() - seen.oldest_queued_at < timedelta(minutes=1)
    assert await status_of(services, well.host) is None


async def test_a_dead_letter_that_is_retried_arrives(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    await give_up(services, worker, peer, send)
    clock.advance(days=20)
    dead = await status_of(services, peer.host)
    assert dead is not None
    assert (dead.queued, dead.dead) == (0, 1)
    peer.answers(202)
    await services.database.signals.wait(DELIVERIES, 0)
    async with services.database.unit_of_work() as unit:
        assert await retry_host(unit, peer.host) == 1
    assert await services.database.signals.wait(DELIVERIES, 0)
    assert await worker.run_once() == 1
    assert await status_of(services, peer.host) is None


async def test_a_retry_by_hand_reaches_a_host_whose_circuit_is_open(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    peer.answers(503)
    for _ in range(10):
        await send(peer.inbox_url)
    await worker.run_once()
    peer.answers(202)
    async with services.database.unit_of_work() as unit:  # as the command line does, in another process
        assert await retry_host(unit, peer.host) == 10
    assert await worker.run_once() == 10


async def test_what_is_dropped_is_never_sent_and_still_reported(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    await give_up(services, worker, peer, send)
    activity = await send(peer.inbox_url)
    async with services.database.unit_of_work() as unit:
        assert await drop_host(unit, peer.host) == 2
        assert await drop_host(unit, "another.test") == 0
        assert await retry_host(unit, peer.host) == 0
    asked = len(peer.received)
    assert await worker.run_once() == 0
    assert len(peer.received) == asked
    async with services.database.reading() as session:
        (line,) = await report_of_activity(session, activity.uri)
    assert (line.state, line.last_error) == ("dropped", "dropped by the administrator")


async def test_an_empty_queue_has_no_hosts(database: Database, clock: Clock) -> None:
    async with database.reading() as session:
        assert await queue_status(session, now=clock()) == []
