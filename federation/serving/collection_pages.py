"""Collections and their pages as documents (ActivityStreams 2.0 §5), and where a reader is in one.

Pages are found by the id of the item before (`max_id`, newest first) or after (`min_id`, oldest first), so a page stays
the same while others write, and the last page costs what the first one does. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from federation.documents import contexts as emitted_contexts
from federation.documents.contexts import Context
from federation.json_ld.strict_json import JsonObject
from models.values import dataclass

MAX_ID: Final = 2**63 - 1

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Cursor:
    """What was asked for: the collection itself, or a page of it from an id on."""

    is_page: bool = False
    max_id: int = MAX_ID
    min_id: int = 0


def cursor_of(query: Mapping[str, str]) -> Cursor:
    """Read `page`, `max_id` and `min_id`; what can't be read counts as absent."""
    return Cursor("page" in query, _id(query.get("max_id"), MAX_ID), _id(query.get("min_id"), 0))


def collection(uri: str, *, total: int | None = None, has_pages: bool = True, is_ordered: bool = True) -> JsonObject:
    """A collection that is read page by page, or (without pages) only counted."""
    document: JsonObject = {
        "@context": emitted_contexts.COLLECTION,
        "id": uri,
        "type": "OrderedCollection" if is_ordered else "Collection",
    }
    if total is not None:
        document["totalItems"] = total
    if has_pages:
        document["first"] = f"{uri}?page=true"
    return document


def whole_collection(
    uri: str, items: Sequence[Any], *, context: Context = emitted_contexts.COLLECTION, is_ordered: bool = True
) -> JsonObject:
    """A short collection with all of its items."""
    document = collection(uri, total=len(items), has_pages=False, is_ordered=is_ordered)
    document["@context"] = context
    document["orderedItems" if is_ordered else "items"] = list(items)
    return document


def page(
    uri: str,
    items: Sequence[Any],
    *,
    this: str,
    following: str | None,
    context: Context = emitted_contexts.COLLECTION,
    is_ordered: bool = True,
) -> JsonObject:
    """One page; `this` and `following` are the queries of this page and of the next one, if there is any."""
    document: JsonObject = {
        "@context": context,
        "id": f"{uri}?{this}",
        "type": "OrderedCollectionPage" if is_ordered else "CollectionPage",
        "partOf": uri,
        "orderedItems" if is_ordered else "items": list(items),
    }
    if following is not None:
        document["next"] = f"{uri}?{following}"
    return document


def newest_first(cursor: Cursor) -> str:
    """The query of a page that goes back in time."""
    return "page=true" if cursor.max_id == MAX_ID else f"page=true&max_id={cursor.max_id}"


def oldest_first(cursor: Cursor) -> str:
    """The query of a page that goes forward in time."""
    return "page=true" if cursor.min_id == 0 else f"page=true&min_id={cursor.min_id}"


def cut(rows: Sequence[Row], size: int) -> tuple[Sequence[Row], bool]:
    """The rows of a page out of `size` + 1 that were asked for, and whether there are more."""
    return rows[:size], len(rows) > size


def _id(text: str | None, otherwise: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 19:
        return otherwise
    return min(int(text), MAX_ID)
