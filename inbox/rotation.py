"""A peer's instance key changes hands: an Update of its instance actor that a pinned key proves names the new one.

The request that brings it is signed with the new key already, which nobody here can know; the proof (FEP-8b32) by the
old one is what counts. It is noted before the request is judged like any other.
"""

import structlog

from federation.activity import Activity
from federation.json_ld import DocumentRefused, parse_document
from federation.parse import actor_draft
from federation.peers import domain_of
from federation.peers.cards import fingerprint, keys_of, multibases
from federation.services import Services
from keys.integrity_proofs import ProofRefused, verify_controller_proofs
from keys.keypairs import KeyKind, PublicKey
from models.peers import Peer
from outbox.peering.sending import THEM, audit_peer

log = structlog.get_logger(__name__)


async def note_rotation(services: Services, activity: Activity) -> bool:
    """Pin the keys that a proven Update of a pinned instance actor lists; False when it is anything else."""
    if activity.type != "Update" or activity.object is None or activity.object_id != activity.actor:
        return False
    pinned = (await services.peers.refreshed()).pinned_keys(activity.actor)
    if pinned is None:
        return False
    try:
        listed = keys_of(actor_draft(activity.object))
    except DocumentRefused:
        return False
    if not listed or multibases(listed) <= pinned:
        return False
    async with services.database.unit_of_work() as unit:
        peer = await unit.session.get(Peer, domain_of(activity.actor), with_for_update=True)
        if peer is None or peer.pinned_at is None or not _is_proven(services, activity, peer):
            return False
        peer.instance_keys, peer.fingerprint = list(listed), fingerprint(listed)
        peer.pinned_at, peer.key_conflict, peer.key_conflict_at = unit.now, "", None
        services.peers.changed(unit, peer)
        audit_peer(unit, peer, "key rotated", None, side=THEM, fingerprint=peer.fingerprint)
        log.warning("peering.key-rotated", peer=peer.domain, fingerprint=peer.fingerprint)
    return True


def _is_proven(services: Services, activity: Activity, peer: Peer) -> bool:
    keys = {str(key["id"]): PublicKey.from_multibase(key["multibase"]) for key in peer.instance_keys}
    proving = {key_id: key for key_id, key in keys.items() if key.kind is KeyKind.ED25519}
    document = parse_document(activity.raw)
    try:
        signed = verify_controller_proofs(document, proving, services.clock())
    except ProofRefused as refused:
        log.info("peering.rotation-refused", peer=peer.domain, error=str(refused))
        return False
    return bool(signed.get("@context") == document.get("@context"))
