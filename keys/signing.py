"""Signing our own requests, in the four schemes that peers understand.

Promises headers that our own verification accepts and that the field's servers expect: draft-cavage over
`(request-target) host date` (and `digest`), or one RFC 9421 signature over `@method @target-uri` (and `content-digest`)
with `created`. The URL is signed as it is given: it must be the one that goes over the wire, character for character.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from keys.challenges import Challenge as Challenge
from keys.challenges import accept_signature_header as accept_signature_header
from keys.challenges import requested_components as requested_components
from keys.digests import content_digest_header, digest_header, sha256_of
from keys.http_dates import http_date
from keys.keypairs import ALGORITHMS, KeyKind, KeyRejected, PrivateKey
from keys.message_signatures import plain_value, serialize_parameters
from keys.requests import HttpMessage, normal_authority

_CHALLENGE_LIFETIME: Final = timedelta(minutes=5)


class Scheme(StrEnum):
    """How a request is signed: the way of writing it down and the kind of key."""

    CAVAGE_RSA = "cavage-rsa"
    CAVAGE_ED25519 = "cavage-ed25519"
    RFC9421_RSA = "rfc9421-rsa"
    RFC9421_ED25519 = "rfc9421-ed25519"

    @property
    def is_cavage(self) -> bool:
        """Whether this is the draft that everybody understands."""
        return self in (Scheme.CAVAGE_RSA, Scheme.CAVAGE_ED25519)

    @property
    def key_kind(self) -> KeyKind:
        """The kind of key that this scheme signs with."""
        return KeyKind.RSA if self in (Scheme.CAVAGE_RSA, Scheme.RFC9421_RSA) else KeyKind.ED25519


def sign_request(
    *,
    method: str,
    url: str,
    body: bytes | None,
    key_id: str,
    key: PrivateKey,
    scheme: Scheme,
    now: datetime,
    digest: bytes | None = None,
    nonce: str | None = None,
    content_type: str | None = None,
    accept: str | None = None,
    challenge: Challenge | None = None,
    also: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """All headers of the signed request: Host, Date, a digest when there is a body, Content-Type, Accept, Signature.

    `digest` is the ready-made SHA-256 of the body (32 bytes), for one body that goes to many peers. `challenge` is a
    peer's request for a certain RFC 9421 signature (§5); what it asks for is covered besides what we always cover.
    `also` are further headers, signed with the rest. `nonce` alone goes into an RFC 9421 signature too; draft-cavage
    has no place for it.

    Raises KeyRejected when the key is not of the scheme's kind.
    """
    if key.kind is not scheme.key_kind:
        raise KeyRejected(f"{scheme} needs an {scheme.key_kind} key")
    place = _place_of(url)
    headers = {"Host": place.authority, "Date": http_date(now.timestamp())}
    if content_type is not None:
        headers["Content-Type"] = content_type
    if accept is not None:
        headers["Accept"] = accept
    digest_name = "Digest" if scheme.is_cavage else "Content-Digest"
    if body is not None:
        headers[digest_name] = _DIGEST_HEADERS[digest_name](sha256_of(body) if digest is None else digest)
    headers |= also or {}
    signed = [digest_name] if body is not None else []
    signed += also or ()
    if scheme.is_cavage:
        headers["Signature"] = _cavage_signature(method, place.target, headers, signed, key_id, key)
    else:
        headers |= _message_signature(method, place, headers, signed, key_id, key, now, nonce, challenge)
    return headers


class _Place(NamedTuple):
    """Where a request goes: the authority in normal form, the target exactly as spelled."""

    scheme: str
    authority: str
    target: str

    @property
    def uri(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


@lru_cache(maxsize=1024)  # the same inboxes again and again; half a KiB each
def _place_of(url: str) -> _Place:
    parts = urlsplit(url)
    # As it stands in the URL: urllib would drop a lone question mark.
    target = url[len(parts.scheme) + len("://") + len(parts.netloc) :].partition("#")[0]
    target = target if target.startswith("/") else "/" + target
    return _Place(parts.scheme, normal_authority(parts.scheme, parts.netloc), target)


# One body goes to many.
_DIGEST_HEADERS: Final = {
    "Digest": lru_cache(maxsize=64)(digest_header),
    "Content-Digest": lru_cache(maxsize=64)(content_digest_header),
}


def _cavage_signature(
    method: str, target: str, headers: Mapping[str, str], signed: Sequence[str], key_id: str, key: PrivateKey
) -> str:
    names = ["(request-target)", *(name.lower() for name in ("Host", "Date", *signed))]
    text = f"(request-target): {method.lower()} {target}\nhost: {headers['Host']}\ndate: {headers['Date']}"
    for name in signed:
        text += f"\n{name.lower()}: {headers[name]}"
    signature = b64encode(key.sign(ALGORITHMS[key.kind][0], text.encode("ascii"))).decode("ascii")
    algorithm = "rsa-sha256" if key.kind is KeyKind.RSA else "hs2019"
    return f'keyId="{key_id}",algorithm="{algorithm}",headers="{" ".join(names)}",signature="{signature}"'


def _message_signature(
    method: str,
    place: _Place,
    headers: Mapping[str, str],
    signed: Sequence[str],
    key_id: str,
    key: PrivateKey,
    now: datetime,
    nonce: str | None,
    challenge: Challenge | None,
) -> dict[str, str]:
    label = "sig1" if challenge is None else challenge.label
    algorithm = _algorithm(key, challenge)
    created = int(now.timestamp())
    parameters: dict[str, int | str] = {"created": created, "alg": algorithm, "keyid": key_id}
    if challenge is not None and challenge.wants_expires:
        parameters["expires"] = created + int(_CHALLENGE_LIFETIME.total_seconds())
    if nonce is None and challenge is not None:
        nonce = challenge.nonce
    if nonce is not None:
        parameters["nonce"] = nonce
    if challenge is not None and challenge.tag is not None:
        parameters["tag"] = challenge.tag
    covered = {"@method": method, "@target-uri": place.uri} | {name.lower(): headers[name] for name in signed}
    if challenge is not None:
        covered |= _asked(challenge, HttpMessage(method, *place, list(headers.items())), covered)
    identifiers = " ".join(f'"{name}"' for name in covered)
    input_value = f"({identifiers}){serialize_parameters(parameters)}"
    lines = "".join(f'"{name}": {value}\n' for name, value in covered.items())
    base = f'{lines}"@signature-params": {input_value}'.encode("ascii")
    signature = b64encode(key.sign(algorithm, base)).decode("ascii")
    return {"Signature-Input": f"{label}={input_value}", "Signature": f"{label}=:{signature}:"}


def _asked(challenge: Challenge, message: HttpMessage, covered: Mapping[str, str]) -> dict[str, str]:
    """What a challenge asks for besides, as far as the request has it."""
    present = (name for name in challenge.components if name.startswith("@") or name in message.fields)
    values = {name: plain_value(message, name) for name in present if name not in covered}
    return {name: value for name, value in values.items() if value is not None}


def _algorithm(key: PrivateKey, challenge: Challenge | None) -> str:
    own = ALGORITHMS[key.kind]
    return challenge.algorithm if challenge is not None and challenge.algorithm in own else own[0]
