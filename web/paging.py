"""Pages of lists: newest first, each page beginning below the last id of the one before (`?max_id=`)."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from aiohttp import web

from models.values import dataclass

PAGE_SIZE = 40
MAX_ID = 2**63 - 1

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """The items of one page; `next_id` is the `max_id` of the following one, None on the last."""

    items: Sequence[Item]
    next_id: int | None = None
    is_first: bool = True


def max_id_of(request: web.Request) -> int:
    """Where the page begins; nonsense means at the newest."""
    text = request.query.get("max_id", "")
    return min(int(text), MAX_ID) if text.isascii() and text.isdigit() and len(text) <= 19 else MAX_ID


def cut(rows: Sequence[Item]) -> tuple[Sequence[Item], bool]:
    """The rows of a page, of which one more than fits was asked for, and whether there are more."""
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
