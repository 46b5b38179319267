"""The JSON Canonicalization Scheme (RFC 8785): one spelling for each document, so that hashes of it agree.

The `rfc8785` package is the reference. Documents without fractions and with keys in ASCII, which is nearly all of them,
take the JSON serialiser's sorted output instead: the same bytes at a tenth of the cost, as a property test holds.
"""

from typing import Any, Final

import orjson
import rfc8785

_MAX_INTEGER: Final = 2**53 - 1


class NotCanonicalizable(ValueError):
    """The value has no canonical form: numbers beyond a double's integers, lone surrogates, or nested too deeply."""


def canonical_bytes(value: Any) -> bytes:
    """The canonical UTF-8 bytes of a JSON value. Raises NotCanonicalizable."""
    try:
        if _is_plain(value):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, orjson.JSONEncodeError, UnicodeEncodeError, RecursionError) as error:
        raise NotCanonicalizable(str(error)) from error


def _is_plain(value: Any) -> bool:
    """Whether both serialisers agree on this value: no floats, keys in ASCII, integers that a double holds."""
    values = [value]
    for item in values:  # which grows: no call for each value
        kind = item.__class__
        if kind is str or kind is bool or item is None:
            continue
        if kind is dict:
            for key in item:
                if key.__class__ is not str or not key.isascii():
                    return False
            values += item.values()
        elif kind is list:
            values += item
        elif kind is not int or not -_MAX_INTEGER <= item <= _MAX_INTEGER:
            return False
    return True
