"""Like, EmojiReact and their Undo: on what the sender can see, once, and taken back by the sender alone (O10)."""

import pytest

from models.relations import Favourite
from tests.graph import count, favourites, notices, status
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor
from tests.security.cast import send, write


async def test_a_like_is_counted_once_told_and_undone(office: Office, alice: Person, carol: RemoteActor) -> None:
    uri = await write(office, alice)
    like = carol.activity("Like", uri)
    assert await send(office, carol, like) == ["applied"]
    assert await send(office, carol, carol.activity("Like", uri)) == ["duplicate"]
    assert await favourites(office, uri) == [(carol.uri, "")]
    assert await notices(alice) == [("favourite", carol.uri)]
    mine = await status(office, uri)
    assert mine is not None
    assert mine.favourites_count == 1
    assert await send(office, carol, carol.activity("Undo", like)) == ["applied"]
    assert await favourites(office, uri) == []


@pytest.mark.parametrize("kind", ["EmojiReact", "Like"])
async def test_reactions_are_kept_beside_likes_as_harmless_text(
    office: Office, alice: Person, carol: RemoteActor, kind: str
) -> None:
    uri = await write(office, alice)
    reaction = carol.activity(kind, uri, content="🎉")
    attack = carol.activity(kind, uri, content='<img src=x onerror="alert(1)">\u202e' + "🎈" * 500)
    assert await send(office, carol, carol.activity("Like", uri), reaction, attack) == ["applied"] * 3
    kept = sorted(content for _, content in await favourites(office, uri))
    assert kept[0] == ""
    assert "🎉" in kept
    assert not any("<" in content or "\u202e" in content or len(content) > 64 for content in kept)
    assert await send(office, carol, carol.activity("Undo", reaction), carol.activity("Undo", attack)) == [
        "applied",
        "applied",
    ]
    assert await favourites(office, uri) == [(carol.uri, "")]
    mine = await status(office, uri)
    assert mine is not None
    assert mine.favourites_count == 1


async def test_nobody_undoes_what_others_did(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    uri = await write(office, alice)
    like = carol.activity("Like", uri)
    await send(office, carol, like)
    for other in (eve, mal):
        assert await send(office, other, other.activity("Undo", like)) == ["forbidden"]
        await send(office, other, other.activity("Undo", like["id"]))
        await send(office, other, other.activity("Undo", {**like, "actor": other.uri}))
    assert await favourites(office, uri) == [(carol.uri, "")]


@pytest.mark.parametrize("kind", ["Like", "EmojiReact", "Announce"])
async def test_an_undo_that_comes_first_wins(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, kind: str
) -> None:
    uri = await write(office, alice)
    first, other = carol.activity(kind, uri, content="🎉"), eve.activity(kind, uri, content="🎉")
    await send(office, carol, carol.activity("Undo", first))
    await send(office, carol, carol.activity("Undo", other["id"]))  # not hers: it must not keep eve's out
    assert await send(office, carol, first) == ["superseded"]
    assert await send(office, eve, other) == ["applied"]
    mine = await status(office, uri)
    assert mine is not None
    assert (await count(office, Favourite), mine.boosts_count) == ((0, 1) if kind == "Announce" else (1, 0))


@pytest.mark.parametrize("kind", ["Like", "EmojiReact", "Announce"])
async def test_an_undo_wins_over_what_is_applied_with_it(
    office: Office, alice: Person, carol: RemoteActor, kind: str
) -> None:
    uri = await write(office, alice)
    undone, other = carol.activity(kind, uri, content="🎉"), carol.activity(kind, uri, content="🎉")
    outcomes = await send(office, carol, carol.activity("Undo", undone), undone, other)
    assert outcomes == ["applied", "superseded", "applied"]


async def test_what_the_sender_can_not_see_is_liked_like_nothing(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    await send(office, carol, carol.follow(alice.uri))
    uri = await write(office, alice, to=(alice.followers_url,))
    absent = f"{office.origin}/users/{alice.id}/statuses/1"
    assert await send(office, mal, mal.activity("Like", uri), mal.activity("Like", absent)) == ["unrelated"] * 2
    assert await send(office, carol, carol.activity("Like", uri)) == ["applied"]
    assert await favourites(office, uri) == [(carol.uri, "")]
