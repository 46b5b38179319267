"""An office with something of everything in it, made through the client API by the people it belongs to.

Ada has it all; bea is her friend and answers to what she writes; cal is a stranger who asks and is held back; boss is
the administrator. `Rich.ids` says what each kind of address leads to, so that tests can walk the whole route table.
"""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import aiohttp
from sqlalchemy import update

from models.database import utc_now
from models.statuses import PreviewCard, Status
from social.announcements import make_announcement
from social.emojis import add_emoji
from tests.media_files import png
from tests.peers import Client, Office, Person

ALL_SCOPES = "read write follow push profile admin:read admin:write"
LINK = "https://news.example/today"


@dataclass(frozen=True)
class Rich:
    """Who is there, and ids by the part of an address that comes before them."""

    office: Office
    ada: Person
    bea: Person
    cal: Person
    boss: Person
    ids: dict[str, list[str]]

    def of(self, path: str) -> list[str]:
        """Ids that a path of the route table takes in its first place."""
        return self.ids.get(path.partition("{")[0], [])


async def made(api: Client, path: str, document: Any = None) -> Any:
    """What an endpoint answers to a POST that it takes."""
    answer = await api.post(path, document)
    assert answer.status in (200, 202), (path, answer.status, answer.body)
    return answer.json()


async def uploaded(api: Client) -> str:
    """The id of a small picture that no post has yet."""
    form = aiohttp.FormData({"description": "A wall", "focus": "0.5,-0.5"})
    form.add_field("file", BytesIO(png()), filename="wall.png", content_type="image/png")
    return str((await made(api, "/api/v2/media", form))["id"])


async def fill(office: Office) -> Rich:
    """Make all of it. Nothing is left to be done in the background."""
    ada, bea, cal = [await office.create_person(name, scopes=ALL_SCOPES) for name in ("ada", "bea", "cal")]
    boss = await office.create_person("boss", is_admin=True, scopes=ALL_SCOPES)
    rich = Rich(office, ada, bea, cal, boss, {
        "/api/v1/accounts/": [str(one.id) for one in (bea, cal, ada, boss)],
        "/api/v1/suggestions/": [str(cal.id)],
        "/api/v1/admin/accounts/": [str(cal.id)],
        "/api/v1/tags/": ["kaizen", "unheard"],
        "/api/v1/timelines/tag/": ["kaizen", "unheard"],
        "/api/v1/tertulia/export/": ["follows", "blocks", "mutes", "domain_blocks", "lists", "bookmarks", "nothing"],
    })  # fmt: skip
    await _of_the_office(rich)
    await _profile_and_relations(rich)
    await _statuses(rich)
    await _communities(rich)
    await _what_is_ones_own(rich)
    await office.run_until_idle()
    await _what_came_of_it(rich)
    return rich


async def _of_the_office(rich: Rich) -> None:
    office, api = rich.office, rich.office.api(rich.boss)
    async with office.services.database.unit_of_work() as unit:
        await add_emoji(unit, "party", storage_key="ab.png", static_key="cd.png", category="Office")
        announcement = await make_announcement(unit, "**Party** on Friday, says @ada :party: #fiesta")
    path = "/api/v1/announcements/"
    rich.ids[path] = [str(announcement.id)]
    for name in ("party", "%F0%9F%8E%89"):
        assert (await office.api(rich.bea).put(f"{path}{announcement.id}/reactions/{name}")).status == 200
    for kind, domain in (("allows", "porto.example"), ("blocks", "evil.example")):
        found = await made(api, f"/api/v1/admin/domain_{kind}", {"domain": domain, "public_comment": "So it is"})
        rich.ids[f"/api/v1/admin/domain_{kind}/"] = [found["id"]]


async def _profile_and_relations(rich: Rich) -> None:
    ada, bea, cal = (rich.office.api(one) for one in (rich.ada, rich.bea, rich.cal))
    accounts = "/api/v1/accounts"
    await made(bea, f"{accounts}/{rich.ada.id}/follow")
    await made(ada, f"{accounts}/{rich.bea.id}/follow", {"notify": True, "languages": ["en", "es"]})
    profile = {
        "display_name": "Ada :party:", "note": "Engines, says @bea #kaizen", "locked": True, "discoverable": True,
        "fields_attributes": [{"name": "Floor", "value": "3"}, {"name": "Site", "value": "https://ada.example"}],
        "attribution_domains": ["news.example"], "source": {"language": "en"},
    }  # fmt: skip
    assert (await ada.patch(f"{accounts}/update_credentials", profile)).status == 200
    await made(cal, f"{accounts}/{rich.ada.id}/follow")
    await made(ada, f"{accounts}/{rich.bea.id}/note", {"comment": "Lunch"})
    await made(ada, f"{accounts}/{rich.bea.id}/endorse")
    await made(ada, f"{accounts}/{rich.boss.id}/mute", {"duration": 3600})
    await made(cal, f"{accounts}/{rich.boss.id}/block")
    await made(ada, "/api/v1/domain_blocks", {"domain": "spam.example"})
    rich.ids["/api/v1/follow_requests/"] = [str(rich.cal.id)]


async def _statuses(rich: Rich) -> None:
    ada, bea, cal = (rich.office.api(one) for one in (rich.ada, rich.bea, rich.cal))
    path = "/api/v1/statuses"
    poll = {"options": ["Pizza", "Soup"], "expires_in": 3600, "multiple": True}
    public = {"visibility": "public"}  # who is locked posts to followers unless they say otherwise
    first = await made(ada, path, {"status": "First #kaizen :party:", "spoiler_text": "News", **public})
    plain = await made(ada, path, {"status": f"Read {LINK} @bea #kaizen", **public})
    asked = await made(ada, path, {"status": "Lunch?", "visibility": "unlisted", "poll": poll})
    shown = await made(ada, path, {"status": "A wall", "media_ids": [await uploaded(ada)], "sensitive": True, **public})
    private = await made(ada, path, {"status": "For friends", "visibility": "private"})
    ours = await made(ada, path, {"status": "Ours", "local_only": True, **public, "in_reply_to_id": first["id"]})
    reply = await made(bea, path, {"status": "@ada so it is", "in_reply_to_id": plain["id"]})
    quote = await made(bea, path, {"status": "Look", "quoted_status_id": first["id"]})
    boost = await made(bea, f"{path}/{plain['id']}/reblog")
    await made(ada, path, {"status": "@bea between us", "visibility": "direct"})
    await made(bea, path, {"status": "@ada a secret", "visibility": "direct"})
    await made(cal, path, {"status": "@ada may I?", "visibility": "direct"})
    edit = {"status": "First, and better #kaizen :party:", "spoiler_text": "News"}
    assert (await ada.put(f"{path}/{first['id']}", edit)).status == 200
    await made(ada, f"{path}/{first['id']}/pin")
    for api in (ada, bea, cal):
        await made(api, f"{path}/{first['id']}/favourite")
        await made(api, f"{path}/{plain['id']}/bookmark")
    await made(ada, f"{path}/{ours['id']}/mute")
    await made(bea, f"/api/v1/polls/{asked['poll']['id']}/votes", {"choices": [0, 1]})
    fully = {
        "title": "Today", "author_name": "Ann", "author_url": "https://news.example/ann", "language": "en",
        "image_url": "https://news.example/today.png", "published_at": utc_now(),
    }  # fmt: skip
    await _show_card(rich.office, plain["id"], LINK, **fully)
    await _show_card(rich.office, shown["id"], "https://bare.example/")
    rich.ids[f"{path}/"] = [one["id"] for one in (first, plain, asked, shown, private, ours, reply, quote, boost)]
    rich.ids["/api/v1/polls/"] = [asked["poll"]["id"]]
    rich.ids["quotes"] = [quote["id"]]


async def _show_card(office: Office, status_id: str, url: str, **more: Any) -> None:
    """What a link leads to, as if it had been fetched: links of tests lead nowhere."""
    async with office.services.database.unit_of_work() as unit:
        fetched_at = unit.now - timedelta(hours=1)
        card = PreviewCard(id=unit.new_id(), url=url, created_at=unit.now, fetched_at=fetched_at, **more)
        unit.session.add(card)
        await unit.session.flush()
        await unit.session.execute(update(Status).where(Status.id == int(status_id)).values(card_id=card.id))


async def _communities(rich: Rich) -> None:
    """An open community with everything in it, one on request, and a hidden one that only ada knows of."""
    ada, bea, cal = (rich.office.api(one) for one in (rich.ada, rich.bea, rich.cal))
    path, posts = "/api/v1/communities", "/api/v1/statuses"
    wish = {"name": "garden", "title": "The garden", "description": "Beds #kaizen", "rules": ["Water.", "Weed."]}
    garden = await made(ada, path, wish)
    guild, hidden = [
        await made(ada, path, {"name": name, "kind": kind})
        for name, kind in (("guild", "on_request"), ("plot", "hidden"))
    ]
    one, other = f"{path}/{garden['id']}", f"{path}/{guild['id']}"
    await made(bea, f"{one}/join")
    thread = await made(ada, posts, {"status": "Roses?", "community_id": garden["id"], "visibility": "public"})
    weeds = await made(bea, posts, {"status": "Weeds", "community_id": garden["id"]})
    secret = await made(ada, posts, {"status": "Dig", "community_id": hidden["id"]})
    await made(ada, f"{one}/statuses/{thread['id']}/pin")
    await made(ada, f"{one}/statuses/{weeds['id']}/remove", {"reason": "Weeds"})
    await made(ada, "/api/v1/reports", {"account_id": rich.bea.id, "status_ids": [weeds["id"]], "comment": "Weeds"})
    (report,) = (await ada.get(f"{one}/reports")).json()
    await made(ada, f"{one}/bans", {"account_id": rich.cal.id, "reason": "Trod on it", "expires_in": 3600})
    await made(ada, f"{one}/bans", {"account_id": rich.boss.id})
    await made(bea, f"{other}/join")
    await made(ada, f"{other}/invitations", {"account_id": rich.boss.id, "role": "publisher"})
    await made(ada, f"{other}/archive")
    await made(ada, f"{other}/unarchive")
    assert (await cal.get(f"{path}/{hidden['id']}")).status == 404
    rich.ids[f"{path}/"], rich.ids["hidden communities"] = [garden["id"], guild["id"]], [hidden["id"]]
    rich.ids["community posts"], rich.ids["community reports"] = [thread["id"], secret["id"]], [report["id"]]


async def _what_is_ones_own(rich: Rich) -> None:
    api, ids = rich.office.api(rich.ada), rich.ids
    status = ids["/api/v1/statuses/"][6]
    ids["/api/v1/media/"] = [await uploaded(api)]
    found = await made(api, "/api/v1/lists", {"title": "Friends", "replies_policy": "list", "exclusive": True})
    ids["/api/v1/lists/"] = ids["/api/v1/timelines/list/"] = [found["id"]]
    await made(api, f"/api/v1/lists/{found['id']}/accounts", {"account_ids": [rich.bea.id]})
    filters = "/api/v2/filters"
    given = {"title": "Secrets", "context": ["home", "thread"], "filter_action": "warn", "expires_in": 3600}
    found = await made(api, filters, {**given, "keywords_attributes": [{"keyword": "so it", "whole_word": True}]})
    caught = await made(api, f"{filters}/{found['id']}/statuses", {"status_id": status})
    old = await made(api, "/api/v1/filters", {"phrase": "spoiler", "context": ["public"]})
    ids[f"{filters}/"], ids["/api/v1/filters/"] = [found["id"]], [old["id"]]
    ids[f"{filters}/keywords/"], ids[f"{filters}/statuses/"] = [found["keywords"][0]["id"]], [caught["id"]]
    ids["/api/v1/featured_tags/"] = [(await made(api, "/api/v1/featured_tags", {"name": "kaizen"}))["id"]]
    await made(api, "/api/v1/tags/fiesta/follow")
    later = {"scheduled_at": (utc_now() + timedelta(days=1)).isoformat(), "status": "Later"}
    poll = {"options": ["a", "b"], "expires_in": 600}
    ids["/api/v1/scheduled_statuses/"] = [
        (await made(api, "/api/v1/statuses", {**later, **more}))["id"]
        for more in ({"media_ids": [await uploaded(api)]}, {"poll": poll, "visibility": "private"})
    ]
    csv = {"kind": "follows", "file": f"Account address\nbea@{rich.office.domain}\nnobody\n"}
    ids["/api/v1/tertulia/import/"] = [(await made(api, "/api/v1/tertulia/import", csv))["id"]]
    await made(api, "/api/v1/markers", {"home": {"last_read_id": status}, "notifications": {"last_read_id": "1"}})
    report = {"account_id": rich.cal.id, "comment": "Asks a lot", "category": "spam", "status_ids": []}
    await made(api, "/api/v1/reports", report)


async def _what_came_of_it(rich: Rich) -> None:
    """The ids of what nobody made on purpose."""
    api, boss, ids = rich.office.api(rich.ada), rich.office.api(rich.boss), rich.ids
    for path in ("/api/v1/conversations", "/api/v1/notifications", "/api/v1/notifications/requests"):
        ids[f"{path}/"] = [one["id"] for one in (await api.get(path)).json()]
    groups = (await api.get("/api/v2/notifications")).json()["notification_groups"]
    ids["/api/v2/notifications/"] = [one["group_key"] for one in groups]
    ids["/api/v1/admin/reports/"] = [one["id"] for one in (await boss.get("/api/v1/admin/reports")).json()]
    empty = [path for path, found in ids.items() if not found]
    assert empty == []
