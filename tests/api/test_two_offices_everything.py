"""Across two offices: every request that changes something is seen by the other side's API, or stays at home.

The table says where each is shown: by the names of tests in this folder that do it in one office and look from the
other. What is somebody's own business is done here, all of it, and nothing leaves. Endpoints of moderators and those of
communities and peers have tests of their own.
"""

import ast
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from api.routes import endpoints
from models.activities import OutboundActivity
from social.announcements import make_announcement
from tests.api.across import ACCOUNTS, STATUSES, Json, Pair, body, open_pair
from tests.api.test_credentials import form
from tests.api.test_media import upload, uploaded
from tests.media_files import png, sound
from tests.peers import Office

TwoOffices = tuple[Office, Office]

_PROFILE = ("a_changed_profile", "who_a_boost_or_an_edit_is_for")
_FEATURED = ("what_a_profile_shows",)
_MEDIA = ("files_cross", "sound_crosses")
SEEN: Final[dict[str, tuple[str, ...]]] = {
    "accounts/update_credentials": (*_PROFILE, "a_locked_account_decides"),
    "profile": _PROFILE,
    "profile/avatar": ("sound_crosses",),
    "profile/header": ("sound_crosses",),
    "accounts/{id}/follow": ("following_is_seen", "a_locked_account_decides"),
    "accounts/{id}/unfollow": ("following_is_seen", "a_locked_account_decides"),
    "accounts/{id}/remove_from_followers": ("following_is_seen",),
    "accounts/{id}/block": ("a_block_ends_everything",),
    "accounts/{id}/unblock": ("a_block_ends_everything",),
    "follow_requests/{id}/authorize": ("a_locked_account_decides",),
    "follow_requests/{id}/reject": ("a_locked_account_decides",),
    "domain_blocks": ("a_blocked_domain", "every_kind_of_notification"),
    "reports": ("a_report_reaches", "every_kind_of_notification"),
    "tertulia/aliases": ("followers_go_along",),
    "tertulia/move": ("followers_go_along",),
    "tertulia/import": ("lists_come_back",),
    "media": _MEDIA,
    "media/{id}": _MEDIA,
    "tags/{name}/follow": ("a_followed_hashtag",),
    "tags/{name}/unfollow": ("a_followed_hashtag",),
    "tags/{name}/feature": _FEATURED,
    "tags/{name}/unfeature": _FEATURED,
    "featured_tags": _FEATURED,
    "featured_tags/{id}": _FEATURED,
    "statuses": ("every_visibility_arrives", "a_thread_has_one_shape", "polls_are_voted_on", "who_may_quote"),
    "statuses/{id}": ("files_cross", "who_a_boost_or_an_edit_is_for", "what_happens_at_the_other_office"),
    "statuses/{id}/interaction_policy": ("who_may_quote",),
    "statuses/{id}/reblog": ("a_thread_has_one_shape", "who_a_boost_or_an_edit_is_for"),
    "statuses/{id}/unreblog": ("a_thread_has_one_shape", "who_a_boost_or_an_edit_is_for"),
    "statuses/{id}/favourite": ("a_thread_has_one_shape",),
    "statuses/{id}/unfavourite": ("a_thread_has_one_shape",),
    "statuses/{id}/pin": ("pinned_posts_and_what_was_scheduled", *_FEATURED),
    "statuses/{id}/unpin": ("pinned_posts_and_what_was_scheduled", *_FEATURED),
    "statuses/{id}/quotes/{quoting_status_id}/revoke": ("a_quote_is_seen",),
    "polls/{id}/votes": ("polls_are_voted_on", "every_kind_of_notification"),
    "scheduled_statuses/{id}": ("pinned_posts_and_what_was_scheduled",),
}
# Nobody else's business, or nothing by itself: no activity leaves for these.
AT_HOME: Final = (
    "accounts", "accounts/{id}/endorse", "accounts/{id}/mute", "accounts/{id}/note", "accounts/{id}/pin",
    "accounts/{id}/unendorse", "accounts/{id}/unmute", "accounts/{id}/unpin", "announcements", "apps", "conversations",
    "filters", "lists", "markers", "notifications", "push", "statuses/{id}/bookmark", "statuses/{id}/mute",
    "statuses/{id}/translate", "statuses/{id}/unbookmark", "statuses/{id}/unmute", "suggestions",
)  # fmt: skip
# Tested where they are at home.
ELSEWHERE: Final = ("admin/", "tertulia/communities", "tertulia/peers", "communities", "topics")


def _written() -> list[str]:
    """The paths, without version, of everything that isn't only read."""
    found = [one.path.split("/", 3)[3] for one in endpoints() if one.method != "GET" and one.path.startswith("/api/")]
    return [path for path in dict.fromkeys(found) if not path.startswith(ELSEWHERE)]


def _is_at_home(path: str) -> bool:
    families = tuple(f"{name}/" for name in AT_HOME if "/" not in name and name != "accounts")
    return path in AT_HOME or path.startswith(families)


def test_what_is_written_is_seen_across_or_stays_at_home() -> None:
    tests = [
        node.name
        for file in Path(__file__).parent.glob("test_*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef)
    ]
    unknown = [path for path in _written() if (path in SEEN) == _is_at_home(path)]
    assert unknown == [], "say in SEEN which test sees it from the other office, or in AT_HOME that it stays"
    names = {name for found in SEEN.values() for name in found}
    assert [name for name in names if not any(test.startswith(f"test_{name}") for test in tests)] == []


@pytest.fixture
async def pair(two_offices: TwoOffices) -> Pair:
    return await open_pair(two_offices)


async def _left(office: Office) -> int:
    """How many activities the office has sent."""
    async with office.services.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(OutboundActivity)) or 0


async def test_what_is_ones_own_business_never_leaves(pair: Pair) -> None:
    ana, bea = pair.ana, pair.bea
    written = await ana.post(f"@{bea.acct} hola #obra")
    seen = await bea.sees(written["uri"])
    private = await ana.post(f"@{bea.acct} secreto", visibility="direct")
    (talk,) = await bea.get("/api/v1/conversations")
    before = await _left(pair.lisbon)
    for verb in ("mute", "unmute", "note", "endorse", "unendorse", "pin", "unpin"):
        await bea.about(ana, verb, **({"comment": "kind"} if verb == "note" else {}))
    for verb in ("bookmark", "unbookmark", "mute", "unmute"):
        await bea.act(seen, verb)
    made = await bea.do("/api/v1/lists", {"title": "Madrid"})
    await bea.do(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [await bea.number(ana)]})
    keywords = [{"keyword": "hola"}]
    await bea.do("/api/v2/filters", {"title": "x", "context": ["home"], "keywords_attributes": keywords})
    await bea.do("/api/v1/markers", {"home": {"last_read_id": seen["id"]}})
    await bea.do(f"/api/v1/conversations/{talk['id']}/read")
    body(await bea.api.delete(f"/api/v1/conversations/{talk['id']}"))
    body(await bea.api.patch("/api/v2/notifications/policy", {"for_not_following": "filter"}))
    async with pair.lisbon.services.database.unit_of_work() as unit:
        await make_announcement(unit, "Café")
    (shown,) = await bea.get("/api/v1/announcements")
    body(await bea.api.put(f"/api/v1/announcements/{shown['id']}/reactions/{quote('👍')}"))
    await bea.do(f"/api/v1/announcements/{shown['id']}/dismiss")
    inside = await bea.post("Only here", local_only=True)
    await bea.act(inside, "favourite")
    await bea.clear()
    await bea.settle()
    assert await _left(pair.lisbon) == before
    assert await ana.heard() == []
    assert (await ana.again(private))["uri"] == private["uri"]


async def test_who_a_boost_or_an_edit_is_for_is_known_at_the_other_office(pair: Pair) -> None:
    ana, bea = pair.ana, pair.bea
    carl, dan = await pair.seat(pair.madrid, "carl"), await pair.seat(pair.lisbon, "dan")
    original = await carl.post("De Carl")
    await ana.act(original, "reblog", {"visibility": "private"})
    seen = await bea.sees(original["uri"])
    assert (seen["visibility"], seen["reblog"]["visibility"]) == ("private", "public")
    assert (await dan.status_of(seen), await dan.status_of(seen["reblog"])) == (404, 200)
    await ana.act(original, "unreblog")
    assert (await bea.finds(original["uri"]), await bea.status_of(seen)) == (None, 404)

    # Markdown, letters of other scripts and links arrive as they were made.
    text = "**Fuerte** #Größe #日本語 [plano](https://a.example/x?y=1&z=2) <b>no</b>\n\n- uno\n- dos"
    written = await ana.post(text, content_type="text/markdown", visibility="private", language="es")
    there = await bea.sees(written["uri"])
    assert {tag["name"] for tag in there["tags"]} == {tag["name"] for tag in written["tags"]} == {"grosse", "日本語"}
    for piece in ("<strong>Fuerte</strong>", 'href="https://a.example/x?y=1&amp;z=2"', "<li>uno</li>"):
        assert piece in written["content"]
        assert piece in there["content"]
    # Who is named by an edit may read from then on, and hears of it once; who isn't any more may not.
    assert await dan.status_of(there) == 404
    await ana.edit(written, status=f"Mira, @{dan.acct}")
    assert (await dan.status_of(there), await dan.heard()) == (200, [("mention", ana.acct)])
    await ana.edit(written, status="Nada")
    assert (await dan.status_of(there), (await bea.again(there))["content"]) == (404, "<p>Nada</p>")

    # A talk among three: everybody in it sees every word, and what is deleted is gone for all.
    first = await ana.post(f"@{bea.acct} @{dan.acct} uno", visibility="direct")
    (at_dan,) = await dan.get("/api/v1/conversations")
    answer: Json = await dan.post(
        f"@{ana.acct} @bea dos", visibility="direct", in_reply_to_id=at_dan["last_status"]["id"]
    )
    for seat, others in ((ana, {bea.acct, dan.acct}), (bea, {ana.acct, "dan"}), (dan, {ana.acct, "bea"})):
        (talk,) = await seat.get("/api/v1/conversations")
        assert (talk["last_status"]["uri"], {one["acct"] for one in talk["accounts"]}) == (answer["uri"], others)
    assert await carl.status_of(first) == 404
    body(await dan.api.delete(f"{STATUSES}/{answer['id']}"))
    await dan.settle()
    for seat in (ana, bea, dan):
        (talk,) = await seat.get("/api/v1/conversations")
        assert talk["last_status"]["uri"] == first["uri"]


async def test_sound_crosses_with_its_picture_and_a_picture_that_was_taken_off_is_gone(pair: Pair) -> None:
    ana, bea = pair.ana, pair.bea
    tone = await uploaded(ana.person, sound(), content_type="audio/x-wav", filename="tone.wav", description="A bell")
    await ana.settle()
    path = f"/api/v1/media/{tone['id']}"
    tone = body(await upload(ana.person, None, path=path, method="PUT", thumbnail=png((64, 64), "red")))
    written = await ana.post("Escucha", media_ids=[tone["id"]], sensitive=True)
    seen = await bea.sees(written["uri"])
    (there,) = seen["media_attachments"]
    assert (there["type"], there["description"], there["blurhash"]) == ("audio", "A bell", tone["blurhash"])
    assert there["meta"].get("original", {}).get("duration") == tone["meta"].get("original", {}).get("duration")
    assert seen["sensitive"] is True
    for address in (there["url"], there["preview_url"]):
        assert address.startswith(pair.lisbon.origin)
        assert (await pair.lisbon.get(address)).status == 200

    nothing = await bea.account(ana)
    for part in ("avatar", "header"):
        picture = png((40, 40)) if part == "avatar" else png((90, 30))
        body(await ana.api.patch(f"{ACCOUNTS}/update_credentials", form(**{part: picture})))
        await ana.settle()
        shown = (await bea.account(ana))[part]
        assert shown != nothing[part]
        body(await ana.api.delete(f"/api/v1/profile/{part}"))
        await ana.settle()
        assert (await bea.account(ana))[part] == nothing[part]
