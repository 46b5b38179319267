"""The cast at work: a stranger's server and our offices over real HTTP, in every signature scheme, true and forged."""

import pytest
from sqlalchemy import func, select

from federation.actors import resolve_handle
from keys.signing import Scheme
from models.activities import InboundActivity
from models.relations import Follow
from tests.peers import Office, run_until_idle
from tests.remote_peers import ALTERED_BODY, STALE_DATE, UNSIGNED, WRONG_KEY, RemoteServer, Tamper, foreign_actor

FORGERIES = {"unsigned": UNSIGNED, "wrong key": WRONG_KEY, "altered body": ALTERED_BODY, "stale date": STALE_DATE}


async def count(office: Office, table: type) -> int:
    async with office.services.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("scheme", Scheme)
async def test_a_follow_is_accepted_in_every_scheme(office: Office, remote: RemoteServer, scheme: Scheme) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    follow = carol.follow(alice.uri)
    assert (await carol.post(alice.inbox_url, follow, scheme=scheme)).status == 202
    await office.run_until_idle()
    (accept,) = remote.received
    assert (accept.type, accept.path) == ("Accept", "/inbox")
    assert accept.json["object"]["id"] == follow["id"]
    assert (await remote.verify(accept)).key_id.startswith(alice.uri)
    assert await count(office, Follow) == 1


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("tamper", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_follow_is_refused_in_every_scheme(
    office: Office, remote: RemoteServer, scheme: Scheme, tamper: Tamper
) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    answer = await carol.post(alice.inbox_url, carol.follow(alice.uri), scheme=scheme, tamper=tamper)
    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert await count(office, InboundActivity) == 0


async def test_nobody_speaks_for_somebody_else(office: Office, remote: RemoteServer) -> None:
    alice, carol, dan = await office.create_person("alice"), await remote.actor("carol"), await remote.actor("dan")
    answer = await carol.post(alice.inbox_url, carol.follow(alice.uri), tamper=foreign_actor(dan.uri))
    assert answer.status in (401, 403)
    assert await count(office, InboundActivity) == 0


async def test_a_stranger_is_refused_in_a_closed_network(office: Office, stranger: RemoteServer) -> None:
    alice, mallory = await office.create_person("alice"), await stranger.actor("mallory")
    assert (await mallory.post(alice.inbox_url, mallory.follow(alice.uri))).status == 403
    assert stranger.requests == []


async def test_a_server_that_knows_one_scheme_only_is_delivered_to(office: Office, remote: RemoteServer) -> None:
    remote.understands = {"rfc9421"}
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    await carol.post(alice.inbox_url, carol.follow(alice.uri), scheme=Scheme.RFC9421_ED25519)
    await office.run_until_idle()
    (accept,) = remote.received
    assert accept.is_rfc9421


async def test_two_offices_read_each_other(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    bob = await lisbon.create_person("bob")
    found = await resolve_handle(madrid.services, bob.acct)
    assert found.uri == bob.uri
    await run_until_idle(madrid, lisbon)
