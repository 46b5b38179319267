"""Across two offices, seen by their client APIs: what is written, edited, deleted, boosted, liked, pinned and filed."""

from datetime import timedelta
from typing import Any

import pytest

from api.times import timestamp
from tests.api.across import ACCOUNTS, STATUSES, Json, Pair, Seat, body, open_pair
from tests.api.test_media import uploaded
from tests.media_files import png
from tests.peers import Office

TwoOffices = tuple[Office, Office]


def shape(context: Json) -> list[tuple[str, str | None]]:
    """A thread as addresses: each status with the one that it answers."""
    found = context["ancestors"] + context["descendants"]
    by_id = {status["id"]: status["uri"] for status in found}
    return [(status["uri"], by_id.get(status["in_reply_to_id"])) for status in found]


async def test_every_visibility_arrives_where_it_may(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    dan = await pair.seat(pair.lisbon, "dan")
    seen: dict[str, Json] = {}
    for visibility in ("public", "unlisted", "private"):
        written = await ana.post(f"@{bea.acct} #Obra {visibility}", visibility=visibility, language="es",
                                 spoiler_text=f"CW {visibility}", sensitive=True)  # fmt: skip
        seen[visibility] = there = await bea.sees(written["uri"])
        same = ("visibility", "spoiler_text", "sensitive", "language", "created_at", "uri", "url", "local_only")
        assert {name: there[name] for name in same} == {name: written[name] for name in same}
        assert (there["account"]["acct"], there["mentions"][0]["acct"]) == (ana.acct, "bea")
        assert [tag["name"] for tag in there["tags"]] == ["obra"]
    direct = await ana.post(f"@{bea.acct} secret", visibility="direct")
    assert await bea.heard() == [("mention", ana.acct)] * 4
    (talk,) = await bea.get("/api/v1/conversations")
    assert (talk["last_status"]["uri"], talk["unread"], [one["acct"] for one in talk["accounts"]]) == (
        direct["uri"], True, [ana.acct],
    )  # fmt: skip
    seen["direct"] = talk["last_status"]
    assert [await dan.status_of(seen[name]) for name in ("public", "unlisted", "private", "direct")] == [
        200, 200, 404, 404,
    ]  # fmt: skip
    for path in ("/api/v1/timelines/public", "/api/v1/timelines/tag/obra"):
        assert [one["uri"] for one in await dan.get(path, remote=True)] == [seen["public"]["uri"]]
    profile = await dan.get(f"{ACCOUNTS}/{await dan.number(ana)}/statuses")
    assert [one["uri"] for one in profile] == [seen["unlisted"]["uri"], seen["public"]["uri"]]
    # An answer within the conversation comes home; what is only for the office never leaves.
    answer = await bea.post(f"@{ana.acct} yes", visibility="direct", in_reply_to_id=seen["direct"]["id"])
    (talk,) = await ana.get("/api/v1/conversations")
    assert talk["last_status"]["uri"] == answer["uri"]
    assert talk["last_status"]["in_reply_to_id"] == direct["id"]
    inside = await ana.post(f"@{bea.acct} only here", local_only=True)
    assert (inside["local_only"], await bea.finds(inside["uri"])) == (True, None)
    assert (await bea.get("/api/v2/search", q=inside["url"], resolve=True))["statuses"] == []
    # A handle and an address are resolved to the same as what came by itself.
    found = (await dan.get("/api/v2/search", q=seen["unlisted"]["url"], resolve=True))["statuses"]
    assert [one["id"] for one in found] == [seen["unlisted"]["id"]]
    for handle in (f"@{ana.acct}", f"{pair.madrid.origin}/@ana"):
        (account,) = (await dan.get("/api/v2/search", q=handle, resolve=True))["accounts"]
        assert account["acct"] == ana.acct


async def test_files_cross_with_everything_that_is_known_of_them_and_so_do_edits(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    file = await uploaded(ana.person, png((640, 480)), description="A wall", focus="0.5,-0.25")
    written = await ana.post("First", media_ids=[file["id"]], spoiler_text="cw")
    seen = await bea.sees(written["uri"])
    (image,) = seen["media_attachments"]
    assert (image["type"], image["description"], image["blurhash"]) == ("image", "A wall", file["blurhash"])
    assert image["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    assert (image["meta"]["original"]["width"], image["meta"]["original"]["height"]) == (640, 480)
    # It is read through one's own office, never from the other.
    for address in (image["url"], image["preview_url"]):
        assert address.startswith(pair.lisbon.origin)
        assert (await pair.lisbon.get(address)).status == 200

    await bea.act(seen, "reblog")
    await bea.clear()
    attributes = [{"id": file["id"], "description": "A red wall", "focus": "0,1"}]
    edited = await ana.edit(written, status="Second", spoiler_text="other", media_ids=[file["id"]],
                            media_attributes=attributes, language="pt")  # fmt: skip
    now = await bea.again(seen)
    assert {name: now[name] for name in ("content", "spoiler_text", "edited_at", "language")} == {
        name: edited[name] for name in ("content", "spoiler_text", "edited_at", "language")
    }
    (image,) = now["media_attachments"]
    assert (image["description"], image["meta"]["focus"]) == ("A red wall", {"x": 0.0, "y": 1.0})
    history = await bea.get(f"{STATUSES}/{seen['id']}/history")
    assert [(one["content"], one["spoiler_text"], one["media_attachments"][0]["description"]) for one in history] == [
        ("<p>First</p>", "cw", "A wall"), ("<p>Second</p>", "other", "A red wall"),
    ]  # fmt: skip
    assert await bea.heard() == [("update", ana.acct)]
    (grouped,) = (await bea.get("/api/v2/notifications"))["notification_groups"]
    assert (grouped["type"], grouped["status_id"]) == ("update", seen["id"])
    # What is looked at in a picture is part of it, when nothing else changes too.
    await ana.edit(written, status="Second", spoiler_text="other", media_ids=[file["id"]], language="pt",
                   media_attributes=[{"id": file["id"], "focus": "-1,0"}])  # fmt: skip
    (image,) = (await bea.again(seen))["media_attachments"]
    assert (image["description"], image["meta"]["focus"]) == ("A red wall", {"x": -1.0, "y": 0.0})

    # Delete and write again: the old one is gone there, the new one has the file.
    gone = body(await ana.api.delete(f"{STATUSES}/{written['id']}"))
    await ana.settle()
    assert (gone["text"], await bea.status_of(seen), await bea.finds(written["uri"])) == ("Second", 404, None)
    anew = await ana.post(gone["text"] + "!", media_ids=[one["id"] for one in gone["media_attachments"]])
    assert (await bea.sees(anew["uri"]))["media_attachments"][0]["description"] == "A red wall"


async def test_a_thread_has_one_shape_and_what_is_done_to_it_counts_on_both_sides(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    carl = await pair.seat(pair.madrid, "carl")
    root = await ana.post("Root")
    there = await bea.sees(root["uri"])
    first = await bea.post(f"@{ana.acct} one", in_reply_to_id=there["id"])
    first_here = await ana.sees(first["uri"])
    second = await ana.post(f"@{bea.acct} two", in_reply_to_id=first_here["id"])
    third = await carl.post(f"@ana @{bea.acct} three", in_reply_to_id=root["id"])
    second_there = await bea.sees(second["uri"])
    here = await ana.get(f"{STATUSES}/{first_here['id']}/context")
    other = await bea.get(f"{STATUSES}/{first['id']}/context")
    assert shape(here) == shape(other) == [(root["uri"], None), (second["uri"], None)]
    here = await ana.get(f"{STATUSES}/{root['id']}/context")
    assert shape(here) == shape(await bea.get(f"{STATUSES}/{there['id']}/context"))
    assert {uri for uri, _ in shape(here)} == {first["uri"], second["uri"], third["uri"]}
    assert ((await ana.again(root))["replies_count"], (await bea.again(there))["replies_count"]) == (2, 2)
    assert second_there["in_reply_to_account_id"] == bea.id

    await ana.clear()
    await bea.act(there, "favourite")
    boost = await bea.act(there, "reblog", {"visibility": "unlisted"})
    liked = await ana.again(root)
    assert (liked["favourites_count"], liked["reblogs_count"], boost["visibility"]) == (1, 1, "unlisted")
    for part in ("favourited_by", "reblogged_by"):
        assert [one["acct"] for one in await ana.get(f"{STATUSES}/{root['id']}/{part}")] == [bea.acct]
    assert sorted(await ana.heard()) == [("favourite", bea.acct), ("reblog", bea.acct)]
    groups = (await ana.get("/api/v2/notifications"))["notification_groups"]
    assert sorted((one["type"], one["status_id"]) for one in groups) == [
        ("favourite", root["id"]), ("reblog", root["id"]),
    ]  # fmt: skip
    # Filing it away and not wanting to hear of it is one's own business.
    await bea.act(there, "bookmark")
    assert [one["uri"] for one in await bea.get("/api/v1/bookmarks")] == [root["uri"]]
    await bea.clear()
    await bea.act(there, "mute")
    await carl.post(f"@{bea.acct} four", in_reply_to_id=root["id"])
    assert ((await bea.again(there))["muted"], await bea.heard()) == (True, [])
    await bea.act(there, "unmute")
    await bea.act(there, "unfavourite")
    await bea.act(there, "unreblog")
    unliked = await ana.again(root)
    assert (unliked["favourites_count"], unliked["reblogs_count"], await ana.heard()) == (0, 0, [])

    # A boost of the other's is one's own office's to show.
    await ana.act(first_here, "reblog")
    assert ((await bea.again(first))["reblogs_count"], ("reblog", ana.acct) in await bea.heard()) == (1, True)
    await ana.act(first_here, "favourite")
    assert [one["acct"] for one in await bea.get(f"{STATUSES}/{first['id']}/favourited_by")] == [ana.acct]


@pytest.fixture
async def pair(two_offices: TwoOffices) -> Pair:
    return await open_pair(two_offices)


def numbers(poll: Json) -> list[int | None]:
    return [option["votes_count"] for option in poll["options"]]


async def vote(seat: Seat, poll: Json, *choices: int) -> Json:
    voted: Json = await seat.do(f"/api/v1/polls/{poll['id']}/votes", {"choices": choices})
    return voted


async def test_polls_are_voted_on_from_both_sides_and_end_on_both(pair: Pair, clock: Any) -> None:
    ana, bea = pair.ana, pair.bea
    carl = await pair.seat(pair.madrid, "carl")
    poll = {"options": ["Café", "Té", "Nada"], "expires_in": 3600}
    single = await ana.post("Single", poll=poll)
    several = await ana.post("Several", poll={**poll, "multiple": True, "hide_totals": True})
    there = [(await bea.sees(status["uri"]))["poll"] for status in (single, several)]
    assert [one["title"] for one in there[0]["options"]] == ["Café", "Té", "Nada"]
    assert [one["multiple"] for one in there] == [False, True]
    assert there[0]["expires_at"] == single["poll"]["expires_at"]
    assert (await vote(bea, there[0], 1))["own_votes"] == [1]
    await vote(bea, there[1], 0, 2)
    await vote(carl, single["poll"], 0)
    clock.advance(minutes=5)
    await ana.settle()
    now = [await bea.get(f"/api/v1/polls/{one['id']}") for one in there]
    here = [await ana.get(f"/api/v1/polls/{status['poll']['id']}") for status in (single, several)]
    assert numbers(now[0]) == numbers(here[0]) == [1, 1, 0]
    assert (now[0]["voters_count"], here[0]["voters_count"], here[1]["voters_count"]) == (2, 2, 1)
    assert numbers(here[1]) == [None] * 3
    clock.advance(hours=1)
    await ana.settle()
    ended = [await bea.get(f"/api/v1/polls/{one['id']}") for one in there]
    assert [one["expired"] for one in ended] == [True, True]
    assert numbers(ended[1]) == [1, 0, 1]
    assert [await seat.heard() for seat in (ana, carl, bea)] == [
        [("poll", "ana")] * 2, [("poll", "ana")], [("poll", ana.acct)] * 2,
    ]  # fmt: skip

    # Other options make votes void, on both sides; the poll of the other office is voted on just as well.
    changing = await bea.post("Which?", poll=poll)
    seen = await ana.sees(changing["uri"])
    await vote(ana, seen["poll"], 2)
    assert numbers((await bea.again(changing))["poll"]) == [0, 0, 1]
    await bea.edit(changing, status="Which?", poll={"options": ["Pan", "Vino"], "expires_in": 7200})
    new = (await ana.again(seen))["poll"]
    assert ([one["title"] for one in new["options"]], new["voted"], numbers(new)) == (["Pan", "Vino"], False, [0, 0])
    await vote(ana, new, 1)
    assert numbers((await bea.again(changing))["poll"]) == [0, 1]
    history = await ana.get(f"{STATUSES}/{seen['id']}/history")
    assert [len(one["poll"]["options"]) for one in history] == [3, 2]


async def test_pinned_posts_and_what_was_scheduled_reach_the_other_office(pair: Pair, clock: Any) -> None:
    ana, bea = pair.ana, pair.bea
    number = await bea.number(ana)
    kept = await ana.post("Pinned")
    await ana.act(kept, "pin")
    pinned = await bea.get(f"{ACCOUNTS}/{number}/statuses", pinned=True)
    assert [one["uri"] for one in pinned] == [kept["uri"]]
    await ana.act(kept, "unpin")
    assert await bea.get(f"{ACCOUNTS}/{number}/statuses", pinned=True) == []
    later = await ana.do(STATUSES, {"status": "Later", "scheduled_at": timestamp(clock() + timedelta(hours=1))})
    assert (later["params"]["text"], [one["uri"] for one in await bea.home()]) == ("Later", [kept["uri"]])
    clock.advance(hours=2)
    await ana.settle()
    assert (await bea.home())[0]["content"] == "<p>Later</p>"
    assert (await bea.home())[0]["account"]["acct"] == ana.acct
