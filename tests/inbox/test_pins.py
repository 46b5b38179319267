"""Add and Remove: one's own statuses, in one's own collection (O15)."""

from sqlalchemy import select

from models.accounts import Account
from models.relations import FeaturedTag
from models.statuses import Tag
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


async def features(office: Office, actor: RemoteActor) -> list[str]:
    """The hashtags on an actor's profile."""
    query = select(Tag.name).join(FeaturedTag, FeaturedTag.tag_id == Tag.id)
    async with office.services.database.reading() as session:
        found = await session.scalars(
            query.join(Account, Account.id == FeaturedTag.account_id)
            .where(Account.uri == actor.uri)
            .order_by(FeaturedTag.id)
        )
        return list(found)


async def test_hashtags_are_featured_at_either_address_and_only_on_ones_own_profile(
    office: Office, remote: RemoteServer
) -> None:
    own = f"{remote.origin}/users/carol"
    carol = await remote.actor("carol", featured=f"{own}/featured", featuredTags=f"{own}/tags")
    eve = await remote.actor("eve", featured=f"{remote.origin}/users/eve/featured")

    def tag(actor: RemoteActor, name: str, target: str, *, type: str = "Add") -> JsonObject:
        hashtag = {"type": "Hashtag", "href": f"{remote.origin}/tags/{name}", "name": f"#{name}"}
        return {**actor.activity(type, hashtag), "target": target}

    outcomes = await send(
        office, carol, tag(carol, "Obra", featured(carol)), tag(carol, "Nave", f"{own}/tags"),
        tag(carol, "OBRA", f"{own}/tags"), tag(carol, "Nave", featured(carol), type="Remove"),
        tag(carol, "nave", featured(carol), type="Remove"),
    )  # fmt: skip
    assert outcomes == ["applied", "applied", "duplicate", "applied", "duplicate"]
    outcomes = await send(
        office, eve, tag(eve, "Mal", featured(carol)), tag(eve, "Mal", f"{own}/tags"),
        tag(eve, "Obra", f"{own}/tags", type="Remove"),
    )  # fmt: skip
    assert outcomes == ["unsupported"] * 3
    assert (await features(office, carol), await features(office, eve)) == (["obra"], [])
    # There is room for ten.
    outcomes = await send(office, carol, *(tag(carol, f"t{number}", featured(carol)) for number in range(10)))
    assert outcomes == ["applied"] * 9 + ["forbidden"]
