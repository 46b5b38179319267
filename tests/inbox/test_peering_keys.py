"""The pinned instance key: what isn't signed with it is refused, until it is announced under it or confirmed anew."""

import pytest

from federation.dereference import fetch_document
from federation.peers.cards import own_card
from keys.keypairs import generate_ed25519
from outbox.peering.explain import missing
from outbox.peering.rotation import rotate_instance_keys
from tests.inbox.test_peering import lonely, stranger, strangers
from tests.peering import Stranger, confirm, propose, row, state
from tests.peers import Office, run_until_idle
from tests.remote_peers import JsonObject, pooled_rsa

__all__ = ["lonely", "stranger", "strangers"]


async def make_active(here: Office, there: Stranger) -> None:
    """The whole handshake with an instance that isn't ours."""
    assert (await there.post(here, there.offer(here))).status == 202
    await confirm(here, there.server.host)
    await run_until_idle(here)
    (ping,) = [received.json for received in there.server.received if received.type == "Ping"]
    pong = there.letter(here, "Pong", {"type": "Ping", "id": ping["id"]})
    assert (await there.post(here, pong)).status == 202
    assert await state(here, there.server.host) == "active"


def update(here: Office, there: Stranger) -> JsonObject:
    return there.letter(here, "Update", {**there.actor.document})


async def test_another_instance_key_is_refused_and_shown(lonely: Office, stranger: Stranger) -> None:
    alice = await lonely.create_person("alice")
    await make_active(lonely, stranger)
    assert (await stranger.actor.get(alice.uri)).json["name"] == "alice"
    old, host = stranger.actor.ed25519, stranger.server.host
    stranger.actor.ed25519, stranger.actor.rsa = generate_ed25519(), pooled_rsa()
    stranger.actor.publish()

    follow = await stranger.actor.post(alice.inbox_url, stranger.actor.follow(alice.uri))
    assert (follow.status, "is pinned here" in follow.json["detail"]) == (401, True)
    followers = await stranger.actor.get(alice.followers_url)
    assert (followers.status, "is pinned here" in followers.json["detail"]) == (401, True)
    for forged in (stranger.proven(update(lonely, stranger)), update(lonely, stranger)):
        answer = await stranger.actor.post(f"{lonely.origin}/inbox", forged)
        assert answer.status == 401, answer.text
    leave = stranger.letter(lonely, "Leave", {"type": "Peering", "id": "x"})
    assert (await stranger.post(lonely, leave)).status == 401
    await lonely.run_until_idle()
    peer = await row(lonely, host)
    assert peer is not None
    assert peer.state == "active"
    assert peer.key_conflict not in ("", peer.fingerprint)
    assert "another instance key" in missing(peer, lonely.services.clock())

    announced = stranger.proven(update(lonely, stranger), old)  # under the old key
    assert (await stranger.actor.post(f"{lonely.origin}/inbox", announced)).status == 202
    await lonely.run_until_idle()
    peer = await row(lonely, host)
    assert peer is not None
    assert (peer.key_conflict, peer.key_conflict_at) == ("", None)
    assert (await stranger.actor.get(alice.followers_url)).status == 200


async def test_an_administrator_may_confirm_another_key_anew(lonely: Office, stranger: Stranger) -> None:
    alice = await lonely.create_person("alice")
    await make_active(lonely, stranger)
    stranger.actor.ed25519, stranger.actor.rsa = generate_ed25519(), pooled_rsa()
    stranger.actor.publish()
    assert (await stranger.actor.get(alice.followers_url)).status == 401
    proposed = await propose(lonely, stranger.server.host)
    accept = stranger.letter(lonely, "Accept", {"type": "Peering", "id": proposed.proposal_uri}, result=stranger.card)
    assert (await stranger.post(lonely, accept)).status == 202
    await run_until_idle(lonely)
    ping = [received.json for received in stranger.server.received if received.type == "Ping"][-1]
    assert (
        await stranger.post(lonely, stranger.letter(lonely, "Pong", {"type": "Ping", "id": ping["id"]}))
    ).status == 202
    assert (await stranger.actor.get(alice.followers_url)).status == 200


@pytest.mark.timeout(120)
async def test_our_own_rotation_is_announced_under_the_old_key(strangers: tuple[Office, Office]) -> None:
    madrid, lisbon = strangers
    await propose(madrid, lisbon.domain)
    await run_until_idle(madrid, lisbon)
    await confirm(lisbon, madrid.domain)
    await run_until_idle(madrid, lisbon)
    ana = await lisbon.create_person("ana")
    assert (await fetch_document(madrid.services, ana.followers_url)).document["type"] == "OrderedCollection"
    async with madrid.services.database.unit_of_work() as unit:
        assert await rotate_instance_keys(madrid.services, unit) == 1
    await run_until_idle(madrid, lisbon)
    async with madrid.services.database.reading() as session:
        own = await own_card(madrid.services, session)
    peer = await row(lisbon, madrid.domain)
    assert peer is not None
    assert (peer.fingerprint, peer.key_conflict) == (own.fingerprint, "")
    assert (await fetch_document(madrid.services, ana.followers_url)).document["type"] == "OrderedCollection"


async def test_nobody_becomes_active_by_saying_so(lonely: Office, stranger: Stranger) -> None:
    host = stranger.server.host
    proposed = await propose(lonely, host)
    named = {"type": "Peering", "id": proposed.proposal_uri}
    foreign = {**stranger.card, "assertionMethod": stranger.card["assertionMethod"][:1]}
    for letter, reason in (
        (stranger.letter(lonely, "Accept", {**named, "id": f"{host}#1"}, result=stranger.card), "no-proposal"),
        (stranger.letter(lonely, "Accept", named, result=foreign), "pinned-key"),
        (stranger.letter(lonely, "Accept", named), "peering"),
        (stranger.letter(lonely, "Ping", named), "not-confirmed"),
    ):
        answer = await stranger.post(lonely, letter)
        assert answer.json["reason"] == reason
        assert await state(lonely, host) == "proposed"
    assert (await stranger.post(lonely, stranger.letter(lonely, "Accept", named, result=stranger.card))).status == 202
    for made_up in (f"{lonely.origin}/activities/1", ""):
        pong = stranger.letter(lonely, "Pong", {"type": "Ping", "id": made_up} if made_up else {"type": "Ping"})
        assert (await stranger.post(lonely, pong)).status == 202
        assert await state(lonely, host) == "confirmed"  # the test activity hasn't come back
    assert not lonely.services.peers.allows(host)
