"""Strict JSON: the only door by which bytes of a stranger become Python values.

Promises: the result is an object (`dict`) with string keys, made of at most `Limits.nodes` values nested at most
`Limits.depth` deep; no key occurs twice in one object; every string is valid Unicode without NUL (PostgreSQL refuses
it) and within its size; integers fit in 64 bits; there is no NaN and no infinity. Whatever else comes in raises
`DocumentRefused`, in time linear to the size of the body, and nothing is left behind.

Small bodies are read by the standard library's C scanner alone, which tells of every key, or in half the time by orjson
where writing down what was read gives the very same bytes: nothing is lost then. A body that is big enough, or has
brackets enough, to break a limit is first read by orjson, which refuses deep nesting, and its values are counted before
any Python code runs once per value.
"""

import json
import math
from typing import Any

import orjson

from models.values import dataclass

JsonObject = dict[str, Any]

_ESCAPED_SURROGATE = (b"\\ud", b"\\uD")
_LARGEST_INTEGER = 2**63 - 1
_LONGEST_NUMBER = 32


class DocumentRefused(Exception):
    """A document that can't be given a meaning.

    `reason` is a short slug for logs and counters, `detail` a sentence that may be shown to the peer.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    @property
    def too_large(self) -> bool:
        """Whether the answer is 413 rather than 400."""
        return self.reason == "too-large"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one document may hold; sizes in bytes of UTF-8."""

    body_bytes: int = 1_048_576
    depth: int = 32
    nodes: int = 10_000
    string_bytes: int = 262_144
    id_bytes: int = 2000


DEFAULT = Limits()


def parse_document(body: bytes, limits: Limits = DEFAULT) -> JsonObject:
    """Return the JSON object in `body`; raises DocumentRefused when it is malformed or beyond `limits`."""
    if len(body) > limits.body_bytes:
        raise DocumentRefused("too-large", f"the document has more than {limits.body_bytes} bytes")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentRefused("encoding", "the document is not UTF-8") from error
    if text.startswith("\ufeff"):
        raise DocumentRefused("encoding", "the document starts with a byte order mark")
    # A value takes two bytes of text at least, so a short body can't hold too many.
    if len(body) > 2 * limits.nodes or len(body) - len(body.translate(None, b"{[")) > limits.depth:
        _count(_quickly(body), limits)
    document = _read_back(body) or _carefully(text)
    has_escapes = b"\\u" in body
    if (has_escapes and any(escape in body for escape in _ESCAPED_SURROGATE)) or len(body) > limits.string_bytes:
        _check_strings(document, limits)
    if has_escapes and b"\\u0000" in body:
        document = _without_nul(document)
    if not isinstance(document, dict):
        raise DocumentRefused("syntax", "the document is not a JSON object")
    return document


def _quickly(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise DocumentRefused("syntax", f"not valid JSON: {error.msg}") from error


def _read_back(body: bytes) -> Any:
    """What orjson reads, if it would write it down to the byte like that; None otherwise.

    A key that is named twice would be missing, and what it can't hold (a number) would look different. Of integers it
    takes those alone that JavaScript can hold, and no strings but valid ones.
    """
    try:
        found = orjson.loads(body)
        return found if orjson.dumps(found, option=orjson.OPT_STRICT_INTEGER) == body else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _carefully(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise DocumentRefused("syntax", f"not valid JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:  # only when the caller's stack was nearly full already
        raise DocumentRefused("too-deep", "the document is nested too deeply") from error


def _count(value: Any, limits: Limits) -> None:
    """Refuse too many values or too deep nesting, level by level and thus without recursion."""
    level, depth, count = [value], 0, 1
    while level:
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        count += len(below)
        if count > limits.nodes:
            raise DocumentRefused("too-many", f"the document holds more than {limits.nodes} values")
        depth += any(isinstance(item, dict | list) for item in level)
        if depth > limits.depth:
            raise DocumentRefused("too-deep", f"the document is nested more than {limits.depth} levels deep")
        level = below


def _check_strings(value: Any, limits: Limits) -> None:
    if isinstance(value, str):
        try:
            size = len(value.encode("utf-8"))
        except UnicodeEncodeError as error:
            raise DocumentRefused("encoding", "a string holds a lone surrogate") from error
        if size > limits.string_bytes:
            raise DocumentRefused("too-large", f"a string has more than {limits.string_bytes} bytes")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_strings(key, limits)
            _check_strings(item, limits)
    elif isinstance(value, list):
        for item in value:
            _check_strings(item, limits)


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return _object([(key.replace("\x00", ""), _without_nul(item)) for key, item in value.items()])
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    return value


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DocumentRefused("duplicate-key", "an object names a key twice")
    return members


def _integer(digits: str) -> int:
    # The length comes first: converting thousands of digits takes quadratic time.
    if len(digits) > _LONGEST_NUMBER or abs(number := int(digits)) > _LARGEST_INTEGER:
        raise DocumentRefused("number", "an integer does not fit in 64 bits")
    return number


def _float(digits: str) -> float:
    number = float(digits) if len(digits) <= 1024 else math.inf
    if not math.isfinite(number):
        raise DocumentRefused("number", "a number is out of range")
    return number


def _constant(name: str) -> None:
    raise DocumentRefused("number", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)
