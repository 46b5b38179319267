"""Files, links and pictures of a document."""

import re
from collections.abc import Iterable
from typing import Any

from federation.json_ld.strict_json import JsonObject
from federation.trust.origins import has_origin
from social.drafts import AttachmentDraft

MAX_ATTACHMENTS = 16
_MAX_DESCRIPTION = 10_000
_MAX_PIXELS = 1_000_000
_MAX_MEDIA_TYPE = 64

_KIND_OF_TYPE = {"Image": "image", "Video": "video", "Audio": "audio", "Link": "link", "Page": "link"}
_MEDIA = ("image", "video", "audio")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+*-]+", re.ASCII)  # RFC 6838 §4.2, and `image/*`
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,9})?)S)?)?", re.ASCII)


def first_url(node: JsonObject) -> str | None:
    """Return the first http(s) URL of an object or a Link."""
    for link in [*node.get("url", ()), node]:
        href = link.get("href")
        if isinstance(href, str) and has_origin(href):
            return href
    return None


def page_url(node: JsonObject) -> str | None:
    """Return the URL to show to people: a Link that is HTML, else one without a media type, else none."""
    by_type: dict[str, str] = {}
    for link in node.get("url", ()):
        href = link.get("href")
        if isinstance(href, str) and has_origin(href):
            by_type.setdefault(str(link.get("mediaType", "")).partition(";")[0].strip().lower(), href)
    return by_type.get("text/html") or by_type.get("")


def attachments_of(document: JsonObject) -> tuple[AttachmentDraft, ...]:
    """Return the files that belong to a status, 16 at most, each URL once.

    A Video, Image or Audio object is itself the file: one of the Links in its `url` (PeerTube offers dozens). The
    `image` of an Article or a Page is taken as a picture.
    """
    found: dict[str, AttachmentDraft] = {}
    drafts = [attachment(node) for node in document.get("attachment", ())]
    if _KIND_OF_TYPE.get(document.get("type", "")) in _MEDIA:
        drafts.append(_own_file(document))
    elif document.get("type") != "Note":
        drafts.extend(attachment({"type": "Image", **node}) for node in document.get("image", ())[:1])
    for draft in drafts:
        if draft is not None:
            found.setdefault(draft.url, draft)
    return tuple(found.values())[:MAX_ATTACHMENTS]


def attachment(node: JsonObject) -> AttachmentDraft | None:
    """Return a Document, Image, Video, Audio or Link; None when it has no address, or is no file at all."""
    if node.get("type") in ("PropertyValue", "IdentityProof", "VerifiableIdentityStatement"):
        return None
    links = [link for link in (*node.get("url", ()), node) if has_origin(str(link.get("href", "")))]
    if not links:
        return None
    link = links[0]
    media_type = _media_type(node.get("mediaType") or link.get("mediaType"))
    previews = node.get("icon", ())
    return AttachmentDraft(
        url=link["href"],
        kind=_kind(media_type, node.get("type")),
        media_type=media_type,
        description=_description(node),
        blurhash=_short(node.get("blurhash"), 200),
        width=_size(node.get("width", link.get("width"))),
        height=_size(node.get("height", link.get("height"))),
        focus=_focus(node.get("focalPoint")),
        preview_url=first_url(previews[0]) if previews else None,
        duration_seconds=duration_seconds(node.get("duration")),
    )


def picture(nodes: Iterable[JsonObject]) -> AttachmentDraft | None:
    """Return the widest of several pictures, the first where no width is given."""
    drafts = [draft for node in nodes if (draft := attachment({"type": "Image", **node})) is not None]
    return max(drafts, key=lambda draft: draft.width or 0) if drafts else None


def duration_seconds(text: Any) -> float | None:
    """Return an ISO 8601 duration without months and years, in seconds."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def _own_file(document: JsonObject) -> AttachmentDraft | None:
    kind = _KIND_OF_TYPE[document["type"]]
    links = [link for link in document.get("url", ()) if str(link.get("mediaType", "")).startswith(kind)]
    if not links:
        return None
    widest_first = sorted(links, key=lambda link: -(link.get("height") or 0))
    file = {key: value for key, value in document.items() if key in ("type", "name", "duration", "blurhash")}
    poster = picture(document.get("icon", ()))
    return attachment({**file, "url": widest_first, "icon": [{"href": poster.url}] if poster else ()})


def _kind(media_type: str | None, type_name: Any) -> str:
    family = (media_type or "").partition("/")[0]
    if family in _MEDIA:
        return family
    return _KIND_OF_TYPE.get(type_name, "unknown") if isinstance(type_name, str) else "unknown"


def _media_type(text: Any) -> str | None:
    short = _short(text, 200)
    bare = short.partition(";")[0].strip().lower() if short else ""
    return bare if len(bare) <= _MAX_MEDIA_TYPE and _MEDIA_TYPE.fullmatch(bare) else None


def _description(node: JsonObject) -> str | None:
    text = node.get("name") or node.get("summary")
    return text[:_MAX_DESCRIPTION] if isinstance(text, str) and text else None


def _short(text: Any, length: int) -> str | None:
    return text if isinstance(text, str) and 0 < len(text) <= length else None


def _size(number: Any) -> int | None:
    return number if isinstance(number, int) and 0 < number <= _MAX_PIXELS else None


def _focus(numbers: Any) -> tuple[float, float] | None:
    if isinstance(numbers, list) and len(numbers) == 2 and all(-1 <= number <= 1 for number in numbers):
        return float(numbers[0]), float(numbers[1])
    return None
