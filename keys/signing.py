"""Signing our own requests, in the four schemes that peers understand.

Promises headers that our own verification accepts and that the field's servers expect: draft-cavage over
`(request-target) host date` (and `digest`), or one RFC 9421 signature over `@method @target-uri` (and `content-digest`)
with `created`. The URL is signed as it is given: it must be the one that goes over the wire, character for character.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from keys.challenges import Challenge as Challenge
from keys.challenges import accept_signature_header as accept_signature_header
from keys.challenges import requested_components as requested_components
from keys.digests import content_digest_header, digest_header, sha256_of
from keys.http_dates import http_date
from keys.keypairs import ALGORITHMS, KeyKind, KeyRejected, PrivateKey
from keys.message_signatures import plain_base, serialize_parameters
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
    scheme_name, authority, target = _split(url)
    headers = {"Host": normal_authority(scheme_name, authority), "Date": http_date(now.timestamp())}
    if content_type is not None:
        headers["Content-Type"] = content_type
    if accept is not None:
        headers["Accept"] = accept
    if body is not None:
        sha256 = sha256_of(body) if digest is None else digest
        if scheme.is_cavage:
            headers["Digest"] = digest_header(sha256)
        else:
            headers["Content-Digest"] = content_digest_header(sha256)
    headers |= also or {}
    if scheme.is_cavage:
        headers["Signature"] = _cavage_signature(method, target, headers, key_id, key, also or {})
    else:
        message = HttpMessage(method, scheme_name, headers["Host"], target, list(headers.items()))
        headers |= _message_signature(message, key_id, key, now, nonce, challenge, also or {})
    return headers


def _split(url: str) -> tuple[str, str, str]:
    """Scheme, authority and the target exactly as spelled: urllib would drop a lone question mark."""
    parts = urlsplit(url)
    target = url[len(parts.scheme) + len("://") + len(parts.netloc) :].partition("#")[0]
    return parts.scheme, parts.netloc, target if target.startswith("/") else "/" + target


def _cavage_signature(
    method: str, target: str, headers: dict[str, str], key_id: str, key: PrivateKey, also: Mapping[str, str]
) -> str:
    names = ["(request-target)", "host", "date"]
    text = f"(request-target): {method.lower()} {target}\nhost: {headers['Host']}\ndate: {headers['Date']}"
    if "Digest" in headers:
        names.append("digest")
        text += f"\ndigest: {headers['Digest']}"
    for name, value in also.items():
        names.append(name.lower())
        text += f"\n{name.lower()}: {value}"
    signature = b64encode(key.sign(ALGORITHMS[key.kind][0], text.encode("ascii"))).decode("ascii")
    algorithm = "rsa-sha256" if key.kind is KeyKind.RSA else "hs2019"
    return f'keyId="{key_id}",algorithm="{algorithm}",headers="{" ".join(names)}",signature="{signature}"'


def _message_signature(
    message: HttpMessage,
    key_id: str,
    key: PrivateKey,
    now: datetime,
    nonce: str | None,
    challenge: Challenge | None,
    also: Mapping[str, str],
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
    names = _components(message, challenge, also)
    base = plain_base(message, tuple((name, {}) for name in names), parameters)
    assert base is not None  # nothing but plain components
    signature = b64encode(key.sign(algorithm, base)).decode("ascii")
    identifiers = " ".join(f'"{name}"' for name in names)
    return {
        "Signature-Input": f"{label}=({identifiers}){serialize_parameters(parameters)}",
        "Signature": f"{label}=:{signature}:",
    }


def _components(message: HttpMessage, challenge: Challenge | None, also: Mapping[str, str]) -> list[str]:
    """What we always cover and what else we were given, then what a challenge asks for besides, as far as the request
    has it."""
    names = ["@method", "@target-uri"]
    if "content-digest" in message.fields:
        names.append("content-digest")
    names += [name.lower() for name in also]
    asked = () if challenge is None else challenge.components
    present = (name for name in asked if name.startswith("@") or name in message.fields)
    return list(dict.fromkeys([*names, *present]))


def _algorithm(key: PrivateKey, challenge: Challenge | None) -> str:
    own = ALGORITHMS[key.kind]
    return challenge.algorithm if challenge is not None and challenge.algorithm in own else own[0]
