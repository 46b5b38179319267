"""MediaAttachment: an image, film or sound, or the place where one will be once it was looked at."""

from typing import Any

from api.call import Api, Json

KINDS = frozenset({"image", "gifv", "video", "audio"})


def media_entity(attachment: Any, api: Api) -> Json:
    """An attachment, of ours or of a peer; `url` is null while an upload is being processed."""
    addresses = api.services.addresses
    is_ready = attachment.state == "ready"
    kind = attachment.kind if attachment.kind in KINDS else _kind_of(attachment.media_type)
    url = preview = None
    if attachment.storage_key is not None:
        url = addresses.media(attachment.storage_key) if is_ready else None
        preview = addresses.media(attachment.preview_key) if attachment.preview_key else None
    elif attachment.remote_url is not None:
        url = api.shown(attachment.remote_url)
        preview = api.shown(attachment.remote_preview_url) if attachment.remote_preview_url else None
    if preview is None and kind == "image":
        preview = url
    return {
        "id": str(attachment.id),
        "type": kind,
        "url": url,
        "preview_url": preview,
        "remote_url": attachment.remote_url,
        "preview_remote_url": attachment.remote_preview_url,
        "text_url": None,
        "meta": _meta(attachment),
        "description": attachment.description,
        "blurhash": attachment.blurhash,
    }


def _meta(attachment: Any) -> Json:
    meta: Json = dict(attachment.meta or {})
    if "original" not in meta and attachment.width and attachment.height:
        meta["original"] = size_entity(attachment.width, attachment.height)
    if attachment.focal_point:
        x, y = attachment.focal_point
        meta["focus"] = {"x": x, "y": y}
    return meta


def size_entity(width: int, height: int) -> Json:
    """The measures of a picture, as `meta.original` and `meta.small` have them."""
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": round(width / height, 6)}


def _kind_of(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return kind if kind in KINDS else "unknown"
