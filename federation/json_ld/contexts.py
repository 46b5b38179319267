"""What a document's `@context` says, worked out once per context and kept.

`read_context` turns the value of `@context` into a `Vocabulary`: which key stands for which of our terms, which type
name for which of our types. Contexts that only name terms are understood here, completely, so that the documents under
them need no JSON-LD processor (`is_plain`). Whatever is more than naming (`@vocab`, `@base`, keyword aliases, scoped
contexts, odd containers and coercions) makes `is_plain` false, and `json_ld_expansion` takes over.

Terms that the context leaves undefined fall back to our own vocabulary, because half of the network forgets to define
`Hashtag` or `sensitive`. Where that would be a hole (Linked Data Signatures don't cover undefined terms) this module is
not used at all. Nothing here fetches anything; the cache is bounded and keyed by the context's own bytes.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

import orjson

from federation.contexts import bundled_context, bundled_name, holds_as2
from federation.json_ld.strict_json import DocumentRefused
from federation.json_ld.terms import (
    AS2,
    ID_KINDS,
    IRI_OF_NAME,
    IRI_OF_TYPE,
    MAPPED,
    NAMESPACES,
    TERM_OF_IRI,
    TERM_OF_NAME,
    TYPE_OF_IRI,
    Kind,
    Term,
)
from federation.json_ld.type_rules import screen_context
from models.values import dataclass

MAX_ENTRIES = 32
MAX_TERMS = 500
MAX_CONTEXT_BYTES = 32_768

_TERM_KEYS = frozenset({"@id", "@type", "@container"})
_UNUSUAL_TYPES = frozenset({"@vocab", "@json", "@none"})
_GEN_DELIMITERS = tuple(":/?#[]@")


class NeedsProcessor(Exception):
    """The context or document does more than naming: expand it with the JSON-LD processor."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A term of a context: its IRI (None when the term is switched off) and what it does to values."""

    iri: str | None
    is_reference: bool = False
    is_language_map: bool = False
    is_prefix: bool = False
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the keys and types of a document mean; `language` is the context's default language.

    A type that the context switches off is in `types` as an empty string.
    """

    terms: Mapping[str, Term]
    types: Mapping[str, str]
    prefixes: Mapping[str, str]
    maps: Mapping[str, str]
    language: str | None
    is_plain: bool
    has_as2: bool

    def term_of(self, key: str) -> Term | None:
        """Return our term for a key that is a compact or an absolute IRI."""
        return TERM_OF_IRI.get(self.expand(key))

    def type_of(self, name: str) -> str:
        """Return our name of a type, or the name (under ActivityStreams) or IRI of an unknown one."""
        known = self.types.get(name)
        if known is not None:
            return known
        iri = self.expand(name)
        known = TYPE_OF_IRI.get(iri)
        return known or iri.removeprefix("_:").removeprefix(AS2)

    def expand(self, text: str) -> str:
        """Expand a compact IRI; everything else stays as it is."""
        prefix, colon, suffix = text.partition(":")
        if not colon or suffix.startswith("//"):
            return text
        namespace = self.prefixes.get(prefix)
        return text if namespace is None else namespace + suffix


def our_context() -> dict[str, Any]:
    """Return our own context: every term and type of `federation.json_ld.terms` under its canonical IRI."""
    return dict(_our_context())


def read_context(context: Any) -> Vocabulary:
    """Return the vocabulary under `context`, any JSON value; raises DocumentRefused when it is no context at all."""
    serialised = orjson.dumps(context)
    if len(serialised) > MAX_CONTEXT_BYTES:
        raise DocumentRefused("context", f"the context has more than {MAX_CONTEXT_BYTES} bytes")
    return _read(serialised)


def ours() -> Vocabulary:
    """Return the vocabulary of documents that are written in our own names."""
    return _read(b"null")


@lru_cache(maxsize=256)
def _read(serialised: bytes) -> Vocabulary:
    context = orjson.loads(serialised)
    screen_context(context)
    entries = context if isinstance(context, list) else [] if context is None else [context]
    if len(entries) > MAX_ENTRIES:
        raise DocumentRefused("context", f"the context has more than {MAX_ENTRIES} entries")
    definitions = dict(_our_definitions())
    has_as2, is_plain, language = context is None, True, None
    try:
        for entry in entries:
            if isinstance(entry, str):
                name = bundled_name(entry)
                if name is not None:
                    has_as2 = has_as2 or holds_as2(name)
                    definitions.update(_bundled_definitions(name))
            elif isinstance(entry, dict):
                language = _language(entry, language)
                _define(entry, definitions, of_a_stranger=True)
            else:  # null forgets everything before it
                raise NeedsProcessor
    except NeedsProcessor:
        is_plain = False
        has_as2 = any(isinstance(entry, str) and holds_as2(bundled_name(entry) or "") for entry in entries)
    return _vocabulary(definitions, language, is_plain=is_plain and has_as2, has_as2=has_as2)


def _vocabulary(
    definitions: dict[str, Definition], language: str | None, *, is_plain: bool, has_as2: bool
) -> Vocabulary:
    terms: dict[str, Term] = {}
    types: dict[str, str] = {}
    maps: dict[str, str] = {}
    for name, definition in definitions.items():
        iri = definition.iri or ""
        term = TERM_OF_IRI.get(iri)
        if term is not None and not definition.is_language_map:
            terms[name] = term
        elif term is not None and term.name in MAPPED:
            maps[name] = term.name
        types[name] = TYPE_OF_IRI.get(iri) or iri.removeprefix("_:").removeprefix(AS2)
    prefixes = {name: item.iri for name, item in definitions.items() if item.is_prefix and item.iri}
    return Vocabulary(terms, types, prefixes, maps, language, is_plain, has_as2)


@cache
def _our_context() -> Mapping[str, Any]:
    context: dict[str, Any] = {"id": "@id", "type": "@type"}
    context.update({prefix: spellings[0] for prefix, spellings in NAMESPACES.items()})
    context["xsd"] = "http://www.w3.org/2001/XMLSchema#"
    for name, term in TERM_OF_NAME.items():
        iri = IRI_OF_NAME[name]
        if term.kind in ID_KINDS:
            context[name] = {"@id": iri, "@type": "@id"}
        elif term.kind is Kind.NUMBERS:
            context[name] = {"@id": iri, "@container": "@list"}
        else:
            context[name] = iri
    context["orderedItems"] = {"@id": IRI_OF_NAME["items"], "@type": "@id", "@container": "@list"}
    for name in MAPPED:
        context[f"{name}Map"] = {"@id": IRI_OF_NAME[name], "@container": "@language"}
    context.update({name: IRI_OF_TYPE[name] for name in IRI_OF_TYPE})
    context["Key"] = IRI_OF_TYPE["CryptographicKey"]
    return context


@cache
def _our_definitions() -> Mapping[str, Definition]:
    definitions: dict[str, Definition] = {}
    _define(dict(_our_context()), definitions, of_a_stranger=False)
    return definitions


@cache
def _bundled_definitions(name: str) -> Mapping[str, Definition]:
    context = bundled_context(name)
    definitions: dict[str, Definition] = {}
    for entry in context if isinstance(context, list) else [context]:
        if isinstance(entry, str):
            definitions.update(_bundled_definitions(bundled_name(entry) or ""))
        else:
            _define(entry, definitions, of_a_stranger=False)
    return definitions


def _define(entry: Mapping[str, Any], definitions: dict[str, Definition], *, of_a_stranger: bool) -> None:
    """Add the terms of an inline context; raises NeedsProcessor at the first thing that isn't plain naming."""
    if len(entry) > MAX_TERMS:
        raise DocumentRefused("context", f"a context defines more than {MAX_TERMS} terms")
    reader = _Definer(entry, definitions, of_a_stranger=of_a_stranger)
    definitions.update(dict(reader.read()))


class _Definer:
    """Reads one inline context; terms may refer to each other in any order (JSON-LD 1.1 §4.2.2)."""

    def __init__(self, entry: Mapping[str, Any], known: Mapping[str, Definition], *, of_a_stranger: bool) -> None:
        self._entry = entry
        self._known = known
        self._is_strict = of_a_stranger

    def read(self) -> Iterator[tuple[str, Definition]]:
        for name, value in self._entry.items():
            if name.startswith("@"):
                self._check_keyword(name, value)
            elif name in ("id", "type") and value == f"@{name}":
                continue
            elif name in ("id", "type") or (self._is_strict and (":" in name or "/" in name or not name)):
                raise NeedsProcessor
            else:
                yield name, self._definition(name, value)

    def _check_keyword(self, name: str, value: Any) -> None:
        is_harmless = name == "@language" or (name == "@version" and value == 1.1)
        if self._is_strict and not is_harmless:
            raise NeedsProcessor

    def _definition(self, name: str, value: Any) -> Definition:
        if value is None:
            return Definition(None)
        if isinstance(value, str):
            iri = self._iri(value)
            return Definition(iri, is_prefix=iri is not None and iri.endswith(_GEN_DELIMITERS))
        if not isinstance(value, dict) or (self._is_strict and not value.keys() <= _TERM_KEYS):
            raise NeedsProcessor
        return self._expanded_definition(value)

    def _expanded_definition(self, value: dict[str, Any]) -> Definition:
        iri, coercion, container = value.get("@id"), value.get("@type"), value.get("@container")
        if not isinstance(iri, str) or not isinstance(coercion, str | None):
            raise NeedsProcessor
        containers = container if isinstance(container, list) else [container]
        definition = Definition(
            self._iri(iri),
            is_reference=coercion == "@id",
            is_language_map="@language" in containers,
            is_list="@list" in containers,
        )
        if self._is_strict:
            is_usual = len(containers) == 1 and containers[0] in (None, "@list", "@set", "@language")
            term = TERM_OF_IRI.get(definition.iri or "")
            is_odd = term is not None and definition.is_reference and term.kind not in ID_KINDS
            if not is_usual or coercion in _UNUSUAL_TYPES or is_odd:
                raise NeedsProcessor
        return definition

    def _iri(self, text: str, depth: int = 0) -> str | None:
        """Expand what a definition points to: a compact IRI, an absolute one, or another term."""
        if text.startswith("@") or depth > 8:
            raise NeedsProcessor
        prefix, colon, suffix = text.partition(":")
        if not colon:
            return self._term(text, depth)
        if suffix.startswith("//") or prefix == "_":
            return text
        namespace = self._prefix(prefix, depth)
        return text if namespace is None else namespace + suffix

    def _term(self, name: str, depth: int) -> str | None:
        if name in self._entry:
            value = self._entry[name]
            target = value.get("@id") if isinstance(value, dict) else value
            if not isinstance(target, str):
                raise NeedsProcessor
            return self._iri(target, depth + 1)
        if name not in self._known:
            raise NeedsProcessor
        return self._known[name].iri

    def _prefix(self, name: str, depth: int) -> str | None:
        if name not in self._entry:
            known = self._known.get(name)
            return known.iri if known is not None and known.is_prefix else None
        value = self._entry[name]
        if not isinstance(value, str):
            raise NeedsProcessor
        iri = self._iri(value, depth + 1)
        return iri if iri is not None and iri.endswith(_GEN_DELIMITERS) else None


def _language(entry: dict[str, Any], current: str | None) -> str | None:
    if "@language" not in entry:
        return current
    language = entry["@language"]
    if language is not None and not isinstance(language, str):
        raise NeedsProcessor
    return None if language is None or language.lower() == "und" else language
