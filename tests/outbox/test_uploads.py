"""uploadMedia and the files themselves: what is taken, how it is served, and to whom it belongs (cases O32, N19)."""

from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image
from sqlalchemy import select

from models.statuses import Attachment
from tests.fixtures_offices import OpenOffice
from tests.graph import count
from tests.media_files import sound
from tests.outbox.clients import done, post, post_form, read, refused, upload, written
from tests.peers import Office, Person, run_until_idle
from tests.remote_peers import PUBLIC


def png(size: tuple[int, int] = (8, 4)) -> bytes:
    output = BytesIO()
    Image.new("RGB", size, "teal").save(output, "PNG")
    return output.getvalue()


@pytest.fixture
async def alice(office: Office) -> Person:
    return await office.create_person("alice")


async def uploaded(person: Person, **shell: Any) -> dict[str, Any]:
    answer = await upload(person, png(), shell={"type": "Image", **shell})
    assert answer.status == 201, answer.text
    document: dict[str, Any] = answer.json
    return document


def stored_files(office: Office) -> list[Path]:
    return [path for path in office.settings.media_dir.rglob("*") if path.is_file()]


async def test_an_upload_is_kept_described_and_served_safely(office: Office, alice: Person) -> None:
    answer = await upload(alice, png(), shell={"type": "Image", "name": "A teal field", "focalPoint": [0.5, -0.5]})
    assert answer.status == 201
    document = answer.json
    assert answer.headers["Location"] == document["id"]
    assert await read(alice, document["id"]) == document
    assert (document["type"], document["mediaType"], document["name"]) == ("Image", "image/png", "A teal field")
    assert (document["width"], document["height"], document["focalPoint"]) == (8, 4, [0.5, -0.5])
    assert document["url"].startswith(f"{office.origin}/media/")
    served = await office.get(document["url"])  # by anybody who has the address, without a signature
    assert served.status == 200
    assert served.headers["Content-Type"] == "image/png"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in served.headers["Content-Security-Policy"]
    assert Image.open(BytesIO(served.body)).size == (8, 4)


@pytest.mark.parametrize(
    ("file", "content_type", "filename"),
    [
        (b'{"id":"https://office.test/1","type":"Note"}', "application/activity+json", "evil.json"),
        (b'{"type":"Note"}', "image/png", "evil.png"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", "evil.svg"),
        (b"<!doctype html><script>1</script>", "text/html", "evil.html"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 600, "image/png", "broken.png"),
        (png(), "video/mp4", "liar.mp4"),
        (b"", "image/png", "empty.png"),
    ],
)  # fmt: skip
async def test_what_a_server_or_a_browser_could_take_for_ours_is_refused(
    office: Office, alice: Person, file: bytes, content_type: str, filename: str
) -> None:
    answer = await upload(alice, file, content_type=content_type, filename=filename, shell={"type": "Image"})
    assert answer.status == 422, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert await count(office, Attachment) == 0
    assert stored_files(office) == []


@pytest.mark.parametrize(
    "shell",
    [
        {"type": "Note", "content": "x"},
        {"type": "Person", "inbox": "https://mal.test/inbox"},
        {"type": "Image", "publicKeyPem": "-----BEGIN"},
        b"{",
        b"[]",
        b"\xff",
    ],
)
async def test_an_upload_with_a_bad_description_leaves_no_file(
    office: Office, alice: Person, shell: dict[str, Any] | bytes
) -> None:
    answer = await upload(alice, png(), shell=shell)
    assert answer.status == 400, answer.text
    assert await count(office, Attachment) == 0
    assert stored_files(office) == []


async def test_forms_that_are_none_are_refused(office: Office, alice: Person) -> None:
    url = f"{alice.uri}/uploadMedia"
    assert (await office.post(url, b"{}", token=alice)).status == 415
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await office.request("POST", url, b"nothing", token=alice, headers=headers)).status == 400
    headers = {"Content-Type": "multipart/form-data"}
    assert (await office.request("POST", url, b"nothing", token=alice, headers=headers)).status == 400
    two = aiohttp.FormData()
    for _ in range(2):
        two.add_field("file", png(), filename="a.png", content_type="image/png")
    assert (await post_form(alice, url, two)).status == 400
    none = aiohttp.FormData({"object": "{}"})
    none.add_field("other", b"x", filename="x")
    assert (await post_form(alice, url, none)).status == 400
    huge = aiohttp.FormData()
    huge.add_field("object", b"{" + b" " * 70_000 + b"}", filename="o", content_type="application/json")
    assert (await post_form(alice, url, huge)).status == 413
    assert stored_files(office) == []


async def test_a_file_may_be_larger_than_an_activity(open_office: OpenOffice) -> None:
    small = await open_office("small", max_body_bytes="16384")
    alice = await small.create_person("alice")
    answer = await upload(alice, sound(10), content_type="audio/x-wav", filename="../../hello.wav")
    assert answer.status == 201, answer.text
    assert answer.json["type"] == "Audio"
    assert len((await small.get(answer.json["url"])).body) > 100_000


async def test_only_the_owner_uploads_and_sees_what_was_uploaded(office: Office, alice: Person) -> None:
    bob = await office.create_person("bob")
    assert (await upload(alice, png(), token=bob)).status == 403
    document = await uploaded(alice)
    assert (await office.get(document["id"], token=bob)).status == 403
    assert (await office.get(document["id"])).status == 401
    assert (await office.get(document["id"].replace(str(alice.id), str(bob.id)), token=bob)).status == 404
    for key in ("0" * 32 + ".png", "..%2f..%2ftertulia.db", "x"):
        assert (await office.get(f"/media/{key}")).status == 404


async def test_a_status_carries_its_authors_uploads_alone(office: Office, alice: Person) -> None:
    bob = await office.create_person("bob")
    first, second = await uploaded(alice, name="first"), await uploaded(alice)
    by_address = {"type": "Image", "url": second["url"], "name": "second"}
    for stolen in (first["url"], first["id"], "https://elsewhere.test/picture.png", f"{office.origin}/media/x.png"):
        files = [{"type": "Image", "url": stolen}]
        await refused(bob, {"type": "Note", "content": "look", "to": [PUBLIC], "attachment": files}, 400)
    note = await written(alice, "look", attachment=[by_address, first["id"]])
    assert [(file["url"], file["name"]) for file in note["attachment"]] == [
        (second["url"], "second"),
        (first["url"], "first"),
    ]
    assert (await post(alice, {"type": "Note", "attachment": first["id"], "to": [PUBLIC]})).status == 400  # used
    await done(alice, {"type": "Update", "object": {"id": note["id"], "content": "look again"}})
    assert len((await read(alice, note["id"]))["attachment"]) == 2
    await done(alice, {"type": "Update", "object": {"id": note["id"], "attachment": [first["id"]]}})
    assert [file["url"] for file in (await read(alice, note["id"]))["attachment"]] == [first["url"]]


async def test_a_picture_alone_is_a_status(alice: Person) -> None:
    picture = await uploaded(alice, name="field")
    note = await written(alice, "", attachment=[picture])
    assert note["attachment"][0]["url"] == picture["url"]
    other = await uploaded(alice)
    image = await done(alice, {"type": "Image", "name": "A title", "url": other["url"], "to": [PUBLIC]})
    document = await read(alice, image.removesuffix("/activity"))
    assert (document["type"], document["name"]) == ("Image", "A title")
    assert document["attachment"][0]["url"] == other["url"]


async def test_a_profile_shows_a_picture_that_its_owner_uploaded(office: Office, alice: Person) -> None:
    bob = await office.create_person("bob")
    picture = await uploaded(alice)
    icon = {"icon": {"type": "Image", "url": picture["url"]}}
    await refused(bob, {"type": "Update", "object": {"id": bob.uri, **icon}}, 400)
    await done(alice, {"type": "Update", "object": {"id": alice.uri, **icon}})
    await done(alice, {"type": "Update", "object": {"id": alice.uri, "name": "Alicia", **icon}})
    assert (await read(alice, alice.uri))["icon"]["url"] == picture["url"]
    assert (await office.get(picture["url"])).status == 200
    await done(alice, {"type": "Update", "object": {"id": alice.uri, "icon": None}})
    assert "icon" not in await read(alice, alice.uri)


async def test_a_file_crosses_to_another_office(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    alice, bob = await madrid.create_person("alice"), await lisbon.create_person("bob")
    picture = await uploaded(alice, name="field")
    note = await written(alice, "look", attachment=[picture], cc=[bob.uri])
    await run_until_idle(madrid, lisbon)
    async with lisbon.services.database.reading() as session:
        copy = (await session.scalars(select(Attachment))).one()
    assert (copy.remote_url, copy.description) == (picture["url"], "field")
    assert note["attachment"][0]["blurhash" if "blurhash" in picture else "url"]
