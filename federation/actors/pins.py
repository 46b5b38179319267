"""The pinned keys of peers' instance actors: what else turns up under such an actor is refused, and shown.

A peer's keys are pinned by an administrator's yes (docs/decisions/0018-peering.md). From then on three things may
change them: an Update of the instance actor that a pinned key proves (`inbox.rotation`), a new confirmation, and that
the peer stops listing one. Whoever gets hold of a peer's name or web server alone can't sign for it.
"""

import structlog

from federation.actors.store import ActorRefused
from federation.peers import domain_of
from federation.peers.cards import fingerprint, keys_of, multibases
from federation.services import Services
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID
from models.office import AuditEntry
from models.peers import Peer
from social.drafts import ActorDraft

log = structlog.get_logger(__name__)


class KeyNotPinned(ActorRefused):
    """An instance actor lists a key that isn't pinned; nothing of its document is believed."""


async def check_fetched_pin(services: Services, draft: ActorDraft) -> None:
    """Compare a fetched instance actor with its pin. Writes a break down once, and raises KeyNotPinned."""
    pinned = services.peers.pinned_keys(draft.uri)
    if pinned is None:
        return
    listed = keys_of(draft)
    if multibases(listed) <= pinned:
        if listed and multibases(listed) != pinned:
            await _drop(services, draft.uri, multibases(listed))
        return
    async with services.database.unit_of_work() as unit:
        await _note_break(services, unit, draft)
    raise KeyNotPinned(f"the instance key of {domain_of(draft.uri)} is not the pinned one")


def breaks_pin(services: Services, draft: ActorDraft) -> bool:
    """Whether an instance actor, as it was sent to us, lists a key that isn't pinned."""
    pinned = services.peers.pinned_keys(draft.uri)
    return pinned is not None and not multibases(keys_of(draft)) <= pinned


async def _note_break(services: Services, unit: UnitOfWork, draft: ActorDraft) -> None:
    peer = await unit.session.get(Peer, domain_of(draft.uri))
    found = (
        fingerprint([key for key in keys_of(draft) if key["multibase"] not in multibases(peer.instance_keys)])
        if peer
        else ""
    )
    if peer is None or peer.key_conflict == found:
        return
    peer.key_conflict, peer.key_conflict_at = found, unit.now
    services.peers.changed(unit, peer)
    unit.session.add(AuditEntry(
        id=unit.new_id(), account_id=INSTANCE_ACTOR_ID, action="key refused", target_kind="Peer",
        target_id=peer.id or 0, detail={"domain": peer.domain, "fingerprint": found}, created_at=unit.now,
    ))  # fmt: skip
    log.error("peering.key-not-pinned", peer=peer.domain, pinned=peer.fingerprint, found=found)


async def _drop(services: Services, actor_uri: str, listed: frozenset[str]) -> None:
    """A key that its owner no longer lists counts no longer."""
    async with services.database.unit_of_work() as unit:
        peer = await unit.session.get(Peer, domain_of(actor_uri))
        if peer is not None:
            peer.instance_keys = [key for key in peer.instance_keys if key["multibase"] in listed]
            peer.fingerprint = fingerprint(peer.instance_keys)
            services.peers.changed(unit, peer)
