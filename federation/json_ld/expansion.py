"""The JSON-LD processor, kept on a short leash.

pyld understands every context, and takes milliseconds and more for it, so only documents come here whose contexts do
more than naming, and documents that are read under a Linked Data Signature. Before pyld sees one, its size is checked:
pyld has no deadline of its own, but its work grows with the values, the embedded contexts and the terms of a document,
and with those bounded the worst case stays below a quarter of a second. pyld never loads anything: its loader answers
from the bundled contexts, and with an empty context for every other URL.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from federation.contexts import bundled_context, bundled_name
from federation.json_ld.contexts import our_context
from federation.json_ld.strict_json import DocumentRefused, JsonObject
from federation.json_ld.terms import MAPPED, TERM_OF_IRI
from federation.json_ld.type_rules import screen, screen_context
from federation.json_ld.values import first_string

MAX_NODES = 2000
MAX_EMBEDDED_CONTEXTS = 16
MAX_CONTEXT_ENTRIES = 64
MAX_BLANK_NODES = 64

_BCP47 = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
_NO_BASE: JsonObject = {"@base": None}
_EXPECTED = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, AssertionError)


class ExpansionFailed(Exception):
    """pyld could not make sense of the document."""


def expand(document: JsonObject, *, tolerant: bool) -> JsonObject:
    """Return `document` under our own names, without a context; every value still has the shape it was sent in.

    With `tolerant`, terms that the document's context leaves undefined are read by our vocabulary; without it they
    vanish. Raises DocumentRefused beyond the budget and ExpansionFailed where pyld fails.
    """
    _check_budget(document)
    cleaned = _cleaned(document)
    base: list[JsonObject] = [our_context(), _NO_BASE] if tolerant else [_NO_BASE]
    if tolerant and document.get("@context") is None:
        cleaned.pop("@context", None)
    try:
        with _quietly():
            expanded = _pyld().expand(cleaned, {"documentLoader": _load, "expandContext": base})
    except (_pyld().JsonLdError, *_EXPECTED) as error:
        raise ExpansionFailed(_sentence(error)) from error
    if len(expanded) > 1:
        raise DocumentRefused("context", "the document describes several things at once")
    return _object(expanded[0]) if expanded else {}


def canonicalize(document: JsonObject) -> str:
    """Return the URDNA2015 N-Quads of `document` (RDF Dataset Canonicalization), for Linked Data Signatures.

    Raises DocumentRefused when it can't be done, or when there are more than 64 blank nodes: the time that canonical
    labels take can grow exponentially with them.
    """
    screen(document)
    _check_budget(document)
    options: JsonObject = {"documentLoader": _load, "expandContext": _NO_BASE}
    try:
        with _quietly():
            quads = _pyld().to_rdf(document, {**options, "format": "application/n-quads"})
        if len(set(re.findall(r"_:b\d+", quads))) > MAX_BLANK_NODES:
            raise DocumentRefused("too-many", f"the document has more than {MAX_BLANK_NODES} blank nodes")
        canonical = _pyld().normalize(
            quads, {"algorithm": "URDNA2015", "inputFormat": "application/n-quads", "format": "application/n-quads"}
        )
    except (_pyld().JsonLdError, *_EXPECTED) as error:
        raise DocumentRefused("canonicalization", _sentence(error)) from error
    return str(canonical)


def compact_with_our_context(document: JsonObject) -> JsonObject:
    """Return `document` compacted with our own context: only what its own context defines is left (case J10).

    That is all that a Linked Data Signature over it covers, so a document whose only authority is such a signature is
    replaced by this. Raises DocumentRefused when pyld can't read the document.
    """
    screen(document)
    _check_budget(document)
    try:
        with _quietly():
            expanded = _pyld().expand(_cleaned(document), {"documentLoader": _load, "expandContext": _NO_BASE})
            compacted = _pyld().compact(
                expanded, our_context(), {"documentLoader": _load, "skipExpansion": True, "expandContext": _NO_BASE}
            )
    except (_pyld().JsonLdError, *_EXPECTED) as error:
        raise DocumentRefused("context", _sentence(error)) from error
    compacted["@context"] = "https://www.w3.org/ns/activitystreams"
    return dict(compacted)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without pyld's warnings about terms and values that JSON-LD has it ignore: anybody can send them, and each would
    be a line on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def _pyld() -> Any:
    """The processor, imported for the first document that needs it: most offices never see one, and it takes 10 MiB."""
    from pyld import jsonld  # type: ignore[import-untyped]

    return jsonld


def _load(url: str, options: JsonObject) -> JsonObject:
    """Answer pyld's request for a context from what we carry; never from the network."""
    name = bundled_name(url)
    answer: JsonObject = {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url}
    if name is None:
        return {**answer, "document": {"@context": {}}}
    return {**answer, "document": {"@context": bundled_context(name)}, "tag": "static"}


def _check_budget(document: JsonObject) -> None:
    nodes, contexts, entries, level = 0, 0, 0, [document]
    while level:
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                if "@context" in item:
                    contexts += 1
                    entries += _checked_entries(item["@context"])
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        nodes += len(below)
        level = below
    if nodes > MAX_NODES or contexts > MAX_EMBEDDED_CONTEXTS or entries > MAX_CONTEXT_ENTRIES:
        raise DocumentRefused("too-many", "the document is too large for its unusual context")


def _checked_entries(context: Any) -> int:
    screen_context(context)
    entries = context if isinstance(context, list) else [context]
    for entry in entries:
        if isinstance(entry, dict) and any(isinstance(item, dict) and "@context" in item for item in entry.values()):
            raise DocumentRefused("context", "a context of a document holds further contexts")
    return len(entries)


def _cleaned(value: Any) -> Any:
    """Copy a document without the values that we take as absent and pyld takes as errors."""
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned: JsonObject = {}
    for key, item in value.items():
        if key == "@context":
            cleaned[key] = item
        elif item is None:
            continue
        elif key in ("id", "@id", "type", "@type"):
            if item and not isinstance(item, int | float):
                cleaned[key] = item
        elif key.endswith("Map") and key[:-3] in MAPPED:
            if isinstance(item, dict):
                cleaned[key] = _cleaned_map(item)
        else:
            cleaned[key] = _cleaned(item)
    return cleaned


def _cleaned_map(value: JsonObject) -> JsonObject:
    texts = {tag: first_string(text) for tag, text in value.items() if _BCP47.fullmatch(tag)}
    return {tag: text for tag, text in texts.items() if text is not None}


def _object(node: JsonObject) -> JsonObject:
    """Turn an expanded node into one under our names."""
    found: JsonObject = {}
    if "@graph" in node:
        raise DocumentRefused("keyword", "@graph is not accepted")
    if isinstance(node.get("@id"), str):
        found["@id"] = node["@id"]
    if "@type" in node:
        types = node["@type"] if isinstance(node["@type"], list) else [node["@type"]]
        found["@type"] = [name for name in types if isinstance(name, str)]
    for iri, values in node.items():
        term = TERM_OF_IRI.get(iri)
        if term is not None:
            found.setdefault(term.name, []).extend(_values(values))
    return found


def _values(values: Any) -> list[Any]:
    found: list[Any] = []
    for item in values if isinstance(values, list) else [values]:
        if not isinstance(item, dict):
            found.append(item)
        elif "@list" in item:
            found.extend(_values(item["@list"]))
        elif "@value" in item:
            found.append(item if "@language" in item else item["@value"])
        elif item.keys() == {"@id"}:
            found.append(item["@id"])
        else:
            found.append(_object(item))
    return found


def _sentence(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, _pyld().JsonLdError) else error
    return str(getattr(cause, "code", None) or type(cause).__name__)
