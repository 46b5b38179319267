"""Film and sound through ffmpeg, where this machine has it: measured, stripped of metadata, with a still frame.

Owns the two programs' command lines. They parse what strangers made, so each run is bounded: a deadline after which it
is killed, one thread, a cap on single allocations and on the output, nothing but local files may be opened
(`-protocol_whitelist`), and the format is the one that the first bytes said: a playlist that calls itself a film is
never followed. Streams are copied, not encoded again; one of film and one of sound are kept, all other tracks (text,
positions of a drone, cover pictures) and all metadata go.

On failure: FilmRefused with a sentence for the uploader.
"""

import asyncio
import json
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from content.media_limits import VIDEO_BYTES, VIDEO_FRAME_RATE, VIDEO_MATRIX
from models.values import dataclass

PROBE_SECONDS = 15.0
CONVERT_SECONDS = 75.0
MAX_PROBE_BYTES = 65_536
MAX_ALLOCATION_BYTES = 268_435_456
STILL_SIDE = 1_280

_READERS = {
    "video/mp4": "mov",
    "audio/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "audio/webm": "matroska",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "image/gif": "gif",
}
_WRITERS = {
    "video/mp4": "mp4",
    "audio/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/webm": "webm",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "adts",
    "audio/flac": "flac",
    "audio/wav": "wav",
}
_ENTRIES = "format=duration,bit_rate:stream=codec_type,width,height,avg_frame_rate,duration:stream_side_data=rotation"


class FilmRefused(Exception):
    """Nothing that we take, or nothing that can be read; the message can be shown."""


@dataclass(frozen=True, slots=True)
class Film:
    """What was measured: `has_picture` tells film from sound; `frame_rate` is a fraction such as `30000/1001`."""

    has_picture: bool
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    bitrate: int | None = None
    frame_rate: str | None = None


@dataclass(frozen=True, slots=True)
class FilmTools:
    """The two programs of this machine."""

    ffmpeg: str
    ffprobe: str

    @classmethod
    def found(cls) -> "FilmTools | None":
        """What is installed here, or None."""
        ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
        return cls(ffmpeg, ffprobe) if ffmpeg and ffprobe else None

    async def measure(self, path: Path, media_type: str) -> Film:
        """Look into a file. Raises FilmRefused when it can't be read or is beyond our limits."""
        command = [self.ffprobe, *_reading(path, media_type), "-of", "json", "-show_entries", _ENTRIES]
        output = await _run(command, PROBE_SECONDS, max_output_bytes=MAX_PROBE_BYTES)
        try:
            film = _film(json.loads(output))
        except (ValueError, TypeError, AttributeError) as error:
            raise FilmRefused("the file can't be read") from error
        _check(film)
        return film

    async def strip(self, path: Path, media_type: str, target: Path, *, has_picture: bool) -> None:
        """Write the streams of a file without anything else to `target`."""
        chosen = ["-map", "0:V:0", "-map", "0:a:0?"] if has_picture else ["-map", "0:a:0"]
        bare = ["-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"]
        start = ["-movflags", "+faststart"] if _WRITERS[media_type] in ("mp4", "mov") else []
        writing = ["-c", "copy", *start, "-fs", str(VIDEO_BYTES), "-f", _WRITERS[media_type], f"file:{target}"]
        await _run([self.ffmpeg, *_quiet(), *_reading(path, media_type), *chosen, *bare, *writing], CONVERT_SECONDS)
        _check_written(target)

    async def still(self, path: Path, media_type: str, target: Path) -> None:
        """Write the first frame as a PNG, not larger than a thumbnail needs."""
        size = f"scale='min({STILL_SIDE},iw)':'min({STILL_SIDE},ih)':force_original_aspect_ratio=decrease"
        writing = ["-map", "0:V:0", "-frames:v", "1", "-vf", size, "-c:v", "png", "-f", "image2", f"file:{target}"]
        await _run([self.ffmpeg, *_quiet(), *_reading(path, media_type), *writing], CONVERT_SECONDS)
        _check_written(target)

    async def animation_to_film(self, path: Path, target: Path) -> None:
        """Make an MP4 without sound of an animated GIF: a tenth of its size, and every client can show it."""
        even = "scale='max(2,trunc(iw/2)*2)':'max(2,trunc(ih/2)*2)':flags=lanczos,format=yuv420p"
        encoding = ["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-fpsmax", "60", "-vf", even]
        bare = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"]
        writing = ["-t", "600", "-fs", str(VIDEO_BYTES), "-f", "mp4", f"file:{target}"]
        reading = ["-ignore_loop", "1", *_reading(path, "image/gif")]
        await _run([self.ffmpeg, *_quiet(), *reading, *encoding, *bare, *writing], CONVERT_SECONDS)
        _check_written(target)


def _quiet() -> list[str]:
    return ["-nostdin", "-hide_banner", "-y", "-threads", "1", "-filter_threads", "1"]


def _reading(path: Path, media_type: str) -> list[str]:
    limits = ["-v", "error", "-max_alloc", str(MAX_ALLOCATION_BYTES), "-protocol_whitelist", "file"]
    return [*limits, "-f", _READERS[media_type], "-i", f"file:{path}"]


async def _run(command: Sequence[str], seconds: float, *, max_output_bytes: int = 0) -> bytes:
    """Run a program to its end; what it wrote to its standard output. Raises FilmRefused."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LC_ALL": "C"},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(seconds):
            output = bytearray()
            while chunk := await process.stdout.read(16_384):
                output += chunk
                if len(output) > max(max_output_bytes, 1):
                    raise FilmRefused("the file can't be read")
            code = await process.wait()
    except TimeoutError as error:
        raise FilmRefused("the file takes too long to read") from error
    finally:
        if process.returncode is None:
            process.kill()
            while await process.stdout.read(65_536):
                pass  # what was still in the pipe: it is closed only when it is empty
            await process.wait()
    if code != 0:
        raise FilmRefused("the file can't be read")
    return bytes(output)


def _check_written(target: Path) -> None:
    if not target.exists() or target.stat().st_size == 0:
        raise FilmRefused("the file can't be read")


def _check(film: Film) -> None:
    if (film.width or 0) * (film.height or 0) > VIDEO_MATRIX:
        raise FilmRefused("the video has too many pixels")
    if film.frame_rate is not None and Fraction(film.frame_rate) > VIDEO_FRAME_RATE:
        raise FilmRefused(f"the video has more than {VIDEO_FRAME_RATE} frames a second")


def _film(found: dict[str, Any]) -> Film:
    streams = [stream for stream in found.get("streams", ()) if isinstance(stream, dict)]
    picture = next((one for one in streams if one.get("codec_type") == "video" and one.get("width")), None)
    has_sound = any(one.get("codec_type") == "audio" for one in streams)
    if picture is None and not has_sound:
        raise FilmRefused("there is neither film nor sound in the file")
    overall = found.get("format", {})
    duration = _positive(overall.get("duration")) or max(_positive(one.get("duration")) or 0.0 for one in streams)
    bits = _positive(overall.get("bit_rate"))
    bitrate = int(bits) if bits else None
    if picture is None:
        return Film(False, duration_seconds=duration or None, bitrate=bitrate)
    width, height = int(picture["width"]), int(picture["height"])
    if _is_turned(picture):
        width, height = height, width
    return Film(True, width, height, duration or None, bitrate, _frame_rate(picture))


def _is_turned(stream: dict[str, Any]) -> bool:
    return any(abs(int(side.get("rotation", 0))) in (90, 270) for side in stream.get("side_data_list", ()))


def _frame_rate(stream: dict[str, Any]) -> str | None:
    text = str(stream.get("avg_frame_rate", ""))
    over, _, under = text.partition("/")
    return text if over.isdigit() and under.isdigit() and int(over) and int(under) else None


def _positive(text: Any) -> float | None:
    number = float(text) if text not in (None, "N/A") else 0.0
    return number if 0 < number < 10**12 else None
