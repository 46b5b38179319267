"""PreviewCard: what a link leads to. Strings are never null; the only HTML is none."""

from typing import Any

from api.call import Api, Json
from api.times import timestamp_or_none


def card_entity(card: Any, api: Api) -> Json:
    """The card of a link (Mastodon 4.5 `PreviewCard`)."""
    authors = [{"name": card.author_name, "url": card.author_url, "account": None}] if card.author_name else []
    return {
        "url": card.url,
        "title": card.title,
        "description": card.description,
        "language": card.language,
        "type": card.card_type,
        "author_name": card.author_name,
        "author_url": card.author_url,
        "provider_name": card.provider_name,
        "provider_url": card.provider_url,
        "html": "",
        "width": card.width,
        "height": card.height,
        "image": api.shown(card.image_url) if card.image_url else None,
        "image_description": card.image_description,
        "embed_url": "",
        "blurhash": None,
        "published_at": timestamp_or_none(card.published_at),
        "authors": authors,
    }
