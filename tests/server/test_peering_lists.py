"""A head office publishes who belongs to the group; the others subscribe, and become peers of each other."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from federation.documents.contexts import PEERING
from federation.peers.lists import LIST_PATH
from keys.integrity_proofs import add_proof
from keys.keypairs import generate_ed25519
from keys.signing import Scheme
from models.peers import PeeringList
from outbox.peering import decisions
from outbox.peering.sending import PeeringRefused
from outbox.peering.subscriptions import AUTOMATICALLY, BY_HAND, subscribe, suggestions
from tests.conftest import Clock, NewDatabase
from tests.inbox.test_peering_keys import make_active
from tests.peering import Stranger, confirm, propose, state
from tests.peers import Office, office, run_until_idle
from tests.remote_peers import JsonObject, RemoteServer

Group = tuple[Office, Office, Office]


@pytest.fixture
async def group(new_database_url: NewDatabase, clock: Clock) -> AsyncIterator[Group]:
    """A head office with two subsidiaries, each its peer, and no peers of each other."""
    async with (
        office("head", new_database_url, clock=clock, peering_list="on") as head,
        office("madrid", new_database_url, clock=clock) as madrid,
        office("lisbon", new_database_url, clock=clock) as lisbon,
    ):
        for one in (madrid, lisbon):
            await propose(one, head.domain)
            await run_until_idle(head, one)
            await confirm(head, one.domain)
            await run_until_idle(head, one)
        yield head, madrid, lisbon


async def follow_list(here: Office, publisher: str, mode: str) -> PeeringList:
    peer = await here.services.peers.show(publisher)
    assert peer is not None
    return await subscribe(here.services, peer, mode=mode)


async def suggested(here: Office) -> list[str]:
    async with here.services.database.reading() as session:
        return [entry["domain"] for entry in await suggestions(here.services, session)]


async def test_subsidiaries_meet_through_the_list_of_the_head_office(group: Group) -> None:
    head, madrid, lisbon = group
    assert (await head.get(LIST_PATH)).status == 401  # not for strangers
    assert (await madrid.get(LIST_PATH)).status == 404
    await follow_list(madrid, head.domain, BY_HAND)
    await run_until_idle(*group)
    assert (await suggested(madrid), await state(madrid, lisbon.domain)) == ([lisbon.domain], None)
    await follow_list(madrid, head.domain, AUTOMATICALLY)
    await run_until_idle(*group)
    assert (await state(madrid, lisbon.domain), await state(lisbon, madrid.domain)) == ("proposed", "proposed")
    await follow_list(lisbon, head.domain, AUTOMATICALLY)
    await run_until_idle(*group)
    assert (await state(madrid, lisbon.domain), await state(lisbon, madrid.domain)) == ("active", "active")
    assert await suggested(madrid) == []


async def test_who_leaves_the_list_or_was_ended_is_left_as_it_is(group: Group, clock: Clock) -> None:
    head, madrid, lisbon = group
    for one in (madrid, lisbon):
        await follow_list(one, head.domain, AUTOMATICALLY)
        await run_until_idle(*group)
    async with head.services.database.unit_of_work() as unit:
        await decisions.end(head.services, unit, lisbon.domain)
    clock.advance(hours=2)
    await run_until_idle(*group)
    assert (await state(madrid, lisbon.domain), await state(lisbon, madrid.domain)) == ("active", "active")
    async with madrid.services.database.unit_of_work() as unit:
        await decisions.end(madrid.services, unit, lisbon.domain)
    await propose(head, lisbon.domain)
    await run_until_idle(*group)
    await propose(lisbon, head.domain)
    clock.advance(hours=2)
    await run_until_idle(*group)
    assert await state(head, lisbon.domain) == "active"
    assert await state(madrid, lisbon.domain) == "ended"  # on the list again: not by itself


def signed(publisher: Stranger, items: list[JsonObject], **changes: Any) -> JsonObject:
    """A peering list of a server that isn't ours."""
    url = f"{publisher.server.origin}{LIST_PATH}"
    document = {
        "@context": PEERING, "id": url, "type": "Collection", "attributedTo": publisher.actor.uri, "name": "Head",
        "updated": publisher.server.clock().strftime("%Y-%m-%dT%H:%M:%SZ"), "totalItems": len(items), "items": items,
        **changes,
    }  # fmt: skip
    return publisher.proven(document)


FORGERIES: dict[str, Callable[[Stranger], JsonObject]] = {
    "without a proof": lambda by: {k: v for k, v in signed(by, [by.card]).items() if k != "proof"},
    "altered": lambda by: {**signed(by, [by.card]), "name": "Another"},
    "by another actor": lambda by: signed(by, [by.card], attributedTo=f"{by.server.origin}/users/mal"),
    "made for another address": lambda by: signed(by, [by.card], id=f"{by.server.origin}/other"),
    "proven with another key": lambda by: add_proof(
        signed(by, [by.card]), key=generate_ed25519(),
        verification_method=by.actor.key_id(Scheme.RFC9421_ED25519), now=by.server.clock(),
    ),
    "with an entry that speaks for another host": lambda by: signed(by, [{**by.card, "domain": "victim.example"}]),
}  # fmt: skip


async def test_a_list_that_is_not_its_publisher_s_word_is_refused(
    new_database_url: NewDatabase, clock: Clock, remote: RemoteServer
) -> None:
    async with office("madrid", new_database_url, clock=clock) as madrid:
        head = await Stranger.at(remote)
        await make_active(madrid, head)
        for name, forge in FORGERIES.items():
            remote.documents[LIST_PATH] = forge(head)
            with pytest.raises(PeeringRefused, match=r"can't be subscribed to"):
                await follow_list(madrid, remote.host, AUTOMATICALLY)
                pytest.fail(name)
        remote.documents[LIST_PATH] = old = signed(head, [head.card])
        clock.advance(seconds=5)
        remote.documents[LIST_PATH] = signed(head, [])
        assert (await follow_list(madrid, remote.host, AUTOMATICALLY)).entries == []
        remote.documents[LIST_PATH] = old  # somebody has kept it
        clock.advance(hours=2)
        await madrid.run_until_idle()
        async with madrid.services.database.reading() as session:
            known = await session.get_one(PeeringList, remote.host)
        assert (known.entries, known.last_error) == ([], "the list is older than the one before it")
        for items in ([head.card], []):  # it is read every hour, whatever came of the last time
            remote.documents[LIST_PATH] = signed(head, items)
            clock.advance(hours=2)
            await madrid.run_until_idle()
            async with madrid.services.database.reading() as session:
                known = await session.get_one(PeeringList, remote.host)
            assert ([entry["domain"] for entry in known.entries], known.last_error) == (
                [item["domain"] for item in items],
                "",
            )


async def test_a_listed_office_with_another_key_is_not_joined(
    new_database_url: NewDatabase, clock: Clock, remote: RemoteServer
) -> None:
    async with (
        office("madrid", new_database_url, clock=clock) as madrid,
        office("lisbon", new_database_url, clock=clock) as lisbon,
    ):
        head = await Stranger.at(remote)
        await make_active(madrid, head)
        entry = {
            **head.card, "attributedTo": lisbon.services.addresses.instance_actor, "domain": lisbon.domain,
            "assertionMethod": [{
                "id": f"{lisbon.services.addresses.instance_actor}#ed25519-key", "type": "Multikey",
                "controller": lisbon.services.addresses.instance_actor,
                "publicKeyMultibase": generate_ed25519().public.multibase,
            }],
        }  # fmt: skip
        remote.documents[LIST_PATH] = signed(head, [entry])
        await follow_list(madrid, remote.host, AUTOMATICALLY)
        await run_until_idle(madrid, lisbon)
        assert (await state(madrid, lisbon.domain), await state(lisbon, madrid.domain)) == (None, None)
        await propose(lisbon, madrid.domain)
        await run_until_idle(madrid, lisbon)
        assert await state(madrid, lisbon.domain) == "proposed"  # an administrator has to look at it
