"""Preview cards of links: fetched after the post, within bounds, once a day; never from inside our network."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from api.answers.statuses import StatusEntity
from models.statuses import PreviewCard
from tests.api.contract import check
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.graph import count
from tests.media_files import png
from tests.peers import Office, Person

PAGE = '<title>A factory</title><meta property="og:image" content="/picture.png"><meta name="description" content="{}">'


class Site:
    """A web server of somebody else, on a loopback address; `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.origin = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        match request.path:
            case "/picture.png":
                return web.Response(body=png((30, 20)), content_type="image/png")
            case "/endless":
                response = web.StreamResponse(headers={"Content-Type": "text/html"})
                await response.prepare(request)
                await response.write(b"<title>Endless</title>")
                for _ in range(400):
                    await response.write(b"x" * 16_384)
                return response
            case "/text":
                return web.Response(text="<title>no page</title>", content_type="text/plain")
            case "/missing":
                return web.Response(status=404, text="<title>Not found</title>", content_type="text/html")
            case "/away":
                raise web.HTTPFound("http://127.77.0.1:1/")
            case "/moved":
                raise web.HTTPFound("/page")
        return web.Response(text=PAGE.format("x" * 9_000), content_type="text/html")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.40", 0)
    await listener.start()
    made.origin = f"http://127.0.0.40:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def madrid(open_office: OpenOffice) -> Office:
    return await open_office("madrid", link_previews="on", allowed_addresses="127.0.0.0/16")


@pytest.fixture
async def ana(madrid: Office) -> Person:
    return await madrid.create_person("ana")


async def posted(person: Person, text: str, **more: Any) -> dict[str, Any]:
    """What was posted, as it reads once the office has come to rest."""
    api = person.office.api(person)
    answer = await api.post("/api/v1/statuses", {"status": text, "visibility": "public", **more})
    assert answer.status == 200, answer.body
    await person.office.run_until_idle()
    read = await api.get(f"/api/v1/statuses/{answer.json()['id']}")
    status: dict[str, Any] = check(StatusEntity, read.json())
    return status


async def test_a_link_is_shown_with_title_and_picture_through_our_proxy(
    madrid: Office, ana: Person, site: Site, clock: Clock
) -> None:
    card = (await posted(ana, f"Look: {site.origin}/moved #x"))["card"]
    assert (card["title"], card["url"], card["type"]) == ("A factory", f"{site.origin}/moved", "link")
    assert (card["html"], len(card["description"]), card["provider_name"]) == ("", 500, "127.0.0.40")
    assert card["image"].startswith(f"{madrid.origin}/proxy/media/")
    assert (await madrid.get(card["image"])).headers["Content-Type"] == "image/png"
    assert not {"Cookie", "Signature", "Referer", "Authorization"} & set(site.headers[0])
    assert (await posted(ana, f"Again: {site.origin}/moved"))["card"] == card
    assert site.asked == ["/moved", "/page", "/picture.png"]  # once a day, whoever links to it
    clock.advance(hours=25)
    await posted(ana, f"Tomorrow: {site.origin}/moved")
    assert site.asked.count("/moved") == 2


async def test_hostile_pages_cost_little_and_give_no_card(madrid: Office, ana: Person, site: Site) -> None:
    assert (await posted(ana, f"{site.origin}/endless"))["card"]["title"] == "Endless"
    for path in ("text", "missing", "away"):
        assert (await posted(ana, f"{site.origin}/{path}"))["card"] is None
    for address in (
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://127.77.0.1:9/",
        "http://[::1]/",
    ):
        assert (await posted(ana, address))["card"] is None
    assert (await posted(ana, f"{madrid.origin}/@ana"))["card"] is None


async def test_what_is_between_two_people_is_not_looked_at(ana: Person, site: Site) -> None:
    assert (await posted(ana, f"{site.origin}/page", visibility="direct"))["card"] is None
    assert site.asked == []


async def test_previews_can_be_turned_off(open_office: OpenOffice, site: Site) -> None:
    lisbon = await open_office("lisbon", link_previews="off")
    bea = await lisbon.create_person("bea")
    assert (await posted(bea, f"{site.origin}/page"))["card"] is None
    assert site.asked == []
    assert await count(lisbon, PreviewCard) == 0
