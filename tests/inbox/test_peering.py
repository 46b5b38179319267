"""The handshake between two offices, and what strangers who knock can't do."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from federation.peers.cards import own_card
from keys.keypairs import generate_ed25519
from models.office import AuditEntry
from models.peers import Peer
from outbox.peering.explain import missing
from policy.limits import KNOCKS_AN_HOUR, PEERING_BYTES, PROPOSALS_WAITING_OF_A_SITE
from server.housekeeping import Housekeeper
from tests.conftest import Clock, NewDatabase
from tests.graph import count
from tests.peering import Stranger, confirm, propose, row, state
from tests.peers import Office, office, remote_server, run_until_idle
from tests.remote_peers import UNSIGNED, WRONG_KEY, RemoteServer

Pair = tuple[Office, Office]


@pytest.fixture
async def strangers(new_database_url: NewDatabase, clock: Clock) -> AsyncIterator[Pair]:
    """Two offices that have nothing to do with each other yet."""
    async with (
        office("madrid", new_database_url, clock=clock, legal_name="Empresa SA", region="Spain") as madrid,
        office("lisbon", new_database_url, clock=clock) as lisbon,
    ):
        yield madrid, lisbon


async def states(madrid: Office, lisbon: Office) -> tuple[str | None, str | None]:
    return await state(madrid, lisbon.domain), await state(lisbon, madrid.domain)


async def actions(here: Office) -> list[str]:
    async with here.services.database.reading() as session:
        query = select(AuditEntry.action).where(AuditEntry.target_kind == "Peer").order_by(AuditEntry.id)
        return list(await session.scalars(query))


async def test_two_offices_become_peers_by_a_handshake(strangers: Pair) -> None:
    madrid, lisbon = strangers
    proposed = await propose(madrid, lisbon.domain)
    assert f"waiting for an administrator of {lisbon.domain} to confirm; proposed 0 s ago; expires" in missing(
        proposed, madrid.services.clock()
    )
    await run_until_idle(madrid, lisbon)
    assert await states(madrid, lisbon) == ("proposed", "proposed")
    seen = await row(lisbon, madrid.domain)
    assert seen is not None
    assert (seen.legal_name, seen.region, seen.software, seen.proposed_by) == (
        "Empresa SA",
        "Spain",
        "tertulia",
        "them",
    )
    for here, there in (strangers, (lisbon, madrid)):
        assert not here.services.peers.allows(there.domain)  # one side alone permits nothing
    await confirm(lisbon, madrid.domain)
    assert await states(madrid, lisbon) == ("proposed", "confirmed")
    await run_until_idle(madrid, lisbon)
    assert await states(madrid, lisbon) == ("active", "active")
    for here, there in (strangers, (lisbon, madrid)):
        assert here.services.peers.is_full(there.domain)
        assert here.services.peers.active() == [there.domain]
        known, own = await row(here, there.domain), await find_own(there)
        assert known is not None
        assert (known.fingerprint, known.pinned_at is not None) == (own, True)
        assert missing(known, here.services.clock()) == ""
    assert await actions(madrid) == ["propose", "confirmed", "activated"]
    assert await actions(lisbon) == ["proposed", "confirm", "activated"]


async def find_own(here: Office) -> str:
    async with here.services.database.reading() as session:
        return (await own_card(here.services, session)).fingerprint


async def test_who_propose_to_each_other_at_once_meet(strangers: Pair) -> None:
    madrid, lisbon = strangers
    await propose(madrid, lisbon.domain)
    await propose(lisbon, madrid.domain)
    await run_until_idle(madrid, lisbon)
    assert await states(madrid, lisbon) == ("active", "active")


async def test_to_propose_to_who_has_proposed_is_to_confirm(strangers: Pair) -> None:
    madrid, lisbon = strangers
    await propose(madrid, lisbon.domain)
    await run_until_idle(madrid, lisbon)
    await propose(lisbon, madrid.domain)
    await run_until_idle(madrid, lisbon)
    assert await states(madrid, lisbon) == ("active", "active")


async def test_what_was_lost_is_sent_again(strangers: Pair, clock: Clock) -> None:
    madrid, lisbon = strangers
    await propose(madrid, lisbon.domain)
    await run_until_idle(madrid, lisbon)
    async with lisbon.services.database.unit_of_work() as unit:  # restored from a backup of yesterday
        await lisbon.services.peers.forget(unit, await unit.session.get_one(Peer, madrid.domain))
    clock.advance(hours=25)
    await run_until_idle(madrid, lisbon)
    assert await states(madrid, lisbon) == ("proposed", "proposed")
    await confirm(lisbon, madrid.domain)
    clock.advance(days=20)
    await run_until_idle(madrid, lisbon)  # the yes comes too late
    assert await states(madrid, lisbon) == ("proposed", "confirmed")
    assert "expired" in missing(await peer(madrid, lisbon), madrid.services.clock())
    await propose(madrid, lisbon.domain)
    await run_until_idle(madrid, lisbon)
    assert await states(madrid, lisbon) == ("active", "active")


async def peer(here: Office, there: Office) -> Peer:
    found = await row(here, there.domain)
    assert found is not None
    return found


@pytest.fixture
async def stranger(remote: RemoteServer) -> Stranger:
    """An instance that `lonely` has never heard of."""
    return await Stranger.at(remote)


@pytest.fixture
async def lonely(new_database_url: NewDatabase, clock: Clock) -> AsyncIterator[Office]:
    async with office("madrid", new_database_url, clock=clock) as made:
        yield made


async def test_a_stranger_may_propose_and_nothing_else(lonely: Office, stranger: Stranger, clock: Clock) -> None:
    alice = await lonely.create_person("alice")
    offer = stranger.offer(lonely)
    assert (await stranger.post(lonely, offer)).status == 202
    clock.advance(seconds=2)
    assert (await stranger.post(lonely, offer)).status == 202  # again, after its sender lost our answer
    assert await state(lonely, stranger.server.host) == "proposed"
    assert await count(lonely, Peer) == 1
    follow = stranger.actor.follow(alice.uri)
    assert (await stranger.actor.post(alice.inbox_url, follow)).status == 403
    assert (await stranger.actor.get(alice.uri)).json.get("name") is None
    for kind in ("Accept", "Reject", "Block", "Ping"):
        letter = stranger.letter(lonely, kind, {"type": "Peering", "id": offer["object"]["id"]}, result=stranger.card)
        assert (await stranger.post(lonely, letter)).status == 403, kind
    assert await state(lonely, stranger.server.host) == "proposed"
    leave = stranger.letter(lonely, "Leave", {"type": "Peering", "id": offer["object"]["id"]})
    assert (await stranger.post(lonely, leave)).status == 202
    assert await state(lonely, stranger.server.host) is None


async def test_forged_proposals_leave_nothing_behind(lonely: Office, stranger: Stranger, clock: Clock) -> None:
    offer = stranger.offer(lonely)
    carol = await stranger.server.actor("carol")
    bot = await stranger.server.actor("bot", type="Application")
    async with remote_server("127.0.0.3") as elsewhere:
        victim = elsewhere.host
        foreign = {**stranger.card, "domain": victim}
        forged = {
            "unsigned": (await stranger.post(lonely, offer, tamper=UNSIGNED)),
            "wrong key": (await stranger.post(lonely, offer, tamper=WRONG_KEY)),
            "no proof": (await stranger.actor.post(f"{lonely.origin}/actor/inbox", offer)),
            "proof of another key": (await stranger.post(lonely, stranger.proven(offer, generate_ed25519()))),
            "altered after the proof": (
                await stranger.post(lonely, {**stranger.proven(offer), "endTime": "2999-01-01T00:00:00Z"})
            ),
            "a person": (await stranger.post(lonely, {**offer, "actor": carol.uri}, by=carol)),
            "another application": (await stranger.post(lonely, {**offer, "actor": bot.uri}, by=bot)),
            "the actor of another host": (await stranger.post(lonely, {**offer, "actor": f"{elsewhere.origin}/actor"})),
            "a foreign domain": (await stranger.post(lonely, stranger.offer(lonely, card=foreign))),
        }
    assert {name: answer.json["reason"] for name, answer in forged.items()} == {
        "unsigned": "signature-missing",
        "wrong key": "signature-wrong",
        "no proof": "proof",
        "proof of another key": "proof",
        "altered after the proof": "proof",
        "a person": "instance-actor",
        "another application": "instance-actor",
        "the actor of another host": "foreign-id",
        "a foreign domain": "peering",
    }
    clock.advance(hours=2)  # the share of knocks is used up
    card = stranger.card
    unlisted = {**card, "assertionMethod": card["assertionMethod"][:1]}
    refused = {
        "not its keys": await stranger.post(lonely, stranger.offer(lonely, card=unlisted)),
        "for another office": await stranger.post(lonely, {**stranger.offer(lonely), "target": "https://a.test/actor"}),
        "to somebody else": await stranger.post(lonely, {**stranger.offer(lonely), "to": ["https://a.test/actor"]}),
        "at another inbox": await stranger.post(lonely, stranger.offer(lonely), path="/inbox"),
        "made long ago": await stranger.post(lonely, {**stranger.offer(lonely), "published": "2020-01-01T00:00:00Z"}),
        "over": await stranger.post(lonely, {**stranger.offer(lonely), "endTime": "2020-01-01T00:00:00Z"}),
        "oversized": await stranger.post(lonely, stranger.offer(lonely, summary="x" * PEERING_BYTES)),
    }  # fmt: skip
    assert {name: answer.json["reason"] for name, answer in refused.items()} == {
        "not its keys": "keys",
        "for another office": "not-for-us",
        "to somebody else": "not-for-us",
        "at another inbox": "not-for-us",
        "made long ago": "expired",
        "over": "expired",
        "oversized": "too-large",
    }
    assert await count(lonely, Peer) == 0


async def test_floods_of_proposals_are_bounded(lonely: Office, stranger: Stranger) -> None:
    answers = [(await stranger.post(lonely, stranger.offer(lonely))).status for _ in range(KNOCKS_AN_HOUR + 1)]
    assert answers == [202] * KNOCKS_AN_HOUR + [429]
    assert await count(lonely, Peer) == 1
    ports = iter(range(1, 1000))
    async with lonely.services.database.unit_of_work() as unit:
        for port in ports:
            if port >= PROPOSALS_WAITING_OF_A_SITE:
                break
            made = await lonely.services.peers.found_or_made(unit, f"127.0.0.3:{port}")
            made.state, made.proposed_by, made.expires_at = "proposed", "them", unit.now.replace(year=unit.now.year + 1)
            lonely.services.peers.changed(unit, made)
    async with (
        remote_server("127.0.0.3") as third,
        remote_server("127.0.0.3") as fourth,
        remote_server("127.0.0.4") as other,
    ):
        for server, status in ((third, 202), (fourth, 429), (other, 202)):
            knocking = await Stranger.at(server)
            assert (await knocking.post(lonely, knocking.offer(lonely))).status == status


async def test_a_proposal_that_nobody_answers_is_forgotten(lonely: Office, stranger: Stranger, clock: Clock) -> None:
    assert (await stranger.post(lonely, stranger.offer(lonely))).status == 202
    clock.advance(days=8)
    await Housekeeper(lonely.services, retention_days=30).run_once()
    assert await count(lonely, Peer) == 0
