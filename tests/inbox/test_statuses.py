"""Create, Update and Delete: only authors write, edit and delete, in whatever order it arrives (O01–O09, O50)."""

import pytest

from federation.actors import resolve_actor
from models.statuses import Status, StatusEdit
from models.visibility import Visibility
from outbox.follows import publish_follow
from tests.fixtures_offices import OpenOffice, OpenRemote
from tests.graph import account, count, home_uris, journal, notices, status
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, RemoteActor, RemoteServer


@pytest.fixture
async def alice(office: Office) -> Person:
    return await office.create_person("alice")


@pytest.fixture
async def carol(remote: RemoteServer) -> RemoteActor:
    return await remote.actor("carol")


async def asks(office: Office, follower: Person, followee: RemoteActor) -> dict[str, object]:
    """Have a local account follow a remote one, by the verb that every surface uses; returns the answer to it."""
    found = await resolve_actor(office.services, followee.uri)
    async with office.services.database.unit_of_work() as unit:
        follow = await publish_follow(office.services, unit, follower.account, found)
    await office.run_until_idle()
    asked = {"id": follow.uri, "type": "Follow", "actor": follower.uri, "object": followee.uri}
    return followee.activity("Accept", asked)


async def follows(office: Office, follower: Person, followee: RemoteActor) -> None:
    """Have it follow, and the other agree."""
    accept = await asks(office, follower, followee)
    assert (await followee.post(follower.inbox_url, accept)).status == 202
    await office.run_until_idle()


async def send(office: Office, sender: RemoteActor, *activities: dict[str, object]) -> list[str | None]:
    """Post to the shared inbox and work it off; returns the outcomes."""
    known = len(await journal(office))
    for activity in activities:
        assert (await sender.post(f"{office.origin}/inbox", activity)).status == 202
    await office.run_until_idle()
    return [outcome for _, _, outcome in (await journal(office))[known:]]


async def test_a_post_reaches_the_home_timeline_of_followers_and_nobody_elses(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    bob = await office.create_person("bob")
    await follows(office, alice, carol)
    note = carol.note('<p>Hola <script>alert(1)</script><b onclick="x()">mundo</b></p>', summary="CW")
    assert await send(office, carol, carol.create(note)) == ["applied"]
    assert await home_uris(alice) == [note["id"]]
    assert await home_uris(bob) == []
    stored = await status(office, note["id"])
    assert stored is not None
    assert "script" not in stored.content_html
    assert "onclick" not in stored.content_html
    assert stored.summary == "CW"
    author = await account(office, carol.uri)
    assert author is not None
    assert author.statuses_count == 1


async def test_an_author_is_who_signs_and_nobody_else(
    office: Office, carol: RemoteActor, remote: RemoteServer, stranger: RemoteServer
) -> None:
    await office.confirm(stranger)
    mal, bob = await stranger.actor("mal"), carol
    honest = bob.note()
    forged = [
        mal.create({**honest}),  # O01: bob's note, on bob's server
        mal.create({**honest, "id": f"{stranger.origin}/notes/7"}),  # O03: on mal's server, by bob
        mal.create({**honest, "attributedTo": mal.uri}),  # O02: by mal, on bob's server
        mal.create({**honest, "id": f"{stranger.origin}/notes/8", "attributedTo": [mal.uri, bob.uri]}),  # O05
        mal.create({**honest, "id": f"{stranger.origin}/notes/9", "attributedTo": [bob.uri, mal.uri]}),
    ]
    outcomes = []
    for activity in forged:
        answer = await mal.post(f"{office.origin}/inbox", activity)
        assert answer.status in (202, 400, 401, 403)
        outcomes.append(answer.status)
    await office.run_until_idle()
    assert await count(office, Status) == 0
    assert await send(office, bob, bob.create(honest)) == ["applied"]
    stored = await status(office, honest["id"])
    assert stored is not None


async def test_a_private_post_is_seen_by_followers_a_direct_one_by_whom_it_names(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    await follows(office, alice, carol)
    private = carol.note(to=[carol.followers_url], cc=[], published="2026-01-01T10:00:00Z")
    mention = {"type": "Mention", "href": alice.uri, "name": "@alice"}
    direct = carol.note(to=[alice.uri], cc=[], tag=[mention], published="2026-01-01T10:00:01Z")
    await send(office, carol, carol.create(private), carol.create(direct))
    stored = [await status(office, note["id"]) for note in (private, direct)]
    assert [one.visibility for one in stored if one] == [Visibility.PRIVATE, Visibility.DIRECT]
    assert await home_uris(alice) == [direct["id"], private["id"]]
    assert ("mention", carol.uri) in await notices(alice)


async def test_a_mention_without_addressing_tells_nobody(office: Office, alice: Person, carol: RemoteActor) -> None:
    note = carol.note(tag=[{"type": "Mention", "href": alice.uri, "name": "@alice"}])
    assert await send(office, carol, carol.create(note)) == ["applied"]
    assert await notices(alice) == []
    addressed = carol.note(cc=[alice.uri], tag=[{"type": "Mention", "href": alice.uri, "name": "@boss"}])
    await send(office, carol, carol.create(addressed))
    assert await notices(alice) == [("mention", carol.uri)]


async def test_what_is_delivered_to_somebody_unnamed_is_theirs_alone(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    note = carol.note(to=[f"{carol.server.origin}/users/dave"], cc=[])
    assert (await carol.post(alice.inbox_url, carol.create(note))).status == 202
    await office.run_until_idle()
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.visibility == Visibility.LIMITED
    assert (await office.get(stored.uri.removeprefix(carol.server.origin))).status == 404


async def test_an_edit_keeps_history_and_only_the_author_edits(
    office: Office, carol: RemoteActor, remote: RemoteServer
) -> None:
    eve = await remote.actor("eve")
    note = carol.note("<p>first</p>", published="2026-01-01T10:00:00Z")
    await send(office, carol, carol.create(note))
    edited = {**note, "content": "<p>second</p>", "updated": "2026-01-01T12:00:00Z"}
    assert await send(office, eve, eve.activity("Update", edited, to=[PUBLIC])) == ["forbidden"]
    assert await send(office, carol, carol.activity("Update", edited, to=[PUBLIC])) == ["applied"]
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>second</p>"
    assert stored.edited_at is not None
    assert await count(office, StatusEdit) == 1
    older = {**note, "content": "<p>stale</p>", "updated": "2026-01-01T11:00:00Z"}
    assert await send(office, carol, carol.activity("Update", older, to=[PUBLIC])) == ["duplicate"]
    again = await status(office, note["id"])
    assert again is not None
    assert again.content_html == "<p>second</p>"


async def test_an_update_that_comes_before_its_create_wins(office: Office, carol: RemoteActor) -> None:
    note = carol.note("<p>first</p>")
    edited = {**note, "content": "<p>second</p>", "updated": note["published"]}
    assert await send(office, carol, carol.activity("Update", edited, to=[PUBLIC])) == ["applied"]
    assert await send(office, carol, carol.create(note)) == ["duplicate"]
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.content_html == "<p>second</p>"


async def test_a_delete_that_comes_before_its_create_wins_but_only_the_authors(
    office: Office, carol: RemoteActor, remote: RemoteServer, stranger: RemoteServer
) -> None:
    await office.confirm(stranger)
    eve, mal = await remote.actor("eve"), await stranger.actor("mal")
    note, other = carol.note(), carol.note()
    await send(office, carol, carol.activity("Delete", {"id": note["id"], "type": "Tombstone"}, to=[PUBLIC]))
    await send(office, eve, eve.activity("Delete", other["id"], to=[PUBLIC]))  # same server, somebody else
    assert await send(office, mal, mal.activity("Delete", other["id"], to=[PUBLIC])) == ["forbidden"]
    assert await send(office, carol, carol.create(note), carol.create(other)) == ["superseded", "applied"]
    assert await status(office, note["id"]) is None


async def test_a_delete_wins_over_a_create_that_is_applied_with_it(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    await follows(office, alice, carol)
    early, known, other = carol.note(), carol.note(), carol.note()
    await send(office, carol, carol.create(known))
    deletes = [carol.activity("Delete", note["id"], to=[PUBLIC]) for note in (early, known)]
    again = {**carol.create(known), "id": f"{carol.uri}/again"}
    outcomes = await send(office, carol, *deletes, carol.create(early), again, carol.create(other))
    assert outcomes == ["applied", "applied", "superseded", "superseded", "applied"]
    assert [await status(office, note["id"]) is None for note in (early, known, other)] == [True, True, False]


async def test_a_deletion_removes_the_status_and_nothing_of_others(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer
) -> None:
    eve = await remote.actor("eve")
    await follows(office, alice, carol)
    note, kept = carol.note(), eve.note()
    await send(office, carol, carol.create(note))
    await send(office, eve, eve.create(kept))
    outcomes = await send(office, carol, carol.activity("Delete", [kept["id"], note["id"]], to=[PUBLIC]))
    assert outcomes == ["applied"]
    assert await status(office, note["id"]) is None
    assert await status(office, kept["id"]) is not None
    assert await home_uris(alice) == []
    assert await send(office, carol, carol.create(note)) == ["superseded"]


async def test_a_deleted_account_is_gone_with_all_it_wrote_and_stays_gone(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer
) -> None:
    eve = await remote.actor("eve")
    await follows(office, alice, carol)
    note = carol.note()
    await send(office, carol, carol.create(note))
    assert await send(office, eve, eve.activity("Delete", carol.uri, to=[PUBLIC])) == ["forbidden"]
    assert await send(office, carol, carol.activity("Delete", carol.uri, to=[PUBLIC])) == ["applied"]
    assert await status(office, note["id"]) is None
    gone = await account(office, carol.uri)
    assert gone is not None
    assert gone.gone_at is not None
    assert await send(office, carol, carol.create(carol.note())) == ["forbidden"]


async def test_a_reply_finds_its_parent_whichever_comes_first(office: Office, carol: RemoteActor) -> None:
    parent = carol.note("<p>parent</p>")
    reply = carol.note("<p>reply</p>", inReplyTo=parent["id"])
    carol.server.withdraw(parent["id"], 503)
    assert await send(office, carol, carol.create(reply)) == ["applied"]
    orphan = await status(office, reply["id"])
    assert orphan is not None
    assert orphan.in_reply_to_id is None
    await send(office, carol, carol.create(parent))
    found, child = await status(office, parent["id"]), await status(office, reply["id"])
    assert found is not None
    assert child is not None
    assert child.in_reply_to_id == found.id
    assert child.conversation_id == found.conversation_id
    assert found.replies_count == 1


async def test_a_missing_parent_is_fetched_with_those_above_it(office: Office, carol: RemoteActor) -> None:
    top = carol.note("<p>top</p>")
    middle = carol.note("<p>middle</p>", inReplyTo=top["id"])
    reply = carol.note("<p>reply</p>", inReplyTo=middle["id"])
    assert await send(office, carol, carol.create(reply)) == ["applied"]
    stored = [await status(office, note["id"]) for note in (top, middle, reply)]
    assert all(stored)
    assert len({one.conversation_id for one in stored if one}) == 1
    assert [one.replies_count for one in stored if one] == [1, 1, 0]


@pytest.mark.parametrize("kind", ["Article", "Page", "Event", "Image", "Video", "Audio", "Question"])
async def test_other_kinds_of_object_are_kept_too(office: Office, carol: RemoteActor, kind: str) -> None:
    more = {"oneOf": [{"type": "Note", "name": "yes"}, {"type": "Note", "name": "no"}]} if kind == "Question" else {}
    note = carol.note("<p>body</p>", type=kind, name=f"A {kind}", startTime="2027-01-01T10:00:00Z", **more)
    assert await send(office, carol, carol.create(note)) == ["applied"]
    stored = await status(office, note["id"])
    assert stored is not None
    assert stored.object_type == kind


async def test_an_open_network_keeps_only_what_concerns_somebody(open_office, remote_of) -> None:  # type: ignore[no-untyped-def]
    office = await open_office("open", federation="open")
    alice, carol = await office.create_person("alice"), await remote_of()
    unrelated, addressed = carol.note(), carol.note(cc=[alice.uri])
    assert await send(office, carol, carol.create(unrelated), carol.create(addressed)) == ["unrelated", "applied"]
    assert await status(office, unrelated["id"]) is None


async def test_what_comes_right_behind_the_accept_reaches_who_asked(
    open_office: OpenOffice, open_remote: OpenRemote
) -> None:
    office = await open_office("open", federation="open")
    alice, carol = await office.create_person("alice"), await (await open_remote()).actor("carol")
    accept, public = await asks(office, alice, carol), carol.note()
    private = carol.note(to=[f"{carol.uri}/followers"], cc=[])
    outcomes = await send(office, carol, accept, carol.create(public), carol.create(private))
    assert outcomes == ["applied", "applied", "applied"]
    assert set(await home_uris(alice)) >= {public["id"], private["id"]}


@pytest.fixture
def remote_of(open_remote):  # type: ignore[no-untyped-def]
    async def make() -> RemoteActor:
        return await (await open_remote()).actor("carol")

    return make
