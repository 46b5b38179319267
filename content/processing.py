"""What becomes of one file: an image encoded anew, film and sound stripped, each with what was measured of it.

Nothing here knows keys or rows: a draft goes in, a draft and its description come out.
"""

import asyncio
import wave
from dataclasses import field
from pathlib import Path
from typing import Any

from content.film import Film, FilmRefused, FilmTools
from content.images import ImageRefused, encode_again, is_moving
from content.measures import picture_measures, stream_measures
from content.media_types import kind_of
from content.previews import Preview, make_preview
from models.values import dataclass

_STILL_SUFFIX = ".png"


class Refused(Exception):
    """Nothing that we take; the message can be shown."""


@dataclass(frozen=True, slots=True)
class Processed:
    """A file that is ready. Width and height in pixels; `meta` as clients get it."""

    media_type: str
    kind: str
    width: int | None = None
    height: int | None = None
    preview: Preview | None = None
    meta: dict[str, Any] = field(default_factory=dict)


async def process(
    draft: Path, media_type: str, target: Path, tools: FilmTools | None, *, has_preview: bool = True
) -> Processed:
    """Make the file at `draft` fit to be kept; when it has to be another one, that is written to `target`.

    Raises Refused.
    """
    try:
        if tools is not None and media_type == "image/gif" and await asyncio.to_thread(is_moving, draft):
            await tools.animation_to_film(draft, target)
            film = await tools.measure(target, "video/mp4")
            return await _film(target, "video/mp4", "gifv", film, tools)
        if media_type.startswith("image/"):
            return await asyncio.to_thread(_image, draft, media_type, target, has_preview)
        if tools is None:
            return await asyncio.to_thread(_as_it_is, draft, media_type)
        film = await tools.measure(draft, media_type)
        media_type = _true_type(media_type, film)
        await tools.strip(draft, media_type, target, has_picture=film.has_picture)
        return await _film(target, media_type, kind_of(media_type), film, tools)
    except (ImageRefused, FilmRefused) as refused:
        raise Refused(str(refused)) from refused


def _image(draft: Path, media_type: str, target: Path, has_preview: bool) -> Processed:
    image = encode_again(draft, media_type)
    target.write_bytes(image.data)
    meta = {"original": picture_measures(image.width, image.height)}
    if not has_preview:
        return Processed(image.media_type, "image", image.width, image.height, None, meta)
    preview = make_preview(image.data)
    meta["small"] = picture_measures(preview.width, preview.height)
    return Processed(image.media_type, "image", image.width, image.height, preview, meta)


async def _film(path: Path, media_type: str, kind: str, film: Film, tools: FilmTools) -> Processed:
    meta = {
        "original": stream_measures(
            width=film.width,
            height=film.height,
            duration_seconds=film.duration_seconds,
            bitrate=film.bitrate,
            frame_rate=film.frame_rate,
        )
    }
    preview = None
    if film.has_picture:
        still = path.with_name(path.name + _STILL_SUFFIX)
        try:
            await tools.still(path, media_type, still)
            preview = await asyncio.to_thread(make_preview, still)
        finally:
            still.unlink(missing_ok=True)
        meta["small"] = picture_measures(preview.width, preview.height)
    return Processed(media_type, kind, film.width, film.height, preview, meta)


def _true_type(media_type: str, film: Film) -> str:
    """Containers hold film or sound: what is in them decides, where the type has both names."""
    family, _, container = media_type.partition("/")
    if container in ("mp4", "webm", "ogg"):
        family = "video" if film.has_picture else "audio"
    elif (family == "video") != film.has_picture and family == "video":
        raise FilmRefused("there is no film in the file")
    return f"{family}/{container}"


def _as_it_is(draft: Path, media_type: str) -> Processed:
    """Without ffmpeg: what Python can tell."""
    if media_type != "audio/wav":
        return Processed(media_type, kind_of(media_type))
    try:
        with wave.open(str(draft), "rb") as sound:
            seconds = sound.getnframes() / sound.getframerate()
            bitrate = sound.getframerate() * sound.getnchannels() * sound.getsampwidth() * 8
    except (wave.Error, EOFError, ZeroDivisionError):
        return Processed(media_type, "audio")
    return Processed(media_type, "audio", meta={"original": stream_measures(duration_seconds=seconds, bitrate=bitrate)})
