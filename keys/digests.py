"""Body digests: `Digest` (RFC 3230) and `Content-Digest` (RFC 9530).

Promises that a body is the one a header speaks of: every digest that we can compute must match, wherever it stands in
one or several header lines, and at least one must be SHA-256 or SHA-512. Anything else raises DigestRefused. Digests of
unknown algorithms are ignored, but never suffice.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import http_sf

_STRONG: Final[frozenset[str]] = frozenset({"sha-256", "sha-512"})
_MAX_HEADER_CHARACTERS: Final = 2048
_MAX_DIGESTS: Final = 8


def _md5(body: bytes) -> bytes:
    return hashlib.md5(body, usedforsecurity=False).digest()


def _sha1(body: bytes) -> bytes:
    return hashlib.sha1(body, usedforsecurity=False).digest()


# Weak ones prove nothing, but a wrong one next to a right SHA-256 is a header that somebody tampered with.
_HASHES: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        "sha-256": lambda body: hashlib.sha256(body).digest(),
        "sha-512": lambda body: hashlib.sha512(body).digest(),
        "md5": _md5,
        "sha": _sha1,
        "sha-1": _sha1,
    }
)
_ONE_CONTENT_DIGEST: Final = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/]+={0,2}):")


class DigestRefused(Exception):
    """A digest header that is malformed, too weak, or another body's."""


def sha256_of(body: bytes) -> bytes:
    """The SHA-256 of a body, the form in which `sign_request` takes a ready-made digest."""
    return hashlib.sha256(body).digest()


def digest_header(sha256: bytes) -> str:
    """The value of a `Digest` header (RFC 3230) for a body with this SHA-256."""
    return "SHA-256=" + b64encode(sha256).decode("ascii")


def content_digest_header(sha256: bytes) -> str:
    """The value of a `Content-Digest` header (RFC 9530) for a body with this SHA-256."""
    return "sha-256=:" + b64encode(sha256).decode("ascii") + ":"


def check_digest(lines: Sequence[str], body: bytes) -> None:
    """Check the lines of the `Digest` header against the body. Raises DigestRefused."""
    _check(_parse_digest(_joined(lines)), body)


def check_content_digest(lines: Sequence[str], body: bytes) -> None:
    """Check the lines of the `Content-Digest` header against the body. Raises DigestRefused."""
    _check(_parse_content_digest(_joined(lines)), body)


def _joined(lines: Sequence[str]) -> str:
    text = lines[0] if len(lines) == 1 else ", ".join(lines)
    if len(text) > _MAX_HEADER_CHARACTERS:
        raise DigestRefused("digest header too long")
    return text


def _parse_digest(text: str) -> Iterable[tuple[str, bytes]]:
    members = text.split(",")
    if len(members) > _MAX_DIGESTS:
        raise DigestRefused("too many digests")
    for member in members:
        algorithm, separator, value = member.strip(" \t").partition("=")
        if not separator:
            raise DigestRefused("malformed digest header")
        name = algorithm.lower()
        if name in _HASHES:
            yield name, _decode(value)


def _parse_content_digest(text: str) -> Iterable[tuple[str, bytes]]:
    if match := _ONE_CONTENT_DIGEST.fullmatch(text):  # what everybody sends, without the structured-field parser
        return [(match[1], _decode(match[2]))]
    try:
        members = http_sf.parse(text.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse_duplicate)
    except ValueError as error:  # includes UnicodeEncodeError and StructuredFieldError
        raise DigestRefused("malformed content-digest header") from error
    assert isinstance(members, dict)
    if len(members) > _MAX_DIGESTS:
        raise DigestRefused("too many digests")
    return [(name, _byte_sequence(member)) for name, member in members.items() if name in _HASHES]


def _byte_sequence(member: object) -> bytes:
    if isinstance(member, tuple) and isinstance(member[0], bytes):
        return member[0]
    raise DigestRefused("a content digest is a byte sequence")


def _refuse_duplicate(name: str, _context: str) -> None:
    raise DigestRefused("content digest given twice")


def _decode(value: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (Base64Error, ValueError) as error:
        raise DigestRefused("a digest is not base64") from error


def _check(digests: Iterable[tuple[str, bytes]], body: bytes) -> None:
    is_strong = False
    for algorithm, digest in digests:
        if _HASHES[algorithm](body) != digest:
            raise DigestRefused(f"the body's {algorithm} is another one")
        is_strong = is_strong or algorithm in _STRONG
    if not is_strong:
        raise DigestRefused("neither SHA-256 nor SHA-512")
