"""Add and Remove: one's own statuses, in one's own collection (O15)."""

from tests.graph import status
from tests.peers import Office, Person
from tests.remote_peers import JsonObject, RemoteActor, RemoteServer
from tests.security.cast import send, write


def featured(actor: RemoteActor) -> str:
    return f"{actor.uri}/featured"


def pin(actor: RemoteActor, uri: str, target: str, *, type: str = "Add") -> JsonObject:
    return {**actor.activity(type, uri), "target": target}


async def is_pinned(office: Office, uri: str) -> bool:
    found = await status(office, uri)
    assert found is not None
    return found.pinned_at is not None


async def test_an_author_pins_and_unpins(office: Office, remote: RemoteServer) -> None:
    carol = await remote.actor("carol", featured=f"{remote.origin}/users/carol/featured")
    note = carol.note()  # older than our acquaintance: it is fetched
    assert await send(office, carol, pin(carol, note["id"], featured(carol))) == ["applied"]
    assert await is_pinned(office, note["id"])
    assert await send(office, carol, pin(carol, note["id"], featured(carol))) == ["duplicate"]
    assert await send(office, carol, pin(carol, note["id"], featured(carol), type="Remove")) == ["applied"]
    assert not await is_pinned(office, note["id"])


async def test_nobody_pins_for_others_or_what_is_others(
    office: Office, alice: Person, remote: RemoteServer, evil: RemoteServer
) -> None:
    carol = await remote.actor("carol", featured=f"{remote.origin}/users/carol/featured")
    eve = await remote.actor("eve", featured=f"{remote.origin}/users/eve/featured")
    mal = await evil.actor("mal", featured=f"{evil.origin}/users/mal/featured")
    note, kept, ours = carol.note(), carol.note(), await write(office, alice)
    await send(office, carol, carol.create(note), pin(carol, kept["id"], featured(carol)))
    for other in (eve, mal):
        outcomes = await send(
            office, other,
            pin(other, note["id"], featured(carol)), pin(other, kept["id"], featured(carol), type="Remove"),
            pin(other, note["id"], featured(other)), pin(other, ours, featured(other)),
            pin(other, ours, f"{alice.uri}/collections/featured"),
        )  # fmt: skip
        assert outcomes == ["unsupported", "unsupported", "forbidden", "forbidden", "unsupported"]
    assert not await is_pinned(office, note["id"])
    assert not await is_pinned(office, ours)
    assert await is_pinned(office, kept["id"])
