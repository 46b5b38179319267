"""FEP-8fcf, inbound, through the door: what a delivery says about followers is compared and mended, and no more."""

import pytest

from federation.peers.sync import followers_digest
from inbox.synchronization import HEADER
from tests.conftest import Clock
from tests.graph import follower_uris
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor
from tests.security.cast import follows


def claims(actor: RemoteActor, *uris: str, url: str | None = None, collection: str | None = None) -> dict[str, str]:
    """The header of a delivery by `actor`, who publishes the list that goes with it."""
    listed = actor.server.publish(
        {"id": f"{actor.uri}/followers_synchronization", "type": "OrderedCollection", "orderedItems": list(uris)}
    )
    digest = followers_digest(uris)
    return {HEADER: f'collectionId="{collection or actor.followers_url}", url="{url or listed}", digest="{digest}"'}


async def deliver(office: Office, clock: Clock, sender: RemoteActor, headers: dict[str, str]) -> None:
    answer = await sender.post(f"{office.origin}/inbox", sender.create(sender.note()), headers=headers)
    assert answer.status == 202
    clock.advance(seconds=10)
    await office.run_until_idle()


async def test_a_follow_that_its_other_side_lost_is_ended_and_one_that_only_it_has_is_undone(
    office: Office, alice: Person, carol: RemoteActor, clock: Clock
) -> None:
    bob = await office.create_person("bob")
    await follows(office, alice, carol)
    clock.advance(hours=1)
    carol.server.received.clear()
    await deliver(office, clock, carol, claims(carol, bob.uri, f"{carol.server.origin}/users/else"))
    assert await follower_uris(office, carol.uri) == []
    (undo,) = [received.json for received in carol.server.received if received.type == "Undo"]
    assert (undo["actor"], undo["object"]["type"], undo["object"]["object"]) == (bob.uri, "Follow", carol.uri)


async def test_agreement_asks_nobody(office: Office, alice: Person, carol: RemoteActor, clock: Clock) -> None:
    await follows(office, alice, carol)
    clock.advance(hours=1)
    carol.server.requests.clear()
    await deliver(office, clock, carol, claims(carol, alice.uri))
    assert ("GET", "/users/carol/followers_synchronization") not in carol.server.requests
    assert await follower_uris(office, carol.uri) == [alice.uri]


@pytest.mark.parametrize("lie", ["other collection", "other server", "our address", "nonsense"])
async def test_nobody_ends_follows_of_others(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, clock: Clock, lie: str
) -> None:
    """O43."""
    await follows(office, alice, carol)
    await follows(office, alice, mal)
    clock.advance(hours=1)
    headers = {
        "other collection": claims(mal, collection=carol.followers_url),
        "other server": claims(mal, url=f"{carol.uri}/followers_synchronization"),
        "our address": claims(mal, url=f"{office.origin}/users/{alice.id}/followers"),
        "nonsense": {HEADER: 'collectionId="x", digest="0"'},
    }[lie]
    carol.server.requests.clear()
    await deliver(office, clock, mal, headers)
    assert await follower_uris(office, carol.uri) == [alice.uri]
    assert await follower_uris(office, mal.uri) == [alice.uri]
    assert carol.server.requests == []


async def test_a_flood_of_digests_causes_one_look(
    office: Office, alice: Person, carol: RemoteActor, clock: Clock
) -> None:
    await follows(office, alice, carol)
    carol.server.requests.clear()
    for number in range(5):
        headers = claims(carol, alice.uri, f"{office.origin}/users/{number}")
        await deliver(office, clock, carol, headers)
    assert carol.server.requests.count(("GET", "/users/carol/followers_synchronization")) == 1
    assert await follower_uris(office, carol.uri) == [alice.uri]
