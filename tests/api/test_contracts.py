"""Every entity in all its variants, as the API renders it, loads through its schema, which takes nothing else.

An office with something of everything is read through the whole route table, and what takes more than reading is done
besides. Which variants there are is asked of the schemas themselves: an entity or a field that is added later has to be
seen here too, or named in `NEVER` with the reason.
"""

import re
from datetime import timedelta
from typing import Any

import aiohttp
from sqlalchemy import update

from api.admin.dimensions import DIMENSIONS
from api.admin.measures import MEASURES
from api.answers import entity_named
from api.endpoints import Either, Endpoint, Many
from api.routes import endpoints
from models.communities import Community
from models.database import utc_now
from models.statuses import Attachment
from social.announcements import make_announcement
from social.office_documents import add_rule, set_document
from social.uploads import PROCESSING
from tests.api.oauth import VERIFIER, register
from tests.api.rich_office import Rich, fill, made, uploaded
from tests.api.test_push import PushService
from tests.api.variants import Seen, all_entities, variants_of
from tests.fixtures_offices import OpenOffice
from tests.media_files import png
from tests.peers import Client, Person, run_until_idle

ADMIN, STATUSES = "/api/v1/admin", "/api/v1/statuses"
NEVER = {
    **dict.fromkeys(
        (f"Peer.{name} there" for name in (
            "confirmed_at", "content_deleted_at", "content_deletion_asked_at", "ended_at", "ended_by", "expires_at",
            "proposed_at", "proposed_by", "refused_fingerprint", "suspended_by_them_at",
        )),
        "takes a handshake of two offices: tests/api/admin/test_peers.py plays it",
    ),
    **dict.fromkeys(
        (f"{kind}.{name} there" for kind, names in (
            ("PeerHealth", ("last_received_at", "last_delivered_at", "last_error", "circuit", "oldest_queued_at",
                            "delivery_p50_seconds", "delivery_p95_seconds", "clock_ahead_seconds", "clock_seen_at")),
            ("PeerSync", ("in_sync_at", "checked_at", "their_behind", "oldest_missing_at", "cut_at", "last_error",
                          "compared_at", "compare_error")),
        ) for name in names),
        "takes what happens between two offices: tests/inbox/test_peer_health.py plays it",
    ),
    **dict.fromkeys(
        ("Account.memorial there", "AdminAccount.invite_request there", "AdminAccount.ip there", "Card.blurhash there",
         "CardAuthor.account there", "Media.text_url there", "OEmbed.height there", "Registrations.message there",
         "Registrations.min_age there", "Registrations.url there", "ScheduledParams.scheduled_at there",
         "Status.url null", "Terms.succeeded_by there", "Thumbnail.blurhash there", "Urls.privacy_policy there",
         "Urls.status there", "Urls.terms_of_service there", "Warning.appeal there"),
        "the same in every answer of Tertulia",
    ),
    **dict.fromkeys(
        ("ScheduledParams.quote_approval_policy null", "ScheduledParams.spoiler_text null"),
        "chosen when it is scheduled",
    ),
    **dict.fromkeys(("Field.verified_at there", "PlainField.verified_at there"), "see test_credentials"),
    **dict.fromkeys(("Announcement.read absent", "Reaction.me absent"), "in streams: see test_streaming_rendering"),
    **dict.fromkeys(("Poll.expires_at null", "Poll.voters_count null"), "polls of servers of other make"),
    "Media.preview_remote_url there": "media of servers of other make",
    "Announcement.published_at null": "drafts are shown to nobody",
}  # fmt: skip
QUERIES = (
    "v1/accounts/lookup?acct=bea", "v1/accounts/search?q=bea", "v1/accounts/relationships?id[]={bea}&id[]={boss}",
    "v1/accounts/familiar_followers?id[]={boss}", "v1/markers?timeline[]=home&timeline[]=notifications",
    "v1/search?q=kaizen", "v2/search?q=kaizen", "v1/domain_blocks/preview?domain=lisbon.example",
    "v1/notifications?include_filtered=true", "v2/notifications?expand_accounts=partial_avatars",
    "v1/announcements?with_dismissed=true", "oembed?url={url}",
    "v1/notifications?types[]=community.request&types[]=community.report", "v2/notifications?types[]=community.request",
)  # fmt: skip


async def test_every_entity_keeps_its_contract_in_all_its_variants(open_office: OpenOffice) -> None:
    madrid, lisbon = await open_office("madrid", federation="open"), await open_office("lisbon")
    await lisbon.confirm(madrid)
    rich, seen = await fill(madrid), Seen()
    await tell_everybody(rich)
    await meet(rich, await lisbon.create_person("bob"))
    await read_everything(seen, rich, madrid.api(rich.ada))
    await read_everything(seen, rich, madrid.api(rich.boss), only="/admin/")
    await read_everything(seen, rich, madrid.api(), only=STATUSES)
    for path in ("v2/instance", "v1/instance", "v1/instance/extended_description"):  # closed, and nothing written yet
        await ask(seen, lisbon.api(), "GET", f"/api/{path}")
    await write(seen, rich)
    await look_after(seen, rich)
    await sign_in(seen, rich)
    await moderate(seen, rich)
    expected = {variant for kind in all_entities() for variant in variants_of(kind)}
    assert sorted(expected - seen.variants - NEVER.keys()) == []
    assert sorted(NEVER.keys() - expected) == []
    assert sorted(NEVER.keys() & seen.variants) == []


async def ask(seen: Seen, api: Client, method: str, path: str, document: Any = None) -> Any:
    """Send a request and load the answer through what its endpoint promises."""
    one = endpoint_of(method, path.partition("?")[0])
    answer = await api.call(method, path, document)
    found = answer.json()
    if answer.status >= 400:
        seen.take(entity_named(one.refusal), found)
    elif isinstance(one.returns, Many):
        seen.take(entity_named(one.returns.entity), found)
    elif isinstance(one.returns, Either):
        kinds = [entity_named(name) for name in one.returns.entities]
        seen.take(next((kind for kind in kinds if kind().fields.keys() == found.keys()), kinds[0]), found)
    elif isinstance(one.returns, str):
        seen.take(entity_named(one.returns), found)
    return found


def endpoint_of(method: str, path: str) -> Endpoint:
    """The row of the route table; addresses without parameters come first."""
    found = [
        one
        for one in endpoints()
        if one.method == method and re.fullmatch(re.sub(r"{[^{}]+}", "[^/]+", one.path.replace(".", r"\.")), path)
    ]
    return min(found, key=lambda one: "{" in one.path)


async def read_everything(seen: Seen, rich: Rich, api: Client, *, only: str = "") -> None:
    """GET whatever can be got, with every id."""
    for one in endpoints():
        if one.method == "GET" and one.produces == "application/json" and only in one.path:
            for number in rich.of(one.path) or ["1"]:
                await ask(seen, api, "GET", re.sub(r"{[^{}]+}", number, one.path, count=1))
    url = (await api.get(f"{STATUSES}/{rich.ids[f'{STATUSES}/'][1]}")).json()["url"]
    for query in QUERIES if not only else ():
        await ask(seen, api, "GET", f"/api/{query.format(bea=rich.bea.id, boss=rich.boss.id, url=url)}")


async def tell_everybody(rich: Rich) -> None:
    """What the office says of itself."""
    now = utc_now()
    status = (await rich.office.api(rich.ada).get(f"{STATUSES}/{rich.ids[f'{STATUSES}/'][1]}")).json()
    async with rich.office.services.database.unit_of_work() as unit:
        await make_announcement(unit, f"See {status['url']}", starts_at=now, ends_at=now + timedelta(days=1))
        await add_rule(unit, "Be kind.", "Criticise work, not people.")
        for name in ("extended_description", "privacy_policy", "terms_of_service"):
            await set_document(unit, name, "We care")


async def meet(rich: Rich, bob: Person) -> None:
    """Somebody of another office writes, and ada sees it; somebody new likes what ada wrote."""
    there, here = bob.office.api(bob), rich.office.api(rich.ada)
    (found,) = (await here.get("/api/v2/search", q=f"@{bob.acct}", resolve=True)).json()["accounts"]
    await made(here, f"/api/v1/accounts/{found['id']}/follow")
    await run_until_idle(rich.office, bob.office)
    await made(there, STATUSES, {"status": "A wall", "media_ids": [await uploaded(there)]})
    await run_until_idle(rich.office, bob.office)
    rich.ids["/api/v1/accounts/"].append(found["id"])
    rich.ids[f"{ADMIN}/accounts/"].append(found["id"])
    for person in (await rich.office.create_person("dot"), rich.bea):
        await made(rich.office.api(person), f"{STATUSES}/{rich.ids[f'{STATUSES}/'][1]}/favourite")


async def write(seen: Seen, rich: Rich) -> None:
    """What takes writing to be seen."""
    ada, bea, cal = (rich.office.api(one) for one in (rich.ada, rich.bea, rich.cal))
    first, plain, *_, quote, _ = rich.ids[f"{STATUSES}/"]
    later = {"status": "x", "scheduled_at": (utc_now() + timedelta(days=1)).isoformat()}
    poll = {"options": ["a", "b"], "expires_in": 600, "hide_totals": True}
    await ask(seen, ada, "POST", STATUSES, {"status": "Secret", "poll": poll})
    await ask(seen, ada, "POST", STATUSES, {**later, "in_reply_to_id": first, "quoted_status_id": first})
    await ask(seen, bea, "POST", STATUSES, later)
    again = await ask(seen, bea, "POST", STATUSES, {"status": "Again", "quoted_status_id": quote})
    await ask(seen, ada, "POST", f"{STATUSES}/{first}/quotes/{quote}/revoke")
    await ask(seen, bea, "GET", f"{STATUSES}/{again['id']}")
    for given in ({"keywords_attributes": [{"keyword": "Read"}]}, {}):
        context = {"title": "f", "context": ["home", "thread", "public"], **given}
        found = await ask(seen, bea, "POST", "/api/v2/filters", context)
    await ask(seen, bea, "POST", f"/api/v2/filters/{found['id']}/statuses", {"status_id": first})
    for number in (first, plain):
        await ask(seen, bea, "GET", f"{STATUSES}/{number}")
    await ask(seen, ada, "POST", "/api/v1/tertulia/import", {"kind": "blocks", "file": "x@y.example\n"})
    await ask(seen, ada, "POST", "/api/v1/featured_tags", {"name": "unheard"})
    await ask(
        seen, ada, "POST", "/api/v1/push/subscription", PushService(origin="https://push.example").asked(alerts={})
    )
    await ask(seen, ada, "POST", f"/api/v1/accounts/{rich.boss.id}/mute", {})
    await ask(seen, ada, "GET", "/api/v1/mutes")
    await ask(seen, ada, "POST", "/api/v1/reports", {"account_id": rich.cal.id, "category": "violation"})
    for path in ("preferences", "accounts/verify_credentials"):
        await ask(seen, bea, "GET", f"/api/v1/{path}")
    async with rich.office.services.database.unit_of_work() as unit:
        await unit.session.execute(
            update(Attachment)
            .where(Attachment.id == int(rich.ids["/api/v1/media/"][0]))
            .values(state=PROCESSING, preview_key=None, blurhash=None, description=None)
        )
    await ask(seen, ada, "GET", f"/api/v1/media/{rich.ids['/api/v1/media/'][0]}")
    form = aiohttp.FormData()
    for name in ("avatar", "header"):
        form.add_field(name, png(), filename="a.png", content_type="image/png")
    await ask(seen, ada, "PATCH", "/api/v1/profile", form)
    for status in (await cal.get(f"/api/v1/accounts/{rich.cal.id}/statuses")).json():
        await ask(seen, cal, "DELETE", f"{STATUSES}/{status['id']}")
    await ask(seen, ada, "GET", "/api/v1/notifications/requests")


async def look_after(seen: Seen, rich: Rich) -> None:
    """What members, moderators and strangers see of communities."""
    ada, cal, boss = (rich.office.api(one) for one in (rich.ada, rich.cal, rich.boss))
    garden, guild = rich.ids["/api/v1/communities/"]
    path = f"/api/v1/communities/{garden}"
    (report,) = rich.ids["community reports"]
    for act in ("resolve", "reopen"):
        await ask(seen, ada, "POST", f"{path}/reports/{report}/{act}")
    await ask(seen, ada, "PUT", f"{path}/members/{rich.bea.id}", {"role": "publisher"})
    await ask(seen, ada, "GET", f"{path}/log")
    for number in (garden, guild):
        await ask(seen, cal, "GET", f"/api/v1/communities/{number}")
    await ask(seen, boss, "GET", "/api/v1/communities/invitations")
    await ask(seen, boss, "GET", f"/api/v1/communities/{guild}")
    async with rich.office.services.database.unit_of_work() as unit:
        await unit.session.execute(
            update(Community).where(Community.account_id == int(guild)).values(default_for="network")
        )
    await ask(seen, ada, "POST", f"/api/v1/communities/{guild}/archive")
    later = {"status": "x", "scheduled_at": (utc_now() + timedelta(days=1)).isoformat(), "community_id": garden}
    await ask(seen, ada, "POST", STATUSES, later)
    await ask(seen, ada, "GET", f"{STATUSES}/{rich.ids['community posts'][0]}")


async def sign_in(seen: Seen, rich: Rich) -> None:
    """Applications, their tokens, and what is posted with them."""
    stranger = rich.office.api()
    app = {"client_name": "A", "redirect_uris": "https://a.example/"}
    await ask(seen, stranger, "POST", "/api/v1/apps", app)
    await ask(seen, stranger, "POST", "/api/v1/apps", {**app, "website": "https://a.example"})
    await ask(seen, stranger, "POST", "/oauth/token", {"grant_type": "nothing"})
    for scopes, website in (("read write", "https://a.example"), ("read write offline_access", None)):
        client = await register(rich.office, scopes=scopes, website=website)
        body = {
            "grant_type": "authorization_code", "code": await client.code(rich.ada, scope=scopes),
            "client_id": client.id, "client_secret": client.secret, "redirect_uri": client.redirect_uri,
            "code_verifier": VERIFIER,
        }  # fmt: skip
        token = await ask(seen, stranger, "POST", "/oauth/token", body)
        api = rich.office.api(token["access_token"])
        await ask(seen, api, "GET", "/oauth/userinfo")
        await ask(seen, api, "GET", "/api/v1/apps/verify_credentials")
        await ask(seen, api, "POST", STATUSES, {"status": "By an app"})
    later = {"status": "x", "scheduled_at": (utc_now() + timedelta(days=1)).isoformat()}
    assert (await api.post(STATUSES, later, headers={"Idempotency-Key": "k"})).status == 200
    await ask(seen, api, "GET", "/api/v1/scheduled_statuses")


async def merge_tags(seen: Seen, boss: Client) -> None:
    """What stewards do, and how complete a hashtag is then."""
    first, second, *_ = await ask(seen, boss, "GET", f"{ADMIN}/tags")
    for verb, given in (("merge", {"into": second["name"]}), ("subscribe", None), ("unsubscribe", None)):
        await ask(seen, boss, "POST", f"{ADMIN}/tags/{first['id']}/{verb}", given)
    for name in (first["name"], "neverused"):
        await ask(seen, boss, "GET", f"/api/v1/tertulia/tags/{name}")
    await ask(seen, boss, "POST", f"{ADMIN}/tags/{first['id']}/unmerge")


async def moderate(seen: Seen, rich: Rich) -> None:
    """What moderators see, and what becomes of cal and of those who have to do with him."""
    boss = rich.office.api(rich.boss)
    await merge_tags(seen, boss)
    boss, ada, cal = (rich.office.api(one) for one in (rich.boss, rich.ada, rich.cal))
    days = {"start_at": "2026-11-01", "end_at": "2026-11-03"}
    for what, keys in (("measures", MEASURES), ("dimensions", DIMENSIONS), ("retention", ())):
        subjects = {key: {"domain": "a.example", "id": "1"} for key in keys if key.startswith(("tag", "instance"))}
        await ask(seen, boss, "POST", f"{ADMIN}/{what}", {**days, **subjects, "keys": list(keys)})
    (report,) = rich.ids[f"{ADMIN}/reports/"]
    for act in ("assign_to_self", "resolve"):
        await ask(seen, boss, "POST", f"{ADMIN}/reports/{report}/{act}")
    for version in ("v1", "v2"):
        await ask(seen, boss, "GET", f"/api/{version}/notifications")
    block = {"domain": "worse.example", "private_comment": "Because"}
    for more in ({}, {}, {"severity": "silence"}):
        await ask(seen, boss, "POST", f"{ADMIN}/domain_blocks", {**block, **more})
    peer = (await ask(seen, boss, "GET", f"{ADMIN}/peers"))[0]["id"]
    rules = {"visibilities": ["public"], "topics": ["calidad"], "communities": [], "inbound_per_minute": 900,
             "outbound_per_minute": 900}  # fmt: skip
    await ask(seen, boss, "PUT", f"{ADMIN}/peers/{peer}/policy", rules)
    await ask(seen, boss, "PUT", f"{ADMIN}/peers/{peer}/policy", dict.fromkeys(rules))
    await ask(seen, boss, "GET", f"{ADMIN}/peers/{peer}/health")
    await ask(seen, boss, "POST", "/api/v1/tertulia/aliases", {"acct": "cal"})
    await ask(seen, cal, "POST", "/api/v1/tertulia/move", {"acct": "boss"})
    for act in ("silence", "suspend"):
        await ask(seen, boss, "POST", f"{ADMIN}/accounts/{rich.cal.id}/action", {"type": act, "text": "Be kind"})
        await ask(seen, ada, "GET", f"/api/v1/accounts/{rich.cal.id}")
        await ask(seen, cal, "GET", "/api/v1/notifications")
        await ask(seen, cal, "GET", "/api/v2/notifications")
    bob = await ask(seen, ada, "GET", f"/api/v1/accounts/{rich.ids['/api/v1/accounts/'][-1]}")
    await ask(seen, ada, "POST", "/api/v1/domain_blocks", {"domain": bob["acct"].partition("@")[2]})
    await rich.office.run_until_idle()
    for version in ("v1", "v2"):
        await ask(seen, ada, "GET", f"/api/{version}/notifications")
