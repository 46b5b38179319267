"""Who signed: keys are found, cached, replaced and refused; each attack beside its positive twin (S01–S06, S29–S33)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from federation.actors import resolve_actor
from federation.peers import PeerDirectory
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused, Replayed, SignatureRefused, authenticate
from jobs.bus import Bus
from keys.keypairs import PrivateKey
from keys.refusals import Refusal
from keys.requests import HttpMessage
from keys.signing import Scheme
from models import Database
from models.accounts import Account, Keypair
from models.events import Kind
from tests.conftest import Clock
from tests.federation.conftest import RemoteActor, World, counting_statements


async def refusal(services: Services, message: HttpMessage) -> Refusal:
    with pytest.raises(SignatureRefused) as caught:
        await authenticate(services, message)
    return caught.value.reason


async def stored_actors(services: Services) -> list[str]:
    async with services.database.reading() as session:
        return list(await session.scalars(select(Account.username).where(Account.domain.is_not(None))))


# Who it is


@pytest.mark.parametrize("scheme", [Scheme.CAVAGE_RSA, Scheme.RFC9421_RSA])
async def test_a_stranger_who_signs_well_is_known_from_then_on(
    services: Services, clock: Clock, carol: RemoteActor, scheme: Scheme
) -> None:
    requester = await authenticate(services, carol.request(clock(), scheme=scheme))
    assert requester.actor_uri == carol.uri
    assert requester.host == carol.world.host("good.test")
    assert requester.key_id == carol.key_id
    assert requester.scheme == ("cavage" if scheme.is_cavage else "rfc9421")
    assert requester.account is not None
    assert requester.account.acct == carol.handle


@pytest.mark.parametrize("scheme", [Scheme.CAVAGE_ED25519, Scheme.RFC9421_ED25519])
async def test_multikeys_sign_too(
    services: Services, clock: Clock, carol: RemoteActor, ed25519_key: PrivateKey, scheme: Scheme
) -> None:
    key_id = f"{carol.uri}#ed25519-key"
    context = [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
        "https://w3id.org/security/multikey/v1",
    ]
    multikey = {
        "id": key_id,
        "type": "Multikey",
        "controller": carol.uri,
        "publicKeyMultibase": ed25519_key.public.multibase,
    }
    carol.publish(**{"@context": context, "assertionMethod": [multikey]})
    message = carol.request(clock(), scheme=scheme, key=ed25519_key, key_id=key_id)
    assert (await authenticate(services, message)).actor_uri == carol.uri


async def test_a_known_key_costs_no_sql_and_no_request(
    services: Services, world: World, clock: Clock, carol: RemoteActor
) -> None:
    await authenticate(services, carol.request(clock()))
    visits = len(world.visits)
    clock.advance(seconds=2)
    with counting_statements(services.database) as statements:
        requester = await authenticate(services, carol.request(clock(), body=b'{"n": 2}'))
    assert requester.actor_uri == carol.uri
    assert statements == []
    assert len(world.visits) == visits


async def test_after_a_restart_a_stored_key_costs_two_looks_and_no_request(
    services: Services, world: World, clock: Clock, carol: RemoteActor
) -> None:
    await authenticate(services, carol.request(clock()))
    visits = len(world.visits)
    services.peers.memory.keys.forget_actor(carol.uri)
    with counting_statements(services.database) as statements:
        await authenticate(services, carol.request(clock(), body=b'{"n": 2}'))
    assert len(statements) == 2
    assert len(world.visits) == visits


async def test_a_cached_key_is_looked_up_again_after_ten_minutes(
    services: Services, clock: Clock, carol: RemoteActor
) -> None:
    await authenticate(services, carol.request(clock()))
    async with services.database.unit_of_work() as unit:
        await unit.session.execute(update(Keypair).where(Keypair.key_id == carol.key_id).values(expires_at=unit.now))
    await authenticate(services, carol.request(clock(), body=b'{"n": 2}'))
    carol.world.pages.clear()
    clock.advance(minutes=11)
    assert await refusal(services, carol.request(clock())) is Refusal.UNKNOWN_KEY


# Who it is not


def unsigned(message: HttpMessage) -> HttpMessage:
    return replace(
        message, headers=[(name, value) for name, value in message.headers if "signature" not in name.lower()]
    )


async def test_unsigned_altered_and_foreign_requests_are_refused(
    services: Services, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    good = carol.request(clock())
    assert await refusal(services, unsigned(good)) is Refusal.MISSING
    assert await refusal(services, replace(good, body=b'{"altered": 1}')) is Refusal.DIGEST
    assert await refusal(services, replace(good, target="/users/1/inbox")) is Refusal.WRONG
    assert await refusal(services, carol.request(clock(), key=mal.key)) is Refusal.WRONG
    assert (await authenticate(services, good)).actor_uri == carol.uri


async def test_the_signer_is_told_whoever_the_body_claims_to_be(
    services: Services, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    requester = await authenticate(services, mal.request(clock()), claimed_actor=carol.uri)
    assert requester.actor_uri == mal.uri


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_request_that_changes_something_counts_once(
    services: Services, clock: Clock, carol: RemoteActor, method: str
) -> None:
    message = carol.request(clock(), method=method)
    await authenticate(services, message)
    with pytest.raises(Replayed, match="replayed"):
        await authenticate(services, message)


async def test_a_read_may_be_repeated(services: Services, clock: Clock, carol: RemoteActor) -> None:
    message = carol.request(clock(), method="GET", body=None)
    await authenticate(services, message)
    await authenticate(services, message)


# Keys and their owners


async def test_a_key_that_its_owner_does_not_list_is_refused(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    key_id = world.url("good.test", "/uploads/key")
    key = {
        "@context": "https://w3id.org/security/v1",
        "id": key_id,
        "owner": carol.uri,
        "publicKeyPem": mal.key.public.pem,
    }
    world.publish(key_id, key)
    assert await refusal(services, mal.request(clock(), key_id=key_id)) is Refusal.UNKNOWN_KEY
    # the same document, once carol lists the key
    carol.publish(publicKey={"id": key_id, "owner": carol.uri, "publicKeyPem": mal.key.public.pem})
    clock.advance(minutes=2)
    assert (await authenticate(services, mal.request(clock(), key_id=key_id))).actor_uri == carol.uri


async def test_a_key_elsewhere_can_not_belong_to_carol(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    key_id = world.url("evil.test", "/key")
    key = {
        "@context": "https://w3id.org/security/v1",
        "id": key_id,
        "owner": carol.uri,
        "publicKeyPem": mal.key.public.pem,
    }
    world.publish(key_id, key)
    assert await refusal(services, mal.request(clock(), key_id=key_id)) is Refusal.UNKNOWN_KEY
    carol.publish(publicKey=key)  # even if her document says so
    clock.advance(minutes=2)
    assert await refusal(services, mal.request(clock(), key_id=key_id)) is Refusal.UNKNOWN_KEY


async def test_a_key_document_with_another_id_is_refused_and_not_kept(
    services: Services, world: World, clock: Clock, carol: RemoteActor
) -> None:
    asked, named = world.url("good.test", "/keys/1"), world.url("good.test", "/keys/2")
    key = {
        "@context": "https://w3id.org/security/v1",
        "id": named,
        "owner": carol.uri,
        "publicKeyPem": carol.key.public.pem,
    }
    world.publish(asked, key)
    carol.publish(publicKey={"id": asked, "owner": carol.uri, "publicKeyPem": carol.key.public.pem})
    assert await refusal(services, carol.request(clock(), key_id=asked)) is Refusal.UNKNOWN_KEY
    assert len(services.peers.memory.keys) == 0


async def test_an_actor_document_that_is_a_copy_from_elsewhere_gives_no_key(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    fake = world.url("evil.test", "/x")
    key = {"id": f"{fake}#main-key", "owner": carol.uri, "publicKeyPem": mal.key.public.pem}
    world.publish(fake, carol.document(publicKey=key))
    assert await refusal(services, mal.request(clock(), key_id=f"{fake}#main-key")) is Refusal.UNKNOWN_KEY
    assert await stored_actors(services) == []


async def test_a_redirect_to_the_attacker_gives_no_key(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    redirector = world.url("good.test", "/redirect")
    world.redirect(redirector, mal.uri)
    assert await refusal(services, mal.request(clock(), key_id=f"{redirector}#main-key")) is Refusal.UNKNOWN_KEY
    fake = world.url("evil.test", "/to-carol")
    world.redirect(fake, carol.uri)
    assert await refusal(services, mal.request(clock(), key_id=f"{fake}#main-key")) is Refusal.UNKNOWN_KEY


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "image/png", "application/ld+json"])
async def test_a_key_from_an_upload_is_no_key(
    services: Services, world: World, clock: Clock, carol: RemoteActor, content_type: str
) -> None:
    world.publish(carol.uri, carol.document(), content_type=content_type)
    assert await refusal(services, carol.request(clock())) is Refusal.UNKNOWN_KEY


async def test_a_key_stub_leads_to_its_actor(
    services: Services, world: World, clock: Clock, carol: RemoteActor
) -> None:
    key_id = f"{carol.uri}/main-key"  # as GoToSocial serves it
    key = {"id": key_id, "owner": carol.uri, "publicKeyPem": carol.key.public.pem}
    world.publish(
        key_id, {"@context": carol.document()["@context"], "id": carol.uri, "type": "Person", "publicKey": key}
    )
    carol.publish(publicKey=key)
    assert (await authenticate(services, carol.request(clock(), key_id=key_id))).actor_uri == carol.uri


@pytest.mark.parametrize(
    "changes",
    [{"publicKeyPem": "garbage"}, {"publicKeyPem": "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----"}],
)
async def test_an_unusable_key_is_no_key(
    services: Services, clock: Clock, carol: RemoteActor, changes: dict[str, Any]
) -> None:
    carol.publish(publicKey={"id": carol.key_id, "owner": carol.uri, **changes})
    assert await refusal(services, carol.request(clock())) is Refusal.UNKNOWN_KEY


# Rotation


async def test_a_new_key_under_the_same_id_is_found_and_the_old_one_refused(
    services: Services, world: World, clock: Clock, carol: RemoteActor, rsa_key: PrivateKey
) -> None:
    await authenticate(services, carol.request(clock()))
    old_key, carol.key = carol.key, rsa_key
    carol.publish()
    visits = world.visited(carol.uri)
    assert (await authenticate(services, carol.request(clock(), body=b'{"n": 2}'))).actor_uri == carol.uri
    assert world.visited(carol.uri) == visits + 1
    assert await refusal(services, carol.request(clock(), key=old_key)) is Refusal.WRONG
    assert world.visited(carol.uri) == visits + 1
    async with services.database.reading() as session:
        pems = list(await session.scalars(select(Keypair.public_pem).where(Keypair.key_id == carol.key_id)))
    assert pems == [rsa_key.public.pem]


async def test_a_key_that_another_process_saw_replaced_verifies_nothing_here_either(
    services: Services, clock: Clock, carol: RemoteActor, rsa_key: PrivateKey, backend: str
) -> None:
    """What is kept for ten minutes is forgotten at once, by a word from the other process."""
    if backend == "sqlite":
        pytest.skip("one process works there")
    database = Database(services.database.url, addresses=services.addresses, clock=clock)
    here = replace(services, database=database, peers=PeerDirectory(database, is_closed=services.settings.is_closed))
    here.peers.memory.keys.listen_to(database.events)
    stop, bus, heard = asyncio.Event(), Bus(database), database.events.subscribe()
    listening = asyncio.create_task(bus.run(stop))
    async with asyncio.timeout(20):
        await bus.is_listening.wait()
        assert (await authenticate(here, carol.request(clock()))).actor_uri == carol.uri
        old_key, carol.key = carol.key, rsa_key
        carol.publish()
        assert (await authenticate(here, carol.request(clock(), key=old_key, body=b"2"))).actor_uri == carol.uri
        await resolve_actor(services, carol.uri, refresh=True)
        while Kind.KEYS_CHANGED not in {event.kind for event in await heard.batch()}:
            continue
        assert await refusal(here, carol.request(clock(), key=old_key, body=b"3")) is Refusal.WRONG
        assert (await authenticate(here, carol.request(clock(), body=b"4"))).actor_uri == carol.uri
        stop.set()
        await listening
    await here.peers.memory.close()
    await database.close()


async def test_a_key_that_is_no_longer_listed_verifies_nothing(
    services: Services, world: World, clock: Clock, carol: RemoteActor, rsa_key: PrivateKey
) -> None:
    await authenticate(services, carol.request(clock()))
    new_id = f"{carol.uri}#main-key-2"
    carol.publish(publicKey={"id": new_id, "owner": carol.uri, "publicKeyPem": rsa_key.public.pem})
    await authenticate(services, carol.request(clock(), key=rsa_key, key_id=new_id))
    assert await refusal(services, carol.request(clock(), body=b'{"n": 2}')) is Refusal.UNKNOWN_KEY


async def test_bad_signatures_in_somebody_s_name_cause_one_fetch_in_five_minutes(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    await authenticate(services, carol.request(clock()))
    before = world.visited(carol.uri)
    for number in range(20):
        forged = carol.request(clock(), key=mal.key, body=b"%d" % number)
        assert await refusal(services, forged) is Refusal.WRONG
    assert world.visited(carol.uri) == before + 1
    clock.advance(minutes=6)
    assert await refusal(services, carol.request(clock(), key=mal.key)) is Refusal.WRONG
    assert world.visited(carol.uri) == before + 2
    assert (await authenticate(services, carol.request(clock()))).actor_uri == carol.uri


# What strangers can make us do


async def test_many_who_need_one_key_cause_one_fetch(
    services: Services, world: World, clock: Clock, carol: RemoteActor
) -> None:
    messages = [carol.request(clock(), body=b"%d" % number) for number in range(20)]
    found = await asyncio.gather(*(authenticate(services, message) for message in messages))
    assert {requester.actor_uri for requester in found} == {carol.uri}
    assert world.visited(carol.uri) == 1


async def test_a_key_that_is_not_there_is_not_asked_for_again_at_once(
    services: Services, world: World, clock: Clock, carol: RemoteActor
) -> None:
    world.publish(carol.uri, b"", status=404)
    for _ in range(5):
        assert await refusal(services, carol.request(clock())) is Refusal.UNKNOWN_KEY
    assert world.visited(carol.uri) == 1
    carol.publish()
    clock.advance(seconds=61)
    assert (await authenticate(services, carol.request(clock()))).actor_uri == carol.uri


async def test_a_host_that_fails_repeatedly_is_left_alone_for_a_while(
    services: Services, world: World, clock: Clock, mal: RemoteActor
) -> None:
    for number in range(20):
        url = world.url("evil.test", f"/k{number}")
        world.publish(url, b"", status=503)
        assert await refusal(services, mal.request(clock(), key_id=url)) is Refusal.UNKNOWN_KEY
    assert len(world.visits) == 5
    assert await refusal(services, mal.request(clock())) is Refusal.UNKNOWN_KEY
    clock.advance(minutes=6)
    assert (await authenticate(services, mal.request(clock()))).actor_uri == mal.uri


async def test_made_up_keys_of_an_honest_host_do_not_shut_it_out(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    for number in range(20):
        made_up = mal.request(clock(), key_id=world.url("good.test", f"/made-up/{number}"))
        assert await refusal(services, made_up) is Refusal.UNKNOWN_KEY
    assert (await authenticate(services, carol.request(clock()))).actor_uri == carol.uri


async def test_a_slow_host_does_not_keep_the_others_waiting(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor
) -> None:
    stuck, at_once = asyncio.Event(), 0

    async def hang(_request: Any) -> Any:
        nonlocal at_once
        at_once += 1
        await stuck.wait()
        raise ConnectionError

    messages = []
    for number in range(100):
        url = world.url("evil.test", f"/k{number}")
        world.handle(url, hang)
        messages.append(mal.request(clock(), key_id=url))
    flood = [asyncio.create_task(refusal(services, message)) for message in messages]
    async with asyncio.timeout(5):
        assert (await authenticate(services, carol.request(clock()))).actor_uri == carol.uri
        while sum(task.done() for task in flood) < 30:  # more than may wait are turned away without waiting
            await asyncio.wait([task for task in flood if not task.done()], return_when=asyncio.FIRST_COMPLETED)
    assert at_once <= 4
    for task in flood:
        task.cancel()
    stuck.set()
    await asyncio.gather(*flood, return_exceptions=True)


async def test_our_own_keys_are_never_fetched(services: Services, world: World, clock: Clock, mal: RemoteActor) -> None:
    for key_id in ("http://office.test/actor#main-key", "http://office.test/users/1#x", "http://OFFICE.test/users/1"):
        with pytest.raises(SignatureRefused):
            await authenticate(services, mal.request(clock(), key_id=key_id))
    assert world.visits == []


@pytest.mark.parametrize(
    "key_id",
    [
        "x",
        "acct:a@good.test",
        "https://",
        "ftp://good.test/key",
        "https://a@good.test/k",
        "https://good.test/" + "k" * 3000,
    ],
)
async def test_what_is_no_address_of_a_key_leads_nowhere(
    services: Services, world: World, clock: Clock, mal: RemoteActor, key_id: str
) -> None:
    message = mal.request(clock(), key_id=key_id)
    with pytest.raises((SignatureRefused, PeerRefused)):
        await authenticate(services, message)
    assert world.visits == []


# Peers


@pytest.mark.parametrize("is_closed", [True])
async def test_in_a_closed_network_a_stranger_is_refused_before_anything_is_done(
    services: Services, world: World, clock: Clock, carol: RemoteActor
) -> None:
    with pytest.raises(PeerRefused) as caught:
        await authenticate(services, carol.request(clock()))
    assert caught.value.host == world.host("good.test")
    assert world.visits == []
    async with services.database.unit_of_work() as unit:
        await services.peers.admit(unit, world.host("good.test"))
    assert (await authenticate(services, carol.request(clock()))).actor_uri == carol.uri


@pytest.mark.parametrize("name", ["evil.test", "EVIL.test", "evil.test.", "a.evil.test"])
async def test_a_suspended_peer_is_refused_in_every_spelling(
    services: Services, world: World, clock: Clock, mal: RemoteActor, name: str
) -> None:
    await authenticate(services, mal.request(clock()))
    visits = len(world.visits)
    async with services.database.unit_of_work() as unit:
        await services.peers.suspend(unit, "evil.test")
    with pytest.raises(PeerRefused):
        await authenticate(services, mal.request(clock(), key_id=world.url(name, "/users/mal#main-key")))
    assert len(world.visits) == visits


# Actors that are gone


@pytest.mark.parametrize("status", [404, 410])
async def test_the_key_of_a_deleted_actor_is_reported_as_gone_to_who_receives_its_delete(
    services: Services, world: World, clock: Clock, carol: RemoteActor, mal: RemoteActor, status: int
) -> None:
    world.publish(carol.uri, b"", status=status)
    for _ in range(2):
        with pytest.raises(ActorGone) as caught:
            await authenticate(services, carol.request(clock()), claimed_actor=carol.uri)
        assert caught.value.uri == carol.uri
    assert world.visited(carol.uri) == 1
    # no business of others, and nothing to a reader
    with pytest.raises(SignatureRefused):
        await authenticate(services, carol.request(clock()), claimed_actor=mal.uri)
    assert await refusal(services, carol.request(clock(), method="GET", body=None)) is Refusal.UNKNOWN_KEY
