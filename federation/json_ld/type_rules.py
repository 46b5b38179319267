"""One meaning for each object: what is refused because it could be read in two ways (cases J20, J21, O31)."""

from typing import Any

from federation.json_ld.strict_json import DocumentRefused
from federation.json_ld.terms import ACTIVITY_TYPES, ACTOR_TYPES, COLLECTION_TYPES, KNOWN_TYPES, OBJECT_TYPES

MAX_TYPES = 32

_REFUSED_KEYWORDS = frozenset({"@graph", "@included", "@reverse", "@nest"})
_NESTED = (dict, list)
_CLASSES = (ACTIVITY_TYPES, ACTOR_TYPES, OBJECT_TYPES, COLLECTION_TYPES)


def screen(value: Any) -> None:
    """Refuse whatever makes an object mean two things, anywhere in a document; contexts are for `screen_context`."""
    found = [value]
    for outer in found:  # which grows by what is nested in it
        if isinstance(outer, dict):
            _screen_object(outer)
            found += [item for key, item in outer.items() if isinstance(item, _NESTED) and key != "@context"]
        elif isinstance(outer, list):
            found += [item for item in outer if isinstance(item, _NESTED)]


def screen_context(context: Any) -> None:
    """Refuse a `@context` that is none, and one that changes the structure of documents instead of naming terms."""
    for entry in context if isinstance(context, list) else [context]:
        if not isinstance(entry, str | dict | None):
            raise DocumentRefused("context", "a context must be a URL or an object")
        _screen_keywords(entry)


def _screen_object(value: dict[str, Any]) -> None:
    if not value.keys().isdisjoint(_REFUSED_KEYWORDS):
        raise DocumentRefused("keyword", "@graph, @included, @reverse and @nest are not accepted")
    if "@id" in value or "@type" in value:
        for keyword, alias in (("@id", "id"), ("@type", "type")):
            if keyword in value and alias in value:
                raise DocumentRefused("keyword", f"an object has both {alias} and {keyword}")
    uri = value.get("id", value.get("@id"))
    if not isinstance(uri, str) and isinstance(uri, dict | list):
        raise DocumentRefused("id", "an id must be a string")
    kind = value.get("type", value.get("@type"))
    if not isinstance(kind, str) and kind is not None:
        _screen_types(kind)


def _screen_types(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value) or len(value) > MAX_TYPES:
        raise DocumentRefused("type", "a type must be a string or a short list of strings")


def _screen_keywords(value: Any) -> None:
    if isinstance(value, dict):
        if not _REFUSED_KEYWORDS.isdisjoint(value):
            raise DocumentRefused("keyword", "@graph, @included, @reverse and @nest are not accepted")
        for item in value.values():
            _screen_keywords(item)
    elif isinstance(value, list):
        for item in value:
            _screen_keywords(item)


def leading_type(types: list[str]) -> str:
    """Return the one type that decides how an object with several is handled (security cases J20, O31)."""
    known = [name for name in types if name in KNOWN_TYPES]
    classes = [members for members in _CLASSES if any(name in members for name in known)]
    if len(classes) > 1 or sum(name in ACTIVITY_TYPES for name in known) > 1:
        raise DocumentRefused("type", "an object claims types that exclude each other")
    return known[0] if known else types[0]
