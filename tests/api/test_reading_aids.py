"""Mutes, blocks, domain blocks, followed and featured hashtags, bookmarks, favourites and markers through the API."""

from urllib.parse import quote

import pytest

from api.answers.accounts import AccountEntity, MutedAccountEntity
from api.answers.featured_tags import FeaturedTagEntity
from api.answers.markers import MarkersEntity
from api.answers.statuses import StatusEntity
from api.answers.trends import TrendTagEntity
from api.tags import pages
from policy.limits import FEATURED_TAGS
from server.housekeeping import Housekeeper
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.graph import follower_uris
from tests.peers import Client, Office, Person, run_until_idle


async def write(api: Client, text: str, **more: object) -> str:
    answer = await api.post("/api/v1/statuses", {"status": text, "visibility": "public", **more})
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


async def home(api: Client) -> list[str]:
    return [status["id"] for status in (await api.get("/api/v1/timelines/home")).json()]


async def cast(office: Office, *names: str) -> tuple[list[Client], list[Person]]:
    people = [await office.create_person(name) for name in names]
    return [office.api(person) for person in people], people


async def test_a_mute_hides_until_it_is_lifted_or_over(office: Office, clock: Clock) -> None:
    (ana, ben, eva), (_, ben_row, eva_row) = await cast(office, "ana", "ben", "eva")
    for person in (ben_row, eva_row):
        await ana.post(f"/api/v1/accounts/{person.id}/follow")
    first = await write(ben, "first @ana")
    shared = (await eva.post(f"/api/v1/statuses/{first}/reblog")).json()["id"]
    assert await home(ana) == [shared, first]
    assert (await ana.post(f"/api/v1/accounts/{ben_row.id}/mute", {"duration": 600})).status == 200
    second = await write(ben, "second")
    assert await home(ana) == []
    muted = check(MutedAccountEntity, (await ana.get("/api/v1/mutes")).json())
    assert [one["username"] for one in muted] == ["ben"]
    assert muted[0]["mute_expires_at"] is not None
    assert (await eva.get("/api/v1/mutes")).json() == []
    clock.advance(minutes=11)
    assert (await ana.get("/api/v1/mutes")).json() == []
    await Housekeeper(office.services, retention_days=1).run_once()
    assert await home(ana) == [second, first]
    await ana.post(f"/api/v1/accounts/{ben_row.id}/mute")
    assert (await ana.get("/api/v1/mutes")).json()[0]["mute_expires_at"] is None
    assert await home(ana) == []
    await ana.post(f"/api/v1/accounts/{ben_row.id}/unmute")
    assert await home(ana) == [second, first]
    assert (await office.api().get("/api/v1/mutes")).status == 401


async def test_follows_bring_the_languages_and_boosts_that_they_ask_for(office: Office) -> None:
    (ana, ben, eva), (_, ben_row, eva_row) = await cast(office, "ana", "ben", "eva")
    await ana.post(f"/api/v1/accounts/{ben_row.id}/follow", {"languages": ["es", "en"], "reblogs": False})
    await ana.post(f"/api/v1/accounts/{eva_row.id}/follow")
    spanish = await write(ben, "hola", language="es")
    await write(ben, "hallo", language="de")
    theirs = await write(eva, "hallo", language="de")
    await ben.post(f"/api/v1/statuses/{theirs}/reblog")
    assert await home(ana) == [theirs, spanish]


async def test_blocked_accounts_are_listed_for_who_blocked_them(office: Office) -> None:
    (ana, ben), (_, ben_row) = await cast(office, "ana", "ben")
    await ana.post(f"/api/v1/accounts/{ben_row.id}/block")
    assert [one["username"] for one in check(AccountEntity, (await ana.get("/api/v1/blocks")).json())] == ["ben"]
    assert (await ben.get("/api/v1/blocks")).json() == []


async def test_blocking_a_domain_ends_follows_there_and_here_and_hides_its_people(
    two_offices: tuple[Office, Office],
) -> None:
    madrid, lisbon = two_offices
    ana, bea = await madrid.create_person("ana"), await lisbon.create_person("bea")
    here, there = madrid.api(ana), lisbon.api(bea)
    found = (await here.get("/api/v2/search", q=f"@{bea.acct}", resolve=True)).json()["accounts"][0]
    seen = (await there.get("/api/v2/search", q=f"@{ana.acct}", resolve=True)).json()["accounts"][0]
    await here.post(f"/api/v1/accounts/{found['id']}/follow")
    await there.post(f"/api/v1/accounts/{seen['id']}/follow")
    await run_until_idle(madrid, lisbon)
    await write(there, "hello")
    await run_until_idle(madrid, lisbon)
    assert len(await home(here)) == 1
    path = "/api/v1/domain_blocks"
    preview = await here.get(f"{path}/preview", domain=lisbon.domain)
    assert preview.json() == {"following_count": 1, "followers_count": 1}
    assert (await here.post(path, {"domain": lisbon.domain.upper()})).status == 200
    assert (await here.post(path, {"domain": lisbon.domain})).status == 200
    assert (await here.get(path)).json() == [lisbon.domain]
    assert await home(here) == []
    assert (await here.get("/api/v1/timelines/public")).json() == []
    await run_until_idle(madrid, lisbon)
    for office, uri in ((madrid, ana.uri), (madrid, bea.uri), (lisbon, ana.uri), (lisbon, bea.uri)):
        assert await follower_uris(office, uri) == []
    await there.post(f"/api/v1/accounts/{seen['id']}/follow")
    await run_until_idle(madrid, lisbon)
    assert await follower_uris(madrid, ana.uri, state="accepted") == []
    assert await follower_uris(madrid, ana.uri, state="pending") == []
    for wrong in ("not a domain", "", madrid.domain, "x" * 300):
        assert (await here.post(path, {"domain": wrong})).status == 422
    assert (await here.delete(path, {"domain": lisbon.domain})).status == 200
    assert (await here.get(path)).json() == []
    assert len((await here.get("/api/v1/timelines/public")).json()) == 1


@pytest.mark.parametrize("name", ["Größe", "हिन्दी"])
async def test_a_followed_hashtag_brings_public_posts_home(office: Office, name: str) -> None:
    (ana, ben, eva), (_, _, eva_row) = await cast(office, "ana", "ben", "eva")
    path = f"/api/v1/tags/{quote(name)}"
    unknown = check(TrendTagEntity, (await ana.get(path)).json())
    assert (unknown["following"], unknown["featuring"]) == (False, False)
    assert check(TrendTagEntity, (await ana.post(f"{path}/follow")).json())["following"] is True
    assert (await ana.post(f"{path}/follow")).status == 200
    await ana.post(f"/api/v1/accounts/{eva_row.id}/mute")
    wanted = await write(ben, f"about #{name}")
    await write(ben, f"about #{name}, but not for all", visibility="unlisted")
    await write(ben, "about nothing")
    await write(eva, f"muted, about #{name}")
    assert await home(ana) == [wanted]
    tag = (await ben.get(path)).json()
    assert (tag["history"][0]["uses"], tag["history"][0]["accounts"], tag["following"]) == ("2", "2", False)
    followed = check(TrendTagEntity, (await ana.get("/api/v1/followed_tags")).json())
    assert [(one["following"], one["history"]) for one in followed] == [(True, tag["history"])]
    assert (await ana.post(f"{path}/unfollow")).json()["following"] is False
    await write(ben, f"more #{name}")
    assert await home(ana) == [wanted]
    assert (await ana.get("/api/v1/followed_tags")).json() == []


async def test_what_is_no_hashtag_is_not_found(office: Office) -> None:
    (ana,), _ = await cast(office, "ana")
    for name in ("12", "a%20b", "%23", "a" * 400, "a%2Fb"):
        assert (await ana.get(f"/api/v1/tags/{name}")).status == 404
        assert (await ana.post(f"/api/v1/tags/{name}/follow")).status == 404
    assert (await office.api().post("/api/v1/tags/x/follow")).status == 401


async def test_featured_hashtags_are_shown_on_the_profile_and_to_other_servers(office: Office) -> None:
    (ana, ben), (ana_row, _) = await cast(office, "ana", "ben")
    await write(ana, "#Calidad and #compras")
    await write(ana, "#calidad")
    await write(ben, "#calidad")
    suggested = check(TrendTagEntity, (await ana.get("/api/v1/featured_tags/suggestions")).json())
    assert [one["name"] for one in suggested] == ["calidad", "compras"]
    made = check(FeaturedTagEntity, (await ana.post("/api/v1/featured_tags", {"name": "#Calidad"})).json())
    assert (made["statuses_count"], made["last_status_at"] is None) == ("2", False)
    assert check(TrendTagEntity, (await ana.post("/api/v1/tags/nuevo/feature")).json())["featuring"] is True
    mine = check(FeaturedTagEntity, (await ana.get("/api/v1/featured_tags")).json())
    assert [(one["name"], one["statuses_count"]) for one in mine] == [("calidad", "2"), ("nuevo", "0")]
    assert (await ben.get(f"/api/v1/accounts/{ana_row.id}/featured_tags")).json() == mine
    assert [one["name"] for one in (await ana.get("/api/v1/featured_tags/suggestions")).json()] == ["compras"]
    assert (await ben.delete(f"/api/v1/featured_tags/{made['id']}")).status == 404
    assert (await ana.delete(f"/api/v1/featured_tags/{made['id']}")).status == 200
    assert (await ana.post("/api/v1/tags/nuevo/unfeature")).json()["featuring"] is False
    assert (await ana.get("/api/v1/featured_tags")).json() == []
    answers = [(await ana.post("/api/v1/featured_tags", {"name": f"t{n}"})).status for n in range(FEATURED_TAGS + 1)]
    assert answers == [200] * FEATURED_TAGS + [422]
    assert (await ana.post("/api/v1/featured_tags", {"name": "a b"})).status == 422


@pytest.mark.parametrize(("kind", "action"), [("bookmarks", "bookmark"), ("favourites", "favourite")])
async def test_bookmarks_and_favourites_are_paged_by_when_they_were_made(
    office: Office, kind: str, action: str
) -> None:
    (ana, ben), _ = await cast(office, "ana", "ben")
    made = [await write(ben, str(number)) for number in range(40)]
    for status_id in reversed(made):
        assert (await ana.post(f"/api/v1/statuses/{status_id}/{action}")).status == 200
    first = await ana.get(f"/api/v1/{kind}", limit=15)
    second = await ana.get(first.links["next"])
    assert [one["id"] for one in [*check(StatusEntity, first.json()), *second.json()]] == made[:30]
    assert (await ana.get(second.links["prev"])).json() == first.json()
    assert (await ben.get(f"/api/v1/{kind}")).json() == []
    costs = []
    for limit in (20, 40, 20, 40):
        with counted(office) as statements:
            assert len((await ana.get(f"/api/v1/{kind}", limit=limit)).json()) == limit
        costs.append(len(statements))
    assert costs[2] == costs[3]
    await ana.post(f"/api/v1/statuses/{made[0]}/un{action}")
    await ben.delete(f"/api/v1/statuses/{made[1]}")
    assert [one["id"] for one in (await ana.get(f"/api/v1/{kind}", limit=1)).json()] == [made[2]]


async def test_markers_are_kept_by_timeline_and_count_their_versions(office: Office) -> None:
    (ana, ben), _ = await cast(office, "ana", "ben")
    path = "/api/v1/markers"
    assert (await ana.get(path)).json() == {}
    saved = check(MarkersEntity, (await ana.post(path, {"home": {"last_read_id": "103"}})).json())
    assert (saved["home"]["last_read_id"], saved["home"]["version"]) == ("103", 1)
    form = b"home[last_read_id]=104&notifications[last_read_id]=7"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    both = check(MarkersEntity, (await ana.post(path, form, headers=headers)).json())
    assert {name: (one["last_read_id"], one["version"]) for name, one in both.items()} == {
        "home": ("104", 2), "notifications": ("7", 1),
    }  # fmt: skip
    assert (await ana.get(path, timeline=["home", "notifications", "other"])).json() == both
    assert (await ana.get(f"{path}?timeline=home")).json() == {"home": both["home"]}
    assert (await ben.get(path, timeline=["home"])).json() == {}
    assert (await ana.post(path, {"home": {"last_read_id": "x"}})).status == 422
    assert (await ana.post(path, {})).json() == {}


async def test_the_use_of_a_hashtag_is_counted_from_its_newest_posts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ana, ben), _ = await cast(office, "ana", "ben")
    for author in (ana, ben, ben):
        await write(author, "about #quality")
    path = "/api/v1/tags/quality"
    today = (await ana.get(path)).json()["history"][0]
    assert (today["uses"], today["accounts"]) == ("3", "2")
    monkeypatch.setattr(pages, "LOOKED_AT", 2)
    office.services.database.kept.clear()
    today = (await ana.get(path)).json()["history"][0]
    assert (today["uses"], today["accounts"]) == ("2", "1")
