"""What an uploaded file really is, told by its first bytes.

Owns the short list of types that we take. The declared type is a claim to be checked, never the answer: it must be of
the same kind as what the bytes say, and what is stored and served later is only what the bytes say. SVG, HTML, JSON
and everything else that a browser or another server could take for a document of ours has no place here.
"""

from collections.abc import Mapping

IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}

EXTENSIONS: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "audio/ogg": "oga",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/wav": "wav",
}

# Other names under which clients send the same.
CLAIMED_TYPES = frozenset(
    {
        "audio/aacp",
        "audio/m4a",
        "audio/mp3",
        "audio/wave",
        "audio/x-m4a",
        "audio/x-pn-wave",
        "audio/x-wav",
        "audio/vnd.wave",
        "audio/vorbis",
        "audio/opus",
        "audio/x-flac",
        "video/x-m4v",
        "video/3gpp",
    }
)

HEAD_BYTES = 512
UNKNOWN_TYPES = frozenset({"", "application/octet-stream"})

_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B "})
_VIDEO_BRANDS = frozenset(
    {
        b"isom",
        b"iso2",
        b"iso4",
        b"iso5",
        b"iso6",
        b"mp41",
        b"mp42",
        b"avc1",
        b"M4V ",
        b"dash",
        b"MSNV",
        b"3gp4",
        b"3gp5",
    }
)
_CONTAINERS = frozenset({"mp4", "webm", "ogg"})


def detect(head: bytes) -> str | None:
    """The media type by magic bytes, or None when it is none of ours. `head` is the first 512 bytes."""
    return _image(head) or _riff_or_iso(head) or _audio(head) or _open_container(head)


def agreed_type(declared: str, detected: str) -> str | None:
    """The type to keep when the claim fits the bytes, else None.

    The same containers hold video and audio alone, which the first bytes don't always tell: there the claim decides.
    """
    declared = declared.partition(";")[0].strip().lower()
    if declared in UNKNOWN_TYPES:
        return detected
    kind, _, _ = declared.partition("/")
    detected_kind, _, container = detected.partition("/")
    if kind == detected_kind:
        return detected
    if container in _CONTAINERS and kind in ("audio", "video"):
        return f"{kind}/{container}"
    return None


def _image(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return None


def _riff_or_iso(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[4:8] != b"ftyp":
        return None
    brand = head[8:12]
    if brand in _AUDIO_BRANDS:
        return "audio/mp4"
    if brand == b"qt  ":
        return "video/quicktime"
    return "video/mp4" if brand in _VIDEO_BRANDS else None


def _audio(head: bytes) -> str | None:
    if head.startswith(b"ID3") or head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"):
        return "audio/mpeg"
    if head[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return "audio/aac"
    return "audio/flac" if head.startswith(b"fLaC") else None


def _open_container(head: bytes) -> str | None:
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else None
    if not head.startswith(b"OggS"):
        return None
    if b"theora" in head[:64]:
        return "video/ogg"
    return "audio/ogg" if any(codec in head[:64] for codec in (b"vorbis", b"OpusHead", b"FLAC", b"Speex")) else None


def kind_of(media_type: str) -> str:
    """What clients call an attachment of this type: image, video, audio or unknown."""
    family = media_type.partition("/")[0]
    return family if family in ("image", "video", "audio") else "unknown"
