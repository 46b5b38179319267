"""Images made anew: what is stored is what we encoded, never the bytes that came.

Decoding and encoding again removes everything that is not pixels: EXIF with its positions, comments, colour profiles,
and whatever else a file can be at the same time. Promises that no pixel is decoded before the dimensions are known to
be within bounds, which for animations means all frames together. Runs in a worker thread.

On failure: `ImageRefused`, whatever Pillow said.
"""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence

from content.media_limits import IMAGE_MATRIX
from content.media_types import IMAGE_TYPES
from models.values import dataclass

MAX_SIDE = 16_384
MAX_PIXELS = IMAGE_MATRIX  # of what comes in
MAX_KEPT_PIXELS = 3_840 * 2_160  # larger images are scaled down to this
MAX_FRAMES = 300
MAX_ANIMATION_PIXELS = 60_000_000  # width x height x frames

_MODES_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})


class ImageRefused(Exception):
    """Not an image that we take; the message can be shown."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image of ours. Width and height in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


def encode_again(path: Path, media_type: str) -> EncodedImage:
    """Read the image at `path`, which its first bytes say is of `media_type`, and encode its pixels.

    JPEG stays JPEG, PNG PNG, WebP WebP; a GIF becomes a PNG, and whatever moves an animated WebP.
    """
    name = next(name for name, known in IMAGE_TYPES.items() if known == media_type)
    try:
        _check_webp_canvas(path, name)
        with Image.open(path, formats=(name,)) as image:
            return _encode(image, name)
    except ImageRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused("the image has too many pixels") from error
    except Exception as error:  # Pillow raises anything, from SyntaxError to struct.error, on a broken file
        raise ImageRefused("the image can't be read") from error


def is_moving(path: Path) -> bool:
    """Whether a GIF has more than one frame; False for what can't be read. Decodes no pixels."""
    try:
        with Image.open(path, formats=("GIF",)) as image:
            return bool(getattr(image, "is_animated", False)) and image.width * image.height <= MAX_PIXELS
    except Exception:  # Pillow raises anything on a broken file; reading it for good will refuse it with a reason
        return False


def _encode(image: Image.Image, name: str) -> EncodedImage:
    _check_dimensions(*image.size)
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        return _encode_animation(image, frames)
    if name == "JPEG" and image.width * image.height > MAX_KEPT_PIXELS:
        image.draft("RGB", _kept_size(*image.size))
    ImageOps.exif_transpose(image, in_place=True)
    still = _bare(image)
    if still.width * still.height > MAX_KEPT_PIXELS:
        still = still.resize(_kept_size(*still.size), Image.Resampling.LANCZOS)
    output = BytesIO()
    if name == "JPEG":
        still.convert("RGB").save(output, "JPEG", quality=88, optimize=True)
    elif name == "WEBP":
        still.save(output, "WEBP", quality=88, method=3)
    else:
        still.save(output, "PNG")
        name = "PNG"
    return EncodedImage(output.getvalue(), IMAGE_TYPES[name], still.width, still.height)


def _encode_animation(image: Image.Image, frames: int) -> EncodedImage:
    if frames > MAX_FRAMES or frames * image.width * image.height > MAX_ANIMATION_PIXELS:
        raise ImageRefused("the animation is too long or too large")
    durations: list[int] = []
    for frame in ImageSequence.Iterator(image):
        durations.append(max(20, min(int(frame.info.get("duration", 100) or 100), 60_000)))
    image.seek(0)
    output = BytesIO()
    # Frame by frame from the open file: all of them at once would be hundreds of megabytes.
    nothing = {"icc_profile": b"", "exif": b"", "xmp": b""}
    image.save(output, "WEBP", save_all=True, duration=durations, loop=0, quality=80, method=2, **nothing)
    return EncodedImage(output.getvalue(), "image/webp", image.width, image.height)


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone: encoders copy what they find in an image's `info`."""
    has_alpha = image.mode in _MODES_WITH_ALPHA or "transparency" in image.info
    pixels = image.convert("RGBA" if has_alpha else "RGB")
    pixels.info = {}
    return pixels


def _check_dimensions(width: int, height: int) -> None:
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageRefused("the image has too many pixels")


def _check_webp_canvas(path: Path, name: str) -> None:
    # Pillow allocates the canvas of an extended WebP while opening it.
    if name != "WEBP":
        return
    with path.open("rb") as file:
        head = file.read(30)
    if head[12:16] == b"VP8X":
        _check_dimensions(1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))


def _kept_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, (MAX_KEPT_PIXELS / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))
