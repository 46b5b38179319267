"""When a peer doesn't take it: back off, wait as asked, try another signature, give up, clean up."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from federation.services import Services
from keys.keypairs import PublicKey
from keys.refusals import SignatureRefused
from keys.signing import Scheme
from models.accounts import Account
from models.relations import Follow
from outbox.deliver import DeliveryWorker
from tests.conftest import Clock
from tests.outbox.cast import deliveries, follower
from tests.outbox.conftest import NewPeer, Send
from tests.outbox.inboxes import Answer, Peer, Received


async def only(services: Services) -> Any:
    (row,) = await deliveries(services.database)
    return row


async def test_a_host_that_asks_for_time_gets_it_for_everything(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send, clock: Clock
) -> None:
    slow, other = await new_peer(), await new_peer()
    slow.answers(429, retry_after="300")
    for _ in range(12):
        await send(slow.inbox_url, other.inbox_url)
    await worker.run_once()
    asked = len(slow.received)
    assert asked <= 4  # those under way when the first answer came
    assert len(other.received) == 12
    await send(slow.inbox_url)
    clock.advance(seconds=290)
    assert await worker.run_once() == 0
    slow.answers(202)
    clock.advance(seconds=15)
    assert await worker.run_once() == 13
    assert not services.hosts.is_open(slow.host, clock())


async def test_a_failure_is_tried_again_after_pauses_that_grow(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    peer.answers(500)
    await send(peer.inbox_url)
    pauses = []
    for _ in range(3):
        assert await worker.run_once() == 1
        row = await only(services)
        pauses.append((row.due_at - clock()).total_seconds())
        assert await worker.run_once() == 0
        clock.advance(seconds=pauses[-1] + 1)
    assert [round(pause) for pause in pauses] == [30, 66, 145]
    peer.answers(202)
    assert await worker.run_once() == 1
    assert (row.last_status, (await only(services)).state) == (500, "done")


async def test_an_unreachable_host_is_a_failure_like_any_other(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    await peer.stop()
    await send(peer.inbox_url)
    await worker.run_once()
    row = await only(services)
    assert row.state == "queued"
    assert row.last_error.startswith("RemoteUnreachable")
    await peer.start()
    clock.advance(minutes=1)
    assert await worker.run_once() == 1
    assert (await only(services)).state == "done"


async def test_after_three_days_it_is_a_dead_letter(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    peer.answers(401)
    await send(peer.inbox_url)
    for _ in range(20):
        await worker.run_once()
        clock.advance(hours=12)
    row = await only(services)
    assert (row.state, row.last_status) == ("dead", 401)
    assert row.finished_at - row.created_at < timedelta(hours=96)


async def test_what_is_refused_for_good_is_a_dead_letter_at_once(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send
) -> None:
    peer.answers(422, body='{"error": "content is too long"}')
    await send(peer.inbox_url)
    assert await worker.run_once() == 1
    row = await only(services)
    assert (row.state, row.last_error) == ("dead", '422 {"error": "content is too long"}')


# Signatures: two ways of writing them, whichever the peer understands


def understands(is_rfc9421: bool, status: int = 401, **headers: str) -> Any:
    def decide(received: Received) -> Answer:
        return Answer() if received.is_rfc9421 is is_rfc9421 else Answer(status, headers, "can't verify the signature")

    return decide


@pytest.mark.parametrize(("first", "is_rfc9421"), [(Scheme.CAVAGE_RSA, True), (Scheme.RFC9421_ED25519, False)])
@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_signature_is_tried_once_in_the_other_way_and_remembered(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, first: Scheme, is_rfc9421: bool, status: int
) -> None:
    await services.hosts.learned(peer.host, first)
    peer.decide = understands(is_rfc9421, status)
    await send(peer.inbox_url)
    assert await worker.run_once() == 1
    assert [received.is_rfc9421 for received in peer.received] == [not is_rfc9421, is_rfc9421]
    await send(peer.inbox_url)
    await worker.run_once()
    assert [received.is_rfc9421 for received in peer.received[2:]] == [is_rfc9421]
    assert {row.state for row in await deliveries(services.database)} == {"done"}


async def test_what_was_learnt_is_forgotten_after_thirty_days(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, clock: Clock
) -> None:
    await services.hosts.learned(peer.host, Scheme.RFC9421_RSA)
    clock.advance(days=29)
    assert services.hosts.scheme_for(peer.host) is Scheme.RFC9421_RSA
    clock.advance(days=2)
    assert services.hosts.scheme_for(peer.host) is Scheme.CAVAGE_RSA


async def test_a_challenge_is_answered_with_what_it_asks_for(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, ana_keys: dict[str, PublicKey], clock: Clock
) -> None:
    challenge = 'sig1=("@method" "@target-uri" "@authority" "content-digest");created;keyid;nonce="n-0S6";alg="ed25519"'
    peer.decide = lambda received: Answer() if len(peer.received) > 1 else Answer(401, {"Accept-Signature": challenge})
    await send(peer.inbox_url)
    assert await worker.run_once() == 1
    proven = await peer.received[1].verified(ana_keys, clock)
    assert (proven.algorithm, proven.nonce) == ("ed25519", "n-0S6")
    assert "@authority" in proven.components
    assert services.hosts.scheme_for(peer.host) is Scheme.RFC9421_ED25519


async def test_knocking_twice_is_enough(services: Services, worker: DeliveryWorker, peer: Peer, send: Send) -> None:
    peer.answers(401)
    await send(peer.inbox_url)
    assert await worker.run_once() == 1
    assert len(peer.received) == 2
    row = await only(services)
    assert (row.state, row.last_status, row.attempts) == ("queued", 401, 1)
    assert services.hosts.scheme_for(peer.host) is Scheme.CAVAGE_RSA


async def test_an_altered_body_would_not_verify(
    worker: DeliveryWorker, peer: Peer, send: Send, ana_keys: dict[str, PublicKey], clock: Clock
) -> None:
    await send(peer.inbox_url)
    await worker.run_once()
    (received,) = peer.received
    object.__setattr__(received.message, "body", received.message.body + b" ")
    with pytest.raises(SignatureRefused):
        await received.verified(ana_keys, clock)


# Gone


async def followers_of(services: Services, account: Account) -> tuple[int, int]:
    """How many follows there are, and how many the account shows."""
    async with services.database.reading() as session:
        edges = (await session.scalars(select(Follow).where(Follow.followee_id == account.id))).all()
        count = await session.scalar(select(Account.followers_count).where(Account.id == account.id))
    return len(edges), count or 0


async def add_followers(services: Services, ana: Account, *inboxes: tuple[str, str | None]) -> None:
    async with services.database.unit_of_work() as unit:
        followee = await unit.session.get_one(Account, ana.id)
        for inbox_url, shared in inboxes:
            await follower(unit, followee, inbox_url, shared_inbox_url=shared)


@pytest.mark.parametrize("status", [404, 410])
async def test_who_read_at_an_inbox_that_is_gone_follows_no_more(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send, ana: Account, status: int
) -> None:
    gone, stays = await new_peer(), await new_peer()
    gone.answers(status)
    await add_followers(services, ana, (gone.inbox_url, None), (stays.inbox_url, None))
    await send(to_followers=True)
    await worker.run_once()
    assert await followers_of(services, ana) == (1, 1)
    assert {row.host: row.state for row in await deliveries(services.database)} == {
        gone.host: "gone",
        stays.host: "done",
    }


async def test_a_shared_inbox_that_is_gone_loses_nobody_and_is_the_hosts_trouble(
    services: Services, worker: DeliveryWorker, peer: Peer, send: Send, ana: Account
) -> None:
    peer.answers(410)
    base = peer.inbox_url
    await add_followers(services, ana, (f"{base}/a", base), (f"{base}/b", base), (f"{base}/c", base))
    await send(to_followers=True)
    await worker.run_once()
    assert await followers_of(services, ana) == (3, 3)
    assert (await only(services)).state == "gone"
    assert services.hosts.is_suspect(peer.host)


async def test_nothing_waits_for_a_hanging_host_but_what_is_for_it(
    services: Services, worker: DeliveryWorker, new_peer: NewPeer, send: Send
) -> None:
    hanging, other, stop = await new_peer(), await new_peer(), asyncio.Event()
    hanging.may_answer.clear()
    await send(hanging.inbox_url)
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(2):  # the client would wait for three seconds
        await hanging.has_received.wait()
        await send(other.inbox_url)
        await other.has_received.wait()
    hanging.may_answer.set()
    stop.set()
    await running
    assert {row.state for row in await deliveries(services.database)} == {"done"}
