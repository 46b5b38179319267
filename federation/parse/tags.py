"""The `tag` of an object: mentions, hashtags, custom emoji and object links, each bounded."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from content.hashtags import normalise_hashtag
from federation.json_ld.dates import parse_time
from federation.json_ld.strict_json import JsonObject
from federation.parse.media import first_url
from federation.trust.origins import has_origin, same_origin
from social.drafts import EmojiDraft, MentionDraft, TagDraft

MAX_MENTIONS = 50
MAX_TAGS = 100
MAX_EMOJIS = 100

_SHORTCODE = re.compile(r":?([A-Za-z0-9_.+-]{1,64}):?", re.ASCII)


def mentions_of(tags: Iterable[JsonObject]) -> tuple[MentionDraft, ...]:
    """Return the mentions, one for each actor; who is meant is decided by `href` alone (case O27)."""
    found: dict[str, MentionDraft] = {}
    for tag in tags:
        href = tag.get("href")
        if tag.get("type") == "Mention" and isinstance(href, str) and has_origin(href):
            found.setdefault(href, MentionDraft(href, str(tag.get("name", ""))[:500]))
            if len(found) == MAX_MENTIONS:
                break
    return tuple(found.values())


def hashtags_of(tags: Iterable[JsonObject]) -> tuple[TagDraft, ...]:
    """Return the hashtags, one for each key, in the order in which they were written."""
    found: dict[str, TagDraft] = {}
    for tag in tags:
        name = tag.get("name")
        if not isinstance(name, str) or not _is_hashtag(tag, name):
            continue
        key = normalise_hashtag(name.strip())
        if key and key not in found:
            href = tag.get("href")
            display = unicodedata.normalize("NFC", name.strip().lstrip("#\uff03"))
            found[key] = TagDraft(key, display, href if isinstance(href, str) and has_origin(href) else None)
            if len(found) == MAX_TAGS:
                break
    return tuple(found.values())


def emojis_of(tags: Iterable[JsonObject], owner_uri: str | None) -> tuple[EmojiDraft, ...]:
    """Return the custom emoji; an `id` of another origin than `owner_uri` is left out (case O28)."""
    found: dict[str, EmojiDraft] = {}
    for tag in tags:
        draft = _emoji(tag, owner_uri) if tag.get("type") == "Emoji" else None
        if draft is not None:
            found.setdefault(draft.shortcode, draft)
            if len(found) == MAX_EMOJIS:
                break
    return tuple(found.values())


def object_links_of(tags: Iterable[JsonObject]) -> list[str]:
    """Return the objects that the text links to (FEP-e232)."""
    return [
        tag["href"]
        for tag in tags
        if tag.get("type") == "Link" and isinstance(tag.get("href"), str) and _is_activitypub(tag.get("mediaType"))
    ]


def _is_hashtag(tag: JsonObject, name: str) -> bool:
    return tag.get("type") == "Hashtag" or ("type" not in tag and name.startswith("#"))


def _is_activitypub(media_type: Any) -> bool:
    return isinstance(media_type, str) and media_type.startswith(("application/ld+json", "application/activity+json"))


def _emoji(tag: JsonObject, owner_uri: str | None) -> EmojiDraft | None:
    match = _SHORTCODE.fullmatch(str(tag.get("name", "")))
    icons = tag.get("icon") or [{}]
    image_url = first_url(icons[0])
    if match is None or image_url is None:
        return None
    uri = tag.get("id")
    media_type = icons[0].get("mediaType")
    return EmojiDraft(
        shortcode=match[1],
        image_url=image_url,
        uri=uri if uri and owner_uri and same_origin(uri, owner_uri) else None,
        media_type=media_type if isinstance(media_type, str) else None,
        updated_at=parse_time(tag.get("updated")),
    )
