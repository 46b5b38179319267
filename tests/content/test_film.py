"""Film and sound: measured, stripped, within limits; and files that only say they are film."""

from pathlib import Path

import pytest

from content.film import FilmRefused, FilmTools
from content.media import MediaRefused, MediaStore
from tests.media_files import HAS_FFMPEG, files_below, film, moving_gif, needs_ffmpeg, sound


@pytest.fixture
def tools() -> FilmTools:
    found = FilmTools.found()
    assert (found is not None) == HAS_FFMPEG
    if found is None:
        pytest.skip("ffmpeg isn't installed")
    return found


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x00\x00\x00\x18ftypisom" + b"\x00" * 2_000,
        b"ID3\x04" + b"\x00" * 2_000,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"",
    ],
)
async def test_a_playlist_is_no_film(tools: FilmTools, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "film"
    path.write_bytes(data)
    for media_type in ("video/mp4", "video/webm", "audio/mpeg", "audio/ogg"):
        with pytest.raises(FilmRefused):
            await tools.measure(path, media_type)


async def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "ffprobe"
    slow.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    loud = tmp_path / "loud"
    loud.write_text("#!/bin/sh\nexec /usr/bin/yes\n")
    for program in (slow, loud):
        program.chmod(0o700)
    monkeypatch.setattr("content.film.PROBE_SECONDS", 0.2)
    with pytest.raises(FilmRefused, match="too long"):
        await FilmTools(str(slow), str(slow)).measure(tmp_path / "x", "video/mp4")
    monkeypatch.setattr("content.film.PROBE_SECONDS", 20.0)
    with pytest.raises(FilmRefused, match="can't be read"):
        await FilmTools(str(loud), str(loud)).measure(tmp_path / "x", "video/mp4")


async def test_what_is_beyond_our_limits_is_refused(
    tools: FilmTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MediaStore(tmp_path, tools=tools)
    with pytest.raises(MediaRefused, match="frames a second"):
        await store.store_upload(film(rate=130), "video/mp4")
    monkeypatch.setattr("content.film.VIDEO_MATRIX", 64 * 48 - 1)
    with pytest.raises(MediaRefused, match="too many pixels"):
        await store.store_upload(film(), "video/mp4")
    assert files_below(tmp_path) == []


async def test_what_is_in_a_container_decides_what_it_is(tools: FilmTools, tmp_path: Path) -> None:
    store = MediaStore(tmp_path, tools=tools)
    claimed = await store.store_upload(film(has_sound=False), "audio/mp4")
    assert (claimed.media_type, claimed.kind, claimed.width, claimed.height) == ("video/mp4", "video", 64, 48)
    assert claimed.blurhash is not None


async def test_without_ffmpeg_files_are_kept_as_they_are(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, tools=None)
    tone = await store.store_upload(sound(1), "audio/wav", may_wait=True)
    assert (tone.kind, tone.is_processed, tone.preview_key) == ("audio", True, None)
    assert tone.meta == {"original": {"duration": 1.0, "bitrate": 128_000}}
    moving = await store.store_upload(moving_gif(), "image/gif", may_wait=True)
    assert (moving.kind, moving.media_type, moving.is_processed) == ("image", "image/webp", True)


@needs_ffmpeg
async def test_what_takes_long_is_put_off(tools: FilmTools, tmp_path: Path) -> None:
    store = MediaStore(tmp_path, tools=tools)
    raw = await store.store_upload(moving_gif(), "image/gif", may_wait=True)
    assert (raw.kind, raw.is_processed, raw.key[-4:]) == ("gifv", False, ".gif")
    done = await store.process_stored(raw.key)
    assert (done.kind, done.media_type, done.width, done.height) == ("gifv", "video/mp4", 32, 20)
    await store.remove(raw.key, *done.keys)
    assert files_below(tmp_path) == []
