"""HTTP signatures as most of the network sends them: draft-cavage-http-signatures-12.

Promises that a claim which comes out of `read_claim` covers `(request-target)`, `host`, a time and, where there is a
body, its digest; that it is fresh, meant for us, and that the body is the signed one. What remains is the key's word.

Senders disagree on whether `(request-target)` has the query string: both are accepted, no other path ever is.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from keys.claims import Proven, Terms, algorithms_for, check_body, field_value
from keys.http_dates import parse_http_date
from keys.keypairs import PublicKey
from keys.refusals import Refusal, SignatureRefused
from keys.requests import HttpMessage, normal_authority
from keys.windows import SignaturePolicy, check_window

_PARAMETER: Final = re.compile(r'[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(?:"([^"\\]*)"|([^",\s]+))[ \t]*(,|$)')
_SECONDS: Final = re.compile(r"[0-9]{1,15}")
_MAX_PARAMETERS: Final = 16
_MAX_COVERED: Final = 32
_TIMES: Final = frozenset({"(created)", "(expires)"})
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
# What a named algorithm may mean. "hs2019" and no name at all leave it to the key (§2.1, §2.5).
_ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "rsa-sha256": ("rsa-v1_5-sha256",),
        "rsa-sha512": ("rsa-v1_5-sha512",),
        "ed25519": ("ed25519",),
    }
)


class CavageClaim(NamedTuple):
    """A fresh draft-cavage signature with sufficient coverage; see `keys.claims.Claim`."""

    terms: Terms
    algorithms: tuple[str, ...] | None
    texts: tuple[bytes, ...]
    signature: bytes

    def prove(self, key: PublicKey) -> Proven | None:
        """Try the key's algorithms over the text with the query string, then without it."""
        algorithms = algorithms_for(key, self.algorithms, self.terms.key_id)
        for signed in self.texts:
            for algorithm in algorithms:
                if key.verify(algorithm, self.signature, signed):
                    return Proven(algorithm, signed)
        return None


def read_claim(message: HttpMessage, now: float, policy: SignaturePolicy) -> CavageClaim:
    """Read and judge the `Signature` header; everything but the key. Raises SignatureRefused."""
    parameters = read_parameters(message)
    key_id = parameters.get("keyId")
    if not key_id:
        raise _malformed("keyId missing")
    try:
        return _judge(message, parameters, key_id, now, policy)
    except SignatureRefused as refused:
        refused.key_id = key_id
        raise


def read_parameters(message: HttpMessage) -> Mapping[str, str]:
    """The parameters of the one `Signature` header (§2.1, §4). Raises SignatureRefused."""
    lines = message.fields["signature"]
    if len(lines) != 1:
        raise _malformed("more than one Signature header")
    return _parameters(lines[0])


@lru_cache(maxsize=64)  # the header of one request is read for its key id, too, before it is judged
def _parameters(text: str) -> Mapping[str, str]:
    parameters, position, separator = dict[str, str](), 0, ","
    while separator:
        match = _PARAMETER.match(text, position)
        if match is None or match[1] in parameters or len(parameters) >= _MAX_PARAMETERS:
            raise _malformed("not a list of distinct parameters")
        parameters[match[1]] = match[2] if match[3] is None else match[3]
        position, separator = match.end(), match[4]
    return MappingProxyType(parameters)


def _judge(
    message: HttpMessage, parameters: Mapping[str, str], key_id: str, now: float, policy: SignaturePolicy
) -> CavageClaim:
    algorithm = parameters.get("algorithm", "hs2019")
    if algorithm != "hs2019" and algorithm not in _ALGORITHMS:
        raise SignatureRefused(Refusal.ALGORITHM, "unknown algorithm")
    covered = tuple(parameters.get("headers", "(created)").lower().split())
    if not 0 < len(covered) <= _MAX_COVERED or len(set(covered)) != len(covered):
        raise _malformed("covers nothing, too much, or one thing twice")
    _check_coverage(message, covered, algorithm)
    _check_host(message)
    created, expires = _signed_times(message, parameters, covered)
    valid_until = min(check_window(time, expires, now, policy) for time in created)
    signature = _decode(parameters.get("signature", ""))
    check_body(message)
    terms = Terms("cavage", key_id, created[0], expires, valid_until, covered)
    targets = (message.target, message.path) if "?" in message.target else (message.target,)
    texts = tuple(_signing_string(message, parameters, covered, target) for target in targets)
    return CavageClaim(terms, _ALGORITHMS.get(algorithm), texts, signature)


def _signing_string(
    message: HttpMessage, parameters: Mapping[str, str], covered: tuple[str, ...], target: str
) -> bytes:
    """The text that is signed (§2.3)."""
    lines = []
    for name in covered:
        if name == "(request-target)":
            value = f"{message.method.lower()} {target}"
        elif name in _TIMES:
            value = parameters[name[1:-1]]
        else:
            value = field_value(message, name)
        lines.append(f"{name}: {value}")
    try:
        return "\n".join(lines).encode("utf-8", "surrogateescape")  # back to the bytes of the wire
    except UnicodeEncodeError as error:
        raise _malformed("signed headers are no text") from error


def _check_coverage(message: HttpMessage, covered: tuple[str, ...], algorithm: str) -> None:
    if "(request-target)" not in covered or "host" not in covered:
        raise SignatureRefused(Refusal.WEAK, "covers not both (request-target) and host")
    if "date" not in covered and "(created)" not in covered:
        raise SignatureRefused(Refusal.WEAK, "covers neither date nor (created)")
    if algorithm != "hs2019" and not _TIMES.isdisjoint(covered):
        raise SignatureRefused(Refusal.ALGORITHM, "(created) and (expires) go with hs2019 only")  # §2.3
    if (message.body or message.method in _BODY_METHODS) and "digest" not in covered:
        raise SignatureRefused(Refusal.WEAK, "does not cover the digest of the body")


def _check_host(message: HttpMessage) -> None:
    lines = message.fields.get("host", [])
    if len(lines) != 1 or normal_authority(message.scheme, lines[0]) != message.normal_authority:
        raise SignatureRefused(Refusal.HOST, "signed for another host")


def _signed_times(
    message: HttpMessage, parameters: Mapping[str, str], covered: tuple[str, ...]
) -> tuple[list[int], int | None]:
    """Every signed time of making, `(created)` first, and when it expires.

    An `expires` that isn't covered is honoured too: it can only shorten the life.
    """
    created = []
    if "(created)" in covered:
        created.append(_seconds(parameters.get("created", "")))
    if "date" in covered:
        date = parse_http_date(field_value(message, "date"))
        if date is None:
            raise _malformed("no date that we can read")
        created.append(date)
    if "(expires)" in covered or "expires" in parameters:
        return created, _seconds(parameters.get("expires", ""))
    return created, None


def _seconds(text: str) -> int:
    if not _SECONDS.fullmatch(text):
        raise _malformed("a time that is no whole number of seconds")
    return int(text)


def _decode(text: str) -> bytes:
    try:
        signature = b64decode(text, validate=True)
    except ValueError as error:
        raise _malformed("the signature is not base64") from error
    if not signature or b64encode(signature) != text.encode("ascii"):
        raise _malformed("the signature is missing, or not spelled as base64 has it")
    return signature


def _malformed(detail: str) -> SignatureRefused:
    return SignatureRefused(Refusal.MALFORMED, detail)
