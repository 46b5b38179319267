"""Inbox forwarding (ActivityPub §7.1.2): what proves itself and is for those followers, and nothing more private."""

from typing import Any

import pytest

from keys.linked_data_signatures import add_linked_data_signature
from keys.signing import Scheme
from tests.conftest import Clock
from tests.graph import count, favourites, follower_uris, status
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor, RemoteServer
from tests.security.cast import proven, send, write


@pytest.fixture
async def fan(office: Office, alice: Person, open_remote: Any) -> RemoteActor:
    """A follower of alice on a third server."""
    server: RemoteServer = await open_remote()
    await office.confirm(server)
    made = await server.actor("fan")
    await send(office, made, made.follow(alice.uri))
    server.received.clear()
    return made


async def test_a_proven_public_reply_is_passed_on_as_it_came(
    office: Office, alice: Person, carol: RemoteActor, fan: RemoteActor
) -> None:
    parent = await write(office, alice)
    fan.server.received.clear()
    plain = carol.create(carol.note(inReplyTo=parent))
    assert await send(office, carol, plain) == ["applied"]
    assert fan.server.received == []
    note = carol.note(inReplyTo=parent)
    reply = proven(carol, carol.create(note))
    assert await send(office, carol, reply) == ["applied"]
    (received,) = fan.server.received
    assert received.json == reply
    gone = proven(carol, carol.activity("Delete", [note["id"], plain["object"]["id"]], to=[PUBLIC]))
    assert await send(office, carol, gone) == ["applied"]
    assert fan.server.received_types() == ["Create", "Delete"]


@pytest.mark.parametrize("audience", ["direct", "followers of the sender"])
async def test_a_private_reply_goes_no_further(
    office: Office, alice: Person, carol: RemoteActor, fan: RemoteActor, audience: str
) -> None:
    parent = await write(office, alice)
    fan.server.received.clear()
    to = [alice.uri] if audience == "direct" else [carol.followers_url, alice.uri]
    note = carol.note("<p>between us</p>", inReplyTo=parent, to=to, cc=[])
    reply = proven(carol, {**carol.create(note), "to": [PUBLIC]})  # the activity's own addressing changes nothing
    assert await send(office, carol, reply) == ["applied"]
    assert await send(office, carol, proven(carol, carol.activity("Delete", note["id"], to=[PUBLIC]))) == ["applied"]
    assert fan.server.received == []


async def test_a_reply_to_what_is_private_or_not_ours_goes_no_further(
    office: Office, alice: Person, carol: RemoteActor, fan: RemoteActor
) -> None:
    await send(office, carol, carol.follow(alice.uri))
    private, theirs = await write(office, alice, to=(alice.followers_url,)), carol.note()
    fan.server.received.clear()
    for parent in (private, theirs["id"]):
        reply = proven(carol, carol.create(carol.note(inReplyTo=parent)))
        assert await send(office, carol, reply) == ["applied"]
    assert fan.server.received == []


def ld_signed(actor: RemoteActor, document: JsonObject) -> JsonObject:
    from federation.json_ld import canonicalize

    return add_linked_data_signature(
        document, key=actor.rsa, creator=actor.key_id(Scheme.CAVAGE_RSA), now=actor.server.clock(),
        canonicalize=canonicalize,
    )  # fmt: skip


@pytest.mark.parametrize("sign", [proven, ld_signed])
async def test_what_others_bring_counts_when_it_proves_itself(
    office: Office, carol: RemoteActor, mal: RemoteActor, sign: Any
) -> None:
    note = carol.note()
    create = carol.create(note)
    inbox_url = f"{office.origin}/inbox"
    assert (await mal.post(inbox_url, create)).status == 401
    assert (await mal.post(inbox_url, sign(mal, create))).status == 401
    altered = {**sign(carol, create), "object": {**note, "content": "<p>mal's</p>"}}
    assert (await mal.post(inbox_url, altered)).status == 401
    assert await status(office, note["id"]) is None
    assert await send(office, mal, sign(carol, create)) == ["applied"]
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == note["content"]


@pytest.mark.parametrize("sign", [proven, ld_signed])
async def test_what_was_said_once_is_not_said_again_by_others(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, clock: Clock, sign: Any
) -> None:
    """J11: a proof doesn't end; what it says may have been taken back."""
    parent = await write(office, alice)
    like, follow = sign(carol, carol.activity("Like", parent)), sign(carol, carol.follow(alice.uri))
    profile = sign(carol, carol.activity("Update", {**carol.document, "name": "old"}))
    await send(office, carol, like, follow, profile, carol.activity("Undo", like), carol.activity("Undo", follow),
               carol.activity("Update", {**carol.document, "name": "new"}))  # fmt: skip
    for inbox_url in (f"{office.origin}/inbox", alice.inbox_url, f"{office.origin}/actor/inbox"):
        for replayed in (like, follow, profile):
            assert (await mal.post(inbox_url, replayed)).status == (202 if replayed is like else 401)
    await office.run_until_idle()
    assert await favourites(office, parent) == []
    assert await follower_uris(office, alice.uri) == []
    from tests.graph import account

    known = await account(office, carol.uri)
    assert known is not None
    assert known.display_name == "new"
    old = sign(carol, carol.create(carol.note()))
    clock.advance(days=31)
    assert (await mal.post(alice.inbox_url, old)).status == 401
    assert await send(office, carol, old) == ["applied"]


async def test_relations_are_made_by_the_two_alone(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    from models.activities import InboundActivity

    for kind in ("Follow", "Accept", "Reject", "Block", "Move", "Flag", "Add", "Remove", "QuoteRequest"):
        activity = proven(carol, carol.activity(kind, alice.uri))
        assert (await mal.post(alice.inbox_url, activity)).status == 401
    assert await count(office, InboundActivity) == 0
    assert await send(office, carol, proven(carol, carol.follow(alice.uri))) == ["applied"]
