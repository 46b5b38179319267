"""Which handle an actor has, and whom a handle leads to: WebFinger both ways, hijackers and honest twins (O29, O30)."""

import pytest
from sqlalchemy import select

from federation.actors import ActorRefused, resolve_actor, resolve_handle
from federation.client import RemoteError
from federation.services import Services
from models.accounts import Account
from tests.federation.conftest import RemoteActor, World


async def account_of(services: Services, uri: str) -> Account | None:
    async with services.database.reading() as session:
        account: Account | None = await session.scalar(select(Account).where(Account.uri == uri))
        return account


async def test_a_handle_on_another_domain_counts_when_that_domain_confirms_it(
    services: Services, world: World, carol: RemoteActor
) -> None:
    handle = f"carol@{world.host('company.test')}"
    world.webfinger("good.test", {f"acct:{carol.handle}": carol.descriptor(subject=f"acct:{handle}")})
    world.webfinger("company.test", {f"acct:{handle}": carol.descriptor(subject=f"acct:{handle}")})
    assert (await resolve_actor(services, carol.uri)).acct == handle
    assert (await resolve_handle(services, handle)).uri == carol.uri


async def test_an_actor_may_name_its_handle_itself(services: Services, world: World, carol: RemoteActor) -> None:
    handle = f"carol@{world.host('company.test')}"
    context = [
        "https://www.w3.org/ns/activitystreams",
        "https://purl.archive.org/socialweb/webfinger",
        "https://w3id.org/security/v1",
    ]
    carol.publish(**{"@context": context, "webfinger": handle})
    world.webfinger("company.test", {f"acct:{handle}": carol.descriptor(subject=f"acct:{handle}")})
    assert (await resolve_actor(services, carol.uri)).acct == handle


async def test_nobody_takes_a_handle_of_another_domain(
    services: Services, world: World, carol: RemoteActor, mal: RemoteActor
) -> None:
    bob = RemoteActor(world, "evil.test", "carol", mal.key).publish()
    world.webfinger("evil.test", {f"acct:{bob.handle}": bob.descriptor(subject=f"acct:{carol.handle}")})
    fake = await resolve_actor(services, bob.uri)
    assert fake.acct == bob.handle
    assert (await resolve_actor(services, carol.uri)).acct == carol.handle
    assert (await resolve_handle(services, carol.handle)).uri == carol.uri


async def test_our_own_domain_is_nobody_else_s(services: Services, world: World, mal: RemoteActor) -> None:
    world.webfinger("evil.test", {f"acct:{mal.handle}": mal.descriptor(subject="acct:mal@office.test")})
    assert (await resolve_actor(services, mal.uri)).acct == mal.handle
    assert not any("office.test" in visit for visit in world.visits)


async def test_who_is_denied_by_its_own_host_is_refused(services: Services, world: World, carol: RemoteActor) -> None:
    eve = RemoteActor(world, "good.test", "eve", carol.key).publish(preferredUsername="carol")
    world.webfinger("good.test", {f"acct:{carol.handle}": carol.descriptor()})
    with pytest.raises(ActorRefused):
        await resolve_actor(services, eve.uri)
    assert (await resolve_actor(services, carol.uri)).acct == carol.handle


@pytest.mark.parametrize("status", [404, 500])
async def test_without_webfinger_an_actor_is_known_by_its_host(
    services: Services, world: World, carol: RemoteActor, status: int
) -> None:
    world.publish(world.url("good.test", "/.well-known/webfinger"), b"", status=status)
    assert (await resolve_actor(services, carol.uri)).acct == carol.handle
    eve = RemoteActor(world, "good.test", "eve", carol.key)
    world.publish(eve.uri, eve.document(preferredUsername="Carol"))
    with pytest.raises(ActorRefused):  # the name is taken, and nobody confirms that it changed hands
        await resolve_actor(services, eve.uri)


async def test_a_name_that_was_given_to_somebody_new_moves_there(
    services: Services, world: World, carol: RemoteActor
) -> None:
    old = await resolve_actor(services, carol.uri)
    new = RemoteActor(world, "good.test", "carol-2", carol.key)
    world.publish(new.uri, new.document(preferredUsername="carol"))
    world.webfinger("good.test", {f"acct:{carol.handle}": new.descriptor()})
    account = await resolve_actor(services, new.uri)
    assert account.acct == carol.handle
    before = await account_of(services, carol.uri)
    assert before is not None
    assert before.id == old.id
    assert before.acct != carol.handle


async def test_a_user_and_a_community_may_share_a_name(services: Services, world: World, carol: RemoteActor) -> None:
    group = RemoteActor(world, "good.test", "c", carol.key)
    world.publish(group.uri, group.document(preferredUsername="carol", type="Group"))
    links = [carol.descriptor()["links"][0], group.descriptor()["links"][0]]
    world.webfinger("good.test", {f"acct:{carol.handle}": carol.descriptor(links=links)})
    for _ in range(2):
        person = await resolve_actor(services, carol.uri, refresh=True)
        community = await resolve_actor(services, group.uri, refresh=True)
        assert (person.username, community.username) == ("carol", "carol:group")


async def test_a_changed_name_keeps_the_identity(services: Services, world: World, carol: RemoteActor) -> None:
    before = await resolve_actor(services, carol.uri)
    carol.publish(preferredUsername="caroline")
    handle = f"caroline@{world.host('good.test')}"
    world.webfinger("good.test", {f"acct:{handle}": carol.descriptor(subject=f"acct:{handle}")})
    after = await resolve_actor(services, carol.uri, refresh=True)
    assert (after.id, after.acct) == (before.id, handle)


# Looking up by handle


@pytest.mark.parametrize("form", ["{}", "@{}", "acct:{}", " @{} "])
async def test_a_handle_leads_to_its_actor(services: Services, world: World, carol: RemoteActor, form: str) -> None:
    account = await resolve_handle(services, form.format(carol.handle))
    assert account.uri == carol.uri
    visits = len(world.visits)
    assert (await resolve_handle(services, carol.handle.upper().replace("TEST", "test"))).uri == carol.uri
    assert len(world.visits) == visits


@pytest.mark.parametrize(
    "handle", ["office.test", "@office.test", "office.test@office.test", "@OFFICE.TEST@OFFICE.TEST."]
)
async def test_our_own_handles_are_looked_up_here(services: Services, world: World, handle: str) -> None:
    assert (await resolve_handle(services, handle)).uri == services.addresses.instance_actor
    assert world.visits == []


@pytest.mark.parametrize(
    "handle", ["", "@", "nobody", "a b@good.test", "a@b@c", "@a@", "x/y@good.test", "https://good.test/x"]
)
async def test_what_is_no_handle_leads_nowhere(services: Services, world: World, handle: str) -> None:
    with pytest.raises((ActorRefused, RemoteError)):
        await resolve_handle(services, handle)
    assert world.visits == []


async def test_an_unknown_handle_is_an_error(services: Services, world: World, carol: RemoteActor) -> None:
    with pytest.raises(RemoteError):
        await resolve_handle(services, f"nobody@{world.host('good.test')}")


@pytest.mark.parametrize("is_closed", [True])
async def test_in_a_closed_network_strangers_are_not_looked_up(
    services: Services, world: World, carol: RemoteActor
) -> None:
    with pytest.raises(ActorRefused):
        await resolve_actor(services, carol.uri)
    with pytest.raises(RemoteError):
        await resolve_handle(services, carol.handle)
    assert world.visits == []
    async with services.database.unit_of_work() as unit:
        await services.peers.admit(unit, world.host("good.test"))
    assert (await resolve_handle(services, carol.handle)).uri == carol.uri
