"""FEP-8fcf both ways: digests, partial lists, mending, and nothing for who speaks about others (O43)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from federation.actors import resolve_actor
from federation.client import RemoteError
from federation.peers import domain_of
from federation.peers.sync import (
    Disagreement,
    followers_digest,
    handle_synchronization,
    parse_synchronization_header,
    partial_followers,
    synchronization_header,
    synchronization_headers,
)
from federation.services import Services
from federation.trust.authentication import Requester
from models.accounts import Account
from models.relations import Follow
from social.accounts import new_local_account
from tests.conftest import Clock
from tests.federation.conftest import RemoteActor, World, counting_statements

EMPTY = "0" * 64
URL_PATH = "/users/carol/followers_synchronization"


async def local(services: Services, name: str) -> Account:
    async with services.database.unit_of_work() as unit:
        return new_local_account(unit, name)


async def follow(services: Services, follower: Account, followee: Account, state: str = "accepted") -> None:
    async with services.database.unit_of_work() as unit:
        follow_id = unit.new_id()
        accepted_at = unit.now if state == "accepted" else None
        unit.session.add(
            Follow(id=follow_id, uri=unit.addresses.follow(follow_id), follower_id=follower.id, followee_id=followee.id,
                   state=state, created_at=unit.now, accepted_at=accepted_at)
        )  # fmt: skip


async def followers_of(services: Services, followee: Account) -> set[tuple[str, str]]:
    async with services.database.reading() as session:
        statement = select(Account.username, Follow.state).join(Follow, Follow.follower_id == Account.id)
        rows = await session.execute(statement.where(Follow.followee_id == followee.id))
        return {(name, state) for name, state in rows}


def requester_of(account: Account) -> Requester:
    return Requester(domain_of(account.uri), account.uri, account, f"{account.uri}#main-key", "cavage")


def header(actor: RemoteActor, digest: str, /, **changes: str) -> str:
    values = {"collectionId": f"{actor.uri}/followers", "url": actor.world.url("good.test", URL_PATH), "digest": digest}
    return ", ".join(f'{name}="{value}"' for name, value in {**values, **changes}.items())


def publish_list(actor: RemoteActor, *uris: str, **changes: Any) -> None:
    url = actor.world.url("good.test", URL_PATH)
    context = "https://www.w3.org/ns/activitystreams"
    document = {"@context": context, "id": url, "type": "OrderedCollection", "orderedItems": list(uris), **changes}
    actor.world.publish(url, {name: value for name, value in document.items() if value is not None})


# What we send


def test_the_digest_does_not_depend_on_the_order() -> None:
    a, b = "https://good.test/users/a", "https://good.test/users/b"
    assert followers_digest([]) == EMPTY
    assert followers_digest([a, b]) == followers_digest([b, a])
    assert followers_digest([a, b, b]) == followers_digest([a])


def test_the_digest_is_the_one_of_the_proposal() -> None:
    # FEP-8fcf's own example
    uris = ["https://testing.example.org/users/1", "https://testing.example.org/users/2"]
    assert followers_digest(uris) == "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"


async def test_a_host_hears_of_its_own_people_only(services: Services, world: World, carol: RemoteActor) -> None:
    alice, bob = await local(services, "alice"), await local(services, "bob")
    names = [("good.test", "carol"), ("good.test", "dora"), ("other.test", "otto"), ("notgood.test", "nina")]
    uris: dict[str, str] = {}
    for host, name in names:
        actor = RemoteActor(world, host, name, carol.key).publish()
        uris[name] = actor.uri
        follower = await resolve_actor(services, actor.uri)
        await follow(services, follower, alice, "pending" if name == "dora" else "accepted")
    await follow(services, bob, alice)
    host = world.host("good.test")
    async with services.database.reading() as session:
        assert await partial_followers(session, alice, host) == [uris["carol"]]
        assert await partial_followers(session, alice, "good.test") == []
        assert await partial_followers(session, alice, "%") == []
        value = await synchronization_header(session, alice, host)
        with counting_statements(services.database) as statements:
            every = await synchronization_headers(session, alice)
    assert len(statements) == 1
    assert every[host] == value
    assert set(every) == {world.host(name) for name in ("good.test", "other.test", "notgood.test")}
    read = parse_synchronization_header(value)
    assert read is not None
    assert read.collection_id == alice.followers_url
    assert read.url == f"{alice.uri}/followers_synchronization"
    assert read.digest == followers_digest([uris["carol"]])


# What we understand


@pytest.mark.parametrize(
    "value",
    [
        "", "x", 'collectionId="a"', f'collectionId="a", url="b", digest="{EMPTY}x"',
        f'collectionId="a" url="b" digest="{EMPTY}"',
        f'collectionId="a", url="b", url="c", digest="{EMPTY}"', f'collectionId="a\\"", url="b", digest="{EMPTY}"',
        f'collectionId="{"a" * 5000}", url="b", digest="{EMPTY}"', f'collectionId=a, url=b, digest={EMPTY}',
    ],
)  # fmt: skip
def test_malformed_headers_say_nothing(value: str) -> None:
    assert parse_synchronization_header(value) is None


def test_headers_are_read_in_any_order() -> None:
    found = parse_synchronization_header(f'digest="{"A" * 64}",url="b" ,\tcollectionId="a"')
    assert found is not None
    assert (found.collection_id, found.url, found.digest) == ("a", "b", "a" * 64)


# Mending


@pytest.fixture
async def carol_account(services: Services, carol: RemoteActor) -> Account:
    return await resolve_actor(services, carol.uri)


async def test_agreement_costs_one_statement_and_no_request(
    services: Services, world: World, carol: RemoteActor, carol_account: Account
) -> None:
    alice = await local(services, "alice")
    await follow(services, alice, carol_account)
    visits = len(world.visits)
    with counting_statements(services.database) as statements:
        value = header(carol, followers_digest([alice.uri]))
        assert await handle_synchronization(services, requester_of(carol_account), value) is None
    assert len(statements) == 1
    assert len(world.visits) == visits


async def test_both_directions_are_mended(
    services: Services, world: World, carol: RemoteActor, carol_account: Account, mal: RemoteActor, clock: Clock
) -> None:
    alice, bob, dora, erin = [await local(services, name) for name in ("alice", "bob", "dora", "erin")]
    mal_account = await resolve_actor(services, mal.uri)
    await follow(services, alice, carol_account)
    await follow(services, bob, carol_account)
    await follow(services, dora, carol_account, "pending")
    await follow(services, bob, mal_account)
    clock.advance(hours=1)
    publish_list(carol, alice.uri, dora.uri, erin.uri, mal.uri, services.addresses.actor(4711))
    found = await handle_synchronization(services, requester_of(carol_account), header(carol, EMPTY))
    assert found == Disagreement(carol_account.id, ended=(bob.id,), accepted=(dora.id,), unexpected=(erin.id,))
    assert await followers_of(services, carol_account) == {("alice", "accepted"), ("dora", "accepted")}
    assert await followers_of(services, mal_account) == {("bob", "accepted")}


async def test_a_follow_that_may_have_crossed_is_left_alone(
    services: Services, carol: RemoteActor, carol_account: Account, clock: Clock
) -> None:
    alice, bob = await local(services, "alice"), await local(services, "bob")
    await follow(services, alice, carol_account)
    await follow(services, bob, carol_account, "pending")
    publish_list(carol)
    wrong = header(carol, "1" * 64)
    found = await handle_synchronization(services, requester_of(carol_account), wrong)
    assert found == Disagreement(carol_account.id)
    clock.advance(hours=1)
    found = await handle_synchronization(services, requester_of(carol_account), wrong)
    assert found == Disagreement(carol_account.id, ended=(alice.id,))
    assert await followers_of(services, carol_account) == {("bob", "pending")}


@pytest.mark.parametrize(
    "changes",
    [
        {"collectionId": "http://evil.test/users/mal/followers"}, {"url": "http://evil.test/list"},
        {"url": "http://office.test/users/1/followers"}, {"url": "https://good.test/x"}, {"url": "nonsense"},
        {"collectionId": "http://good.test/users/dora/followers"}, {"digest": "short"},
    ],
)  # fmt: skip
async def test_nobody_speaks_about_other_collections(
    services: Services, world: World, carol: RemoteActor, carol_account: Account, clock: Clock, changes: dict[str, str]
) -> None:
    alice = await local(services, "alice")
    await follow(services, alice, carol_account)
    clock.advance(hours=1)
    publish_list(carol)
    visits = len(world.visits)
    assert await handle_synchronization(services, requester_of(carol_account), header(carol, EMPTY, **changes)) is None
    assert len(world.visits) == visits
    assert await followers_of(services, carol_account) == {("alice", "accepted")}


async def test_a_flood_of_wrong_digests_causes_one_request_in_half_an_hour(
    services: Services, world: World, carol: RemoteActor, carol_account: Account, clock: Clock
) -> None:
    alice = await local(services, "alice")
    await follow(services, alice, carol_account)
    publish_list(carol, alice.uri)
    url = world.url("good.test", URL_PATH)
    requester = requester_of(carol_account)
    wrong = [header(carol, f"{number:064x}") for number in range(20)]
    await asyncio.gather(*(handle_synchronization(services, requester, value) for value in wrong))
    assert world.visited(url) == 1
    clock.advance(minutes=31)
    await handle_synchronization(services, requester, wrong[0])
    assert world.visited(url) == 2
    assert await followers_of(services, carol_account) == {("alice", "accepted")}


async def test_a_list_may_have_pages_of_its_own_server(
    services: Services, world: World, carol: RemoteActor, carol_account: Account, clock: Clock
) -> None:
    alice, bob = await local(services, "alice"), await local(services, "bob")
    for follower in (alice, bob):
        await follow(services, follower, carol_account)
    clock.advance(hours=1)
    second = world.url("good.test", "/page2")
    page = {"@context": "https://www.w3.org/ns/activitystreams", "id": second, "type": "OrderedCollectionPage"}
    world.publish(second, {**page, "orderedItems": [bob.uri]})
    first = {"type": "OrderedCollectionPage", "orderedItems": [alice.uri], "next": second}
    publish_list(carol, orderedItems=None, first=first)
    found = await handle_synchronization(services, requester_of(carol_account), header(carol, EMPTY))
    assert found == Disagreement(carol_account.id)


@pytest.mark.parametrize("case", ["error", "other-server", "loop", "endless", "note", "redirect"])
async def test_a_list_that_can_not_be_had_changes_nothing(
    services: Services, world: World, carol: RemoteActor, carol_account: Account, clock: Clock, case: str
) -> None:
    alice = await local(services, "alice")
    await follow(services, alice, carol_account)
    clock.advance(hours=1)
    url = world.url("good.test", URL_PATH)
    publish_list(carol)
    if case == "error":
        world.publish(url, b"", status=500)
    elif case == "other-server":
        publish_list(carol, next=world.url("evil.test", "/x"))
    elif case == "loop":
        publish_list(carol, next=url)
    elif case == "endless":
        for number in range(100):
            page = world.url("good.test", f"/p{number}")
            document = {"@context": "https://www.w3.org/ns/activitystreams", "id": page, "type": "CollectionPage"}
            world.publish(page, {**document, "next": world.url("good.test", f"/p{number + 1}")})
        publish_list(carol, next=world.url("good.test", "/p0"))
    elif case == "note":
        publish_list(carol, type="Note")
    else:
        world.redirect(url, world.url("evil.test", "/list"))
        context = "https://www.w3.org/ns/activitystreams"
        fake = {"@context": context, "id": url, "type": "OrderedCollection", "orderedItems": []}
        world.publish(world.url("evil.test", "/list"), fake)
    with pytest.raises(RemoteError):
        await handle_synchronization(services, requester_of(carol_account), header(carol, EMPTY))
    assert await followers_of(services, carol_account) == {("alice", "accepted")}
    assert len(world.visits) < 40


async def test_a_list_that_could_not_be_had_is_asked_for_again_soon_but_not_at_once(
    services: Services, world: World, carol: RemoteActor, carol_account: Account, clock: Clock
) -> None:
    alice = await local(services, "alice")
    await follow(services, alice, carol_account)
    url = world.url("good.test", URL_PATH)
    world.publish(url, b"", status=503)
    requester, value = requester_of(carol_account), header(carol, EMPTY)
    with pytest.raises(RemoteError):
        await handle_synchronization(services, requester, value)
    assert await handle_synchronization(services, requester, value) is None
    assert world.visited(url) == 1
    publish_list(carol, alice.uri)
    clock.advance(seconds=61)
    assert await handle_synchronization(services, requester, value) == Disagreement(carol_account.id)
