"""Private and hidden communities on another server: what is said in them reaches members here, and nobody else."""

from typing import Any

import pytest

from models.accounts import Account
from models.communities import State
from models.visibility import Visibility
from outbox import community_acts
from tests.graph import account, home_uris, status
from tests.inbox.test_group_moderation import Garden, community_of
from tests.peers import Office, Person
from tests.remote_peers import JsonObject, RemoteActor, RemoteServer
from tests.security.cast import follows, proven, send

OURS = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1", "https://www.w3.org/ns/cid/v1", {
    name: f"urn:tertulia:{name}" for name in ("communityKind", "isPrivate")
}]  # fmt: skip


async def private_group(office: Office, server: RemoteServer, mona: RemoteActor, kind: str) -> RemoteActor:
    uri = f"{server.origin}/c/garden"
    terms = {"communityKind": kind, "isPrivate": True, "manuallyApprovesFollowers": True}
    group = await server.actor("garden", uri=uri, type="Group", **community_of(server, uri, mona), **terms)
    server.documents[server.path_of(uri)] = {**group.document, "@context": OURS}
    return group


def said_inside(author: RemoteActor, group: RemoteActor, **more: Any) -> JsonObject:
    """The proven Create of a note for the members."""
    note = author.note(to=[group.followers_url], cc=[group.uri], audience=group.uri, **more)
    author.server.withdraw(note["id"], 404)  # nobody fetches it
    return proven(author, author.create(note, audience=group.uri))


async def announce(office: Office, group: RemoteActor, value: Any) -> str | None:
    return (await send(office, group, group.activity("Announce", value, to=[group.followers_url])))[-1]


@pytest.fixture
async def mona(evil: RemoteServer) -> RemoteActor:
    return await evil.actor("mona")


async def test_what_is_said_among_members_elsewhere_is_for_members_here(
    office: Office, alice: Person, carol: RemoteActor, mona: RemoteActor, evil: RemoteServer, remote: RemoteServer
) -> None:
    group = await private_group(office, evil, mona, "on_request")
    bob = await office.create_person("bob")
    create = said_inside(carol, group)
    assert await announce(office, group, create) == "unrelated"  # nobody here belongs to it
    await follows(office, alice, group)
    # Its author can't reach the members past the community, nor can another community …
    assert await send(office, carol, create) == ["unrelated"]
    other = await evil.actor("other", uri=f"{evil.origin}/c/other", type="Group")
    await follows(office, bob, other)
    await announce(office, other, create)
    past = await status(office, create["object"]["id"])
    assert past is not None
    assert (past.visibility, past.group_id) == (Visibility.DIRECT, None)
    assert (await home_uris(alice), await home_uris(bob)) == ([], [])
    # … which passes on what it has taken.
    uri = create["object"]["id"]
    assert await announce(office, group, create) == "applied"
    found = await status(office, uri)
    assert found is not None
    assert found.visibility == Visibility.PRIVATE
    assert await home_uris(alice) == [uri]
    assert ("GET", remote.path_of(uri)) not in remote.requests
    assert (await office.api(alice).get(f"/api/v1/statuses/{found.id}")).status == 200
    for stranger in (bob, None):
        assert (await office.api(stranger).get(f"/api/v1/statuses/{found.id}")).status in (401, 404)
    # What members here answer goes to the community and to nobody else.
    evil.received.clear()
    remote.received.clear()
    answer = {"status": f"@{carol.acct} Red ones?", "in_reply_to_id": str(found.id), "visibility": "private"}
    made = await office.api(alice).post("/api/v1/statuses", answer)
    assert made.status == 200, made.body
    await office.run_until_idle()
    assert (evil.received_types(), remote.received_types()) == (["Create"], [])
    sent = evil.received[0].json
    assert (sent["to"], sent["cc"], sent["object"]["audience"]) == ([group.followers_url], [group.uri], [group.uri])
    # The community may refuse it: it stays its author's alone.
    mine = await status(office, made.json()["uri"])
    assert mine is not None
    refusal = {"id": sent["id"], "type": "Create", "actor": alice.uri, "object": mine.uri}
    assert await send(office, other, other.activity("Reject", refusal)) == ["unrelated"]
    assert await send(office, group, group.activity("Reject", refusal, summary="Too late")) == ["applied"]
    mine = await status(office, mine.uri)
    assert mine is not None
    assert (mine.removed_at is not None, mine.group_id) == (True, found.group_id)
    told = (await office.api(alice).get("/api/v1/notifications", types=["community.removed"])).json()
    assert [one["account"]["acct"] for one in told] == [group.acct]


async def test_invitations_come_from_who_moderates_and_are_accepted_or_declined(
    office: Office, alice: Person, mal: RemoteActor, carol: RemoteActor, mona: RemoteActor, evil: RemoteServer
) -> None:
    group = await private_group(office, evil, mona, "hidden")
    garden = Garden(office, group, mona)
    api = office.api(alice)

    def invitation(actor: RemoteActor) -> JsonObject:
        return actor.activity("Invite", group.uri, target=alice.uri, to=[alice.uri], cc=[group.uri])

    async def found() -> list[Any]:
        return (await api.get("/api/v2/search", q=f"@{group.acct}", type="accounts")).json()["accounts"]

    assert str((await send(office, carol, invitation(carol)))[-1]).startswith("forbidden")
    assert await found() == []
    invite = invitation(mona)
    assert await send(office, mona, invite) == ["applied"]
    told = (await api.get("/api/v1/notifications", types=["community.invitation"])).json()
    assert [one["account"]["acct"] for one in told] == [mona.acct]
    assert len(await found()) == 1
    assert await send(office, mona, mona.activity("Undo", invite)) == ["applied"]
    assert await found() == []
    # Declined …
    assert await send(office, mona, invitation(mona)) == ["applied"]
    evil.received.clear()
    await _act(alice, "leave", group.uri)
    await office.run_until_idle()
    assert [(one.type, one.json["object"]["type"]) for one in evil.received] == [("Reject", "Invite")]
    assert await found() == []
    # … or accepted. One of another server may invite, too, when the community passes it on.
    assert await announce(office, group, proven(carol, invitation(carol))) == "applied"
    evil.received.clear()
    await _act(alice, "join", group.uri)
    await office.run_until_idle()
    assert evil.received_types()[:1] == ["Follow"]
    follow = evil.received[0].json
    assert await send(office, group, group.activity("Accept", follow)) == ["applied"]
    assert (await garden.place(alice)).standing.state is State.MEMBER


async def _act(person: Person, name: str, group_uri: str) -> None:
    services = person.office.services
    group = await account(person.office, group_uri)
    assert group is not None
    async with services.database.unit_of_work() as unit:
        rows = [await unit.session.get_one(Account, number) for number in (group.id, person.id)]
        await getattr(community_acts, name)(services, unit, *rows)
