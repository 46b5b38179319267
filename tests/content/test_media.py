"""Uploads: only what we take is stored, images are made anew, and no name from outside becomes a path."""

import struct
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from content.media import SERVING_HEADERS, MediaMissing, MediaRefused, MediaStore
from content.media_types import EXTENSIONS, agreed_type, detect

SCRIPT = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media", max_image_bytes=2_000_000, max_media_bytes=3_000_000)


def picture(name: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    output = BytesIO()
    Image.new(mode, size, 120).save(output, name, **options)
    return output.getvalue()


def animation(name: str, frames: int = 3, size: tuple[int, int] = (32, 32)) -> bytes:
    output = BytesIO()
    pictures = [Image.new("L", size) for _ in range(frames)]
    for index, frame in enumerate(pictures):
        frame.putpixel((index % size[0], index // size[0] % size[1]), 255)  # encoders merge frames that look the same
    first, *rest = pictures
    first.save(output, name, save_all=True, append_images=rest, duration=100, loop=0)
    return output.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 5000))
        + chunk(b"IEND", b"")
    )


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("data", "declared", "kept"),
    [
        (picture("JPEG"), "image/jpeg", "image/jpeg"),
        (picture("PNG"), "image/png", "image/png"),
        (picture("PNG", "RGBA"), "image/png", "image/png"),
        (picture("PNG", "P"), "image/png", "image/png"),
        (picture("PNG", "I;16"), "image/png", "image/png"),
        (picture("JPEG", "CMYK"), "image/jpeg", "image/jpeg"),
        (picture("WEBP"), "image/webp", "image/webp"),
        (picture("GIF", "P"), "image/gif", "image/png"),
        (picture("JPEG"), "image/png", "image/jpeg"),
        (picture("PNG"), "application/octet-stream", "image/png"),
        (picture("PNG"), "", "image/png"),
        (picture("PNG"), "IMAGE/PNG; charset=binary", "image/png"),
        (animation("GIF"), "image/gif", "image/webp"),
        (animation("WEBP"), "image/webp", "image/webp"),
        (animation("PNG"), "image/png", "image/webp"),
    ],
)
async def test_image_is_stored_as_what_it_is(store: MediaStore, data: bytes, declared: str, kept: str) -> None:
    media = await store.store_upload(data, declared, "photo.png")
    assert media.media_type == kept
    file = await store.open(media.key)
    stored = file.path.read_bytes()
    assert (file.media_type, file.size_bytes, media.size_bytes) == (kept, len(stored), len(stored))
    with Image.open(file.path) as image:
        image.load()
        assert (media.width, media.height) == image.size
    assert media.key.endswith("." + EXTENSIONS[kept])


async def test_animation_keeps_its_frames(store: MediaStore) -> None:
    media = await store.store_upload(animation("GIF", frames=4), "image/gif")
    with Image.open((await store.open(media.key)).path) as image:
        assert getattr(image, "n_frames", 1) == 4


async def test_everything_but_pixels_is_stripped(store: MediaStore) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif[0x8825] = {1: "N", 2: (40.0, 25.0, 0.0), 29: "SECRET-DATE"}
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET comment")
    text.add_itxt("XML:com.adobe.xmp", "SECRET xmp")
    uploads = [
        picture("JPEG", exif=exif, comment=b"SECRET", icc_profile=b"SECRET profile", xmp=b"SECRET"),
        picture("PNG", exif=exif, pnginfo=text, icc_profile=b"SECRET profile"),
        picture("WEBP", exif=exif, xmp=b"SECRET", icc_profile=b"SECRET profile"),
        picture("GIF", "P", comment=b"SECRET"),
        picture("JPEG") + b"SECRET trailer",
    ]
    for data in uploads:
        assert b"SECRET" in data or b"PNG" in data
        media = await store.store_upload(data, "image/jpeg")
        stored = (await store.open(media.key)).path
        assert b"SECRET" not in stored.read_bytes()
        with Image.open(stored) as image:
            assert dict(image.getexif()) == {}
            assert not {"comment", "Comment", "icc_profile", "exif", "xmp"} & set(image.info)


async def test_metadata_of_animations_is_stripped(store: MediaStore) -> None:
    output = BytesIO()
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (1, 99)]
    frames[0].save(
        output,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        exif=b"Exif\0\0SECRET",
        xmp=b"SECRET",
        icc_profile=b"SECRET",
    )
    assert b"SECRET" in output.getvalue()
    media = await store.store_upload(output.getvalue(), "image/webp")
    assert b"SECRET" not in (await store.open(media.key)).path.read_bytes()


async def test_orientation_is_applied_before_it_is_stripped(store: MediaStore) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    media = await store.store_upload(picture("JPEG", size=(80, 40), exif=exif), "image/jpeg")
    assert (media.width, media.height) == (40, 80)


@pytest.mark.parametrize(
    "data",
    [
        picture("GIF", "P") + SCRIPT,
        picture("JPEG") + SCRIPT,
        picture("PNG") + b"PK\x03\x04" + SCRIPT,
        picture("JPEG", comment=SCRIPT),
    ],
)
async def test_polyglot_image_is_only_an_image_afterwards(store: MediaStore, data: bytes) -> None:
    media = await store.store_upload(data, "image/png", "x.html")
    assert b"script" not in (await store.open(media.key)).path.read_bytes()
    assert media.media_type.startswith("image/")


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        (SCRIPT, "text/html"),
        (SCRIPT, "image/png"),
        (b'{"type": "Note"}', "application/activity+json"),
        (b'{"type": "Note"}', "image/jpeg"),
        (b"just text", "text/plain"),
        (b"%PDF-1.7", "application/pdf"),
        (b"", "image/png"),
        (b"MZ\x90\x00", "application/octet-stream"),
        (b"\x00\x00\x00\x1cftypavif" + b"\0" * 100, "image/avif"),
        (b"\x1a\x45\xdf\xa3" + b"\0" * 20 + b"matroska", "video/x-matroska"),
        (picture("JPEG"), "text/html"),
        (picture("JPEG"), "application/activity+json"),
        (picture("JPEG"), "video/mp4"),
        (picture("BMP"), "image/bmp"),
        (picture("TIFF"), "image/tiff"),
        (picture("PNG")[:60], "image/png"),
        (picture("JPEG")[:200], "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 600, "image/png"),
        (b"GIF89a" + SCRIPT * 20, "image/gif"),
        (b"\xff\xd8\xff" + SCRIPT, "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 " + SCRIPT, "image/webp"),
    ],
)
async def test_what_we_do_not_take_is_refused_and_leaves_nothing(
    store: MediaStore, tmp_path: Path, data: bytes, declared: str
) -> None:
    with pytest.raises(MediaRefused) as refusal:
        await store.store_upload(data, declared, "x.png")
    assert refusal.value.detail
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "data",
    [
        png_header(30_000, 30_000),
        png_header(20_000, 100),
        png_header(10_000, 10_000),
        png_header(2**31 - 1, 2**31 - 1),
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\x80\x00\x00" + b"\0" * 6 + b"," + b"\0" * 600,
        b"RIFF\xff\xff\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\xff\xff\xff\xff\xff\xff" + b"\0" * 600,
    ],
    ids=["30000x30000", "wide", "10000x10000", "2^31", "gif", "webp"],
)
async def test_too_many_pixels_are_refused_before_decoding(store: MediaStore, tmp_path: Path, data: bytes) -> None:
    with pytest.raises(MediaRefused):
        await store.store_upload(data, "image/png")
    assert files(tmp_path) == []


async def test_animation_bomb_is_refused(store: MediaStore) -> None:
    for name in ("GIF", "WEBP", "PNG"):
        with pytest.raises(MediaRefused):
            await store.store_upload(animation(name, frames=301, size=(32, 32)), "image/gif")


async def test_large_image_is_scaled_down(store: MediaStore) -> None:
    media = await store.store_upload(picture("PNG", "L", size=(5_000, 4_000)), "image/png")
    assert media.width is not None
    assert media.height is not None
    assert media.width * media.height <= 3_840 * 2_160
    assert media.width / media.height == pytest.approx(1.25, rel=0.01)


@pytest.mark.parametrize(
    ("head", "declared", "kept"),
    [
        (b"\x00\x00\x00\x18ftypisom", "video/mp4", "video/mp4"),
        (b"\x00\x00\x00\x18ftypisom", "audio/mp4", "audio/mp4"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4", "audio/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x42\x82\x84webm", "video/webm", "video/webm"),
        (b"OggS" + b"\0" * 24 + b"\x01vorbis", "audio/ogg", "audio/ogg"),
        (b"OggS" + b"\0" * 24 + b"OpusHead", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mp3", "audio/mpeg"),
        (b"fLaC", "audio/flac", "audio/flac"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/x-wav", "audio/wav"),
    ],
)
async def test_sound_and_film_are_stored_as_they_are(store: MediaStore, head: bytes, declared: str, kept: str) -> None:
    data = head + b"\x01" * 1_000
    media = await store.store_upload(data, declared)
    assert (media.media_type, media.width, media.height) == (kept, None, None)
    assert (await store.open(media.key)).path.read_bytes() == data


async def test_stream_is_stored_whatever_its_pieces(store: MediaStore) -> None:
    data = b"ID3\x04" + bytes(range(256)) * 9_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 777):
            yield data[start : start + 777]

    media = await store.store_upload(pieces(), "audio/mpeg")
    assert (await store.open(media.key)).path.read_bytes() == data


async def test_endless_upload_is_cut_off(store: MediaStore, tmp_path: Path) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b"ID3\x04" + b"\0" * 600
        while True:
            taken += 65_536
            yield b"\0" * 65_536

    with pytest.raises(MediaRefused) as refusal:
        await store.store_upload(endless(), "audio/mpeg")
    assert refusal.value.is_too_large
    assert taken < 4_000_000
    assert files(tmp_path) == []


async def test_images_have_a_lower_limit(store: MediaStore) -> None:
    with pytest.raises(MediaRefused) as refusal:
        await store.store_upload(b"\x89PNG\r\n\x1a\n" + b"\0" * 2_000_001, "image/png")
    assert refusal.value.is_too_large


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil.html", "evil.html"),
        ("/absolute/photo.jpg", "photo.jpg"),
        ("x\x00.png", "x.png"),
        ("<b>x</b>.png", "b>.png"),
        ("", ""),
        ("..", ".."),
        ("a" * 5_000, "a" * 100),
        ("Foto año.jpg", "Foto año.jpg"),
    ],
)
async def test_file_name_never_becomes_a_path(store: MediaStore, tmp_path: Path, filename: str, name: str) -> None:
    media = await store.store_upload(picture("PNG"), "image/png", filename)
    assert media.name == name
    assert sorted(files(tmp_path)) == sorted([(await store.open(key)).path for key in media.keys])
    assert (await store.open(media.key)).path.is_relative_to(tmp_path / "media")


async def test_keys_are_never_the_same(store: MediaStore) -> None:
    keys = {(await store.store_upload(picture("PNG"), "image/png")).key for _ in range(5)}
    assert len(keys) == 5


@pytest.mark.parametrize(
    "key",
    ["", "..", "../secret", "incoming", "a" * 32, "a" * 32 + ".html", "a" * 32 + ".png\n", "A" * 32 + ".png",
     "../" + "a" * 29 + ".png", "a" * 32 + ".png/../../x", "a" * 32 + ".png"],
)  # fmt: skip
async def test_unknown_key_is_missing(store: MediaStore, key: str) -> None:
    with pytest.raises(MediaMissing):
        await store.open(key)
    await store.remove(key)


async def test_removed_file_is_missing(store: MediaStore) -> None:
    media = await store.store_upload(picture("PNG"), "image/png")
    await store.remove(media.key)
    await store.remove(media.key)
    with pytest.raises(MediaMissing):
        (await store.open(media.key))


def test_no_type_that_is_served_can_be_run_or_believed() -> None:
    assert SERVING_HEADERS["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in SERVING_HEADERS["Content-Security-Policy"]
    for media_type in EXTENSIONS:
        assert media_type.split("/")[0] in ("image", "audio", "video")
        assert "xml" not in media_type
        assert "json" not in media_type


def test_claim_and_bytes_must_be_of_one_kind() -> None:
    assert detect(b"ID3\x04") == "audio/mpeg"
    assert agreed_type("audio/mpeg", "audio/mpeg") == "audio/mpeg"
    assert agreed_type("audio/webm", "video/webm") == "audio/webm"
    assert agreed_type("video/mp4", "audio/mpeg") is None
    assert agreed_type("image/png", "video/mp4") is None
