"""Small pictures that stand for large ones: the thumbnail, and the blurhash shown while it loads.

Works on images of our own making or on single frames from ffmpeg, never on what came from outside. Runs in a worker
thread: the blurhash is computed in Python, from a copy of at most 24 pixels a side (a few milliseconds).
"""

from io import BytesIO
from pathlib import Path

import blurhash  # type: ignore[import-untyped]
from PIL import Image

from content.media_limits import PREVIEW_SIDE
from models.values import dataclass

_HASHED_SIDE = 24
_MODES_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})


@dataclass(frozen=True, slots=True)
class Preview:
    """A thumbnail: JPEG, or WebP where something is transparent. Width and height in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int
    blurhash: str


def make_preview(source: Path | bytes, side: int = PREVIEW_SIDE) -> Preview:
    """The thumbnail of an image that can be trusted to be one, at most `side` pixels wide and high."""
    with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
        if image.format == "JPEG":
            image.draft("RGB", (side, side))  # decodes at a fraction of the size
        has_alpha = image.mode in _MODES_WITH_ALPHA or "transparency" in image.info
        small = image.convert("RGBA" if has_alpha else "RGB")
    small.info = {}
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    output = BytesIO()
    if has_alpha:
        small.save(output, "WEBP", quality=80, method=3)
    else:
        small.save(output, "JPEG", quality=82, optimize=True)
    media_type = "image/webp" if has_alpha else "image/jpeg"
    return Preview(output.getvalue(), media_type, small.width, small.height, blurhash_of(small))


def blurhash_of(image: Image.Image) -> str:
    """The blurhash; more components along the longer side."""
    tiny = Image.new("RGB", image.size, "white")
    tiny.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    tiny.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
    rows = [[tiny.getpixel((x, y)) for x in range(tiny.width)] for y in range(tiny.height)]
    across, down = (4, 3) if tiny.width >= tiny.height else (3, 4)
    found: str = blurhash.encode(rows, components_x=across, components_y=down)
    return found
