"""Client to server: every activity that a client may post, done and refused, with its effect (ActivityPub §6)."""

from typing import Any

import pytest

from models.relations import Follow
from models.statuses import Status, StatusEdit
from models.visibility import Visibility
from tests.fixtures_offices import OpenOffice
from tests.graph import blocks, count, favourites, follower_uris, home_uris, notices, status
from tests.outbox.clients import bodies, done, post, read, refused, written
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC


@pytest.fixture
async def alice(office: Office) -> Person:
    return await office.create_person("alice")


@pytest.fixture
async def bob(office: Office) -> Person:
    return await office.create_person("bob")


async def test_a_bare_object_is_published_and_a_create_too(office: Office, alice: Person) -> None:
    note = {"id": "https://elsewhere.test/1", "type": "Note", "to": [PUBLIC], "content": "<p>Hi<script>x</script></p>"}
    created = await done(alice, note)
    assert created.startswith(f"{alice.uri}/statuses/")
    document = await read(alice, created.removesuffix("/activity"))
    assert document["content"] == "<p>Hi</p>"
    assert document["attributedTo"] == alice.uri
    assert document["to"] == [PUBLIC]
    again = await done(alice, {"type": "Create", "actor": alice.uri, "to": [PUBLIC], "object": {**note, "to": []}})
    assert (await read(alice, again))["object"]["to"] == [PUBLIC]
    assert len(await home_uris(alice)) == 2


async def test_only_the_owner_posts_and_for_nobody_else(office: Office, alice: Person, bob: Person) -> None:
    note = {"type": "Note", "content": "Hello", "to": [PUBLIC]}
    assert (await office.post(alice.outbox_url, note)).status == 401
    await refused(alice, note, 401, token="made-up")
    await refused(alice, note, 403, token=bob)
    reader = await office.create_person("reader", scopes="read")
    assert (await post(reader, note)).status == 403
    for forged in (
        {**note, "attributedTo": bob.uri},
        {**note, "attributedTo": [alice.uri, bob.uri]},
        {"type": "Create", "actor": bob.uri, "object": note},
        {"type": "Create", "actor": alice.uri, "object": {**note, "attributedTo": {"id": bob.uri, "type": "Person"}}},
        {"type": "Like", "actor": bob.uri, "object": alice.uri},
    ):
        await refused(alice, forged, 403)
    assert await count(office, Status) == 0
    await done(alice, {**note, "attributedTo": alice.uri})


@pytest.mark.parametrize(
    "document",
    [
        {"type": "Note", "to": [PUBLIC]},
        {"type": "Note", "content": "<script>only</script>", "to": [PUBLIC]},
        {"type": "Person", "preferredUsername": "mal", "inbox": "https://mal.test/inbox"},
        {"type": "Note", "content": "key", "publicKeyPem": "-----BEGIN"},
        {"type": "Note", "content": "key", "tag": [{"type": "Multikey", "publicKeyMultibase": "z6Mk"}]},
        {"type": "Note", "content": "inbox", "attachment": [{"type": "Image", "inbox": "https://mal.test/inbox"}]},
        {"type": "Multikey", "publicKeyMultibase": "z6Mk"},
        {"type": "Tombstone"},
        {"type": "OrderedCollection", "orderedItems": []},
        {"type": "Note", "source": {"content": "x", "mediaType": "application/javascript"}},
        {"type": "Question", "content": "Which?", "oneOf": [{"type": "Note", "name": "one"}]},
        {"type": "Question", "content": "Which?", "endTime": "2001-01-01T00:00:00Z",
         "oneOf": [{"type": "Note", "name": "a"}, {"type": "Note", "name": "b"}]},
        {"type": "Create", "object": "https://elsewhere.test/1"},
        {"type": "Create"},
        {"type": "Listen", "object": "https://elsewhere.test/1"},
        {"type": "Like"},
        {"type": "Undo"},
        {"type": "Undo", "object": {"type": "Create", "object": "https://elsewhere.test/1"}},
        {"type": "Flag"},
        {"type": "Note", "content": "spread", "to": [f"https://many.test/{number}" for number in range(51)]},
        {"type": "Note", "content": "blind", "bcc": [PUBLIC]},
        {"type": ["Note", "Person"], "content": "both"},
        {},
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    office: Office, alice: Person, document: dict[str, Any]
) -> None:
    await refused(alice, document, 400)
    assert await count(office, Status) == 0
    assert await bodies(office) == []


async def test_bytes_that_are_no_activity_are_refused(office: Office, alice: Person) -> None:
    for body in (b"", b"[]", b"{", b'{"type":"Note","type":"Person"}', b"\xff", b'{"a":' * 40 + b"1" + b"}" * 40):
        answer = await office.post(alice.outbox_url, body, token=alice)
        assert answer.status == 400, body
    answer = await office.post(alice.outbox_url, b"{}", token=alice, content_type="text/html")
    assert answer.status == 415


async def test_a_body_beyond_the_limit_is_refused(open_office: OpenOffice) -> None:
    small = await open_office("small", max_body_bytes="16384")
    alice = await small.create_person("alice")
    await done(alice, {"type": "Note", "content": "x" * 10_000, "to": [PUBLIC]})
    await refused(alice, {"type": "Note", "content": "x" * 20_000, "to": [PUBLIC]}, 413)


async def test_a_source_is_composed_with_mentions_and_hashtags(office: Office, alice: Person, bob: Person) -> None:
    source = {"content": "Hello *@bob*, see #Größe and @nobody", "mediaType": "text/markdown"}
    created = await done(alice, {"type": "Note", "source": source, "to": [PUBLIC]})
    document = await read(alice, created.removesuffix("/activity"))
    assert f'href="{office.origin}/@bob"' in document["content"]
    assert "@nobody" in document["content"]
    assert document["source"]["content"] == source["content"]
    assert {(tag["type"], tag["name"]) for tag in document["tag"]} == {
        ("Mention", f"@bob@{office.domain}"),
        ("Hashtag", "#Größe"),
    }
    assert document["cc"] == [alice.followers_url, bob.uri]
    assert await notices(bob) == [("mention", alice.uri)]


async def test_hashtags_count_in_html_and_in_tags(alice: Person) -> None:
    document = await written(alice, "<p>About #tea</p>", tag=[{"type": "Hashtag", "name": "#Coffee"}])
    assert {tag["name"] for tag in document["tag"]} == {"#tea", "#Coffee"}


async def test_a_mention_in_the_text_of_a_private_message_adds_no_reader(alice: Person, bob: Person) -> None:
    eve = await alice.office.create_person("eve")
    source = {"content": "@bob, don't tell @eve", "mediaType": "text/plain"}
    created = await done(alice, {"type": "Note", "source": source, "to": [bob.uri]})
    assert await notices(bob) == [("mention", alice.uri)]
    assert await notices(eve) == []
    assert (await alice.office.get(created, token=eve)).status == 404
    assert (await alice.office.get(created, token=bob)).status == 200


@pytest.mark.parametrize(
    ("addressing", "visibility"),
    [
        ({"to": [PUBLIC]}, Visibility.PUBLIC),
        ({"to": "as:Public"}, Visibility.PUBLIC),
        ({"cc": [PUBLIC]}, Visibility.UNLISTED),
        ({"to": ["followers"]}, Visibility.PRIVATE),
        ({"to": ["bob"]}, Visibility.DIRECT),
        ({"bto": ["bob"]}, Visibility.DIRECT),
        ({}, Visibility.DIRECT),
    ],
)
async def test_addressing_is_visibility(
    office: Office, alice: Person, bob: Person, addressing: dict[str, Any], visibility: Visibility
) -> None:
    names = {"followers": alice.followers_url, "bob": bob.uri}
    addressed = {key: [names.get(v, v) for v in values] if isinstance(values, list) else values
                 for key, values in addressing.items()}  # fmt: skip
    created = await done(alice, {"type": "Note", "content": "Hello", **addressed})
    stored = await status(office, created.removesuffix("/activity"))
    assert stored is not None
    assert stored.visibility == visibility


async def test_a_message_to_somebody_who_cant_be_reached_is_sent_to_nobody(alice: Person, bob: Person) -> None:
    for name in ("to", "bcc"):
        await refused(alice, {"type": "Note", "content": "x", "cc": [bob.uri], name: ["https://gone.test/u/1"]}, 400)
    assert await notices(bob) == []
    await written(alice, cc=["https://gone.test/u/1"])  # of a public post nobody counts on that


async def test_replies_join_the_conversation_that_their_author_can_see(
    office: Office, alice: Person, bob: Person
) -> None:
    note = await written(alice)
    reply = await written(bob, "Yes", inReplyTo=note["id"], to=[PUBLIC], cc=[alice.uri])
    assert reply["inReplyTo"] == note["id"]
    assert reply["context"] == note["context"]
    assert await notices(alice) == [("mention", bob.uri)]
    secret = await done(alice, {"type": "Note", "content": "secret", "to": [alice.followers_url]})
    hidden = {"type": "Note", "content": "x", "to": [PUBLIC], "inReplyTo": secret.removesuffix("/activity")}
    await refused(bob, hidden, 404)
    await refused(bob, {**hidden, "inReplyTo": f"{office.origin}/users/9/statuses/9"}, 404)
    await done(alice, hidden)


async def test_what_the_server_decides_is_not_the_clients(office: Office, alice: Person) -> None:
    note = await written(
        alice,
        published="2001-01-01T00:00:00Z",
        likes={"type": "Collection", "totalItems": 1000},
        context="https://elsewhere.test/c",
        url="https://elsewhere.test/page",
        quoteAuthorization="https://elsewhere.test/stamp",
        tag=[{"type": "Emoji", "name": ":boss:", "icon": {"type": "Image", "url": "https://elsewhere.test/b.png"}}],
    )
    assert not note["published"].startswith("2001")
    assert note["likes"]["totalItems"] == 0
    assert note["tag"] == []
    assert "elsewhere.test" not in str(note)


async def test_polls_are_asked_voted_and_never_stuffed(office: Office, alice: Person, bob: Person) -> None:
    options = [{"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 99}} for name in "ab"]
    question = {"type": "Question", "content": "Which?", "oneOf": options, "votersCount": 99, "to": [PUBLIC],
                "endTime": "2100-01-01T00:00:00Z"}  # fmt: skip
    uri = (await done(alice, question)).removesuffix("/activity")
    assert [option["replies"]["totalItems"] for option in (await read(alice, uri))["oneOf"]] == [0, 0]
    vote = {"type": "Note", "name": "b", "inReplyTo": uri, "to": [alice.uri]}
    await refused(bob, {**vote, "name": "c"}, 400)
    await done(bob, vote)
    await refused(bob, {**vote, "name": "a"}, 403)
    asked = await read(bob, uri)
    assert [option["replies"]["totalItems"] for option in asked["oneOf"]] == [0, 1]
    assert asked["votersCount"] == 1
    assert await count(office, Status) == 1


async def test_an_update_is_partial_and_keeps_history(office: Office, alice: Person, bob: Person) -> None:
    note = await written(alice, "<p>First #one</p>", summary="Careful", cc=[bob.uri])
    await done(alice, {"type": "Update", "object": {"id": note["id"], "content": "<p>Second #two</p>"}})
    edited = await read(alice, note["id"])
    assert edited["content"] == "<p>Second #two</p>"
    assert edited["summary"] == "Careful"
    assert edited["updated"]
    assert {tag["name"] for tag in edited["tag"]} == {f"@bob@{office.domain}", "#two"}
    assert edited["cc"] == note["cc"]
    await done(alice, {"type": "Update", "object": {"id": note["id"], "type": "Note", "summary": None}})
    assert "summary" not in await read(alice, note["id"])
    assert await count(office, StatusEdit) == 2
    for wrong, code in (
        ({"id": note["id"], "type": "Article"}, 400),
        ({"id": note["id"], "inReplyTo": "https://elsewhere.test/1"}, 400),
        ({"id": note["id"], "content": "wider", "to": [alice.followers_url]}, 400),
        ({"id": note["id"], "content": None}, 400),
        ({"id": note["id"], "content": "x", "attributedTo": bob.uri}, 403),
        ({"id": f"{alice.uri}/statuses/1", "content": "x"}, 404),
    ):
        await refused(alice, {"type": "Update", "object": wrong}, code)
    await refused(bob, {"type": "Update", "object": {"id": note["id"], "content": "mine"}}, 404)
    assert await count(office, StatusEdit) == 2


async def test_an_edit_of_the_text_loses_no_vote(alice: Person, bob: Person) -> None:
    options = [{"type": "Note", "name": name} for name in "ab"]
    question = {"type": "Question", "content": "Which?", "anyOf": options, "to": [PUBLIC]}
    uri = (await done(alice, question)).removesuffix("/activity")
    await done(bob, {"type": "Note", "name": "a", "inReplyTo": uri})
    await done(alice, {"type": "Update", "object": {"id": uri, "content": "Which one?"}})
    assert [option["replies"]["totalItems"] for option in (await read(alice, uri))["anyOf"]] == [1, 0]
    other = [{"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 7}} for name in "xy"]
    await done(alice, {"type": "Update", "object": {"id": uri, "anyOf": other}})
    assert [option["replies"]["totalItems"] for option in (await read(alice, uri))["anyOf"]] == [0, 0]


async def test_a_profile_is_edited_and_its_keys_are_not(office: Office, alice: Person, bob: Person) -> None:
    mine = await read(alice, alice.uri)
    field = {"type": "PropertyValue", "name": "Desk", "value": "<b>4</b><script>x</script>"}
    changed = {"name": "Alicia", "summary": "<p>Hi<img></p>", "attachment": [field], "manuallyApprovesFollowers": True}
    await done(alice, {"type": "Update", "object": {**mine, **changed}})
    now = await read(alice, alice.uri)
    assert (now["name"], now["summary"]) == ("Alicia", "<p>Hi</p>")
    assert now["attachment"] == [{**field, "value": "<b>4</b>"}]
    assert now["manuallyApprovesFollowers"]
    assert now["publicKey"] == mine["publicKey"]
    for forged in (
        {"inbox": "https://mal.test/inbox"},
        {"preferredUsername": "boss"},
        {"type": "Group"},
        {"publicKey": {"id": f"{alice.uri}#main-key", "owner": alice.uri, "publicKeyPem": "other"}},
        {"icon": {"type": "Image", "url": "https://elsewhere.test/me.png"}},
    ):
        answer = await post(alice, {"type": "Update", "object": {"id": alice.uri, **forged}})
        assert answer.status in (400, 403), forged
    await refused(alice, {"type": "Update", "object": {"id": bob.uri, "name": "Robert"}}, 404)
    assert (await read(alice, alice.uri))["inbox"] == alice.inbox_url


async def test_a_status_is_deleted_by_its_author_alone(office: Office, alice: Person, bob: Person) -> None:
    note = await written(alice)
    await refused(bob, {"type": "Delete", "object": note["id"]}, 404)
    await refused(alice, {"type": "Delete", "object": alice.uri}, 403)
    await done(alice, {"type": "Delete", "object": note["id"]})
    assert (await office.get(note["id"], token=alice)).status == 410
    await refused(alice, {"type": "Delete", "object": note["id"]}, 404)


async def test_following_asking_admitting_and_ending(office: Office, alice: Person, bob: Person) -> None:
    follow = await done(bob, {"type": "Follow", "object": alice.uri})
    assert await follower_uris(office, alice.uri) == [bob.uri]
    assert await done(bob, {"type": "Follow", "object": alice.uri}) == follow
    await refused(bob, {"type": "Follow", "object": bob.uri}, 403)
    await refused(bob, {"type": "Follow", "object": f"{office.origin}/users/9"}, 404)
    await refused(alice, {"type": "Undo", "object": follow}, 404)
    await refused(alice, {"type": "Undo", "object": {"id": follow, "type": "Follow", "actor": bob.uri}}, 403)
    await done(bob, {"type": "Undo", "object": {"type": "Follow", "object": alice.uri}})
    assert await count(office, Follow) == 0
    await done(alice, {"type": "Update", "object": {"id": alice.uri, "manuallyApprovesFollowers": True}})
    asked = await done(bob, {"type": "Follow", "object": alice.uri})
    assert await follower_uris(office, alice.uri) == []
    await refused(bob, {"type": "Accept", "object": asked}, 404)
    await done(alice, {"type": "Accept", "object": asked})
    assert await follower_uris(office, alice.uri) == [bob.uri]
    await done(alice, {"type": "Reject", "object": {"type": "Follow", "actor": bob.uri, "object": alice.uri}})
    assert await count(office, Follow) == 0
    await refused(alice, {"type": "Reject", "object": asked}, 404)


async def test_likes_and_reactions_come_and_go(office: Office, alice: Person, bob: Person) -> None:
    note = await written(alice)
    liked = await done(bob, {"type": "Like", "object": note["id"]})
    assert await done(bob, {"type": "Like", "object": note["id"]}) == liked
    await done(bob, {"type": "EmojiReact", "object": note["id"], "content": "☕"})
    assert sorted(await favourites(office, note["id"])) == [(bob.uri, ""), (bob.uri, "☕")]
    await refused(alice, {"type": "Undo", "object": liked}, 404)
    await done(bob, {"type": "Undo", "object": liked})
    await done(bob, {"type": "Undo", "object": {"type": "Like", "object": note["id"], "content": "☕"}})
    assert await favourites(office, note["id"]) == []
    await refused(bob, {"type": "Undo", "object": liked}, 404)
    hidden = (await done(alice, {"type": "Note", "content": "x", "to": [alice.uri]})).removesuffix("/activity")
    await refused(bob, {"type": "Like", "object": hidden}, 404)
    await refused(bob, {"type": "EmojiReact", "object": note["id"]}, 400)


async def test_boosts_never_widen_an_audience(office: Office, alice: Person, bob: Person) -> None:
    note = await written(alice)
    await refused(bob, {"type": "Announce", "object": note["id"]}, 400)
    boosted = await done(bob, {"type": "Announce", "object": note["id"], "to": [PUBLIC]})
    assert await notices(alice) == [("reblog", bob.uri)]
    await done(bob, {"type": "Follow", "object": alice.uri})
    private = await done(alice, {"type": "Note", "content": "x", "to": [alice.followers_url]})
    await refused(bob, {"type": "Announce", "object": private.removesuffix("/activity"), "to": [PUBLIC]}, 403)
    await done(bob, {"type": "Undo", "object": boosted})
    await refused(bob, {"type": "Undo", "object": boosted}, 404)
    assert (await read(alice, note["id"]))["shares"]["totalItems"] == 0


async def test_blocking_hides_both_ways_and_is_told_to_nobody_here(office: Office, alice: Person, bob: Person) -> None:
    note = await written(alice)
    blocked = await done(alice, {"type": "Block", "object": bob.uri})
    assert await blocks(office) == [(alice.id, bob.id)]
    assert (await office.get(blocked, token=bob)).status == 404
    await refused(bob, {"type": "Like", "object": note["id"]}, 404)
    await refused(bob, {"type": "Follow", "object": alice.uri}, 403)
    await refused(alice, {"type": "Block", "object": alice.uri}, 403)
    await done(alice, {"type": "Undo", "object": blocked})
    assert await blocks(office) == []
    await done(alice, {"type": "Block", "object": bob.uri})  # again, under another id
    await done(alice, {"type": "Undo", "object": {"type": "Block", "object": bob.uri}})
    await done(bob, {"type": "Like", "object": note["id"]})


async def test_statuses_are_pinned_to_ones_own_profile(office: Office, alice: Person, bob: Person) -> None:
    note, featured = await written(alice), alice.account.featured_url
    await refused(bob, {"type": "Add", "object": note["id"], "target": featured}, 403)
    await refused(bob, {"type": "Add", "object": note["id"], "target": bob.account.featured_url}, 404)
    await refused(alice, {"type": "Add", "object": note["id"]}, 400)
    await done(alice, {"type": "Add", "object": note["id"], "target": featured})
    assert [item["id"] for item in (await read(alice, str(featured)))["orderedItems"]] == [note["id"]]
    await done(alice, {"type": "Remove", "object": note["id"], "target": featured})
    assert (await read(alice, str(featured)))["orderedItems"] == []
    await refused(alice, {"type": "Remove", "object": note["id"], "target": featured}, 404)


async def test_an_account_moves_to_one_that_names_it(alice: Person, bob: Person) -> None:
    await refused(alice, {"type": "Move", "object": alice.uri, "target": bob.uri}, 403)
    await done(bob, {"type": "Update", "object": {"id": bob.uri, "alsoKnownAs": [alice.uri]}})
    await refused(alice, {"type": "Move", "object": bob.uri, "target": alice.uri}, 403)
    await done(alice, {"type": "Move", "object": alice.uri, "target": bob.uri})
    assert (await read(bob, alice.uri))["movedTo"] == bob.uri
    await refused(alice, {"type": "Move", "object": alice.uri, "target": bob.uri}, 403)


async def test_reports_reach_the_moderators(office: Office, alice: Person, bob: Person) -> None:
    admin = await office.create_person("chief", is_admin=True)
    note = await written(bob)
    reported = await done(alice, {"type": "Flag", "object": [bob.uri, note["id"]], "content": "spam"})
    assert await notices(admin) == [("admin.report", alice.uri)]
    assert (await office.get(reported, token=bob)).status == 404
    await refused(alice, {"type": "Flag", "object": alice.uri}, 403)
    await refused(alice, {"type": "Flag", "object": f"{office.origin}/users/9"}, 404)
