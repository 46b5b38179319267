"""What both signature schemes claim before a key is known, and the check of the body that they share."""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, NamedTuple, Protocol

from keys.digests import DigestRefused, check_content_digest, check_digest
from keys.keypairs import ALGORITHMS, PublicKey
from keys.refusals import Refusal, SignatureRefused
from keys.requests import HttpMessage

SchemeName = Literal["cavage", "rfc9421"]

# A line break in a value would let one header pass for several lines of the signed text.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Terms(NamedTuple):
    """The signed facts of a claim. Times are Unix seconds; `components` is what the signature covers."""

    scheme: SchemeName
    key_id: str
    created: int
    expires: int | None
    valid_until: datetime
    components: tuple[str, ...]
    nonce: str | None = None


class Proven(NamedTuple):
    """A claim that its key confirmed: by which algorithm, over which bytes."""

    algorithm: str
    signed: bytes


class Claim(Protocol):
    """A signature that passed every check that needs no key."""

    @property
    def terms(self) -> Terms: ...

    def prove(self, key: PublicKey) -> Proven | None:
        """Check the signature with the key. Raises SignatureRefused when the named algorithm isn't the key's."""


def algorithms_for(key: PublicKey, named: Iterable[str] | None, key_id: str) -> tuple[str, ...]:
    """The algorithms to try: those named that are the key's, or all of the key's. Raises SignatureRefused for none."""
    own = ALGORITHMS[key.kind]
    usable = own if named is None else tuple(name for name in named if name in own)
    if not usable:
        raise SignatureRefused(Refusal.ALGORITHM, f"not an algorithm of {key.kind} keys", key_id)
    return usable


def check_body(message: HttpMessage) -> None:
    """Every digest header that is there must be the body's. Raises SignatureRefused."""
    try:
        if "digest" in message.fields:
            check_digest(message.fields["digest"], message.body)
        if "content-digest" in message.fields:
            check_content_digest(message.fields["content-digest"], message.body)
    except DigestRefused as error:
        raise SignatureRefused(Refusal.DIGEST, str(error)) from error


def field_value(message: HttpMessage, name: str) -> str:
    """All lines of a covered field as one. Raises SignatureRefused when it is absent or holds control characters."""
    lines = message.fields.get(name)
    if lines is None:
        raise SignatureRefused(Refusal.MALFORMED, "covers a header that the request lacks")
    value = lines[0] if len(lines) == 1 else ", ".join(lines)
    if _CONTROLS.search(value):
        raise SignatureRefused(Refusal.MALFORMED, "control characters in a signed header")
    return value


def replay_token(key_id: str, signed: bytes) -> bytes:
    """32 bytes that stay the same however a signature over these bytes is re-encoded.

    Over the signed text rather than the signature: of an ECDSA signature anybody can make a second valid one.
    """
    return hashlib.sha256(key_id.encode("utf-8", "surrogatepass") + b"\x00" + signed).digest()
