"""What a feed is made of: a list of posts, whatever its form. `content.feeds` writes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from models.values import dataclass

TYPES: Final = {"rss": "application/rss+xml", "atom": "application/atom+xml"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A post; `id` is its URI, `url` where people read it."""

    id: str
    url: str
    title: str
    content_html: str
    author: str
    published_at: datetime
    updated_at: datetime
    categories: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """The list: `url` is the page for people, `feed_url` its own address. Entries come newest first."""

    title: str
    description: str
    url: str
    feed_url: str
    updated_at: datetime
    entries: Sequence[Entry]
