"""Actor tokens: a community's short-lived word that somebody from a server belongs to it (FEP-db0e).

A token says who issued it (the community), to whom (the actor that presents it, with a signature of its own), since
when and until when, and is signed with the community's RSA key. What is signed are the lines `name: value` of all its
members but the signatures, sorted. So names are letters and values have no line breaks: a token reads in one way.

Promises of a token that passes: its issuer's key made it, it is valid at `now` (clocks may differ by five minutes), and
for two hours at most. Whose key that is, who presents it and what it opens is for the caller to decide. Anything else
raises TokenRefused.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from keys.keypairs import KeyKind, KeyRejected, PrivateKey, PublicKey
from models.values import dataclass

AUTH_SCHEME: Final = "ActivityPubActorToken"
TOKEN_LIFETIME: Final = timedelta(minutes=30)
MAX_LIFETIME: Final = timedelta(hours=2)
CLOCK_MARGIN: Final = timedelta(minutes=5)
MAX_TOKEN_CHARACTERS: Final = 8_192
_ALGORITHM: Final = "rsa-sha256"
_RSA: Final = "rsa-v1_5-sha256"
_NAMES: Final = ("issuer", "actor", "issuedAt", "validUntil")
_MAX_MEMBERS: Final = 12
_MAX_SIGNATURES: Final = 4
_NAME: Final = re.compile(r"[A-Za-z]{1,40}")
_VALUE: Final = re.compile(r"[^\x00-\x1f\x7f\u0085\u2028\u2029]{1,2000}")


class TokenRefused(Exception):
    """The token proves nothing. `reason` is one of: malformed, expired, wrong, and what its user adds to them."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ActorToken:
    """A well-shaped token; nothing about it has been verified. `members` is what the signature covers."""

    issuer: str
    actor: str
    issued_at: datetime
    valid_until: datetime
    key_id: str
    signature: bytes
    members: Mapping[str, str]


def make_token(*, issuer: str, actor: str, key_id: str, key: PrivateKey, now: datetime) -> dict[str, Any]:
    """A token that is valid for `TOKEN_LIFETIME`. Raises KeyRejected for another kind of key than RSA."""
    if key.kind is not KeyKind.RSA:
        raise KeyRejected("actor tokens are signed with RSA keys")
    members = {
        "issuer": issuer,
        "actor": actor,
        "issuedAt": _written(now),
        "validUntil": _written(now + TOKEN_LIFETIME),
    }
    value = b64encode(key.sign(_RSA, _signed_text(members))).decode("ascii")
    return {**members, "signatures": [{"algorithm": _ALGORITHM, "keyId": key_id, "signature": value}]}


def read_token(document: object) -> ActorToken:
    """The token in a JSON value. Raises TokenRefused (malformed)."""
    if not isinstance(document, dict) or len(document) > _MAX_MEMBERS:
        raise TokenRefused("malformed", "not an actor token")
    members = {name: value for name, value in document.items() if name != "signatures"}
    if not all(_NAME.fullmatch(name) and isinstance(value, str) and _VALUE.fullmatch(value)
               for name, value in members.items()):  # fmt: skip
        raise TokenRefused("malformed", "a member of the token could be read in two ways")
    if not all(name in members for name in _NAMES):
        raise TokenRefused("malformed", "something is missing in the token")
    key_id, signature = _signature(document.get("signatures"))
    issued_at, valid_until = _time(members["issuedAt"]), _time(members["validUntil"])
    return ActorToken(members["issuer"], members["actor"], issued_at, valid_until, key_id, signature, members)


def check_times(token: ActorToken, now: datetime) -> None:
    """Raises TokenRefused (expired) unless it is valid at `now`."""
    if token.valid_until - token.issued_at > MAX_LIFETIME:
        raise TokenRefused("expired", "it would be valid for too long")
    if not (token.issued_at <= now + CLOCK_MARGIN and now - CLOCK_MARGIN < token.valid_until):
        raise TokenRefused("expired", "it isn't valid now")


def check_signature(token: ActorToken, key: PublicKey) -> None:
    """Raises TokenRefused (wrong) unless `key` made it."""
    if not key.verify(_RSA, token.signature, _signed_text(token.members)):
        raise TokenRefused("wrong", "not this key's signature of this token")


def _signed_text(members: Mapping[str, str]) -> bytes:
    return "\n".join(sorted(f"{name}: {value}" for name, value in members.items())).encode()


def _signature(value: object) -> tuple[str, bytes]:
    entries = value if isinstance(value, list) else []
    for entry in entries[:_MAX_SIGNATURES]:
        if isinstance(entry, dict) and entry.get("algorithm") == _ALGORITHM:
            key_id, text = entry.get("keyId"), entry.get("signature")
            if isinstance(key_id, str) and isinstance(text, str):
                return key_id, _decode(text)
    raise TokenRefused("malformed", f"no signature by {_ALGORITHM}")


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise TokenRefused("malformed", "the signature is not base64") from error


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise TokenRefused("malformed", "no time of its beginning or end")
    return moment


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
