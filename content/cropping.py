"""Pictures cut and made smaller, for `content.pictures`. Runs in worker threads, on what was encoded anew."""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence

from content.images import encode_again
from content.media_limits import EMOJI_SIDE

_MODES_WITH_ALPHA = frozenset({"RGBA", "LA", "PA"})
Made = list[tuple[bytes, str]]


def cropped(path: Path, media_type: str, most: tuple[int, int]) -> tuple[bytes, str]:
    """The middle of a picture in the proportions of its place, never larger than it was."""
    with Image.open(BytesIO(encode_again(path, media_type).data)) as image:
        picture = _first_frame(image)
    scale = min(1.0, picture.width / most[0], picture.height / most[1])
    size = (max(1, round(most[0] * scale)), max(1, round(most[1] * scale)))
    return _still(ImageOps.fit(picture, size, Image.Resampling.LANCZOS))


def emoji(path: Path, media_type: str) -> Made:
    """An emoji within its side, moving if it did, and its still form."""
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
