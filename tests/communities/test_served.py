"""What other servers may read of a community that we host: by its kind, and by who asks."""

import pytest

from communities.admission import invite
from communities.ranks import set_role
from models.accounts import Account
from models.communities import Kind, Role
from tests.communities.hosting import act, host, join_from_afar
from tests.fixtures_offices import OpenRemote
from tests.inbox.conftest import alice, carol, eve, evil, mal
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor
from tests.security.cast import send

__all__ = ["alice", "carol", "eve", "evil", "mal"]
PARTS = (
    "", "/outbox", "/outbox?page=true", "/followers", "/collections/featured", "/collections/moderators",
    "/collections/owners", "/collections/publishers", "/collections/readers",
)  # fmt: skip


async def seen(reader: RemoteActor, group: Account) -> set[str]:
    """The parts of a community that somebody gets; everything else is answered as if it weren't there."""
    answers = {part: await reader.get(f"{group.uri}{part}") for part in PARTS}
    assert {answer.status for answer in answers.values()} <= {200, 404}
    return {part for part, answer in answers.items() if answer.status == 200}


async def test_everybody_reads_an_open_community_but_not_who_belongs_to_it(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    group = await host(alice, rules="Be kind\nBe brief", description="After work")
    await join_from_afar(office, group, carol)
    await act(office, set_role, group, alice, carol, Role.PUBLISHER)
    for_members = {"/collections/owners", "/collections/publishers", "/collections/readers"}
    assert await seen(mal, group) == set(PARTS) - for_members
    assert await seen(carol, group) == set(PARTS)
    actor = (await mal.get(group.uri)).json
    assert (actor["rules"], actor["communityKind"], actor["isPrivate"]) == (["Be kind", "Be brief"], "open", False)
    assert actor["attributedTo"] == actor["moderators"] == f"{group.uri}/collections/moderators"
    assert (await mal.get(actor["moderators"])).json["orderedItems"] == [alice.uri]
    assert (await carol.get(f"{group.uri}/collections/publishers")).json["orderedItems"] == [carol.uri]
    followers = (await carol.get(f"{group.uri}/followers")).json
    assert (followers["totalItems"], "first" in followers) == (2, False)
    # Whether one account belongs to it: asked by a server about its own people, and by members' servers.
    query = f"{group.uri}/followers?is_follower="
    asked = [(carol, carol.uri), (carol, alice.uri), (carol, mal.uri), (mal, carol.uri), (mal, mal.uri)]
    assert [(await by.get(query + uri)).status for by, uri in asked] == [200, 200, 404, 404, 404]
    assert (await office.get(query + carol.uri)).status == 401


async def test_a_private_community_shows_what_it_is_and_nothing_of_who_is_in_it(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    group = await host(alice, kind=Kind.ON_REQUEST)
    await send(office, carol, carol.follow(group.uri))
    outside = {"", "/outbox", "/outbox?page=true", "/collections/featured"}
    assert await seen(carol, group) == await seen(mal, group) == outside  # a request is no membership
    assert "totalItems" not in (await mal.get(f"{group.uri}/outbox")).json
    await act(office, invite, group, alice, carol)  # who has asked is in by it
    assert await seen(carol, group) == await seen(eve, group) == set(PARTS)
    assert await seen(mal, group) == outside


@pytest.mark.parametrize("federation", ["closed", "open"])
async def test_a_hidden_community_is_not_there_but_for_members_and_the_invited(
    open_office: object, open_remote: OpenRemote, federation: str
) -> None:
    office = await open_office(federation=federation)  # type: ignore[operator]
    alice = await office.create_person("alice")
    good, evil = await open_remote(), await open_remote()
    await office.confirm(good, evil)
    carol, mal = await good.actor("carol"), await evil.actor("mal")
    group = await host(alice, "board", kind=Kind.HIDDEN)
    handle = f"/.well-known/webfinger?resource=acct:board@{office.domain}"
    assert await seen(carol, group) == set()
    assert await send(office, carol, carol.follow(group.uri)) == ["invalid"]
    assert good.received == []  # no refusal either, which would say that it exists
    assert (await carol.post(group.inbox_url, carol.follow(group.uri))).status == 404
    await act(office, invite, group, alice, carol)
    assert await seen(carol, group) == {"", "/outbox", "/outbox?page=true", "/collections/featured"}
    await join_from_afar(office, group, carol)
    assert await seen(carol, group) == set(PARTS)
    assert await seen(mal, group) == set()
    assert (await mal.post(group.inbox_url, mal.follow(group.uri))).status == 404
    for path in (handle, group.uri, f"/@{group.username}"):
        assert (await office.get(path)).status in (404, 401), path
    assert (await office.get(group.uri)).status == 404
