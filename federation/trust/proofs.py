"""Whether a document proves by itself who made it: FEP-8b32 proofs and Linked Data Signatures, with their keys found.

A proof counts when its key is listed by the claimed actor and it covers what we read: a context that was added after
signing, or (for a Linked Data Signature) anything that its own context leaves undefined, makes it worthless.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from federation.activity import Activity
from federation.json_ld import DocumentRefused, JsonObject, canonicalize, normalise, parse_document
from federation.json_ld.dates import parse_time
from federation.services import Services
from federation.trust.key_finding import KeyOwnerGone, find_public_key
from keys.integrity_proofs import ProofRefused, proofs_of, verify_proof
from keys.keypairs import PublicKey
from keys.linked_data_signatures import (
    LinkedDataSignatureRefused,
    signature_creator,
    verify_linked_data_signature,
)

MAX_AGE: Final = timedelta(days=30)


async def is_proven_by_actor(services: Services, activity: Activity) -> bool:
    """Whether the activity's bytes carry a proof, or a Linked Data Signature, by its actor."""
    document = parse_document(activity.raw)
    if await is_proven(services, document, activity.actor):
        return True
    return await _is_ld_signed(services, document, activity)


async def is_proven(services: Services, document: JsonObject, actor_uri: str) -> bool:
    """Whether every recent FEP-8b32 proof of `actor_uri` on the raw document holds, and there is at least one.

    What somebody else brings must have been said lately: a proof never ends by itself, and a Like of last year may
    have been taken back since (J11). What is older is fetched from its own server, where that matters.
    """
    now = services.clock()
    try:
        proofs = [proof for proof in proofs_of(document) if _is_recent(proof, now)]
    except ProofRefused:
        return False
    verdicts = [await _holds(services, document, proof, actor_uri) for proof in proofs]
    own = [verdict for verdict in verdicts if verdict is not None]
    return bool(own) and all(own)


def _is_recent(proof: JsonObject, now: datetime) -> bool:
    created = parse_time(proof.get("created"))
    return created is not None and now - created <= MAX_AGE


async def breaks_own_proof(services: Services, activity: Activity, document: JsonObject | None = None) -> bool:
    """Whether it carries a proof by its own actor that doesn't hold: then something is wrong with it.

    `document` is what its bytes say, where somebody has parsed them already.
    """
    if "proof" not in activity.document:
        return False
    document = document or parse_document(activity.raw)
    try:
        proofs = proofs_of(document)
    except ProofRefused:
        return True
    return any([await _holds(services, document, proof, activity.actor) is False for proof in proofs])


async def _holds(services: Services, document: JsonObject, proof: JsonObject, actor_uri: str) -> bool | None:
    """Whether a proof of `actor_uri` holds; None for a proof by somebody else, or whose key isn't to be had."""
    key = await _key_of(services, proof.get("verificationMethod"), actor_uri)
    if key is None:
        return None
    try:
        signed = verify_proof(document, proof, key, services.clock())
    except ProofRefused as refused:
        return None if refused.reason == "unsupported" else False
    return bool(signed.get("@context") == document.get("@context"))


async def _is_ld_signed(services: Services, document: JsonObject, activity: Activity) -> bool:
    key = await _key_of(services, signature_creator(document), activity.actor)
    if key is None:
        return False
    try:
        await asyncio.get_running_loop().run_in_executor(
            services.executor, _check_ld_signature, services, document, key
        )
        covered = normalise(document, strict=True)
    except (LinkedDataSignatureRefused, DocumentRefused):
        return False
    return covered == activity.document


def _check_ld_signature(services: Services, document: JsonObject, key: PublicKey) -> None:
    verify_linked_data_signature(document, key, canonicalize=canonicalize, now=services.clock())


async def _key_of(services: Services, key_id: object, actor_uri: str) -> PublicKey | None:
    if not isinstance(key_id, str) or not services.peers.allows_url(key_id):
        return None  # a server that may not speak here doesn't through others either (S33)
    try:
        known = await find_public_key(services, key_id)
    except KeyOwnerGone:
        return None
    return known.public if known is not None and known.actor_uri == actor_uri else None


def raw_objects(raw: bytes) -> dict[str, JsonObject]:
    """The objects embedded in an activity's bytes, by id, exactly as their authors wrote them.

    An object without a context of its own inherits the activity's, which it was not signed with.
    """
    if not raw:
        return {}
    value: Any = parse_document(raw).get("object")
    objects = value if isinstance(value, list) else [value]
    return {item["id"]: item for item in objects if isinstance(item, dict) and isinstance(item.get("id"), str)}
