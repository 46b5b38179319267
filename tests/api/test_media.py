"""Uploads for posts: taken, made harmless, described, processed, attached, thrown away; and what is refused."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import Image

from api.answers.media import MediaEntity
from content.media_limits import DESCRIPTION_CHARACTERS
from models.statuses import Attachment
from server.housekeeping import Housekeeper
from tests.api.contract import check
from tests.conftest import Clock
from tests.graph import count
from tests.media_files import film, jpeg_with_position, moving_gif, needs_ffmpeg, png, sound
from tests.outbox.test_uploads import stored_files
from tests.peers import ApiAnswer, Office, Person, run_until_idle

V1, V2 = "/api/v1/media", "/api/v2/media"


@pytest.fixture
async def ana(office: Office) -> Person:
    return await office.create_person("ana")


async def upload(
    person: Person,
    file: bytes | None,
    *,
    path: str = V2,
    method: str = "POST",
    content_type: str = "image/png",
    filename: str = "file.png",
    thumbnail: bytes | None = None,
    **texts: str,
) -> ApiAnswer:
    form = aiohttp.FormData(texts)
    if file is not None:
        form.add_field("file", file, filename=filename, content_type=content_type)
    if thumbnail is not None:
        form.add_field("thumbnail", thumbnail, filename="small.png", content_type="image/png")
    if not texts and file is None and thumbnail is None:
        form.add_field("nothing", "")
    form.add_field("last", "", content_type="text/plain")
    return await person.office.api(person).call(method, path, form)


async def uploaded(person: Person, file: bytes, **options: Any) -> dict[str, Any]:
    answer = await upload(person, file, **options)
    assert answer.status == 200, answer.body
    entity: dict[str, Any] = check(MediaEntity, answer.json())
    return entity


async def test_a_photo_is_ready_at_once_without_where_it_was_taken(office: Office, ana: Person) -> None:
    entity = await uploaded(
        ana, jpeg_with_position((1_300, 900)), content_type="image/jpeg", description=" A wall ", focus="0.5,-2"
    )
    assert (entity["type"], entity["description"]) == ("image", "A wall")
    assert entity["meta"]["original"] == {"width": 1300, "height": 900, "size": "1300x900", "aspect": 1300 / 900}
    assert (entity["meta"]["small"]["width"], entity["meta"]["focus"]) == (640, {"x": 0.5, "y": -1.0})
    assert 6 < len(entity["blurhash"]) < 100
    for address, size in ((entity["url"], (1300, 900)), (entity["preview_url"], (640, 443))):
        served = await office.get(address, headers={"Range": "bytes=0-99999999"})
        assert (served.status, served.headers["Content-Type"]) == (206, "image/jpeg")
        assert served.headers["X-Content-Type-Options"] == "nosniff"
        assert served.headers["Access-Control-Allow-Origin"] == "*"
        assert "sandbox" in served.headers["Content-Security-Policy"]
        assert served.headers["Content-Disposition"] == "inline"
        image = Image.open(BytesIO(served.body))
        assert image.size == size
        assert dict(image.getexif()) == {}
        assert b"SECRET" not in served.body
    part = await office.get(entity["url"], headers={"Range": "bytes=2-5"})
    assert (part.status, len(part.body)) == (206, 4)
    again = await office.api(ana).get(f"{V1}/{entity['id']}")  # masto.js asks after every upload
    assert (again.status, again.json()) == (200, entity)


async def test_an_upload_is_described_and_gets_another_thumbnail_until_it_is_attached(
    office: Office, ana: Person
) -> None:
    entity = await uploaded(ana, png((40, 20)))
    path = f"{V1}/{entity['id']}"
    changed = (await office.api(ana).put(path, {"description": "A field", "focus": "0,1"})).json()
    assert (changed["description"], changed["meta"]["focus"]) == ("A field", {"x": 0.0, "y": 1.0})
    answer = await upload(ana, None, path=path, method="PUT", thumbnail=png((10, 10), "red"))
    assert answer.status == 200, answer.body
    assert answer.json()["preview_url"] != entity["preview_url"]
    assert (answer.json()["url"], answer.json()["description"]) == (entity["url"], "A field")
    await office.run_until_idle()
    assert len(stored_files(office)) == 2  # the old thumbnail and the sent picture are gone
    status = (await office.api(ana).post("/api/v1/statuses", {"status": "", "media_ids": [entity["id"]]})).json()
    assert [one["id"] for one in status["media_attachments"]] == [entity["id"]]
    assert (await office.api(ana).put(path, {"description": "late"})).status == 404
    assert (await office.api(ana).get(path)).status == 404
    assert (await office.api(ana).delete(path)).status == 422


async def test_an_upload_belongs_to_who_uploaded_it(office: Office, ana: Person) -> None:
    mal = await office.create_person("mal")
    reader = await office.create_person("reader", scopes="read")
    entity = await uploaded(ana, png())
    path = f"{V1}/{entity['id']}"
    assert (await office.api(mal).get(path)).status == 404
    assert (await office.api(mal).put(path, {"description": "mine"})).status == 404
    assert (await office.api(mal).delete(path)).status == 404
    stolen = await office.api(mal).post("/api/v1/statuses", {"status": "look", "media_ids": [entity["id"]]})
    assert stolen.status == 422
    assert (await upload(reader, png())).status == 403
    assert (await office.api().post(V2, {})).status == 401
    assert (await office.api(ana).get(f"{V1}/{10**18}")).status == 404
    assert (await office.api(ana).delete(path)).status == 200
    await office.run_until_idle()
    assert stored_files(office) == []
    assert await count(office, Attachment) == 0


@pytest.mark.parametrize(
    ("file", "content_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
        (b"<!doctype html><script>1</script>", "image/png"),
        (b'{"type":"Note"}', "application/activity+json"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 600, "image/png"),
        # What only says that it is a film is found out by looking, which takes ffmpeg.
        pytest.param(
            b"\x00\x00\x00\x18ftypisom" + b"#EXTM3U\nfile:///etc/passwd\n" * 30, "video/mp4", marks=needs_ffmpeg
        ),
        (png(), "video/mp4"),
        (b"", "image/png"),
        (None, ""),
    ],
)  # fmt: skip
async def test_what_is_no_picture_sound_or_film_is_refused(
    office: Office, ana: Person, file: bytes | None, content_type: str
) -> None:
    answer = await upload(ana, file, path=V1, content_type=content_type, filename="../../../etc/passwd")
    assert answer.status == 422, answer.body
    assert answer.json()["error"].startswith("Validation failed: ")
    assert await count(office, Attachment) == 0
    assert stored_files(office) == []


async def test_a_refused_form_leaves_no_file(office: Office, ana: Person) -> None:
    assert (await upload(ana, png(), description="x" * (DESCRIPTION_CHARACTERS + 1))).status == 422
    assert (await upload(ana, png(), focus="here")).status == 422
    assert (await upload(ana, png(), focus="nan,0")).status == 422
    assert (await upload(ana, png(), thumbnail=b"<svg/>")).status == 422
    assert (await upload(ana, png(), thumbnail=sound())).status == 422
    api = office.api(ana)
    for headers in ({"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": "multipart/form-data"}):
        assert (await api.call("POST", V2, b"nothing", headers=headers)).status in (400, 422)
    assert (await api.post(V2, {"file": "text"})).status == 422
    huge = aiohttp.FormData({"description": "y" * 20_000})
    assert (await api.call("POST", V2, huge)).status in (413, 422)
    assert stored_files(office) == []


async def test_what_nobody_attaches_is_tidied_up_after_a_day(office: Office, ana: Person, clock: Clock) -> None:
    kept, forgotten = await uploaded(ana, png()), await uploaded(ana, png())
    await office.api(ana).post("/api/v1/statuses", {"status": "x", "media_ids": [kept["id"]]})
    sweep = Housekeeper(office.services, retention_days=30).run_once
    clock.advance(hours=23)
    await sweep()
    assert await count(office, Attachment) == 2
    clock.advance(hours=2)
    await sweep()
    await office.run_until_idle()
    assert (await office.api(ana).get(f"{V1}/{forgotten['id']}")).status == 404
    assert (await office.get(forgotten["url"])).status == 404
    assert (await office.get(kept["url"])).status == 200
    assert len(stored_files(office)) == 2


async def test_a_deleted_post_takes_its_files_with_it(office: Office, ana: Person) -> None:
    entity = await uploaded(ana, png())
    status = (await office.api(ana).post("/api/v1/statuses", {"status": "x", "media_ids": [entity["id"]]})).json()
    answer = await office.api(ana).delete(f"/api/v1/statuses/{status['id']}", delete_media=True)
    assert answer.status == 200, answer.body
    await office.run_until_idle()
    assert stored_files(office) == []


@needs_ffmpeg
async def test_a_film_is_processed_later_and_loses_what_it_says_about_its_maker(office: Office, ana: Person) -> None:
    answer = await upload(ana, film(), content_type="video/mp4", filename="film.mp4", description="A test")
    assert answer.status == 202
    waiting = check(MediaEntity, answer.json())
    assert (waiting["type"], waiting["url"], waiting["description"]) == ("video", None, "A test")
    path = f"{V1}/{waiting['id']}"
    polled = await office.api(ana).get(path)
    assert (polled.status, polled.json()["url"]) == (206, None)
    early = await office.api(ana).post("/api/v1/statuses", {"status": "x", "media_ids": [waiting["id"]]})
    assert early.status == 422
    await office.run_until_idle()
    ready = await office.api(ana).get(path)
    entity = check(MediaEntity, ready.json())
    original = entity["meta"]["original"]
    assert (ready.status, entity["type"], original["size"], original["frame_rate"]) == (200, "video", "64x48", "10/1")
    assert 0.8 < original["duration"] < 1.3
    served = await office.get(entity["url"])
    assert served.headers["Content-Type"] == "video/mp4"
    for secret in (b"SECRET", b"+40.4168", b"3.7038"):
        assert secret not in served.body
    assert Image.open(BytesIO((await office.get(entity["preview_url"])).body)).size == (64, 48)
    assert len(stored_files(office)) == 2  # the raw file is gone


@needs_ffmpeg
async def test_a_moving_gif_becomes_a_film_and_sound_is_measured(office: Office, ana: Person) -> None:
    gif = await uploaded(ana, moving_gif(), path=V1, content_type="image/gif", filename="cat.gif")
    assert (gif["type"], gif["url"][-4:], gif["meta"]["small"]["size"]) == ("gifv", ".mp4", "32x20")
    tone = await uploaded(ana, sound(), path=V1, content_type="audio/x-wav", filename="tone.wav")
    assert (tone["type"], tone["preview_url"]) == ("audio", None)
    assert tone["meta"]["original"]["duration"] == pytest.approx(0.5, abs=0.1)


@needs_ffmpeg
async def test_a_film_that_can_t_be_read_is_told_as_failed(office: Office, ana: Person) -> None:
    fake = b"\x00\x00\x00\x18ftypisom" + b"\x01" * 5_000
    waiting = await upload(ana, fake, content_type="video/mp4", filename="fake.mp4")
    assert waiting.status == 202
    await office.run_until_idle()
    assert (await office.api(ana).get(f"{V1}/{waiting.json()['id']}")).status == 422
    used = await office.api(ana).post("/api/v1/statuses", {"status": "x", "media_ids": [waiting.json()["id"]]})
    assert used.status == 422
    assert (await office.api(ana).delete(f"{V1}/{waiting.json()['id']}")).status == 200
    await office.run_until_idle()
    assert stored_files(office) == []


async def test_a_post_that_is_taken_back_to_be_rewritten_leaves_its_files(office: Office, ana: Person) -> None:
    entity = await uploaded(ana, png(), description="A field")
    api = office.api(ana)
    status = (await api.post("/api/v1/statuses", {"status": "x", "media_ids": [entity["id"]]})).json()
    assert (await api.delete(f"/api/v1/statuses/{status['id']}")).status == 200
    await office.run_until_idle()
    again = await api.post("/api/v1/statuses", {"status": "y", "media_ids": [entity["id"]]})
    assert [one["description"] for one in again.json()["media_attachments"]] == ["A field"]
    assert (await office.get(entity["url"])).status == 200


async def test_another_office_shows_the_picture_under_its_own_roof(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, bea = await madrid.create_person("ana"), await lisbon.create_person("bea")
    local = await uploaded(ana, jpeg_with_position((100, 50)), content_type="image/jpeg", description="A wall")
    text = f"@{bea.acct} look"
    await madrid.api(ana).post("/api/v1/statuses", {"status": text, "media_ids": [local["id"]], "visibility": "public"})
    await run_until_idle(madrid, lisbon)
    (mention,) = (await lisbon.api(bea).get("/api/v1/notifications")).json()
    (seen,) = check(MediaEntity, mention["status"]["media_attachments"])
    assert (seen["type"], seen["description"], seen["blurhash"]) == ("image", "A wall", local["blurhash"])
    assert (seen["meta"]["original"]["size"], seen["remote_url"]) == ("100x50", local["url"])
    assert seen["url"].startswith(f"{lisbon.origin}/proxy/media/")
    shown = await lisbon.get(seen["url"])
    assert Image.open(BytesIO(shown.body)).size == (100, 50)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x--\r\n",
        b"--x\r\n\r\n",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + png()[:30],
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + png() + b"\r\n--y",
        b"--x\r\n" + b"A" * 70_000 + b": b\r\n\r\n1\r\n--x--\r\n",
        b"--x\r\nno header at all\r\n\r\n1\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="description"\r\nContent-Length: -5\r\n\r\n1\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"\r\nContent-Length: 99999\r\n\r\n1\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="focus"\r\n\r\n\xff\xfe\r\n--x--\r\n',
        b"--x\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n\r\n\r\n--z--\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="file"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--',
        b'--x\r\nContent-Disposition: form-data; name="file"\r\nContent-Encoding: nonsense\r\n\r\n!!!!\r\n--x--\r\n',
    ],
)  # fmt: skip
async def test_broken_forms_are_refused_with_a_sentence(office: Office, ana: Person, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    endpoints = [("POST", V2), ("PUT", f"{V1}/1")]
    if b"filename" not in body:  # aiohttp forgets to close the file of a form that it gives up
        endpoints.append(("POST", "/api/v1/statuses"))
    for method, path in endpoints:
        answer = await office.api(ana).call(method, path, body, headers=headers)
        assert 400 <= answer.status < 500, (answer.status, answer.body)
        assert answer.json()["error"]
    assert stored_files(office) == []
