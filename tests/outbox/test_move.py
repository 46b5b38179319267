"""Moving away: the followers at one's own office go along too, and nobody moves to where they aren't expected."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from federation.actors import resolve_actor
from models import UnitOfWork
from models.accounts import Account
from outbox.follows import publish_follow
from outbox.profile import publish_move
from outbox.statuses import NotAllowed
from tests.graph import follower_uris, notices
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor, RemoteServer


@asynccontextmanager
async def acting(*people: Person | RemoteActor, at: Office) -> AsyncIterator[tuple[UnitOfWork, list[Account]]]:
    """A transaction with these accounts in it."""
    ids = [(await resolve_actor(at.services, person.uri)).id for person in people]
    async with at.services.database.unit_of_work() as unit:
        yield unit, [await unit.session.get_one(Account, number) for number in ids]


async def follow(follower: Person, followee: Person) -> None:
    async with acting(follower, followee, at=follower.office) as (unit, accounts):
        await publish_follow(follower.office.services, unit, *accounts)


async def move(person: Person, target: Person | RemoteActor) -> None:
    async with acting(person, target, at=person.office) as (unit, accounts):
        await publish_move(person.office.services, unit, *accounts)


async def test_followers_of_the_same_office_follow_the_new_account(office: Office, remote: RemoteServer) -> None:
    alice, bob = await office.create_person("alice"), await office.create_person("bob")
    carol = await remote.actor("carol", alsoKnownAs=[alice.uri])
    await follow(bob, alice)
    await move(alice, carol)
    await office.run_until_idle()
    assert await follower_uris(office, alice.uri) == []
    assert await follower_uris(office, carol.uri, state="pending") == [bob.uri]
    assert remote.received_types() == ["Follow"]
    assert ("move", alice.uri) in await notices(bob)


async def test_who_is_the_new_account_does_not_follow_itself(office: Office) -> None:
    alice, bob = await office.create_person("alice"), await office.create_person("bob")
    await follow(bob, alice)
    async with acting(bob, at=office) as (_, (account,)):
        account.also_known_as = [alice.uri]
    await move(alice, bob)
    assert await follower_uris(office, bob.uri) == []
    assert await follower_uris(office, alice.uri) == [bob.uri]


async def test_an_account_that_does_not_name_the_old_one_gets_no_followers(
    office: Office, remote: RemoteServer
) -> None:
    alice, bob, carol = await office.create_person("alice"), await office.create_person("bob"), await remote.actor("c")
    await follow(bob, alice)
    with pytest.raises(NotAllowed):
        await move(alice, carol)
    await office.run_until_idle()
    assert await follower_uris(office, alice.uri) == [bob.uri]
    assert remote.received == []
