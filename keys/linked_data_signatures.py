"""Linked Data Signatures of the kind RsaSignature2017, which Mastodon puts on what others may relay or forward.

The signature covers SHA-256 of the canonical RDF of its options and of the document without `signature`, each as
lower-case hexadecimal. Promises that a document which passes was signed by the key, recently, and that its
canonicalisation can't be made to take forever. Anything else raises LinkedDataSignatureRefused, or what the given
`canonicalize` raises.

It does not promise that every member of the JSON was signed: terms that the contexts do not define vanish from the RDF.
Process the document only after compaction, which drops them too.

`canonicalize` turns a document into URDNA2015 N-Quads; it comes as an argument since JSON-LD is the wire's affair. It
must never fetch a context.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from keys.keypairs import KeyKind, KeyRejected, PrivateKey, PublicKey

JsonObject = dict[str, Any]
Canonicalize = Callable[[JsonObject], str]

_TYPE: Final = "RsaSignature2017"
_ALGORITHM: Final = "rsa-v1_5-sha256"
_OPTIONS_CONTEXT: Final = "https://w3id.org/security/v1"
_MAX_AHEAD: Final = timedelta(hours=1)
_DEFAULT_MAX_AGE: Final = timedelta(days=30)
_MAX_BLANK_NODES: Final = 64
_MAX_BLANK_DEPTH: Final = 3
_MAX_BLANK_SIBLINGS: Final = 3
_MAX_SIGNATURE_CHARACTERS: Final = 2048
# Keywords with which the same RDF can be written as quite another tree than the one that we would process.
_FORBIDDEN: Final = frozenset({"@graph", "@included", "@reverse", "@nest", "@index", "@json", "@import"})
# What may stand in an N-Quads IRI or literal without an escape; anything else is for `canonicalize`.
_PLAIN_IRI: Final = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+")
_PLAIN_TIME: Final = re.compile(r"[0-9T:.Z+-]{1,40}")


class LinkedDataSignatureRefused(Exception):
    """The signature proves nothing. `reason` is one of: missing, malformed, unsupported, expired, wrong."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def signature_creator(document: JsonObject) -> str | None:
    """The key id in a well-shaped RsaSignature2017; None means: treat the document as unsigned."""
    signature = document.get("signature")
    if not isinstance(signature, dict) or signature.get("type") != _TYPE:
        return None
    creator = signature.get("creator")
    return creator if isinstance(creator, str) and creator else None


def verify_linked_data_signature(
    document: JsonObject,
    key: PublicKey,
    *,
    canonicalize: Canonicalize,
    now: datetime,
    max_age: timedelta = _DEFAULT_MAX_AGE,
) -> None:
    """Check the signature of a document as it came over the wire, against the key that `signature_creator` names.

    Raises LinkedDataSignatureRefused. Whose key it is, and whether that is the document's actor, is for the caller.
    """
    if signature_creator(document) is None:
        raise LinkedDataSignatureRefused("missing", "no RsaSignature2017")
    signature = document["signature"]
    _check_time(signature.get("created"), now, max_age)
    value = _decode(signature.get("signatureValue"))
    if key.kind is not KeyKind.RSA:
        raise LinkedDataSignatureRefused("unsupported", "RsaSignature2017 needs an RSA key")
    _screen(document)
    if not key.verify(_ALGORITHM, value, _signed_text(document, signature, canonicalize)):
        raise LinkedDataSignatureRefused("wrong", "not this key's signature of this document")


def add_linked_data_signature(
    document: JsonObject, *, key: PrivateKey, creator: str, now: datetime, canonicalize: Canonicalize
) -> JsonObject:
    """A copy of `document` signed by the RSA key with the id `creator`. Raises KeyRejected for another kind of key.

    An integrity proof, if there is to be one, goes in first (FEP-8b32, "Backward compatibility").
    """
    if key.kind is not KeyKind.RSA:
        raise KeyRejected("RsaSignature2017 needs an RSA key")
    signature = {"type": _TYPE, "creator": creator, "created": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    value = key.sign(_ALGORITHM, _signed_text(document, signature, canonicalize))
    return {**document, "signature": {**signature, "signatureValue": b64encode(value).decode("ascii")}}


def _signed_text(document: JsonObject, signature: JsonObject, canonicalize: Canonicalize) -> bytes:
    content = canonicalize({name: value for name, value in document.items() if name != "signature"})
    return (_hex_digest(_options_quads(signature, canonicalize)) + _hex_digest(content)).encode("ascii")


def _options_quads(signature: JsonObject, canonicalize: Canonicalize) -> str:
    """The canonical RDF of the options. For the usual two it is known without any JSON-LD."""
    options = {k: v for k, v in signature.items() if k not in ("type", "id", "@context", "signatureValue")}
    creator, created = options.get("creator"), options.get("created")
    is_plain = options.keys() == {"creator", "created"} and isinstance(creator, str) and isinstance(created, str)
    if is_plain and _PLAIN_IRI.fullmatch(str(creator)) and _PLAIN_TIME.fullmatch(str(created)):
        return (
            f'_:c14n0 <http://purl.org/dc/terms/created> "{created}"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n'
            f"_:c14n0 <http://purl.org/dc/terms/creator> <{creator}> .\n"
        )
    return canonicalize({"@context": _OPTIONS_CONTEXT, **options})


def _hex_digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _check_time(text: object, now: datetime, max_age: timedelta) -> None:
    try:
        created = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        created = None
    if created is None or created.tzinfo is None:
        raise LinkedDataSignatureRefused("malformed", "no time of signing")
    if not -_MAX_AHEAD <= now - created <= max_age:
        raise LinkedDataSignatureRefused("expired", "signed too long ago, or in the future")


def _decode(text: object) -> bytes:
    if not isinstance(text, str) or not 0 < len(text) <= _MAX_SIGNATURE_CHARACTERS:
        raise LinkedDataSignatureRefused("malformed", "no signature value")
    try:
        return b64decode("".join(text.split()), validate=True)  # some signers break lines
    except ValueError as error:
        raise LinkedDataSignatureRefused("malformed", "the signature value is not base64") from error


def _screen(document: JsonObject) -> None:
    """Refuse what makes canonicalisation explode or the signed tree ambiguous, before any of it is expanded.

    URDNA2015 tries every order of blank nodes that look alike and hang together: 7 twins in a nameless parent that has
    a twin itself take 1.6 s, 8 take 13 s. Blank nodes hang together only where one stands inside another, since labels
    are refused; so their number, their nesting and their number within one property are what has to be bounded.
    """
    for text in _strings(document):
        if text in _FORBIDDEN or text.startswith("_:"):
            raise LinkedDataSignatureRefused("unsupported", "JSON-LD that we don't accept in signed documents")
    has_lists = "@list" in _strings(document)  # then each element becomes a blank node
    if _count_blank_nodes(document, 0, has_lists) > _MAX_BLANK_NODES:
        raise LinkedDataSignatureRefused("unsupported", "too many nameless objects")


def _count_blank_nodes(node: JsonObject, blank_above: int, has_lists: bool) -> int:
    """Nameless objects in this object, itself included. Raises when they nest or crowd too much."""
    is_blank = _is_blank(node)
    blank_above = blank_above + 1 if is_blank else 0
    if blank_above > _MAX_BLANK_DEPTH:
        raise LinkedDataSignatureRefused("unsupported", "nameless objects nested too deeply")
    count = int(is_blank)
    for name, value in node.items():
        if name == "@context":
            continue
        elements = list(_flat(value))
        children = [element for element in elements if isinstance(element, dict)]
        if is_blank and sum(map(_is_blank, children)) > _MAX_BLANK_SIBLINGS:
            raise LinkedDataSignatureRefused("unsupported", "too many nameless objects in a property of another")
        count += sum(_count_blank_nodes(child, blank_above, has_lists) for child in children)
        count += len(elements) if has_lists and isinstance(value, list) else 0
    return count


def _is_blank(node: JsonObject) -> bool:
    return not isinstance(node.get("id", node.get("@id")), str)


def _flat(value: object) -> Iterator[object]:
    """The value, or the elements of an array and of the arrays in it."""
    if isinstance(value, list):
        for element in value:
            yield from _flat(element)
    else:
        yield value


def _strings(value: object) -> Iterator[str]:
    """Every string in the document, member names and contexts too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield name
            yield from _strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)
