"""Across two offices, seen by their client APIs: profiles with all that is on them, custom emoji, followed hashtags."""

from social.emojis import add_emoji
from tests.api.across import ACCOUNTS, STATUSES, body, open_pair
from tests.api.test_credentials import form
from tests.conftest import Clock
from tests.media_files import png
from tests.peers import Office

TwoOffices = tuple[Office, Office]


async def test_a_changed_profile_is_seen_with_its_pictures_and_wishes(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    async with pair.madrid.services.database.unit_of_work() as unit:
        await add_emoji(unit, "party", storage_key="ab.png", static_key="cd.png", category="Office")
    sent = form(avatar=png((80, 80)), header=png((300, 100), "red"))
    for name, value in {"avatar_description": "A face", "header_description": "A roof"}.items():
        sent.add_field(name, value)
    body(await ana.api.patch(f"{ACCOUNTS}/update_credentials", sent))
    mine = await ana.change(
        display_name="Ana :party:", note="De #Obra\n\nhttps://a.example/", locked=True, bot=True, discoverable=True,
        indexable=True, hide_collections=True, fields_attributes=[{"name": "Cargo", "value": "Jefa :party:"}],
    )  # fmt: skip
    seen = await bea.account(ana)
    same = ("display_name", "locked", "bot", "discoverable", "indexable", "avatar_description", "header_description",
            "uri", "url", "created_at", "group")  # fmt: skip
    assert {name: seen[name] for name in same} == {name: mine[name] for name in same}
    assert [(one["name"], one["value"]) for one in seen["fields"]] == [("Cargo", "Jefa :party:")]
    assert "https://a.example/" in seen["note"]
    assert ">#<span>Obra</span></a>" in seen["note"]
    assert [one["shortcode"] for one in seen["emojis"]] == ["party"]
    for address in (seen["avatar"], seen["header"], seen["avatar_static"]):
        assert address.startswith(pair.lisbon.origin)
        assert (await pair.lisbon.get(address)).status == 200
    plain = await ana.change(display_name="Ana", note="", locked=False, bot=False, discoverable=False, indexable=False,
                             fields_attributes=[])  # fmt: skip
    seen = await bea.account(ana)
    assert {name: seen[name] for name in same} == {name: plain[name] for name in same}
    assert (seen["fields"], seen["note"], seen["emojis"]) == ([], "", [])

    # Endorsements and notes are each office's own; emoji in posts go along.
    party = await ana.post("Friday :party: :nonsense:", spoiler_text=":party:")
    assert [one["shortcode"] for one in (await bea.sees(party["uri"]))["emojis"]] == ["party"]
    assert (await bea.about(ana, "endorse"))["endorsed"] is True
    assert [one["acct"] for one in await bea.get(f"{ACCOUNTS}/{bea.id}/endorsements")] == [ana.acct]
    assert await ana.get(f"{ACCOUNTS}/{await ana.number(bea)}/endorsements") == []
    assert (await bea.about(ana, "note", comment="kind"))["note"] == "kind"
    assert (await ana.relationship(bea))["note"] == ""


async def test_a_followed_hashtag_brings_posts_of_the_other_office_home(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    dan = await pair.seat(pair.lisbon, "dan")
    await dan.do("/api/v1/tags/Obra/follow")
    one = await ana.post("Primera #OBRA")
    quiet = await ana.post("Segunda #obra", visibility="unlisted")
    assert [status["uri"] for status in await dan.home()] == [one["uri"]]
    assert [status["uri"] for status in await dan.get("/api/v1/timelines/tag/obra")] == [one["uri"]]
    made = body(await dan.api.post("/api/v1/lists", {"title": "Madrid"}))
    assert (await dan.api.post(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": []})).status in (200, 422)
    await dan.do("/api/v1/tags/Obra/unfollow")
    later = await ana.post("Tercera #obra")
    assert await dan.finds(later["uri"]) is None
    # A list shows what its members of the other office write; a filter marks it.
    own = body(await bea.api.post("/api/v1/lists", {"title": "Madrid"}))
    await bea.do(f"/api/v1/lists/{own['id']}/accounts", {"account_ids": [await bea.number(ana)]})
    keywords = [{"keyword": "cuarta", "whole_word": True}]
    await bea.do("/api/v2/filters", {"title": "x", "context": ["home"], "keywords_attributes": keywords})
    fourth = await ana.post("Cuarta")
    listed = await bea.get(f"/api/v1/timelines/list/{own['id']}")
    assert listed[0]["uri"] == fourth["uri"]
    assert (await bea.sees(fourth["uri"]))["filtered"][0]["keyword_matches"] == ["cuarta"]
    assert await dan.finds(quiet["uri"]) is None
    assert (await dan.api.get(f"{STATUSES}/{listed[0]['id']}")).status == 200


async def test_what_a_profile_shows_is_asked_for_by_who_comes_later_and_told_to_followers(
    two_offices: TwoOffices, clock: Clock
) -> None:
    pair = await open_pair(two_offices, is_connected=False)
    ana, bea = pair.ana, pair.bea
    carl = await pair.seat(pair.madrid, "carl")
    await carl.about(ana, "follow")
    pinned = [await ana.post(text) for text in ("One", "Two")]
    for status in pinned:
        await ana.act(status, "pin")
        clock.advance(seconds=1)
    await ana.do("/api/v1/featured_tags", {"name": "Obra"})
    await ana.change(hide_collections=True)
    number = await bea.number(ana)

    async def shown() -> tuple[list[str], list[str], bool, list[str]]:
        """Texts of the pins, featured hashtags, whether lists are hidden, and followers, as Lisbon has them."""
        pins = await bea.get(f"{ACCOUNTS}/{number}/statuses", pinned=True)
        tags = await bea.get(f"{ACCOUNTS}/{number}/featured_tags")
        followers = await bea.get(f"{ACCOUNTS}/{number}/followers")
        hides = (await bea.account(ana))["hide_collections"]
        await bea.settle()
        return ([one["content"] for one in pins], [one["name"] for one in tags], hides,
                [one["acct"] for one in followers])  # fmt: skip

    # The first look asks Madrid for it, the second has it; a day later the same again.
    assert await shown() == ([], [], False, [])
    assert await shown() == (["<p>Two</p>", "<p>One</p>"], ["Obra"], True, [])
    await ana.act(pinned[0], "unpin")
    await ana.do("/api/v1/tags/nave/feature")
    assert await shown() == (["<p>Two</p>", "<p>One</p>"], ["Obra"], True, [])
    clock.advance(hours=25)
    await shown()
    assert await shown() == (["<p>Two</p>"], ["Obra", "nave"], True, [])

    # Who follows is told at once.
    await bea.about(ana, "follow")
    await ana.do("/api/v1/tags/obra/unfeature")
    await ana.do("/api/v1/featured_tags", {"name": "Puente"})
    await ana.act(pinned[0], "pin")
    await ana.change(hide_collections=False)
    assert await shown() == (["<p>Two</p>", "<p>One</p>"], ["nave", "Puente"], False, ["bea"])
    mine = [one["name"] for one in await ana.get("/api/v1/featured_tags")]
    assert (mine, await bea.get("/api/v1/featured_tags")) == (["nave", "Puente"], [])
