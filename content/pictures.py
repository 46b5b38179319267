"""Pictures of a fixed use: of a profile, cropped to their place, and custom emoji.

Made from what was checked and encoded anew (`content.images`). A picture of a profile doesn't move, whatever was
uploaded: it stands beside every post (WCAG 2.2.2), and its static form is itself. An emoji may move and has a still
form besides.

On failure: MediaRefused, with a sentence for the uploader.
"""

from collections.abc import AsyncIterable
from enum import Enum
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence

from content.images import encode_again
from content.media import MediaStore
from content.media_limits import AVATAR_SIZE, EMOJI_BYTES, EMOJI_SIDE, HEADER_SIZE, PICTURE_BYTES

_MODES_WITH_ALPHA = frozenset({"RGBA", "LA", "PA"})
Made = list[tuple[bytes, str]]


class PictureKind(Enum):
    """What a picture is for; its value is the largest (width, height)."""

    AVATAR = AVATAR_SIZE
    HEADER = HEADER_SIZE


async def store_picture(
    store: MediaStore, source: bytes | AsyncIterable[bytes], kind: PictureKind, declared_type: str = ""
) -> str:
    """Crop a picture to its place and keep it; its key. Raises MediaRefused and StorageFailed."""
    (key,) = await store.store_image(
        source, declared_type, lambda path, media_type: [_cropped(path, media_type, kind.value)], PICTURE_BYTES
    )
    return key


async def store_emoji(
    store: MediaStore, source: bytes | AsyncIterable[bytes], declared_type: str = ""
) -> tuple[str, str]:
    """Keep a custom emoji; its key, and that of its still form (the same when it doesn't move).

    Raises MediaRefused and StorageFailed.
    """
    keys = await store.store_image(source, declared_type, _emoji, EMOJI_BYTES)
    return keys[0], keys[-1]


def _cropped(path: Path, media_type: str, most: tuple[int, int]) -> tuple[bytes, str]:
    """The middle of a picture in the proportions of its place, never larger than it was."""
    with Image.open(BytesIO(encode_again(path, media_type).data)) as image:
        picture = _first_frame(image)
    scale = min(1.0, picture.width / most[0], picture.height / most[1])
    size = (max(1, round(most[0] * scale)), max(1, round(most[1] * scale)))
    return _still(ImageOps.fit(picture, size, Image.Resampling.LANCZOS))


def _emoji(path: Path, media_type: str) -> Made:
    with Image.open(BytesIO(encode_again(path, media_type).data)) as image:
        still = _first_frame(image)
        still.thumbnail((EMOJI_SIDE, EMOJI_SIDE), Image.Resampling.LANCZOS)
        first = _png(still)
        if getattr(image, "n_frames", 1) == 1:
            return [first]
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            small = frame.convert("RGBA")
            small.thumbnail((EMOJI_SIDE, EMOJI_SIDE))
            frames.append(small)
            durations.append(int(frame.info.get("duration", 100) or 100))
    output = BytesIO()
    frames[0].save(output, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=80)
    return [(output.getvalue(), "image/webp"), first]


def _first_frame(image: Image.Image) -> Image.Image:
    has_alpha = image.mode in _MODES_WITH_ALPHA or "transparency" in image.info
    picture = image.convert("RGBA" if has_alpha else "RGB")
    picture.info = {}
    return picture


def _still(picture: Image.Image) -> tuple[bytes, str]:
    if picture.mode == "RGBA":
        return _png(picture)
    output = BytesIO()
    picture.save(output, "JPEG", quality=88, optimize=True)
    return output.getvalue(), "image/jpeg"


def _png(picture: Image.Image) -> tuple[bytes, str]:
    output = BytesIO()
    picture.save(output, "PNG", optimize=True)
    return output.getvalue(), "image/png"
