"""Integrity proofs inside documents: FEP-8b32 with the cryptosuite eddsa-jcs-2022 (W3C vc-di-eddsa §3.3).

Promises that a document which comes out of `verify_proof` is, member for member, what the key's owner signed: the
proof covers the document without `proof` (and without a linked-data `signature`, which FEP-8b32 wants removed first)
and every option of the proof but its value. Everything else raises ProofRefused.

Whether the key belongs to the document's owner is the caller's question, answered by the `assertionMethod` of an actor
(FEP-521a): `verify_controller_proofs` takes exactly those keys.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from keys.canonical_json import NotCanonicalizable
from keys.canonical_json import canonical_bytes as canonical_bytes
from keys.keypairs import KeyKind, KeyRejected, PrivateKey, PublicKey
from keys.multibase import NotMultibase, decode_base58btc, encode_base58btc

JsonObject = dict[str, Any]

_CRYPTOSUITE: Final = "eddsa-jcs-2022"
_SIGNATURE_BYTES: Final = 64
_MAX_PROOF_VALUE_CHARACTERS: Final = 90  # "z" and base58 of 64 bytes: 88 at most
_MAX_PROOFS: Final = 8
_MAX_AHEAD: Final = timedelta(hours=1)
_UNSIGNED: Final = frozenset({"proof", "signature"})


class ProofRefused(Exception):
    """The proof proves nothing. `reason` is one of: missing, malformed, unsupported, expired, context, wrong."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def add_proof(document: JsonObject, *, key: PrivateKey, verification_method: str, now: datetime) -> JsonObject:
    """A copy of `document` with a `proof` by an Ed25519 key whose id is `verification_method`.

    An existing proof is replaced. Raises KeyRejected for a key of another kind, ProofRefused ("malformed") for a
    document that has no canonical form.
    """
    if key.kind is not KeyKind.ED25519:
        raise KeyRejected(f"{_CRYPTOSUITE} needs an Ed25519 key")
    proof: JsonObject = {
        "type": "DataIntegrityProof",
        "cryptosuite": _CRYPTOSUITE,
        "created": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    if "@context" in document:
        proof = {"@context": document["@context"], **proof}
    unsecured = {name: value for name, value in document.items() if name not in _UNSIGNED}
    signature = key.sign("ed25519", _hash_data(unsecured, proof))
    return {**document, "proof": {**proof, "proofValue": encode_base58btc(signature)}}


def verify_proof(document: JsonObject, proof: JsonObject, key: PublicKey, now: datetime) -> JsonObject:
    """Check one proof of the document and return what was signed: process that, and nothing else.

    The returned document lacks `proof` and `signature`, and its `@context` is the proof's: a context that somebody
    appended on the way could give signed words another meaning. Raises ProofRefused.
    """
    _check_options(proof)
    _check_times(proof, now)
    signature = _decode_value(proof.get("proofValue"))
    unsecured = {name: value for name, value in document.items() if name not in _UNSIGNED}
    if "@context" in proof:
        _check_context(document.get("@context"), proof["@context"])
        unsecured["@context"] = proof["@context"]
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if key.kind is not KeyKind.ED25519 or not key.verify("ed25519", signature, _hash_data(unsecured, options)):
        raise ProofRefused("wrong", "not this key's proof of this document")
    return unsecured


def proofs_of(document: JsonObject) -> list[JsonObject]:
    """The proofs of a document, one or a set; empty when it has none. Raises ProofRefused for any other shape."""
    proof = document.get("proof")
    if proof is None:
        return []
    proofs = proof if isinstance(proof, list) else [proof]
    if len(proofs) > _MAX_PROOFS or not all(isinstance(entry, dict) for entry in proofs):
        raise ProofRefused("malformed", "a proof is an object, or a few of them")
    return proofs


def verify_controller_proofs(document: JsonObject, methods: Mapping[str, PublicKey], now: datetime) -> JsonObject:
    """Check every proof that names one of a controller's `methods`; return what was signed.

    `methods` are the ids and keys in the controller's `assertionMethod`. Proofs by others are ignored: they speak for
    others. Raises ProofRefused when the controller has no proof here, or any of its proofs fails.
    """
    own = [proof for proof in proofs_of(document) if _method_of(proof) in methods]
    if not own:
        raise ProofRefused("missing", "no proof by this controller")
    signed = [verify_proof(document, proof, methods[_method_of(proof)], now) for proof in own]
    return signed[0]


def _method_of(proof: JsonObject) -> str:
    method = proof.get("verificationMethod")
    return method if isinstance(method, str) else ""


def _hash_data(unsecured: JsonObject, options: JsonObject) -> bytes:
    """SHA-256 of the proof's options, then of the document (vc-di-eddsa §3.3.4)."""
    try:
        configuration, content = canonical_bytes(options), canonical_bytes(unsecured)
    except NotCanonicalizable as error:
        raise ProofRefused("malformed", "the document has no canonical form") from error
    return hashlib.sha256(configuration).digest() + hashlib.sha256(content).digest()


def _check_options(proof: JsonObject) -> None:
    if proof.get("type") != "DataIntegrityProof" or proof.get("cryptosuite") != _CRYPTOSUITE:
        raise ProofRefused("unsupported", "another kind of proof")
    if proof.get("proofPurpose") != "assertionMethod":
        raise ProofRefused("unsupported", "made for another purpose")
    if "previousProof" in proof:
        raise ProofRefused("unsupported", "part of a chain of proofs")
    if not _method_of(proof):
        raise ProofRefused("malformed", "no verification method")


def _check_times(proof: JsonObject, now: datetime) -> None:
    created = _read_time(proof, "created")
    expires = _read_time(proof, "expires")
    if created is not None and created > now + _MAX_AHEAD:
        raise ProofRefused("expired", "made in the future")
    if expires is not None and expires <= now:
        raise ProofRefused("expired", "the proof has expired")


def _read_time(proof: JsonObject, name: str) -> datetime | None:
    if name not in proof:
        return None
    try:
        time = datetime.fromisoformat(proof[name])
    except (TypeError, ValueError) as error:
        raise ProofRefused("malformed", f"{name} is no time") from error
    if time.tzinfo is None:
        raise ProofRefused("malformed", f"{name} lacks its time zone")
    return time


def _decode_value(value: object) -> bytes:
    try:
        signature = (
            decode_base58btc(value, max_characters=_MAX_PROOF_VALUE_CHARACTERS) if isinstance(value, str) else b""
        )
    except NotMultibase as error:
        raise ProofRefused("malformed", "proofValue is not base58btc") from error
    if len(signature) != _SIGNATURE_BYTES:
        raise ProofRefused("malformed", "proofValue is not an Ed25519 signature")
    return signature


def _check_context(document_context: object, proof_context: object) -> None:
    """The proof's contexts must be the first of the document's, in the same order (vc-di-eddsa §3.3.2, step 4)."""
    ours, theirs = _as_list(document_context), _as_list(proof_context)
    if ours[: len(theirs)] != theirs:
        raise ProofRefused("context", "the proof's @context does not begin the document's")


def _as_list(context: object) -> list[object]:
    return context if isinstance(context, list) else [context]
