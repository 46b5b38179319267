"""Feeds of topics: who gets one, what is in it, and that nothing of it can break the XML."""

from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from models.statuses import Tag
from tests.api.test_search import post
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person
from tests.web.browser import Browser, user_of
from web import timelines

ATOM = "{http://www.w3.org/2005/Atom}"


async def key_of(browser: Browser) -> str:
    await browser.show("/settings/feeds")
    await browser.send("/settings/feeds", act="make")
    return browser.page.all("input", id="feed-address")[0]["value"].partition("?key=")[2]


async def test_a_feed_holds_what_may_leave(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    api = office.api(bruno)
    nasty = "]]> <script>x</script> &amp; \x01 #calidad"
    await post(api, nasty, spoiler_text="Q&A ]]> all", language="es")
    for more in ({"visibility": "unlisted"}, {"visibility": "private"}, {"local_only": True}):
        await post(api, "hidden #calidad", **more)
    await post(api, "another #tema")
    key = await key_of(browser)
    rss = await office.get(f"/tags/calidad.rss?key={key}", accept="application/rss+xml")
    assert (rss.status, rss.headers["Content-Type"]) == (200, "application/rss+xml; charset=utf-8")
    channel = ElementTree.fromstring(rss.body).find("channel")
    assert channel is not None
    (item,) = channel.findall("item")
    assert item.findtext("title") == "Q&A ]]> all"
    content = item.findtext("description") or ""
    assert "&lt;script&gt;" in content
    assert "<script" not in content
    assert item.findtext("category") == "calidad"
    atom = await office.get(f"/tags/CALIDAD.atom?key={key}", accept="*/*")
    (entry,) = ElementTree.fromstring(atom.body).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Bruno Díaz (@bruno)"
    await office.api(ana).post(f"/api/v1/accounts/{bruno.id}/mute")
    assert b"<item>" not in (await office.get(f"/tags/calidad.rss?key={key}", accept="*/*")).body
    empty = await office.get(f"/tags/nobody.rss?key={key}", accept="*/*")
    assert (empty.status, b"<item>" in empty.body) == (200, False)
    archive = await browser.get("/tags/calidad/archive.zip")
    assert (archive.status, archive.body[:2]) == (200, b"PK")
    page = await browser.show("/tags/calidad")
    assert page.all("a", href="/tags/calidad.rss")


async def test_nobody_reads_a_feed_without_a_key_that_holds(
    office: Office, browser: Browser, guest: Browser, ana: Person
) -> None:
    await post(office.api(ana), "secret #calidad")
    first = await key_of(browser)
    second = await key_of(browser)
    refused = ["", "?key=", f"?key={first}", "?key=%00", f"?key={ana.token}"]
    for query in refused:
        answer = await office.get(f"/tags/calidad.rss{query}", accept="*/*")
        assert (answer.status, b"secret" in answer.body) == (401, False), query
    assert (await office.get(f"/tags/calidad.rss?key={second}", accept="*/*")).status == 200
    # A key opens feeds and nothing else.
    for path in (f"/tags/calidad?key={second}", f"/?key={second}"):
        assert "secret" not in (await guest.show(path)).text
    assert (await office.api(second).get("/api/v1/timelines/home")).status == 401
    assert (await guest.get(f"/tags/calidad/archive.zip?key={second}")).status == 303
    await browser.show("/settings/feeds")
    await browser.send("/settings/feeds", act="end")
    assert (await office.get(f"/tags/calidad.rss?key={second}", accept="*/*")).status == 401


async def test_who_may_not_sign_in_reads_no_feed(office: Office, browser: Browser, ana: Person) -> None:
    key = await key_of(browser)
    async with office.services.database.unit_of_work() as unit:
        (await user_of(unit.session, ana)).disabled_at = unit.now
    assert (await office.get(f"/tags/calidad.atom?key={key}", accept="*/*")).status == 401


async def test_in_an_open_network_strangers_read_what_is_public_and_ours(open_office: OpenOffice) -> None:
    office = await open_office("madrid", federation="open")
    ana = await office.create_person("ana")
    await post(office.api(ana), "for all #calidad")
    answer = await office.get("/tags/calidad.rss", accept="*/*")
    assert (answer.status, b"for all" in answer.body) == (200, True)
    assert (await office.get("/tags/calidad.rss?key=wrong", accept="*/*")).status == 401
    assert (await office.get("/tags/%20.rss", accept="*/*")).status == 404


async def test_a_topic_is_followed_from_its_page(office: Office, browser: Browser, ana: Person) -> None:
    api = office.api(ana)
    for text in ("#Innovación uno", "#Innovación dos", "#Neuheit"):
        await post(api, text)
    async with office.services.database.unit_of_work() as unit:
        tags = {tag.name: tag for tag in await unit.session.scalars(select(Tag))}
        tags["neuheit"].canonical_id = tags["innovacion"].id
    page = await browser.show("/tags/innovacion")
    assert "#Innovación" in page.text
    assert page.all("a", href="/tags/Neuheit")
    assert len(page.posts) == 3
    for action, is_followed in (("follow", True), ("follow", True), ("unfollow", False)):
        answer = await browser.send(f"/tags/Innovaci%C3%B3n/{action}")
        assert (answer.status, answer.headers["Location"]) == (303, "/tags/innovacion")
        assert (await api.get("/api/v1/tags/innovacion")).json()["following"] is is_followed
        await browser.show("/tags/innovacion")
    assert (await browser.send("/tags/%20/follow")).status == 404
    await office.run_until_idle()


async def test_a_stranger_has_the_newest_under_a_hashtag_looked_through_and_no_more(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await open_office("madrid", federation="open")
    ana = await office.create_person("ana")
    for number in range(4):
        await post(office.api(ana), f"#calidad {number}", visibility="public")
    feed = "/tags/calidad.rss"
    assert (await office.get(feed, accept="*/*")).body.count(b"<item>") == 4
    monkeypatch.setattr(timelines, "LOOKED_AT", 2)
    assert (await office.get(feed, accept="*/*")).body.count(b"<item>") == 2
