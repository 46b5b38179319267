"""Announce: boosts widen no audience, and communities pass on what their members did (FEP-1b12; O18, O19, O36)."""

from typing import Any

import pytest

from models.statuses import Status
from tests.graph import account, count, favourites, home_uris, journal, notices, status
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor, RemoteServer
from tests.security.cast import follows, proven, send, snapshot, suspend_account, write


@pytest.fixture
async def group(evil: RemoteServer) -> RemoteActor:
    """A community on a server of its own."""
    return await evil.actor("gardeners", type="Group")


def announce(actor: RemoteActor, value: Any, **more: Any) -> JsonObject:
    return actor.activity("Announce", value, to=[PUBLIC], cc=[actor.followers_url], **more)


def posted(author: RemoteActor, group: RemoteActor, **more: Any) -> JsonObject:
    """A note in the community."""
    return author.note(to=[PUBLIC, group.uri], cc=[], audience=group.uri, **more)


async def test_a_boost_is_fetched_from_the_author_s_server_and_shown_to_followers(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    await follows(office, alice, mal)
    note = carol.note("<p>as carol wrote it</p>")
    copy = {**note, "content": "<p>as mal would have it</p>"}
    assert await send(office, mal, announce(mal, copy)) == ["applied"]
    assert await home_uris(alice) == [note["id"]]
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>as carol wrote it</p>"
    assert await send(office, mal, announce(mal, note["id"])) == ["duplicate"]


async def test_a_boost_of_a_post_of_ours_is_told_to_its_author_and_undone(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    uri = await write(office, alice)
    boost = announce(carol, uri)
    assert await send(office, carol, boost) == ["applied"]
    assert await notices(alice) == [("reblog", carol.uri)]
    mine = await status(office, uri)
    assert mine is not None
    assert mine.boosts_count == 1
    assert await send(office, carol, carol.activity("Undo", boost)) == ["applied"]
    mine = await status(office, uri)
    assert mine is not None
    assert mine.boosts_count == 0


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_a_boost_never_widens_an_audience(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, visibility: str
) -> None:
    bob = await office.create_person("bob")
    await follows(office, bob, mal)
    await follows(office, alice, carol)
    await send(office, carol, carol.follow(alice.uri))
    to = (alice.followers_url,) if visibility == "private" else (carol.uri,)
    ours = await write(office, alice, to=to)
    theirs = carol.note(to=[carol.followers_url] if visibility == "private" else [alice.uri], cc=[])
    await send(office, carol, carol.create(theirs))
    before = await snapshot(office)
    await send(office, mal, announce(mal, ours), announce(mal, theirs["id"]))
    await send(office, carol, announce(carol, ours))
    assert await snapshot(office) == before
    assert await home_uris(bob) == []


async def test_nobody_boosts_whom_we_suspended_or_whose_server_we_left(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, remote: RemoteServer
) -> None:
    await follows(office, alice, mal)
    eve = await remote.actor("eve")
    notes = [carol.note(), eve.note(), eve.note()]
    await send(office, carol, carol.create(notes[0]))
    await send(office, eve, eve.create(notes[1]), eve.create(notes[2]))
    assert await send(office, mal, announce(mal, notes[1]["id"])) == ["applied"]
    await suspend_account(office, carol.uri)
    assert await send(office, mal, announce(mal, notes[0]["id"])) == ["unrelated"]
    await office.suspend(remote)
    assert await send(office, mal, announce(mal, notes[2]["id"])) == ["unrelated"]
    assert await home_uris(alice) == [notes[1]["id"]]


async def test_what_a_community_announces_is_fetched_unless_it_proves_itself(
    office: Office, alice: Person, carol: RemoteActor, group: RemoteActor, remote: RemoteServer
) -> None:
    await follows(office, alice, group)
    unproven = posted(carol, group, content="<p>honest</p>")
    forged = carol.create({**unproven, "content": "<p>forged</p>"})
    assert await send(office, group, announce(group, forged)) == ["applied"]
    stored = await status(office, unproven["id"])
    assert stored is not None
    assert stored.content_html == "<p>honest</p>"
    assert ("GET", remote.path_of(unproven["id"])) in remote.requests
    note = posted(carol, group, content="<p>proven</p>")
    remote.requests.clear()
    assert await send(office, group, announce(group, proven(carol, carol.create(note)))) == ["applied"]
    assert ("GET", remote.path_of(note["id"])) not in remote.requests
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>proven</p>"
    assert stored.group_id is not None
    assert await home_uris(alice) == [note["id"], unproven["id"]]


async def test_a_proof_covers_only_what_it_was_made_for(
    office: Office, alice: Person, carol: RemoteActor, group: RemoteActor
) -> None:
    """A second object under the id of a proven one, and another context around it, change nothing."""
    await follows(office, alice, group)
    note = posted(carol, group, content="<p>proven</p>")
    honest = proven(carol, carol.create(note))
    forged = {**carol.create({**note, "content": "<p>forged</p>"}), "id": honest["id"]}
    outer = announce(group, [forged, honest, {**honest, "object": {**note, "content": "<p>altered</p>"}}])
    outer["@context"] = [*outer["@context"], {"content": "as:summary"}]
    await send(office, group, outer)
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>proven</p>"
    assert await count(office, Status) == 2


async def test_a_community_edits_and_deletes_what_its_members_edit_and_delete(
    office: Office, alice: Person, carol: RemoteActor, group: RemoteActor, remote: RemoteServer
) -> None:
    await follows(office, alice, group)
    note = posted(carol, group, content="<p>first</p>", published="2026-01-01T10:00:00Z")
    await send(office, group, announce(group, carol.create(note)))
    edited = {**note, "content": "<p>second</p>", "updated": "2026-01-02T10:00:00Z"}
    forged = {**edited, "content": "<p>forged</p>"}
    remote.publish(edited)
    await send(office, group, announce(group, carol.activity("Update", forged)))
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>second</p>"
    like = proven(carol, carol.activity("Like", note["id"]))
    assert await send(office, group, announce(group, like)) == ["applied"]
    assert await favourites(office, note["id"]) == [(carol.uri, "")]
    gone = proven(carol, carol.activity("Delete", note["id"]))
    assert await send(office, group, announce(group, gone)) == ["applied"]
    assert await status(office, note["id"]) is None
    assert await send(office, group, announce(group, proven(carol, carol.create(note)))) == ["superseded"]
    assert await home_uris(alice) == []


async def test_an_unproven_like_of_another_server_is_not_believed(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, group: RemoteActor
) -> None:
    await follows(office, alice, group)
    note = posted(carol, group)
    await send(office, group, announce(group, carol.create(note)))
    assert await send(office, group, announce(group, eve.activity("Like", note["id"]))) == ["forbidden"]
    own = await group.server.actor("member")
    assert await send(office, group, announce(group, own.activity("Like", note["id"]))) == ["applied"]
    assert await favourites(office, note["id"]) == [(own.uri, "")]


async def test_several_activities_in_one_announce_each_count(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, group: RemoteActor
) -> None:
    await follows(office, alice, group)
    notes = [posted(carol, group), posted(eve, group)]
    batch = [carol.create(notes[0]), {"type": "Create", "actor": ["nobody"]}, eve.create(notes[1])]
    assert await send(office, group, announce(group, batch)) == ["applied"]
    assert sorted(await home_uris(alice)) == sorted(note["id"] for note in notes)


async def test_a_community_can_not_give_ids_of_other_servers_away(
    office: Office, alice: Person, carol: RemoteActor, group: RemoteActor
) -> None:
    """O04: an id that is used up by somebody else would keep the real activity out."""
    await follows(office, alice, group)
    note = posted(carol, group)
    await send(office, group, announce(group, carol.create(note)))
    like = carol.activity("Like", note["id"])
    member = await group.server.actor("member")
    await send(office, group, announce(group, {**member.activity("Like", note["id"]), "id": like["id"]}))
    assert await favourites(office, note["id"]) == []
    assert await send(office, carol, like) == ["applied"]
    assert await favourites(office, note["id"]) == [(carol.uri, "")]


async def test_a_community_takes_out_what_was_posted_in_it_and_nothing_else(
    office: Office, alice: Person, carol: RemoteActor, group: RemoteActor
) -> None:
    await follows(office, alice, group)
    inside, outside, ours = posted(carol, group), carol.note(), await write(office, alice)
    await send(office, carol, carol.create(outside), carol.create(inside))
    mine = await status(office, ours)
    assert mine is not None
    # Announcing what wasn't posted there makes it no property of the community …
    copy = {"id": ours, "type": "Note", "attributedTo": alice.uri}
    for claimed in (outside, {**outside, "audience": group.uri}, copy):
        author = alice.uri if claimed["id"] == ours else carol.uri
        create = {"id": carol.server.new_uri("c"), "type": "Create", "actor": author, "object": claimed}
        await send(office, group, announce(group, create))
    member = await group.server.actor("moderator")
    for uri in (outside["id"], ours, inside["id"]):
        await send(office, group, announce(group, member.activity("Delete", uri)))
        await send(office, group, group.activity("Delete", uri))
    assert await status(office, outside["id"]) is not None
    assert await status(office, ours) is not None
    # … and what was posted there is its author's to keep, but not in the community.
    stored = await status(office, inside["id"])
    assert stored is not None
    assert (stored.removed_at is not None, (await status(office, outside["id"])).removed_at) == (True, None)  # type: ignore[union-attr]


async def test_a_community_that_removes_what_we_wrote_only_stops_showing_it(
    office: Office, alice: Person, group: RemoteActor
) -> None:
    await follows(office, alice, group)
    uri = await write(office, alice)
    await send(office, group, announce(group, uri))
    mine, community = await status(office, uri), await account(office, group.uri)
    assert mine is not None
    assert community is not None
    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Status, mine.id)).group_id = community.id
    assert await send(office, group, group.activity("Delete", uri)) == ["applied"]
    mine = await status(office, uri)
    assert mine is not None
    assert (mine.removed_at is not None, mine.boosts_count) == (True, 0)


async def test_a_person_can_not_pass_activities_on(office: Office, alice: Person, carol: RemoteActor,
                                                   mal: RemoteActor) -> None:  # fmt: skip
    await follows(office, alice, mal)
    note = carol.note()
    assert await send(office, mal, announce(mal, carol.create(note))) == ["forbidden"]
    assert await status(office, note["id"]) is None
    assert (await journal(office))[-1] == ("Announce", "done", "forbidden")


async def test_a_relay_s_copy_is_never_trusted(office: Office, alice: Person, carol: RemoteActor,
                                               evil: RemoteServer) -> None:  # fmt: skip
    relay = await evil.actor("relay", type="Application")
    note = carol.note("<p>the original</p>")
    forged = carol.create({**note, "content": "<p>the relay's</p>"})
    assert (await relay.post(f"{office.origin}/inbox", forged)).status == 401
    assert await status(office, note["id"]) is None
    assert await send(office, relay, announce(relay, note["id"])) == ["applied"]
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>the original</p>"


async def test_an_announced_create_is_found_by_its_id(office: Office, alice: Person, carol: RemoteActor,
                                                      mal: RemoteActor) -> None:  # fmt: skip
    await follows(office, alice, mal)
    note = carol.note()
    create = carol.create(note)
    carol.server.publish(create)
    assert await send(office, mal, announce(mal, create["id"])) == ["applied"]
    assert await home_uris(alice) == [note["id"]]
