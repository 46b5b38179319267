"""JSON-LD for a social network: from the bytes of a document to one normal form.

The way of a document: `parse_document` (strict JSON, `strict_json`) → `normalise` (here). Normalising reads the
`@context` (`json_ld_contexts`, cached) and walks the document once (`normalise`) when the context only names terms,
which is so for nearly everything that servers send. Otherwise, and whenever the walk meets something it must not
guess, the document is expanded by the JSON-LD processor under a budget (`json_ld_expansion`) and the same walk runs
over the result. No context is ever fetched. Both ways give the same result; a test compares them on every fixture.

Every failure is a DocumentRefused; nothing else is raised for any input.
"""

from typing import Any

from federation.json_ld.contexts import NeedsProcessor, ours, read_context
from federation.json_ld.expansion import ExpansionFailed, canonicalize, compact_with_our_context, expand
from federation.json_ld.normalise import Normaliser
from federation.json_ld.strict_json import DEFAULT, DocumentRefused, JsonObject, Limits, parse_document
from federation.json_ld.type_rules import screen

__all__ = [
    "DEFAULT",
    "DocumentRefused",
    "JsonObject",
    "Limits",
    "canonicalize",
    "compact_with_our_context",
    "normalise",
    "parse_document",
]

_VERBATIM = ("proof", "signature")


def normalise(document: JsonObject, *, strict: bool = False, expand_always: bool = False) -> JsonObject:
    """Return `document`, as `parse_document` returned it, in normal form; raises DocumentRefused.

    The top level's `proof` and `signature` come through verbatim, for they are verified against the document as it was
    sent. With `strict`, terms that the document's own context leaves undefined vanish, as they do for a Linked Data
    Signature. `expand_always` takes the long way through the JSON-LD processor whatever the context (for tests).
    """
    verbatim = {name: document[name] for name in _VERBATIM if document.get(name) is not None}
    if verbatim:
        document = {name: value for name, value in document.items() if name not in _VERBATIM}
    screen(document)
    found = _by_processor(document, strict=strict) if strict or expand_always else _quickly(document)
    if found.keys() <= {"id"}:
        raise DocumentRefused("context", "nothing in the document is defined by its context")
    found.update(verbatim)
    return found


def _quickly(document: JsonObject) -> JsonObject:
    context = document.get("@context")
    vocabulary = read_context(context)
    if not vocabulary.is_plain:
        return _by_processor(document, strict=False)
    try:
        return Normaliser(vocabulary, context).node(document)
    except NeedsProcessor:
        return _by_processor(document, strict=False)


def _by_processor(document: JsonObject, *, strict: bool) -> JsonObject:
    context = document.get("@context")
    has_as2 = read_context(context).has_as2
    try:
        expanded = expand(document, tolerant=has_as2 and not strict)
    except ExpansionFailed as error:
        if strict or not has_as2:
            raise DocumentRefused("context", f"the JSON-LD processor refused the document: {error}") from error
        # The context is broken but says ActivityStreams, so the document is read as the plain JSON it most likely is.
        expanded = _without_contexts(document)
    try:
        return Normaliser(ours(), None).node(expanded)
    except NeedsProcessor as error:
        raise DocumentRefused("ambiguous", "the document says the same thing twice") from error


def _without_contexts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_contexts(item) for key, item in value.items() if key != "@context"}
    if isinstance(value, list):
        return [_without_contexts(item) for item in value]
    return value
