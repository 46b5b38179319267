"""Profiles and hashtags, from here and elsewhere, whatever people call themselves."""

from urllib.parse import unquote

import pytest
from aiohttp.test_utils import make_mocked_request

from federation.serving.answers import not_found
from models.accounts import Account
from models.relations import Block
from models.statuses import Status
from models.visibility import Visibility
from outbox.profile import publish_account_deletion
from outbox.statuses import publish_deletion
from server.passwords import hash_password, is_password
from server.users import get_user, suspend_user
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person
from tests.remote_peers import RemoteServer
from tests.web.browser import Browser
from tests.web.writing import boost, counted_statements, remote_account, remote_status, say
from web.routes import web_pages

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "' onmouseover='alert(1)",
    "\u202egnp.exe",
    "javascript:alert(1)",
    "&lt;b&gt;",
]


async def rename(office: Office, person: Person, name: str) -> None:
    async with office.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, person.id)
        account.display_name = name
        account.note_html = "<p>Tea</p>"
        account.fields = [{"name": name, "value": "<p>x</p>"}]


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_text(office: Office, browser: Browser, ana: Person, bruno: Person, name: str) -> None:
    await rename(office, bruno, name)
    status = await say(bruno, name, summary=name)
    await boost(ana, status)
    for path in ("/@bruno", "/", f"/@bruno/{status.id}", "/find?q=bruno", f"/@bruno/{status.id}?<script>"):
        page = await browser.show(path)
        assert " ".join(name.split()) in page.text
        assert "<script" not in page.html


async def test_a_profile_shows_who_somebody_is(office: Office, browser: Browser, bruno: Person) -> None:
    await rename(office, bruno, "Bruno")
    status = await say(bruno, "one post")
    for path in ("/@bruno", "/@BRUNO", f"/@bruno@{office.domain}", f"/users/{bruno.id}"):
        page = await browser.show(path)
        assert page.posts == [f"s{status.id}"]
        assert "1 post" in page.text
        assert f"@bruno@{office.domain}" in page.text


async def test_an_empty_profile_says_so(browser: Browser, bruno: Person) -> None:
    assert "Nothing written yet" in (await browser.show("/@bruno")).text
    assert "Introduce yourself" in (await browser.show("/@ana")).text


async def test_following_and_unfollowing(office: Office, browser: Browser, bruno: Person) -> None:
    await browser.show("/@bruno")
    answer = await browser.press(f"/accounts/{bruno.id}/follow")
    assert answer.headers["Location"] == "/@bruno"
    assert "1 follower" in (await browser.show("/@bruno")).text
    await browser.press(f"/accounts/{bruno.id}/unfollow")
    assert "0 followers" in (await browser.show("/@bruno")).text


async def test_who_blocked_us_can_not_be_followed(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    async with office.services.database.unit_of_work() as unit:
        unit.session.add(Block(id=unit.new_id(), account_id=bruno.id, target_id=ana.id, created_at=unit.now))
    await say(bruno, "behind a wall")
    page = await browser.show("/@bruno")
    assert page.posts == []
    assert (await browser.press(f"/accounts/{bruno.id}/follow")).status == 403


async def test_people_of_other_offices_have_a_page_here(office: Office, browser: Browser) -> None:
    note = '<p>Hi <a href="https://evil.test/x" class="mention">@ana</a></p>'
    joao = await remote_account(office, display_name="João", note_html=note, avatar_url="https://lisbon.test/a.png")
    status = await remote_status(office, joao, "<p>Olá</p>")
    page = await browser.show("/@joao@lisbon.test")
    assert page.posts == [f"s{status.id}"]
    assert "(evil.test)" in page.text.replace("( ", "(").replace(" )", ")")
    assert page.all("a", href=joao.url)
    assert page.all("img") == []


async def test_pinned_posts_come_first(office: Office, browser: Browser, bruno: Person) -> None:
    pinned, newer = await say(bruno, "pinned"), await say(bruno, "newer")
    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Status, pinned.id)).pinned_at = unit.now
    assert (await browser.show("/@bruno")).posts == [f"p{pinned.id}", f"s{newer.id}", f"s{pinned.id}"]


@pytest.mark.parametrize(
    "path", ["/@nobody", "/@nobody@lisbon.test", "/@ana@", "/@ana@/", "/@a@b@c", "/@ana@bad host", "/users/77"]
)
async def test_there_is_nobody_of_that_name(browser: Browser, path: str) -> None:
    assert (await browser.get(path.replace(" ", "%20"))).status == 404


async def test_who_left_is_gone_and_who_is_suspended_hidden(office: Office, browser: Browser, bruno: Person) -> None:
    carla = await office.create_person("carla")
    async with office.services.database.unit_of_work() as unit:
        await publish_account_deletion(office.services, unit, await unit.session.get_one(Account, bruno.id))
        await suspend_user(unit, await get_user(unit.session, "carla"))
    assert (await browser.get("/@bruno")).status == 410
    assert (await browser.get("/@carla")).status == 404
    assert (await browser.get(f"/users/{carla.id}")).status == 404


@pytest.mark.parametrize("path", ["/@{0}", "/users/{0}", "/tags/{0}"])
async def test_20_and_40_posts_cost_the_same(office: Office, browser: Browser, bruno: Person, path: str) -> None:
    path = path.format({"/@{0}": "bruno", "/users/{0}": bruno.id, "/tags/{0}": "tea"}[path])
    costs = []
    for _ in range(2):
        for number in range(20):
            await say(bruno, f"@ana #tea {number}")
        with counted_statements(office.services.database) as statements:
            page = await browser.show(path)
        costs.append((len(page.posts), len(statements)))
    assert [posts for posts, _ in costs] == [20, 40]
    assert costs[0][1] == costs[1][1] <= 14


async def test_a_hashtag_gathers_what_is_public(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    public = await say(bruno, "#Calidad matters")
    await say(bruno, "#calidad in secret", Visibility.UNLISTED)
    for path in ("/tags/calidad", "/tags/CALIDAD", "/tags/Calidad"):
        page = await browser.show(path)
        assert page.posts == [f"s{public.id}"]
        assert "#Calidad" in page.text


async def test_an_unused_hashtag_is_an_empty_shelf(browser: Browser) -> None:
    assert "Nobody has written about #nothing yet" in (await browser.show("/tags/nothing")).text
    assert (await browser.get("/tags/not%20a%20tag")).status == 404
    assert (await browser.get("/tags/%3Cscript%3E")).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/@ana",
        "/@nobody",
        "/users/{id}",
        "/@ana/{status}",
        "/users/{id}/statuses/{status}",
        "/tags/tea",
        "/@x@lisbon.test",
    ],
)
async def test_a_closed_office_shows_strangers_one_page(guest: Browser, ana: Person, path: str) -> None:
    status = await say(ana, "A secret about #tea")
    page = await guest.show(path.format(id=ana.id, status=status.id))
    assert "This is for colleagues" in page.text
    assert "secret" not in page.html
    assert "García" not in page.html
    (link,) = [a for a in page.all("a") if a["href"].startswith("/sign-in?next=")]
    assert unquote(link["href"]) == f"/sign-in?next={path.format(id=ana.id, status=status.id)}"


async def test_an_open_office_shows_strangers_what_is_public(open_office: OpenOffice) -> None:
    office = await open_office("madrid", federation="open")
    ana = await office.create_person("ana", display_name="Ana")
    status = await say(ana, "Hello world #tea")
    guest = Browser(office)
    for path in ("/@ana", f"/users/{ana.id}", "/tags/tea"):
        page = await guest.show(path)
        assert page.posts == [f"s{status.id}"]
        assert page.all("button") == []


@pytest.mark.parametrize("path", ["/", "/@ana", "/users/{id}", "/tags/tea", "/sign-in", "/@nobody"])
async def test_no_cache_keeps_a_page(guest: Browser, browser: Browser, ana: Person, path: str) -> None:
    for one in (guest, browser):
        answer = await one.get(path.format(id=ana.id))
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "Accept" in answer.headers["Vary"]
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'")
        assert "frame-ancestors 'none'; base-uri 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_servers_still_get_activitystreams(office: Office, ana: Person) -> None:
    answer = await office.get(f"/users/{ana.id}")
    assert answer.headers["Content-Type"] == "application/activity+json"
    assert answer.json["id"] == ana.uri


async def test_servers_that_were_given_a_page_are_led_to_the_object(
    office: Office, ana: Person, remote: RemoteServer
) -> None:
    status = await say(ana)
    carol = await remote.actor("carol")
    for path, uri in ((f"{office.origin}/@ana", ana.uri), (f"{office.origin}/@ana/{status.id}", status.uri)):
        answer = await carol.get(path)
        assert (answer.status, answer.headers["Location"]) == (303, uri)
        assert "Accept" in answer.headers["Vary"]
        assert (await carol.get(uri)).json["id"] == uri
    assert (await carol.get(f"{office.origin}/@nobody")).status == 404
    await remote_account(office)
    assert (await carol.get(f"{office.origin}/@joao@lisbon.test")).status == 404


async def test_what_was_deleted_is_told_apart_where_the_address_is_that_of_servers(
    office: Office, browser: Browser, guest: Browser, ana: Person
) -> None:
    status = await say(ana)
    async with office.services.database.unit_of_work() as unit:
        author, row = await unit.session.get_one(Account, ana.id), await unit.session.get_one(Status, status.id)
        await publish_deletion(office.services, unit, author, row)
    pages = web_pages(office.services, is_password=is_password, hash_password=hash_password).federation
    headers = {"Cookie": f"tertulia_session={browser.cookies['tertulia_session']}"}
    refused = not_found()
    for path, status_code in ((f"/users/{ana.id}/statuses/{status.id}", 410), (f"/users/{ana.id}/statuses/1", 404)):
        assert (await pages.refused(make_mocked_request("GET", path, headers=headers), refused)).status == status_code
        assert (await pages.refused(make_mocked_request("GET", path), refused)).status == 200
