"""What was measured of a file, in the words of the client API (`meta` of a MediaAttachment). Pure.

`original` and `small` have width, height (pixels), `size` ("WxH") and `aspect`; film and sound have `duration`
(seconds), `bitrate` (bits a second) and, as a fraction, `frame_rate`. What isn't known has no key.
"""

from typing import Any

Meta = dict[str, Any]


def picture_measures(width: int, height: int) -> Meta:
    """The four numbers of a picture."""
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}


def stream_measures(
    *,
    width: int | None = None,
    height: int | None = None,
    duration_seconds: float | None = None,
    bitrate: int | None = None,
    frame_rate: str | None = None,
) -> Meta:
    """What is known of film or sound."""
    found: Meta = picture_measures(width, height) if width and height else {}
    known = {"frame_rate": frame_rate, "duration": duration_seconds, "bitrate": bitrate}
    return found | {name: value for name, value in known.items() if value is not None}
