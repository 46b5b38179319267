"""HTTP Message Signatures (RFC 9421) on requests.

Promises that each claim which comes out of `read_claims` covers `@method`, the whole target, `created` and, where there
is a body, `content-digest`; that it is fresh and the body is the signed one. What remains is the key's word.

The `http-message-signatures` library is the reference: it builds the signature base for components with parameters and
for rare derived ones. The plain components that nearly every sender uses are put together here, at a tenth of the cost;
a property test holds both to the same bytes. A signature that covers another signature of the same request is refused.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, NoReturn

import http_sf
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    InvalidSignature,
    MappingKeyResolver,
)

from keys.claims import Proven, Terms, algorithms_for, check_body, field_value
from keys.keypairs import ALGORITHMS, PublicKey
from keys.refusals import Refusal, SignatureRefused
from keys.requests import HttpMessage
from keys.windows import SignaturePolicy, check_window

Parameters = Mapping[str, Any]
Component = tuple[str, Parameters]

_KNOWN_ALGORITHMS: Final = frozenset(name for names in ALGORITHMS.values() for name in names)
_INTEGERS: Final = frozenset({"created", "expires"})
_STRINGS: Final = frozenset({"alg", "keyid", "nonce", "tag"})
_MAX_COMPONENTS: Final = 32
_TARGET_PARTS: Final = frozenset({"@authority", "@path", "@query"})


class MessageClaim(NamedTuple):
    """A fresh RFC 9421 signature with sufficient coverage; see `keys.claims.Claim`."""

    terms: Terms
    message: HttpMessage
    label: str
    covered: tuple[Component, ...]
    parameters: Parameters
    signature: bytes
    base: bytes | None  # None: the library has to build it

    def prove(self, key: PublicKey) -> Proven | None:
        """Check with the algorithm that `alg` names, or try those of the key (§3.2, step 6)."""
        named = self.parameters.get("alg")
        algorithms = algorithms_for(key, None if named is None else (named,), self.terms.key_id)
        for algorithm in algorithms:
            if self.base is None:
                if proven := self._ask_library(algorithm, key):
                    return proven
            elif key.verify(algorithm, self.signature, self.base):
                return Proven(algorithm, self.base)
        return None

    def _ask_library(self, algorithm: str, key: PublicKey) -> Proven | None:
        verifier = _Verifier(
            signature_algorithm=_algorithm_class(algorithm, key),
            key_resolver=MappingKeyResolver(public_keys={self.terms.key_id: b"of the algorithm"}, private_keys={}),
        )
        try:
            (result,) = verifier.verify(_LibraryRequest(self), max_age=None)
        except HTTPMessageSignaturesException:
            return None
        base = "\n".join(f"{name}: {value}" for name, value in result.covered_components.items())
        return Proven(algorithm, base.encode("ascii"))


def read_claims(message: HttpMessage, now: float, policy: SignaturePolicy) -> list[MessageClaim]:
    """The signatures that pass every check that needs no key, in header order. Raises SignatureRefused for none."""
    inputs, signatures = read_dictionaries(message)
    labels = [label for label in inputs if label in signatures]
    if not labels:
        raise SignatureRefused(Refusal.MISSING, "no signature that has an input")
    if len(labels) > policy.max_signatures:
        raise SignatureRefused(Refusal.TOO_LARGE, "too many signatures")
    check_body(message)
    claims, refusal = [], None
    for label in labels:
        try:
            claims.append(_judge(message, label, inputs[label], signatures[label], now, policy))
        except SignatureRefused as refused:
            refusal = refusal or refused
    if claims:
        return claims
    assert refusal is not None
    raise refusal


def read_dictionaries(message: HttpMessage) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The members of `Signature-Input` and `Signature` by label. Raises SignatureRefused."""
    return (
        _parse_dictionary(message.fields.get("signature-input", [])),
        _parse_dictionary(message.fields.get("signature", [])),
    )


def plain_base(message: HttpMessage, covered: tuple[Component, ...], parameters: Parameters) -> bytes | None:
    """The signature base (§2.5) of components without parameters; None where the library has to build it."""
    lines = []
    for name, component_parameters in covered:
        value = None if component_parameters else plain_value(message, name)
        if value is None:
            return None
        lines.append(f"{_serialize_item(name)}: {value}")
    identifiers = " ".join(_serialize_item(name) for name, _ in covered)
    lines.append(f'"@signature-params": ({identifiers}){serialize_parameters(parameters)}')
    try:
        return "\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise _malformed("signed headers outside ASCII") from error


def serialize_parameters(parameters: Parameters) -> str:
    """Integer and String parameters as a structured field has them (RFC 8941 §4.1.1.2)."""
    return "".join(f";{name}={_serialize_item(value)}" for name, value in parameters.items())


def _serialize_item(value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain_value(message: HttpMessage, name: str) -> str | None:
    """The value of a component without parameters (§2.1, §2.2); None where the library has to find it."""
    match name:
        case "@method":
            return message.method
        case "@target-uri":
            return message.url
        case "@authority":
            return message.normal_authority
        case "@path":
            return message.path
        case "@query":
            return message.query
        case "@scheme":
            return message.scheme
        case "@request-target":
            return message.target
    if name.startswith("@") or name == "set-cookie":  # several cookies don't combine into one line
        return None
    return field_value(message, name)


def _parse_dictionary(lines: list[str]) -> Mapping[str, Any]:
    return _dictionary(", ".join(lines))


@lru_cache(maxsize=128)  # the headers of one request are read for their key ids, too, before they are judged
def _dictionary(text: str) -> Mapping[str, Any]:
    try:
        members = http_sf.parse(text.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse_duplicate)
    except ValueError as error:  # UnicodeEncodeError and StructuredFieldError among them
        raise _malformed("not a dictionary of signatures") from error
    assert isinstance(members, dict)
    return members


def _judge(
    message: HttpMessage, label: str, member: Any, signature: Any, now: float, policy: SignaturePolicy
) -> MessageClaim:
    covered, parameters = _read_member(member)
    if not isinstance(signature, tuple) or not isinstance(signature[0], bytes):
        raise _malformed("a signature is a byte sequence")
    spelled = b64encode(signature[0]).decode("ascii")
    if not spelled or not any(spelled in line for line in message.fields["signature"]):
        raise _malformed("the signature is missing, or not spelled as base64 has it")
    key_id = parameters.get("keyid")
    if not key_id:
        raise _malformed("keyid missing")
    try:
        _check_coverage(message, covered, parameters)
        created, expires = parameters["created"], parameters.get("expires")
        valid_until = check_window(created, expires, now, policy)
        base = plain_base(message, covered, parameters)
    except SignatureRefused as refused:
        refused.key_id = key_id
        raise
    names = tuple(name for name, _ in covered)
    terms = Terms("rfc9421", key_id, created, expires, valid_until, names, parameters.get("nonce"))
    return MessageClaim(terms, message, label, covered, parameters, signature[0], base)


def _read_member(member: Any) -> tuple[tuple[Component, ...], Parameters]:
    """Components and parameters of a Signature-Input member; types, names and repetitions checked."""
    if not isinstance(member, tuple) or not isinstance(member[0], list):
        raise _malformed("a signature's input is an inner list")
    components, parameters = member
    if len(components) > _MAX_COMPONENTS:
        raise _malformed("covers too much")
    covered = tuple((name, component_parameters) for name, component_parameters in components)
    if not all(isinstance(name, str) and name and name == name.lower() for name, _ in covered):
        raise _malformed("component names are lower-case strings")
    if len({(name, frozenset(map(str, entries.items()))) for name, entries in covered}) != len(covered):
        raise _malformed("covers one thing twice")
    for name, value in parameters.items():
        if not (type(value) is int if name in _INTEGERS else name in _STRINGS and isinstance(value, str)):
            raise _malformed("a signature parameter that we don't know, or of another type")
    return covered, parameters


def _check_coverage(message: HttpMessage, covered: tuple[Component, ...], parameters: Parameters) -> None:
    plain = {name for name, entries in covered if not entries}
    if "@method" not in plain or not ("@target-uri" in plain or plain >= _TARGET_PARTS):
        raise SignatureRefused(Refusal.WEAK, "covers not both the method and the whole target")
    if "created" not in parameters:
        raise SignatureRefused(Refusal.WEAK, "does not say when it was created")
    digest_is_covered = any(name == "content-digest" and set(entries) <= {"sf"} for name, entries in covered)
    if message.body and not digest_is_covered:
        raise SignatureRefused(Refusal.WEAK, "does not cover the digest of the body")
    if digest_is_covered and "content-digest" not in message.fields:
        raise SignatureRefused(Refusal.DIGEST, "covers a digest that the request lacks")
    if parameters.get("alg", "ed25519") not in _KNOWN_ALGORITHMS:
        raise SignatureRefused(Refusal.ALGORITHM, "unknown algorithm")


def _refuse_duplicate(_name: str, _context: str) -> NoReturn:
    raise _malformed("a label or parameter given twice")


def _malformed(detail: str) -> SignatureRefused:
    return SignatureRefused(Refusal.MALFORMED, detail)


class _Verifier(HTTPMessageVerifier):
    """The library without its own clock: `check_window` has judged the times already."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Nothing left to check."""


class _Headers:
    """The headers of a message with one signature left, as the library reads them: by `items()`."""

    def __init__(self, claim: MessageClaim) -> None:
        self._claim = claim

    def items(self) -> Iterator[tuple[str, str]]:
        """Field lines in wire order; the chosen signature last."""
        claim = self._claim
        for name, value in claim.message.headers:
            if name.lower() not in ("signature", "signature-input"):
                yield name, value
        chosen: Any = (list(claim.covered), dict(claim.parameters))
        yield "signature-input", http_sf.ser({claim.label: chosen})
        yield "signature", http_sf.ser({claim.label: claim.signature})


class _LibraryRequest:
    """A claim's message in the shape that the library asks for."""

    def __init__(self, claim: MessageClaim) -> None:
        self.method = claim.message.method
        self.url = claim.message.url
        self.request_target = claim.message.target
        self.headers = _Headers(claim)


def _algorithm_class(name: str, key: PublicKey) -> type[HTTPSignatureAlgorithm]:
    """The library takes algorithms as classes; this one asks our own, already parsed key."""

    class KeyAlgorithm(HTTPSignatureAlgorithm):
        algorithm_id = name

        def __init__(self, public_key: Any = None, private_key: Any = None) -> None:
            pass

        def verify(self, signature: bytes, message: bytes) -> None:
            if not key.verify(name, signature, message):
                raise InvalidSignature("not this key's signature")

    return KeyAlgorithm
