"""Pictures of a fixed use: of a profile, cropped to their place, and custom emoji.

Made from what was checked and encoded anew (`content.images`). A picture of a profile doesn't move, whatever was
uploaded: it stands beside every post (WCAG 2.2.2), and its static form is itself. An emoji may move and has a still
form besides.

On failure: MediaRefused, with a sentence for the uploader.
"""

from collections.abc import AsyncIterable
from enum import Enum
from pathlib import Path

from content.media import MediaStore
from content.media_limits import AVATAR_SIZE, EMOJI_BYTES, HEADER_SIZE, PICTURE_BYTES

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
        source, declared_type, lambda path, media_type: _cropped(path, media_type, kind.value), PICTURE_BYTES
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


# Pillow comes with `content.cropping`, in the thread that needs it: an office carries it from its first picture on.


def _cropped(path: Path, media_type: str, most: tuple[int, int]) -> Made:
    from content.cropping import cropped

    return [cropped(path, media_type, most)]


def _emoji(path: Path, media_type: str) -> Made:
    from content.cropping import emoji

    return emoji(path, media_type)
