"""Remote pictures under our roof: what is shown, what is refused, who may ask, and that it is fetched once."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from aiohttp import web
from PIL import Image

from models.office import CachedFile
from server.housekeeping import Housekeeper
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.graph import count
from tests.media_files import jpeg_with_position, moving_gif, png, sound
from tests.outbox.test_uploads import stored_files
from tests.peers import Answer, Office

SCRIPT = b"<script>alert(1)</script>"


class Elsewhere:
    """A web server that isn't ours. `gate` holds answers back until it is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.signed: list[bool] = []
        self.arrived = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.files: dict[str, tuple[bytes, str]] = {
            "/photo.jpg": (jpeg_with_position() + SCRIPT, "image/jpeg"),
            "/lying": (png(), "text/html"),
            "/moving.gif": (moving_gif(), "image/gif"),
            "/tone.wav": (sound(), "audio/wav"),
            "/page.png": (b"<!doctype html>" + SCRIPT, "image/png"),
            "/drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>", "image/svg+xml"),
            "/note.json": (b'{"type": "Note"}', "application/activity+json"),
            "/broken.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 600, "image/png"),
            "/huge.mp3": (b"ID3\x04" + b"\0" * 45_000_000, "audio/mpeg"),
        }
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.signed.append("Signature" in request.headers)
        self.arrived.set()
        await self.gate.wait()
        if request.path == "/inside":
            raise web.HTTPFound("http://169.254.169.254/latest/meta-data")
        if request.path == "/around":
            raise web.HTTPFound("/photo.jpg")
        if request.path not in self.files:
            return web.Response(status=404)
        body, content_type = self.files[request.path]
        return web.Response(body=body, content_type=content_type)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.41:{self.port}"


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    made = Elsewhere()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.41", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    made.gate.set()
    await runner.cleanup()


async def shown(office: Office, url: str, **headers: str) -> Answer:
    return await office.get(office.services.media_addresses.proxied(url), headers=headers)


async def test_a_remote_picture_is_made_anew_and_kept(office: Office, elsewhere: Elsewhere, clock: Clock) -> None:
    url = f"{elsewhere.origin}/photo.jpg"
    for _ in range(2):
        answer = await shown(office, url)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert b"SECRET" not in answer.body
        assert SCRIPT not in answer.body
        assert Image.open(BytesIO(answer.body)).size == (64, 48)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert elsewhere.asked == ["/photo.jpg"]
    assert (await shown(office, f"{elsewhere.origin}/around")).status == 200
    assert (await shown(office, f"{elsewhere.origin}/lying")).headers["Content-Type"] == "image/png"
    assert (await shown(office, f"{elsewhere.origin}/moving.gif")).headers["Content-Type"] == "image/webp"
    tone = await shown(office, f"{elsewhere.origin}/tone.wav", Range="bytes=0-3")
    assert (tone.status, tone.body, tone.headers["Content-Type"]) == (206, b"RIFF", "audio/wav")
    assert elsewhere.signed == [False] * len(elsewhere.signed)  # no peer of ours


async def test_peers_are_asked_with_our_signature_and_suspended_ones_are_not_shown(
    office: Office, elsewhere: Elsewhere
) -> None:
    host = elsewhere.origin.removeprefix("http://")
    await office.confirm(host)
    assert (await shown(office, f"{elsewhere.origin}/photo.jpg")).status == 200
    assert elsewhere.signed == [True]
    await office.suspend(host)
    assert (await shown(office, f"{elsewhere.origin}/photo.jpg")).status == 404
    assert (await shown(office, f"{elsewhere.origin}/lying")).status == 404
    assert elsewhere.asked == ["/photo.jpg"]


@pytest.mark.parametrize(
    "path", ["/page.png", "/drawing.svg", "/note.json", "/broken.png", "/huge.mp3", "/inside", "/x"]
)
async def test_what_is_no_picture_sound_or_film_is_not_shown(
    office: Office, elsewhere: Elsewhere, path: str, clock: Clock
) -> None:
    for _ in range(2):
        answer = await shown(office, elsewhere.origin + path)
        assert answer.status == 404
        assert SCRIPT not in answer.body
    assert elsewhere.asked == [path]  # a failure is remembered for a while
    assert stored_files(office) == []
    clock.advance(minutes=20)
    await shown(office, elsewhere.origin + path)
    assert elsewhere.asked == [path] * 2


async def test_only_addresses_that_we_gave_are_fetched(
    office: Office, open_office: OpenOffice, elsewhere: Elsewhere
) -> None:
    url = f"{elsewhere.origin}/photo.jpg"
    encoded = urlsafe_b64encode(url.encode()).rstrip(b"=").decode()
    other = await open_office("lisbon")
    signature = other.services.media_addresses.proxied(url).split("/")[-2]
    ours = office.services.media_addresses.proxied(f"{elsewhere.origin}/lying").split("/")[-2]
    for forged in (signature, ours, "A" * 22, "", "x", "é", "A" * 5_000):
        assert (await office.get(f"/proxy/media/{forged}/{encoded}")).status == 404
    assert (await office.get(f"/proxy/media/{ours}/%ff%fe")).status == 404
    assert elsewhere.asked == []
    addresses = office.services.media_addresses
    assert addresses.proxied(f"{office.origin}/media/x.png") == f"{office.origin}/media/x.png"
    for inside in ("http://169.254.169.254/", "http://10.0.0.1/x.png", "ftp://x.test/a", "file:///etc/passwd", "x", ""):
        assert (await shown(office, inside)).status == 404
    assert (await shown(office, f"http://127.0.0.1:{office.port}/instance/thumbnail.png")).status == 404


async def test_many_who_ask_at_once_cause_one_fetch(office: Office, elsewhere: Elsewhere) -> None:
    elsewhere.gate.clear()
    asking = [asyncio.create_task(shown(office, f"{elsewhere.origin}/photo.jpg")) for _ in range(5)]
    await elsewhere.arrived.wait()
    elsewhere.gate.set()
    assert [answer.status for answer in await asyncio.gather(*asking)] == [200] * 5
    assert elsewhere.asked == ["/photo.jpg"]
    assert await count(office, CachedFile) == 1


async def test_the_cache_forgets_what_is_old_or_too_much(
    open_office: OpenOffice, elsewhere: Elsewhere, clock: Clock
) -> None:
    office = await open_office("madrid", media_cache_size_mb="16", media_cache_days="3")
    sweep = Housekeeper(office.services, retention_days=30).run_once
    await shown(office, f"{elsewhere.origin}/photo.jpg")
    await shown(office, f"{elsewhere.origin}/lying")
    await shown(office, f"{elsewhere.origin}/x")
    clock.advance(days=2)
    await shown(office, f"{elsewhere.origin}/lying")  # is looked at again
    await sweep()
    assert await count(office, CachedFile) == 2  # the failure was forgotten
    clock.advance(days=2)
    await sweep()
    assert (await count(office, CachedFile), len(stored_files(office))) == (1, 1)
    async with office.services.database.unit_of_work() as unit:
        for number in range(3):  # as if films of 10 MiB had come
            unit.session.add(
                CachedFile(url=f"http://big.test/{number}", storage_key=f"{number:032x}.mp4", media_type="video/mp4",
                           size_bytes=10_485_760, fetched_at=unit.now, used_at=clock())
            )  # fmt: skip
    await sweep()
    async with office.services.database.reading() as session:
        assert await session.get(CachedFile, "http://big.test/2") is not None
        assert await session.get(CachedFile, "http://big.test/1") is None
    assert stored_files(office) == []


async def test_pictures_for_who_has_none(office: Office) -> None:
    addresses = office.services.addresses
    for address, size in (
        (addresses.default_avatar, (400, 400)),
        (addresses.default_header, (1500, 500)),
        (addresses.instance_thumbnail, (1200, 630)),
    ):
        answer = await office.get(address)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
        assert Image.open(BytesIO(answer.body)).size == size
