"""Pictures of profiles and emoji: cropped to their place, small, harmless."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from content.media import MediaRefused, MediaStore
from content.pictures import PictureKind, store_emoji, store_picture
from tests.media_files import files_below, film, jpeg_with_position, moving_gif, needs_ffmpeg, png, sound


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path)


async def opened(store: MediaStore, key: str) -> Image.Image:
    path = (await store.open(key)).path
    assert path is not None
    data = path.read_bytes()
    assert b"SECRET" not in data
    return Image.open(BytesIO(data))


@pytest.mark.parametrize(
    ("data", "kind", "size", "extension"),
    [
        (jpeg_with_position((1_000, 600)), PictureKind.AVATAR, (400, 400), "jpg"),
        (png((100, 60)), PictureKind.AVATAR, (60, 60), "jpg"),
        (png((900, 900), mode="RGBA"), PictureKind.AVATAR, (400, 400), "png"),
        (moving_gif(size=(64, 64)), PictureKind.AVATAR, (64, 64), "png"),
        (png((3_000, 2_000)), PictureKind.HEADER, (1_500, 500), "jpg"),
        (png((300, 300)), PictureKind.HEADER, (300, 100), "jpg"),
    ],
)
async def test_a_picture_fits_its_place(
    store: MediaStore, data: bytes, kind: PictureKind, size: tuple[int, int], extension: str
) -> None:
    key = await store_picture(store, data, kind)
    image = await opened(store, key)
    assert image.size == size
    assert getattr(image, "n_frames", 1) == 1
    if extension == "jpg":
        assert key.endswith(".jpg")


async def test_an_emoji_is_small_and_has_a_still_form(store: MediaStore) -> None:
    key, static = await store_emoji(store, png((300, 200), mode="RGBA"), "image/png")
    assert key == static
    assert (await opened(store, key)).size == (128, 85)
    key, static = await store_emoji(store, moving_gif(size=(200, 200)), "image/gif")
    moving, still = await opened(store, key), await opened(store, static)
    assert (moving.size, getattr(moving, "n_frames", 1)) == ((128, 128), 3)
    assert (still.size, getattr(still, "n_frames", 1)) == ((128, 128), 1)


async def test_only_pictures_of_a_size_are_taken(store: MediaStore, tmp_path: Path) -> None:
    for data in (sound(), b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 600, b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 9_000_000):
        with pytest.raises(MediaRefused):
            await store_picture(store, data, PictureKind.AVATAR)
    with pytest.raises(MediaRefused, match="256 KiB"):
        await store_emoji(store, b"\x89PNG\r\n\x1a\n" + b"\0" * 300_000)
    assert files_below(tmp_path) == []


@needs_ffmpeg
async def test_a_film_is_no_picture(store: MediaStore) -> None:
    with pytest.raises(MediaRefused, match="has to be an image"):
        await store_picture(store, film(), PictureKind.HEADER)
