"""Pictures, sound and film for tests, made on the spot: small, real, and with secrets in their metadata."""

import functools
import shutil
import subprocess
import tempfile
import wave
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

SECRET = b"SECRET"
HAS_FFMPEG = shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None
needs_ffmpeg = pytest.mark.skipif(not HAS_FFMPEG, reason="ffmpeg isn't installed")


def files_below(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def png(size: tuple[int, int] = (8, 4), color: str = "teal", mode: str = "RGB") -> bytes:
    output = BytesIO()
    Image.new(mode, size, color).save(output, "PNG")
    return output.getvalue()


def jpeg_with_position(size: tuple[int, int] = (64, 48)) -> bytes:
    """A photo that says where it was taken, when and with what."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif[0x8825] = {1: "N", 2: (40.0, 25.0, 0.0), 3: "W", 4: (3.0, 42.0, 0.0), 29: "SECRET-DATE"}
    output = BytesIO()
    Image.new("RGB", size, "orange").save(output, "JPEG", exif=exif, comment=SECRET)
    assert b"SECRET-DATE" in output.getvalue()
    return output.getvalue()


def moving_gif(frames: int = 3, size: tuple[int, int] = (32, 20)) -> bytes:
    output = BytesIO()
    first, *rest = [Image.new("RGB", size, (40 * index, 0, 0)) for index in range(frames)]
    first.save(output, "GIF", save_all=True, append_images=rest, duration=100, loop=0)
    return output.getvalue()


def sound(seconds: float = 0.5) -> bytes:
    output = BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\x00\x10" * int(8_000 * seconds))
    return output.getvalue()


@functools.cache
def film(*, has_sound: bool = True, size: str = "64x48", rate: int = 10) -> bytes:
    """An MP4 of a second that says where it was taken; needs ffmpeg."""
    tags = [
        "-metadata",
        "title=SECRET",
        "-metadata",
        "location=+40.4168-003.7038/",
        "-metadata:s:v",
        "handler_name=SECRET",
    ]
    tone = ["-f", "lavfi", "-i", "sine=440", "-c:a", "aac", "-shortest"] if has_sound else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        source = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate={rate}"]
        encoding = ["-t", "1", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", *source, *tone, *encoding, *tags, str(path)], check=True, timeout=60
        )
        data = path.read_bytes()
    assert SECRET in data
    return data
