"""Actors become accounts: identity, text, keys, handles, staleness; what is refused leaves what was there."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from federation.actors import (
    ActorGone,
    ActorRefused,
    refresh_if_stale,
    resolve_actor,
    store_actor,
)
from federation.client import RemoteError
from federation.json_ld import normalise, parse_document
from federation.parse import actor_draft
from federation.services import Services
from federation.trust.authentication import SignatureRefused, authenticate
from keys.keypairs import PrivateKey
from models.accounts import Account, Keypair
from models.statuses import Tombstone
from tests.conftest import Clock
from tests.federation.conftest import RemoteActor, World, counting_statements


async def account_of(services: Services, uri: str) -> Account | None:
    async with services.database.reading() as session:
        account: Account | None = await session.scalar(select(Account).where(Account.uri == uri))
        return account


async def key_ids_of(services: Services, account: Account) -> list[str]:
    async with services.database.reading() as session:
        return sorted(await session.scalars(select(Keypair.key_id).where(Keypair.account_id == account.id)))


def normal(document: dict[str, Any]) -> dict[str, Any]:
    return normalise(parse_document(orjson.dumps(document)))


# What is stored


async def test_an_actor_becomes_an_account(services: Services, world: World, carol: RemoteActor, clock: Clock) -> None:
    shared = world.url("good.test", "/inbox")
    carol.publish(
        name="Carol ‮ <b>Smith</b>", summary="<p>Hi <script>alert(1)</script><a href='javascript:x'>x</a></p>",
        manuallyApprovesFollowers=True, endpoints={"sharedInbox": shared}, published="2020-01-02T03:04:05Z",
        attachment=[{"type": "PropertyValue", "name": "Web", "value": "<b onclick='x'>me</b>"}],
    )  # fmt: skip
    account = await resolve_actor(services, carol.uri)
    assert account.acct == carol.handle
    assert account.inbox_url == f"{carol.uri}/inbox"
    assert account.delivery_url == shared
    assert account.followers_url == f"{carol.uri}/followers"
    assert account.is_locked
    assert not account.is_discoverable
    assert account.created_at.year == 2020
    assert account.fetched_at is not None
    assert "Smith" in account.display_name
    assert "‮" not in account.display_name
    assert "script" not in account.note_html
    assert "javascript" not in account.note_html
    assert "onclick" not in str(account.fields)
    assert await key_ids_of(services, account) == [carol.key_id]


async def test_a_known_actor_costs_one_statement_and_no_request(
    services: Services, world: World, carol: RemoteActor
) -> None:
    await resolve_actor(services, carol.uri)
    visits = len(world.visits)
    with counting_statements(services.database) as statements:
        await resolve_actor(services, carol.uri)
    assert len(statements) == 1
    assert len(world.visits) == visits


async def test_storing_costs_few_statements(services: Services, carol: RemoteActor) -> None:
    draft = actor_draft(normal(carol.document()))
    for most in (6, 3):
        with counting_statements(services.database) as statements:
            async with services.database.unit_of_work() as unit:
                await store_actor(unit, draft, "good.test", is_confirmed=True)
        assert len(statements) <= most, statements


async def test_many_who_ask_for_one_actor_cause_one_fetch(services: Services, world: World, carol: RemoteActor) -> None:
    found = await asyncio.gather(*(resolve_actor(services, carol.uri) for _ in range(20)))
    assert len({account.id for account in found}) == 1
    assert world.visited(carol.uri) == 1


async def test_our_own_actors_are_never_fetched(services: Services, world: World) -> None:
    instance = await resolve_actor(services, services.addresses.instance_actor, refresh=True)
    assert instance.is_local
    with pytest.raises(ActorRefused):
        await resolve_actor(services, services.addresses.actor(4711))
    assert world.visits == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Note"}, {"type": ["Person", "Create"]}, {"inbox": None}, {"preferredUsername": None},
        {"preferredUsername": "a@b"}, {"preferredUsername": "../x"}, {"preferredUsername": "a‮b"},
    ],
)  # fmt: skip
async def test_what_is_no_actor_is_refused(services: Services, carol: RemoteActor, changes: dict[str, Any]) -> None:
    carol.publish(**changes)
    with pytest.raises(ActorRefused):
        await resolve_actor(services, carol.uri)
    assert await account_of(services, carol.uri) is None


async def test_addresses_and_keys_elsewhere_are_left_out(
    services: Services, world: World, carol: RemoteActor, mal: RemoteActor
) -> None:
    elsewhere = world.url("evil.test", "/inbox")
    foreign_key = {"id": f"{mal.uri}#main-key", "owner": carol.uri, "publicKeyPem": mal.key.public.pem}
    own_key = {"id": carol.key_id, "owner": carol.uri, "publicKeyPem": carol.key.public.pem}
    carol.publish(
        endpoints={"sharedInbox": elsewhere}, outbox=elsewhere, featured=elsewhere, publicKey=[foreign_key, own_key]
    )
    account = await resolve_actor(services, carol.uri)
    assert (account.shared_inbox_url, account.outbox_url, account.featured_url) == (None, None, None)
    assert await key_ids_of(services, account) == [carol.key_id]
    carol.publish(inbox=elsewhere)
    with pytest.raises(ActorRefused):
        await resolve_actor(services, carol.uri, refresh=True)
    kept = await account_of(services, carol.uri)
    assert kept is not None
    assert kept.inbox_url == f"{carol.uri}/inbox"


async def test_a_key_listed_by_two_actors_stays_with_the_first(
    services: Services, world: World, carol: RemoteActor
) -> None:
    first = await resolve_actor(services, carol.uri)
    eve = RemoteActor(world, "good.test", "eve", carol.key)
    eve.publish(publicKey={"id": carol.key_id, "owner": eve.uri, "publicKeyPem": carol.key.public.pem})
    second = await resolve_actor(services, eve.uri)
    assert await key_ids_of(services, first) == [carol.key_id]
    assert await key_ids_of(services, second) == []


# Bringing up to date


async def test_a_stale_actor_is_fetched_again_and_a_fresh_one_is_not(
    services: Services, world: World, carol: RemoteActor, clock: Clock
) -> None:
    account = await resolve_actor(services, carol.uri)
    carol.publish(name="Carol II")
    assert (await resolve_actor(services, carol.uri)).display_name == ""
    assert (await refresh_if_stale(services, account)).display_name == ""
    clock.advance(hours=25)
    assert (await refresh_if_stale(services, account)).display_name == "Carol II"
    assert world.visited(carol.uri) == 2
    carol.publish(name="Carol III")
    assert (await resolve_actor(services, carol.uri, refresh=True)).display_name == "Carol III"


async def test_a_stale_actor_is_better_than_none(
    services: Services, world: World, carol: RemoteActor, clock: Clock
) -> None:
    account = await resolve_actor(services, carol.uri)
    clock.advance(hours=25)
    for status in (500, 403):
        world.publish(carol.uri, b"", status=status)
        assert (await resolve_actor(services, carol.uri)).id == account.id
        assert (await refresh_if_stale(services, account)).id == account.id
        with pytest.raises(RemoteError):
            await resolve_actor(services, carol.uri, refresh=True)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_actor_that_is_gone_is_reported_as_gone(
    services: Services, world: World, carol: RemoteActor, status: int
) -> None:
    world.publish(carol.uri, b"", status=status)
    with pytest.raises(ActorGone):
        await resolve_actor(services, carol.uri)


async def test_who_was_deleted_or_suspended_here_stays_so(
    services: Services, carol: RemoteActor, mal: RemoteActor, clock: Clock
) -> None:
    await resolve_actor(services, carol.uri)
    await resolve_actor(services, mal.uri)
    async with services.database.unit_of_work() as unit:
        for uri, column in ((carol.uri, "gone_at"), (mal.uri, "suspended_at")):
            account = await unit.session.scalar(select(Account).where(Account.uri == uri))
            setattr(account, column, unit.now)
    with pytest.raises(ActorGone):
        await resolve_actor(services, carol.uri, refresh=True)
    assert (await resolve_actor(services, mal.uri, refresh=True)).suspended_at is not None
    async with services.database.unit_of_work() as unit:
        with pytest.raises(ActorGone):
            await store_actor(unit, actor_draft(normal(carol.document())), "good.test")


async def test_nobody_comes_back_under_a_buried_uri(services: Services, carol: RemoteActor) -> None:
    async with services.database.unit_of_work() as unit:
        unit.session.add(Tombstone(uri=carol.uri, kind="Person", owner_uri=carol.uri, created_at=unit.now))
    with pytest.raises(ActorGone):
        await resolve_actor(services, carol.uri)


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [
        ("Person", "Group", False), ("Group", "Person", False), ("Person", "Application", False),
        ("Application", "Service", False), ("Group", "Service", False), ("Person", "Service", True),
        ("Service", "Person", True), ("Organization", "Person", True),
    ],
)  # fmt: skip
async def test_an_actor_keeps_its_class(
    services: Services, carol: RemoteActor, before: str, after: str, may: bool
) -> None:
    carol.publish(type=before)
    await resolve_actor(services, carol.uri)
    carol.publish(type=after, name="changed")
    if may:
        assert (await resolve_actor(services, carol.uri, refresh=True)).actor_type == after
        return
    with pytest.raises(ActorRefused):
        await resolve_actor(services, carol.uri, refresh=True)
    kept = await account_of(services, carol.uri)
    assert kept is not None
    assert (kept.actor_type, kept.display_name) == (before, "")


async def test_keys_are_replaced_with_the_document_and_forgotten_in_memory(
    services: Services, carol: RemoteActor, third_rsa_key: PrivateKey, clock: Clock
) -> None:
    await authenticate(services, carol.request(clock()))
    key_id = f"{carol.uri}#key-2"
    carol.publish(publicKey={"id": key_id, "owner": carol.uri, "publicKeyPem": third_rsa_key.public.pem})
    account = await resolve_actor(services, carol.uri, refresh=True)
    assert await key_ids_of(services, account) == [key_id]
    with pytest.raises(SignatureRefused):
        await authenticate(services, carol.request(clock(), body=b"2"))
