"""Multibase base58btc text, the spelling of Multikeys and of proof values (W3C Controlled Identifiers §2.4).

Owns nothing but the bytes: which codec prefix means which kind of key is decided in `keypairs`.
Text of strangers is bounded before it is decoded, for base58 costs the square of its length.
"""

from typing import Final

import base58

_MAX_CHARACTERS = 2048  # an RSA-8192 key has 1,410
_DIGITS: Final = {character: digit for digit, character in enumerate(base58.BITCOIN_ALPHABET.decode("ascii"))}


class NotMultibase(ValueError):
    """The text is not base58btc multibase, or too long to be a key or a signature."""


def encode_base58btc(data: bytes) -> str:
    """`data` as multibase text: "z" and base58 in Bitcoin's alphabet."""
    return "z" + base58.b58encode(data).decode("ascii")


def decode_base58btc(text: str, *, max_characters: int = _MAX_CHARACTERS) -> bytes:
    """The bytes behind a multibase text. Raises NotMultibase for any other base, bad characters or too long a text."""
    if not text.startswith("z") or len(text) > max_characters or not text.isascii():
        raise NotMultibase("not base58btc multibase")
    try:
        return _decode(text[1:])
    except KeyError as error:
        raise NotMultibase("characters outside base58btc") from error


def _decode(text: str) -> bytes:
    """As `base58.b58decode`, at a quarter of the cost: it takes the number apart byte by byte. Raises KeyError."""
    number = 0
    for character in text:
        number = number * 58 + _DIGITS[character]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
