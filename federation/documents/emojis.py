"""Custom emoji in the `tag` of actors, statuses and reactions (FEP-9098). Pure."""

from collections.abc import Iterable
from typing import Any

from federation.json_ld.strict_json import JsonObject


def emoji_tags(emojis: Iterable[dict[str, Any]]) -> list[JsonObject]:
    """The tags for the emoji of a row: `shortcode` and `url`, and `uri`, `media_type`, `updated_at` where known."""
    return [_emoji_tag(emoji) for emoji in emojis if emoji.get("url")]


def _emoji_tag(emoji: dict[str, Any]) -> JsonObject:
    icon: JsonObject = {"type": "Image", "url": emoji["url"]}
    if emoji.get("media_type"):
        icon["mediaType"] = emoji["media_type"]
    tag: JsonObject = {"type": "Emoji", "name": f":{emoji['shortcode']}:", "icon": icon}
    if emoji.get("uri"):
        tag["id"] = emoji["uri"]
    if emoji.get("updated_at"):
        tag["updated"] = emoji["updated_at"]
    return tag
