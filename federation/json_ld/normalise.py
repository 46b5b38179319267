"""The normaliser: one shape for each property, whatever its sender's habits.

`Normaliser` walks a document whose keys a `Vocabulary` explains, and returns it under our short names with typed
values (`terms.Kind` says which). Absent, null and unreadable are the same: the key is missing. Lists of length one and
bare values are the same. Terms we don't know are dropped.

What could have two meanings was refused before (`type_rules.screen`) or is refused here (DocumentRefused). The walk
raises NeedsProcessor where two keys say the same thing, or an embedded context is more than naming; the caller then
expands the document and walks the result.
"""

from collections.abc import Callable, Iterator
from typing import Any

from federation.json_ld.contexts import NeedsProcessor, Vocabulary, read_context
from federation.json_ld.dates import normal_time
from federation.json_ld.languages import canonical_language
from federation.json_ld.strict_json import DEFAULT, DocumentRefused, JsonObject
from federation.json_ld.terms import PUBLIC, PUBLIC_ALIASES, Kind
from federation.json_ld.type_rules import leading_type
from federation.json_ld.values import WRAPPERS, first_string, read_boolean, read_number

MAX_LANGUAGES = 100
MAX_EMBEDDED_CONTEXTS = 50

_SHORT = DEFAULT.id_bytes // 4  # so many characters fit, whatever they are
_VALUE_KEYWORDS = frozenset({"@language", "@direction", "@index"})
_QUOTES = ("quote", "quoteUri", "quoteUrl", "_misskey_quote")
_MAPPED = {"contentMap": "content", "nameMap": "name", "summaryMap": "summary"}

Shape = Callable[["Normaliser", Any], Any]


class Normaliser:
    """Reads one document; `context` is the value of its `@context`, which embedded contexts add to.

    `outer` is the walk around an embedded context. All walks of a document share one count of embedded contexts.
    """

    def __init__(self, vocabulary: Vocabulary, context: Any, outer: "Normaliser | None" = None) -> None:
        self._vocabulary = vocabulary
        self._context = context
        self._chain: list[Any] = (outer._chain if outer else []) + _as_list(context)
        self._embedded: Iterator[int] = outer._embedded if outer else iter(range(MAX_EMBEDDED_CONTEXTS))

    def node(self, value: JsonObject) -> JsonObject:
        """Return one object in normal form; `{}` when nothing in it is known to us."""
        if "@context" in value and value["@context"] != self._context:
            return self._under_another_context(value)
        vocabulary = self._vocabulary
        terms = vocabulary.terms
        found: JsonObject = {}
        for key, item in value.items():
            if item is None:
                continue
            term = terms.get(key)
            if term is None:
                if (read := _KEYWORDS.get(key)) is not None:
                    read(self, found, item)
                    continue
                term = vocabulary.term_of(key) if ":" in key else None
                if term is None:
                    self._other(found, key, item)
                    continue
            name, kind = term
            if kind is Kind.TEXT:
                self._text(found, name, item)
                continue
            shaped = _SHAPES[kind](self, item)
            if shaped is None:
                continue
            if name in found:
                raise NeedsProcessor
            found[name] = shaped
        return _finished(found)

    def _other(self, found: JsonObject, key: str, item: Any) -> None:
        """Read a key that is no property of ours: a keyword that no node has, or a language map."""
        if key in WRAPPERS or key in _VALUE_KEYWORDS:
            raise NeedsProcessor
        if key in self._vocabulary.maps:
            self._language_map(found, self._vocabulary.maps[key], item)

    def _under_another_context(self, value: JsonObject) -> JsonObject:
        context = value["@context"]
        if next(self._embedded, None) is None:
            raise DocumentRefused("too-many", f"the document embeds more than {MAX_EMBEDDED_CONTEXTS} contexts")
        vocabulary = read_context(self._chain + _as_list(context))
        if context is None or not vocabulary.is_plain:
            raise NeedsProcessor
        return Normaliser(vocabulary, context, self).node(value)

    def _id(self, found: JsonObject, item: Any) -> None:
        uri = self._reference(item) if isinstance(item, str) else None
        if uri and not uri.startswith("_:"):
            found["id"] = uri

    def _types(self, found: JsonObject, item: Any) -> None:
        if isinstance(item, str) and (only := self._vocabulary.types.get(item)):
            found["type"], found["types"] = only, [only]
            return
        types: list[str] = []
        for name in item if isinstance(item, list) else [item]:
            short = self._vocabulary.type_of(name)
            if not short:
                raise NeedsProcessor
            if short not in types:
                types.append(short)
        if types:
            found["type"] = types[0] if len(types) == 1 else leading_type(types)
            found["types"] = types

    def _reference(self, text: str) -> str:
        """Expand an id as JSON-LD does; refuse one that is too long to be kept."""
        if text[:4] != "http" and ":" in text:
            text = self._vocabulary.expand(text)
        if len(text) > _SHORT and _is_too_long(text):
            raise DocumentRefused("id", f"an id has more than {DEFAULT.id_bytes} bytes")
        return text

    def _values(self, value: Any) -> list[Any]:
        """Return the values of a property, without lists, sets, value objects and nulls around or among them."""
        if isinstance(value, str):
            return [value]
        if isinstance(value, list):
            found: list[Any] = []
            for item in value:
                if isinstance(item, str):
                    found.append(item)
                else:
                    found += self._values(item)
            return found
        if isinstance(value, dict):
            for wrapper in WRAPPERS:
                if value.get(wrapper) is not None:
                    return self._values(_unwrapped(value, wrapper))
            return [value]
        return [] if value is None else [value]

    def _text(self, found: JsonObject, name: str, value: Any) -> None:
        language = self._vocabulary.language
        if isinstance(value, str) and language is None:
            _keep_text(found, name, value, None)
            return
        for tag, text in _texts(value, language):
            _keep_text(found, name, text, tag)

    def _language_map(self, found: JsonObject, name: str, value: Any) -> None:
        if not isinstance(value, dict):
            return
        for tag in sorted(value)[:MAX_LANGUAGES]:
            text = first_string(value[tag])
            if text is not None:
                _keep_text(found, name, text, tag)

    # Shapes: one function a kind; None means that nothing readable is there.

    def references(self, value: Any) -> list[str] | None:
        found: list[str] = []
        for item in self._values(value):
            uri = self._reference(item) if isinstance(item, str) else self._id_of(item)
            if uri and uri not in found:
                found.append(uri)
        return found or None

    def reference(self, value: Any) -> str | None:
        if isinstance(value, str):
            return self._reference(value) or None
        found = self.references(value)
        return found[0] if found else None

    def audience(self, value: Any) -> list[str] | None:
        found = self.references(value)
        if found and not PUBLIC_ALIASES.isdisjoint(found):
            return list(dict.fromkeys([PUBLIC if uri in PUBLIC_ALIASES else uri for uri in found]))
        return found

    def either(self, value: Any) -> Any:
        """An id, an embedded object, or a list of both where there are several."""
        if isinstance(value, str):
            return self._reference(value) or None
        found = self.items(value)
        return found[0] if found and len(found) == 1 else found

    def items(self, value: Any) -> list[Any] | None:
        found: list[Any] = []
        for item in self._values(value):
            if isinstance(item, str):
                uri = self._reference(item)
                if uri:
                    found.append(uri)
            elif isinstance(item, dict):
                node = self.node(item)
                if node:
                    found.append(node["id"] if len(node) == 1 and "id" in node else node)
        return found or None

    def nodes(self, value: Any) -> list[JsonObject] | None:
        return [{"id": item} if isinstance(item, str) else item for item in self.items(value) or ()] or None

    def media(self, value: Any) -> list[JsonObject] | None:
        found = self._short_items(value)
        return [{"url": [{"href": item}]} if isinstance(item, str) else item for item in found] or None

    def links(self, value: Any) -> list[JsonObject] | None:
        found = []
        for item in self._short_items(value):
            link = {"href": item} if isinstance(item, str) else item
            if "href" not in link and "id" in link:
                link = {**link, "href": link["id"]}
            if "href" in link:
                found.append(link)
        return found or None

    def href(self, value: Any) -> str | None:
        for item in self._short_items(value):
            if isinstance(item, str):
                return item
        return None

    def string(self, value: Any) -> str | None:
        if isinstance(value, str):
            return value
        found = self.strings(value)
        return found[0] if found else None

    def strings(self, value: Any) -> list[str] | None:
        found = []
        for item in self._values(value):
            text = self._id_of(item) if isinstance(item, dict) else item
            if isinstance(text, str):
                found.append(text)
            elif isinstance(text, int | float) and not isinstance(text, bool):
                found.append(str(text))
        return found or None

    def time(self, value: Any) -> str | None:
        if isinstance(value, str):
            return normal_time(value)
        return next((text for item in self._values(value) if (text := normal_time(item))), None)

    def time_or_boolean(self, value: Any) -> str | bool | None:
        return True if any(item is True for item in self._values(value)) else self.time(value)

    def integer(self, value: Any) -> int | None:
        number = self.number(value)
        return int(number) if number is not None and number == int(number) else None

    def number(self, value: Any) -> int | float | None:
        return next(iter(self.numbers(value) or ()), None)

    def numbers(self, value: Any) -> list[int | float] | None:
        return [number for item in self._values(value) if (number := read_number(item)) is not None] or None

    def boolean(self, value: Any) -> bool | None:
        if isinstance(value, bool):
            return value
        return next((found for item in self._values(value) if (found := read_boolean(item)) is not None), None)

    def _short_items(self, value: Any) -> list[Any]:
        """The items of `value` without strings too long to be an address, such as whole images in `data:` URLs."""
        short = [v for v in self._values(value) if not isinstance(v, str) or not _is_too_long(v)]
        return self.items(short) or []

    def _id_of(self, item: Any) -> str | None:
        if not isinstance(item, dict):
            return None
        node = self.node(item)
        uri = node.get("id", node.get("href"))
        return uri if isinstance(uri, str) else None


_SHAPES: dict[Kind, Shape] = {
    Kind.ID: Normaliser.reference,
    Kind.IDS: Normaliser.references,
    Kind.AUDIENCE: Normaliser.audience,
    Kind.NODE: Normaliser.either,
    Kind.ITEMS: Normaliser.items,
    Kind.NODES: Normaliser.nodes,
    Kind.MEDIA: Normaliser.media,
    Kind.LINKS: Normaliser.links,
    Kind.HREF: Normaliser.href,
    Kind.STRING: Normaliser.string,
    Kind.STRINGS: Normaliser.strings,
    Kind.TIME: Normaliser.time,
    Kind.TIME_OR_BOOLEAN: Normaliser.time_or_boolean,
    Kind.INTEGER: Normaliser.integer,
    Kind.NUMBER: Normaliser.number,
    Kind.NUMBERS: Normaliser.numbers,
    Kind.BOOLEAN: Normaliser.boolean,
}


_KEYWORDS: dict[str, Callable[[Normaliser, JsonObject, Any], None]] = {
    "id": Normaliser._id,
    "@id": Normaliser._id,
    "type": Normaliser._types,
    "@type": Normaliser._types,
}


def _is_too_long(text: str) -> bool:
    """In bytes: that is what an index of PostgreSQL has room for."""
    return len(text) > _SHORT and len(text.encode("utf-8", "surrogatepass")) > DEFAULT.id_bytes


def _unwrapped(value: JsonObject, wrapper: str) -> Any:
    inner = value[wrapper]
    if not value.keys() <= WRAPPERS[wrapper] or (wrapper == "@value" and isinstance(inner, dict | list)):
        raise NeedsProcessor
    return inner


def _texts(value: Any, language: Any) -> Iterator[tuple[Any, str]]:
    """Yield the strings in a value, each with its language tag or None."""
    if isinstance(value, str):
        yield language, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, language)
    elif isinstance(value, dict):
        for wrapper in WRAPPERS:
            if value.get(wrapper) is not None:
                tag = value.get("@language") if wrapper == "@value" else language
                yield from _texts(_unwrapped(value, wrapper), tag)
                return


def _as_list(context: Any) -> list[Any]:
    return list(context) if isinstance(context, list) else [] if context is None else [context]


def _keep_text(found: JsonObject, name: str, text: str, tag: Any) -> None:
    """Keep the first text without a language as the text, and one text for each language in the map."""
    language = canonical_language(tag) if tag is not None else None
    if tag is not None and language is None and tag not in ("und", "@none"):
        return  # a malformed tag loses its own entry only
    if language is None:
        found.setdefault(name, text)
    else:
        languages = found.setdefault(f"{name}Map", {})
        if len(languages) < MAX_LANGUAGES:
            languages.setdefault(language, text)


def _finished(found: JsonObject) -> JsonObject:
    names = found.keys()
    if not names.isdisjoint(_MAPPED):
        for mapped, name in _MAPPED.items():
            if mapped in found and name not in found:
                languages = found[mapped]
                found[name] = languages[min(languages)]
    if not names.isdisjoint(_QUOTES):
        spellings = [found.pop(name) for name in _QUOTES if name in found]
        found["quote"] = spellings[0]
    return found
