"""An id is no key: whatever endpoint takes one, somebody else's is answered like one that doesn't exist.

The table names what every id of the route table stands for, so a new endpoint with an id that nobody thought about
fails here. All of it is tried by a colleague with every scope, and then its owner's things are compared.
"""

from datetime import timedelta
from typing import Any

from api.endpoints import Access
from api.routes import endpoints
from models.database import utc_now
from tests.api.rich_office import ALL_SCOPES, Rich, fill, made, uploaded
from tests.peers import Client, Office

# What an id stands for: somebody's own thing, something only the invited see, or what everybody here may name.
OWN, HIDDEN, OPEN = "own", "hidden", "open"

_STATUS = "/api/v1/statuses/{id}"
TABLE = {
    **{f"/api/v1/accounts/{{id}}{part}": OPEN for part in (
        "", "/followers", "/following", "/endorsements", "/follow", "/unfollow", "/remove_from_followers", "/block",
        "/unblock", "/mute", "/unmute", "/note", "/endorse", "/unendorse", "/pin", "/unpin", "/statuses",
        "/featured_tags", "/lists",
    )},
    **{f"{_STATUS}{part}": HIDDEN for part in (
        "", "/context", "/history", "/source", "/reblogged_by", "/favourited_by", "/interaction_policy", "/reblog",
        "/favourite", "/bookmark", "/mute", "/unmute", "/pin", "/translate", "/quotes",
        "/quotes/{quoting_status_id}/revoke",
    )},
    # Taking back what isn't there any more to be seen is allowed, and is nothing where there is nothing.
    **{f"{_STATUS}/{part}": HIDDEN for part in ("unfavourite", "unreblog", "unbookmark", "unpin")},
    **{f"/api/v1/follow_requests/{{id}}/{part}": OWN for part in ("authorize", "reject")},
    "/api/v1/suggestions/{id}": OPEN,
    "/api/v1/tertulia/export/{kind}.csv": OPEN,
    "/api/v1/tertulia/import/{id}": OWN,
    "/api/v1/media/{id}": OWN,
    "/api/v2/filters/{id}": OWN,
    "/api/v2/filters/{filter_id}/keywords": OWN,
    "/api/v2/filters/keywords/{id}": OWN,
    "/api/v2/filters/{filter_id}/statuses": OWN,
    "/api/v2/filters/statuses/{id}": OWN,
    "/api/v1/filters/{id}": OWN,
    **{f"/api/v1/tags/{{name}}{part}": OPEN for part in ("", "/follow", "/unfollow", "/feature", "/unfeature")},
    "/api/v1/tertulia/tags/{name}": OPEN,
    "/api/v1/tertulia/tags/{name}/archive.zip": OPEN,
    "/api/v1/featured_tags/{id}": OWN,
    # Of a hidden community that somebody wasn't invited to.
    **{f"/api/v1/communities/{{id}}{part}": OWN for part in (
        "", "/archive", "/unarchive", "/join", "/leave", "/members", "/members/{account_id}", "/requests",
        "/requests/{account_id}/approve", "/requests/{account_id}/reject", "/invitations",
        "/invitations/{account_id}", "/bans", "/bans/{account_id}", "/timeline", "/reports",
        "/reports/{report_id}/resolve", "/reports/{report_id}/reopen", "/log",
        *(f"/statuses/{{status_id}}/{verb}" for verb in ("remove", "restore", "lock", "unlock", "pin", "unpin")),
    )},
    "/api/v1/lists/{id}": OWN,
    "/api/v1/lists/{id}/accounts": OWN,
    "/api/v1/timelines/list/{id}": OWN,
    "/api/v1/timelines/tag/{hashtag}": OPEN,
    "/api/v1/conversations/{id}": OWN,
    "/api/v1/conversations/{id}/read": OWN,
    "/api/v1/conversations/{id}/unread": OWN,
    "/api/v1/polls/{id}": HIDDEN,
    "/api/v1/polls/{id}/votes": HIDDEN,
    "/api/v1/scheduled_statuses/{id}": OWN,
    "/api/v1/notifications/{id:[0-9]+}": OWN,
    "/api/v1/notifications/{id:[0-9]+}/dismiss": OWN,
    "/api/v1/notifications/requests/{id:[0-9]+}": OWN,
    "/api/v1/notifications/requests/{id:[0-9]+}/accept": OWN,
    "/api/v1/notifications/requests/{id:[0-9]+}/dismiss": OWN,
    "/api/v2/notifications/{group_key}": OWN,
    "/api/v2/notifications/{group_key}/accounts": OWN,
    "/api/v2/notifications/{group_key}/dismiss": OWN,
    "/api/v1/instance/terms_of_service/{date}": OPEN,
    "/api/v1/announcements/{id}/dismiss": OPEN,
    "/api/v1/announcements/{id}/reactions/{name}": OPEN,
}  # fmt: skip

# What an endpoint wants to hear besides, so that it is the id that is refused.
BODIES: dict[str, dict[str, Any]] = {
    "/api/v2/filters/{filter_id}/keywords": {"keyword": "mine"},
    "/api/v2/filters/keywords/{id}": {"keyword": "mine"},
    "/api/v1/filters/{id}": {"phrase": "mine", "context": ["home"]},
    "/api/v2/filters/{id}": {"title": "mine", "context": ["home"]},
    "/api/v1/lists/{id}": {"title": "mine"},
    "/api/v1/communities/{id}/members/{account_id}": {"role": "owner"},
    "/api/v1/communities/{id}/invitations": {"account_id": "1"},
    "/api/v1/communities/{id}/bans": {"account_id": "1"},
    "/api/v1/scheduled_statuses/{id}": {"scheduled_at": (utc_now() + timedelta(days=2)).isoformat()},
    "/api/v1/polls/{id}/votes": {"choices": [0]},
    f"{_STATUS}": {"status": "mine"},
    f"{_STATUS}/interaction_policy": {"quote_approval_policy": "public"},
}
# As in Mastodon, a group that isn't there has nobody in it, and can be dismissed without any effect.
HARMLESS = {
    ("GET", "/api/v2/notifications/{group_key}/accounts"),
    ("POST", "/api/v2/notifications/{group_key}/dismiss"),
}
# The owner's things: what is compared.
WATCHED = (
    "/api/v1/lists", "/api/v2/filters", "/api/v1/featured_tags", "/api/v1/follow_requests", "/api/v1/conversations",
    "/api/v1/notifications", "/api/v1/notifications/requests", "/api/v1/scheduled_statuses", "/api/v1/bookmarks",
    "/api/v1/favourites", "/api/v1/mutes", "/api/v1/blocks", "/api/v1/markers?timeline[]=home", "/api/v1/preferences",
    "/api/v1/accounts/verify_credentials", "/api/v2/notifications/policy", "/api/v1/followed_tags",
    "/api/v1/communities?joined=true",
)  # fmt: skip

with_ids = [one for one in endpoints() if "{" in one.path]


def test_every_id_of_the_route_table_is_accounted_for() -> None:
    staff = {Access.MODERATOR, Access.ADMIN}
    assert {one.path for one in with_ids if one.access not in staff} - set(TABLE) == set()
    assert set(TABLE) - {one.path for one in with_ids} == set()


def place(path: str, number: str, more: str = "1") -> str:
    """The path with an id in it."""
    if "{" not in path:
        return path
    start, _, rest = path.partition("{")
    rest = rest.partition("}")[2]
    middle, brace, end = rest.partition("{")
    return f"{start}{number}{middle}{more + end.partition('}')[2] if brace else ''}"


async def things_of(api: Client, rich: Rich, hidden: list[str]) -> dict[str, Any]:
    paths = [*WATCHED, *(f"/api/v1/statuses/{number}" for number in hidden)]
    paths += [f"/api/v1/media/{number}" for number in rich.ids["/api/v1/media/"]]
    paths += [f"/api/v1/lists/{number}/accounts" for number in rich.ids["/api/v1/lists/"]]
    for number in rich.ids["hidden communities"]:
        paths += [f"/api/v1/communities/{number}/{part}" for part in ("log", "members", "timeline?replies=true")]
    found = {path: await api.get(path) for path in paths}
    assert {answer.status for answer in found.values()} == {200}
    return {path: answer.json() for path, answer in found.items()}


async def test_nobody_reaches_what_is_somebody_else_s_by_its_id(office: Office) -> None:
    rich = await fill(office)
    ada, mal = office.api(rich.ada), office.api(await office.create_person("mal", scopes=ALL_SCOPES))
    poll = {"options": ["yes", "no"], "expires_in": 600}
    private = await made(ada, "/api/v1/statuses", {"status": "Layoffs?", "visibility": "private", "poll": poll})
    direct = await made(ada, "/api/v1/statuses", {
        "status": "@bea secret", "visibility": "direct", "media_ids": [await uploaded(ada)],
    })  # fmt: skip
    hidden = [private["id"], direct["id"]]
    quote = await made(office.api(rich.bea), "/api/v1/statuses", {
        "status": "Quoting", "quoted_status_id": rich.ids["/api/v1/statuses/"][1],
    })  # fmt: skip
    await office.run_until_idle()
    before = await things_of(ada, rich, hidden)
    wrong = []
    for one in with_ids:
        if TABLE.get(one.path) not in (OWN, HIDDEN):
            continue
        numbers = rich.of(one.path)
        if "/polls/" in one.path:
            numbers = [private["poll"]["id"]]
        elif "/communities/" in one.path:
            numbers = rich.ids["hidden communities"]
        elif TABLE[one.path] == HIDDEN:
            numbers = hidden
        assert numbers, one.path
        for number in numbers:
            body = BODIES.get(one.path, {"status_id": direct["id"], "account_ids": [rich.bea.id]})
            document = None if one.method == "GET" else body
            nothing = "ungrouped-1" if "{group_key}" in one.path else "1"
            answer = await mal.call(one.method, place(one.path, number, quote["id"]), document)
            absent = await mal.call(one.method, place(one.path, nothing, quote["id"]), document)
            expected = 200 if (one.method, one.path) in HARMLESS else 404
            if answer.status != expected or (answer.status, answer.body) != (absent.status, absent.body):
                wrong.append(f"{one.method} {one.path}: {answer.status} {answer.body[:100]!r}, absent {absent.status}")
    assert wrong == []
    # A stranger, and an application on its own, get not even that far.
    for one in with_ids:
        if one.access is not Access.ANYBODY:
            assert (await office.api().call(one.method, place(one.path, "1"))).status == 401, one.path
    assert await things_of(ada, rich, hidden) == before


async def test_staff_alone_reach_what_is_staff_s(office: Office) -> None:
    ada = await office.create_person("ada", is_admin=True, scopes="read write follow")
    boss = await office.create_person("boss", is_admin=True, scopes=ALL_SCOPES)
    mal = await office.create_person("mal", scopes=ALL_SCOPES)
    staff = [one for one in endpoints() if one.access in (Access.MODERATOR, Access.ADMIN)]
    assert len(staff) > 20
    for one in staff:
        for person in (mal, ada):  # without the role; with it, but by an application that was given less
            answer = await office.api(person).call(one.method, place(one.path, str(boss.id)))
            assert answer.status == 403, (one.method, one.path)
    for path in ("accounts", "reports", "domain_blocks", "domain_allows", "peers"):
        assert (await office.api(boss).get(f"/api/v1/admin/{path}")).status == 200
    assert (await office.api(boss).get(f"/api/v1/admin/accounts/{boss.id}")).json()["role"]["name"]
