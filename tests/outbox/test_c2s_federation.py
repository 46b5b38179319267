"""Client to server between two offices: what is posted at one arrives at the other, and nothing else does."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from sqlalchemy import event, select

from models.activities import Delivery
from models.visibility import Visibility
from outbox import inbox_collection
from tests.graph import favourites, follower_uris, home_uris, notices, status
from tests.outbox.clients import bodies, done, inbox_items, read, refused, written
from tests.peers import Office, Person, run_until_idle
from tests.remote_peers import PUBLIC, RemoteServer

Offices = tuple[Office, Office]


@pytest.fixture
async def alice(two_offices: Offices) -> Person:
    """In Madrid."""
    return await two_offices[0].create_person("alice")


@pytest.fixture
async def bob(two_offices: Offices) -> Person:
    """In Lisbon."""
    return await two_offices[1].create_person("bob")


async def follows(follower: Person, followee: Person) -> str:
    uri = await done(follower, {"type": "Follow", "object": followee.uri})
    await run_until_idle(*{one.office.name: one.office for one in (follower, followee)}.values())
    assert follower.uri in await follower_uris(followee.office, followee.uri)
    return uri


async def test_a_post_reaches_a_follower_in_another_office(two_offices: Offices, alice: Person, bob: Person) -> None:
    madrid, lisbon = two_offices
    await follows(bob, alice)
    note = await written(alice, "Hello #Lisbon")
    await run_until_idle(madrid, lisbon)
    assert await home_uris(bob) == [note["id"]]
    items = await inbox_items(bob)
    assert [item["type"] for item in items] == ["Create", "Accept"]
    assert items[0]["object"]["id"] == note["id"]
    assert items[0]["proof"]
    assert [item["type"] for item in await inbox_items(alice)] == ["Follow"]


async def test_answers_likes_boosts_votes_and_edits_cross(two_offices: Offices, alice: Person, bob: Person) -> None:
    madrid, lisbon = two_offices
    await follows(bob, alice)
    question = {"type": "Question", "content": "Which?", "oneOf": [{"type": "Note", "name": name} for name in "ab"]}
    uri = (await done(alice, {**question, "to": [PUBLIC], "cc": [alice.followers_url]})).removesuffix("/activity")
    await run_until_idle(madrid, lisbon)
    liked = await done(bob, {"type": "Like", "object": uri})
    await done(bob, {"type": "Announce", "object": uri, "to": [PUBLIC]})
    await done(bob, {"type": "Note", "name": "b", "inReplyTo": uri})
    await done(bob, {"type": "Note", "content": "b!", "inReplyTo": uri, "to": [PUBLIC], "cc": [alice.uri]})
    await run_until_idle(madrid, lisbon)
    assert await favourites(madrid, uri) == [(bob.uri, "")]
    asked = await read(alice, uri)
    assert asked["shares"]["totalItems"] == 1
    assert [option["replies"]["totalItems"] for option in asked["oneOf"]] == [0, 1]
    assert {kind for kind, _ in await notices(alice)} == {"follow", "favourite", "reblog", "mention"}
    kinds = [item["type"] for item in await inbox_items(alice)]
    assert sorted(kinds) == ["Announce", "Create", "Follow", "Like"]
    await done(alice, {"type": "Update", "object": {"id": uri, "content": "Which one?"}})
    await done(bob, {"type": "Undo", "object": liked})
    await run_until_idle(madrid, lisbon)
    copy = await status(lisbon, uri)
    assert copy is not None
    assert copy.content_html == "Which one?"
    assert await favourites(madrid, uri) == []
    await done(alice, {"type": "Delete", "object": uri})
    await run_until_idle(madrid, lisbon)
    assert await status(lisbon, uri) is None


async def test_what_is_answered_is_fetched_when_it_is_unknown(two_offices: Offices, alice: Person, bob: Person) -> None:
    note = await written(alice)
    reply = await written(bob, "Found it", inReplyTo=note["id"])
    assert reply["inReplyTo"] == note["id"]
    assert await status(bob.office, note["id"]) is not None
    hidden = (await done(alice, {"type": "Note", "content": "x", "to": [alice.uri]})).removesuffix("/activity")
    await refused(bob, {"type": "Like", "object": hidden}, 404)


async def test_a_mention_in_a_source_finds_people_in_other_offices(
    two_offices: Offices, alice: Person, bob: Person
) -> None:
    source = {"content": f"Look, @{bob.acct}!", "mediaType": "text/plain"}
    await done(alice, {"type": "Note", "source": source, "to": [PUBLIC]})
    await run_until_idle(*two_offices)
    assert await notices(bob) == [("mention", alice.uri)]


async def test_blind_recipients_get_it_and_are_in_no_bytes(two_offices: Offices, alice: Person, bob: Person) -> None:
    madrid, lisbon = two_offices
    carol, dave = await lisbon.create_person("carol"), await madrid.create_person("dave")
    hidden = (bob.uri, dave.uri)
    created = await done(
        alice,
        {"type": "Create", "bto": [bob.uri], "to": [carol.uri],
         "object": {"type": "Note", "content": "between us", "bcc": [dave.uri]}},
    )  # fmt: skip
    uri = created.removesuffix("/activity")
    await run_until_idle(madrid, lisbon)
    # Who reads it: all three, and nobody finds out about the others.
    assert (await madrid.get(uri, token=dave)).status == 200
    copy = await status(lisbon, uri)
    assert copy is not None
    for person in (bob, carol, dave):
        found = [item for item in await inbox_items(person) if item["type"] == "Create"]
        assert [item["object"]["id"] for item in found] == [uri], person.name
        assert not any(name in orjson.dumps(found).decode() for name in hidden)
    # No document and no delivered body names them.
    documents: list[Any] = [await read(alice, uri), await read(alice, created), *await bodies(madrid)]
    documents.append(await read(alice, f"{alice.outbox_url}?page=true"))
    await done(alice, {"type": "Update", "object": {"id": uri, "content": "still between us"}})
    await done(alice, {"type": "Delete", "object": uri})
    documents += await bodies(madrid)
    text = orjson.dumps(documents).decode()
    assert carol.uri in text
    assert '"bto"' not in text
    assert '"bcc"' not in text
    assert not any(name in text for name in hidden)
    # A shared inbox couldn't tell for whom it is, so a blind copy goes to an inbox of its own.
    async with madrid.services.database.reading() as session:
        urls = set(await session.scalars(select(Delivery.inbox_url)))
    assert urls == {bob.inbox_url, f"{lisbon.origin}/inbox"}
    await run_until_idle(madrid, lisbon)
    assert await status(lisbon, uri) is None


async def test_a_blind_copy_alone_is_for_that_person_alone(two_offices: Offices, alice: Person, bob: Person) -> None:
    carol = await bob.office.create_person("carol")
    uri = (await done(alice, {"type": "Note", "content": "psst", "bcc": [bob.uri]})).removesuffix("/activity")
    await run_until_idle(*two_offices)
    copy = await status(bob.office, uri)
    assert copy is not None
    assert copy.visibility == Visibility.LIMITED
    assert len(await inbox_items(bob)) == 1
    assert await inbox_items(carol) == []
    await done(bob, {"type": "Like", "object": uri})
    await refused(carol, {"type": "Like", "object": uri}, 404)
    await run_until_idle(*two_offices)
    assert await favourites(alice.office, uri) == [(bob.uri, "")]


async def test_requests_to_follow_are_answered_across(two_offices: Offices, alice: Person, bob: Person) -> None:
    await done(alice, {"type": "Update", "object": {"id": alice.uri, "manuallyApprovesFollowers": True}})
    asked = await done(bob, {"type": "Follow", "object": alice.uri})
    await run_until_idle(*two_offices)
    assert await follower_uris(alice.office, alice.uri) == []
    again = await done(bob, {"type": "Follow", "object": alice.uri})  # asking again is another activity
    assert again != asked
    await run_until_idle(*two_offices)
    (request, *_) = [item for item in await inbox_items(alice) if item["type"] == "Follow"]
    await done(alice, {"type": "Accept", "object": request["id"]})
    await run_until_idle(*two_offices)
    assert await follower_uris(bob.office, alice.uri) == [bob.uri]
    await done(bob, {"type": "Undo", "object": {"type": "Follow", "object": alice.uri}})
    await run_until_idle(*two_offices)
    assert await follower_uris(alice.office, alice.uri) == []


async def test_blocks_and_moves_cross(two_offices: Offices, alice: Person, bob: Person) -> None:
    await follows(bob, alice)
    blocked = await done(alice, {"type": "Block", "object": bob.uri})
    await run_until_idle(*two_offices)
    assert await follower_uris(bob.office, alice.uri) == []
    assert await inbox_items(bob) == []  # a Block isn't shown
    await done(alice, {"type": "Undo", "object": blocked})
    await run_until_idle(*two_offices)
    await follows(bob, alice)
    alicia = await bob.office.create_person("alicia")
    await refused(alice, {"type": "Move", "target": alicia.uri}, 403)
    await done(alicia, {"type": "Update", "object": {"id": alicia.uri, "alsoKnownAs": [alice.uri]}})
    await done(alice, {"type": "Move", "target": alicia.uri})
    await run_until_idle(*two_offices)
    assert await follower_uris(bob.office, alicia.uri) == [bob.uri]


async def test_quotes_ask_their_author(two_offices: Offices, alice: Person, bob: Person) -> None:
    note = await written(alice)
    guarded = await written(alice, interactionPolicy={"canQuote": {"automaticApproval": [alice.uri]}})
    quote = await written(bob, "Look", quote=note["id"])
    unwelcome = await written(bob, "Look", quote=guarded["id"])
    await run_until_idle(*two_offices)
    assert (await read(bob, quote["id"]))["quoteAuthorization"].startswith(alice.uri)
    assert "quote" not in await read(bob, unwelcome["id"])
    edited = {"type": "Update", "object": {"id": quote["id"], "content": "Look here"}}
    await done(bob, edited)
    assert "quoteAuthorization" in await read(bob, quote["id"])


async def test_colleagues_of_one_office_read_each_other_in_their_inboxes(office: Office) -> None:
    alice, bob = await office.create_person("alice"), await office.create_person("bob")
    eve = await office.create_person("eve")
    await done(bob, {"type": "Follow", "object": alice.uri})
    public = await written(alice)
    private = await done(alice, {"type": "Note", "content": "for followers", "to": [alice.followers_url]})
    direct = await done(alice, {"type": "Note", "content": "for eve", "to": [eve.uri]})
    await done(eve, {"type": "Block", "object": bob.uri})
    assert [item["id"] for item in await inbox_items(bob)] == [private, f"{public['id']}/activity"]
    assert [item["id"] for item in await inbox_items(eve)] == [direct]
    await done(bob, {"type": "Like", "object": public["id"]})
    assert [item["type"] for item in await inbox_items(alice)] == ["Like"]


async def test_an_inbox_is_read_by_its_owner_alone(office: Office) -> None:
    alice, bob = await office.create_person("alice"), await office.create_person("bob")
    assert (await office.get(alice.inbox_url)).status == 401
    assert (await office.get(alice.inbox_url, token=bob)).status == 403
    assert (await office.get(alice.inbox_url, token="made-up")).status == 401
    answer = await office.get(alice.inbox_url, token=alice)
    assert answer.json["type"] == "OrderedCollection"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Authorization" in answer.headers["Vary"]


async def test_an_inbox_shows_what_was_received_as_it_was_received(office: Office, remote: RemoteServer) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    activity = carol.create(carol.note(cc=[alice.uri]), unheardOf={"kept": True})
    forged = carol.create(carol.note(attributedTo=f"{remote.origin}/users/other"))
    for one in (activity, forged):
        await carol.post(alice.inbox_url, one)
    await office.run_until_idle()
    assert await inbox_items(alice) == [activity]


@pytest.fixture
def counted(office: Office) -> Callable[[Awaitable[Any]], Awaitable[int]]:
    """Counts the queries of one request."""

    async def count(request: Awaitable[Any]) -> int:
        statements: list[str] = []
        engine = office.services.database._reader.sync_engine
        listener = lambda *args: statements.append(args[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        try:
            await request
        finally:
            event.remove(engine, "before_cursor_execute", listener)
        return len([statement for statement in statements if statement.startswith("SELECT")])

    return count


async def test_pages_of_an_inbox_are_stable_and_cost_the_same(
    office: Office, counted: Callable[[Awaitable[Any]], Awaitable[int]]
) -> None:
    alice, bob = await office.create_person("alice"), await office.create_person("bob")
    await done(bob, {"type": "Follow", "object": alice.uri})
    posted = [await done(alice, {"type": "Note", "content": str(n), "to": [PUBLIC]}) for n in range(20)]
    first = f"{bob.inbox_url}?page=true"
    await read(bob, first)
    for_20 = await counted(read(bob, first))
    posted += [await done(alice, {"type": "Note", "content": str(n), "to": [PUBLIC]}) for n in range(25)]
    await read(bob, first)  # on a slow machine the token is found anew by now
    assert await counted(read(bob, first)) == for_20
    page = await read(bob, first)
    assert len(page["orderedItems"]) == 40
    await done(alice, {"type": "Note", "content": "meanwhile", "to": [PUBLIC]})
    rest = await read(bob, page["next"])
    ids = [item["id"] for item in (*page["orderedItems"], *rest["orderedItems"])]
    assert ids == posted[::-1]
    assert "next" not in rest


async def test_a_page_looks_at_a_bounded_stretch_and_nothing_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_collection, "LOOKED_AT", 3)
    alice, bob, eve = [await office.create_person(name) for name in ("alice", "bob", "eve")]
    await done(bob, {"type": "Follow", "object": alice.uri})
    wanted = []
    for number in range(4):
        wanted.append(await done(alice, {"type": "Note", "content": str(number), "to": [PUBLIC]}))
        for _ in range(4):
            await done(eve, {"type": "Note", "content": "not for bob", "to": [PUBLIC]})
    assert [item["id"] for item in await inbox_items(bob)] == wanted[::-1]
