"""Files in a bucket: the same store, the same answers, ranges included; and what happens when it fails."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from content.bucket import BucketStorage
from content.media import MediaMissing, MediaStore
from content.storage import StorageFailed
from server.settings import SettingsError, load_settings
from tests.content.bucket_server import BucketServer, bucket_server
from tests.fixtures_offices import OpenOffice
from tests.media_files import files_below, png
from tests.outbox.clients import upload


@pytest.fixture
async def bucket() -> AsyncIterator[BucketServer]:
    async with bucket_server() as server:
        yield server


async def test_files_rest_in_the_bucket_and_nowhere_else(bucket: BucketServer, tmp_path: Path) -> None:
    storage = BucketStorage(bucket.settings())
    store = MediaStore(tmp_path, storage=storage)
    media = await store.store_upload(png((30, 20)), "image/png")
    assert sorted(bucket.objects) == sorted(f"/office-files/{key}" for key in media.keys)
    assert files_below(tmp_path) == []
    file = await store.open(media.key)
    data = b"".join([chunk async for chunk in file.stored.read()])
    assert (file.path, file.media_type, file.size_bytes) == (None, "image/png", len(data))
    assert Image.open(BytesIO(data)).size == (30, 20)
    assert b"".join([chunk async for chunk in file.stored.read(2, 4)]) == data[2:6]
    await store.remove(*media.keys, "0" * 32 + ".png")
    assert bucket.objects == {}
    with pytest.raises(MediaMissing):
        await store.open(media.key)
    storage.close()


async def test_a_bucket_that_fails_or_refuses_us_leaves_nothing_behind(bucket: BucketServer, tmp_path: Path) -> None:
    for storage in (BucketStorage(bucket.settings("wrong")), BucketStorage(bucket.settings())):
        store = MediaStore(tmp_path, storage=storage)
        bucket.fails = bucket.refused > 0
        with pytest.raises(StorageFailed) as failure:
            await store.store_upload(png(), "image/png")
        assert "wrong" not in str(failure.value)
        with pytest.raises(StorageFailed):
            await store.open("0" * 32 + ".png")
        storage.close()
    assert bucket.refused > 0
    assert bucket.objects == {}
    assert files_below(tmp_path) == []


async def test_an_office_serves_from_its_bucket(bucket: BucketServer, open_office: OpenOffice, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(bucket.secret_key + "\n")
    office = await open_office(
        "madrid", media_storage="s3", s3_endpoint=bucket.origin, s3_bucket="office-files", s3_region="eu-test-1",
        s3_access_key=bucket.access_key, s3_secret_key_file=str(secret),
    )  # fmt: skip
    alice = await office.create_person("alice")
    url = (await upload(alice, png((30, 20)), shell={"type": "Image"})).json["url"]
    whole = await office.get(url)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "image/png")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    assert Image.open(BytesIO(whole.body)).size == (30, 20)
    size = len(whole.body)
    for asked, first, last in (
        ("bytes=2-5", 2, 5),
        (f"bytes={size - 3}-", size - 3, size - 1),
        ("bytes=-4", size - 4, size - 1),
    ):
        part = await office.get(url, headers={"Range": asked})
        assert (part.status, part.headers["Content-Range"]) == (206, f"bytes {first}-{last}/{size}")
        assert part.body == whole.body[first : last + 1]
    for asked in (f"bytes={size}-", "bytes=9-2", "lines=1-2"):
        assert (await office.get(url, headers={"Range": asked})).status in (200, 416)
    assert (await office.get("/media/" + "0" * 32 + ".png")).status == 404
    bucket.fails = True
    assert (await office.get(url)).status == 503


def test_a_bucket_needs_a_name() -> None:
    with pytest.raises(SettingsError, match="TERTULIA_S3_BUCKET is missing"):
        load_settings(None, {"TERTULIA_DOMAIN": "madrid.localhost:1", "TERTULIA_MEDIA_STORAGE": "s3"})
    with pytest.raises(SettingsError, match="S3_SECRET_KEY_FILE can't be read"):
        load_settings(
            None,
            {"TERTULIA_DOMAIN": "madrid.localhost:1", "TERTULIA_MEDIA_STORAGE": "s3", "TERTULIA_S3_BUCKET": "x",
             "TERTULIA_S3_SECRET_KEY_FILE": "/nowhere/secret"},
        )  # fmt: skip
