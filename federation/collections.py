"""Reading a peer's collections, page by page, only from the server that they belong to.

Whoever reads bounds what they take: by their budget, by the number of items, or by not asking for the next page.
"""

from collections.abc import AsyncIterator
from typing import Any

from federation.client import FetchBudget
from federation.dereference import UnusableDocument, fetch_unidentified
from federation.json_ld import JsonObject
from federation.services import Services
from federation.trust.origins import same_origin

Item = JsonObject | str


async def fetch_collection(services: Services, url: str, *, budget: FetchBudget) -> JsonObject:
    """The collection at `url`, or one page of it. Raises RemoteError."""
    fetched = await fetch_unidentified(services, url, budget=budget)
    if not same_origin(fetched.url, url):
        raise UnusableDocument(fetched.url, "the collection was answered by another server")
    if "Collection" not in str(fetched.document.get("type")):
        raise UnusableDocument(url, "that is not a collection")
    return fetched.document


async def collection_pages(services: Services, url: str, *, budget: FetchBudget) -> AsyncIterator[list[Item]]:
    """The items of the collection itself, then those of each of its pages. Raises RemoteError."""
    seen: set[str] = set()
    following: Any = url
    while following is not None:
        if isinstance(following, dict):
            page = following
        else:
            if following in seen or not same_origin(following, url):
                raise UnusableDocument(url, "the collection's pages go round in circles, or elsewhere")
            seen.add(following)
            page = await fetch_collection(services, following, budget=budget)
        yield items_of(page)
        following = page.get("first") or page.get("next")


def items_of(page: JsonObject) -> list[Item]:
    """What a collection or a page lists: ids and embedded objects."""
    items = page.get("orderedItems", page.get("items", []))
    return [item for item in (items if isinstance(items, list) else [items]) if isinstance(item, str | dict)]


def item_id(item: Item) -> str | None:
    """The id of what is listed."""
    found = item.get("id") if isinstance(item, dict) else item
    return found if isinstance(found, str) else None


def shows_items(collection: JsonObject) -> bool:
    """Whether a collection can be read at all; of one that is kept private there is at most a number (Mastodon)."""
    return any(name in collection for name in ("first", "items", "orderedItems"))
