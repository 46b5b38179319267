"""What our administrators decide about a peer: propose, confirm, reject, admit as limited, suspend, resume, end.

Each is part of the caller's unit of work, counts from its commit, leaves an audit entry, and tells the other side
where that understands it. `by` is the administrator's account, None on the command line. Raises PeeringRefused with a
sentence when the peer isn't in a state for it, and ValueError for a domain that can't be a peer.
"""

from datetime import datetime, timedelta

from federation.documents import peering as letters
from federation.peers import PeerState
from federation.peers.cards import InstanceCard, put_card
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.peers import Peer
from outbox.peering.sending import (
    THEM,
    US,
    PeeringRefused,
    audit_peer,
    send_accept,
    send_decision,
    send_offer,
    send_ping,
)
from policy.limits import PROPOSAL_DAYS


def waits_for_us(peer: Peer, now: datetime) -> bool:
    """Whether the other side has proposed, and an administrator here has to confirm."""
    return peer.proposed_by == THEM and _is_open(peer, now)


def waits_for_them(peer: Peer, now: datetime) -> bool:
    """Whether we have proposed, and an administrator there has to confirm."""
    return peer.proposed_by == US and _is_open(peer, now)


def _is_open(peer: Peer, now: datetime) -> bool:
    is_undecided = peer.state == PeerState.PROPOSED or (peer.state == PeerState.ACTIVE and peer.is_limited)
    is_proposed = peer.proposal_uri is not None and peer.confirmed_at is None
    return is_undecided and is_proposed and peer.expires_at is not None and peer.expires_at > now


def awaits_round_trip(peer: Peer) -> bool:
    """Whether both sides have confirmed, and the test activity is on its way."""
    return peer.state == PeerState.CONFIRMED or (
        peer.state == PeerState.ACTIVE and peer.is_limited and peer.confirmed_at is not None
    )


def is_full(peer: Peer) -> bool:
    """Whether the peer is active after a handshake."""
    return peer.state == PeerState.ACTIVE and not peer.is_limited and peer.pinned_at is not None


async def propose(
    services: Services, unit: UnitOfWork, card: InstanceCard, *, by: Account | None = None, note: str = ""
) -> Peer:
    """Propose to the instance with this card to be peers, or confirm what it has proposed itself.

    The key on the card is pinned: it is what the administrator was shown. A proposal that waits is sent again. An
    active peer whose key was found changed is confirmed anew with the key on the card.
    """
    peer = await services.peers.found_or_made(unit, card.domain)
    peer.note = note or peer.note
    if waits_for_us(peer, unit.now):
        if not card.has_keys_of(peer.instance_keys):
            raise PeeringRefused(
                f"The key of {peer.domain} is not the one that its proposal was signed with: "
                f"compare with its administrator, then `tertulia peer reject {peer.domain}` and begin again."
            )
        return await confirm(services, unit, peer, by=by)
    _check_can_propose(peer, card)
    if awaits_round_trip(peer) and card.has_keys_of(peer.instance_keys):
        await send_ping(services, unit, peer)
        return peer
    if not waits_for_them(peer, unit.now):
        peer.proposal_uri = f"{services.addresses.instance_actor}#peering-{unit.new_id()}"
        peer.proposed_by, peer.proposed_at, peer.confirmed_at = US, unit.now, None
    put_card(peer, card)
    peer.expires_at, peer.pinned_at = unit.now + timedelta(days=PROPOSAL_DAYS), unit.now
    peer.key_conflict, peer.key_conflict_at = "", None
    if not (peer.state == PeerState.ACTIVE and peer.is_limited):
        peer.state = PeerState.PROPOSED
    services.peers.changed(unit, peer)
    audit_peer(unit, peer, "propose", by, fingerprint=peer.fingerprint)
    await unit.session.flush()
    await send_offer(services, unit, peer)
    return peer


def _check_can_propose(peer: Peer, card: InstanceCard) -> None:
    if peer.state == PeerState.SUSPENDED:
        raise PeeringRefused(
            f"{peer.domain} is suspended: `tertulia peer resume {peer.domain}`."
            if peer.suspended_at
            else f"{peer.domain} has suspended this office: an administrator there has to resume it."
        )
    if is_full(peer) and card.has_keys_of(peer.instance_keys):
        raise PeeringRefused(f"{peer.domain} is an active peer already.")


async def confirm(services: Services, unit: UnitOfWork, peer: Peer, *, by: Account | None = None) -> Peer:
    """Say yes to what the other side has proposed; the key that it was signed with is pinned."""
    if not waits_for_us(peer, unit.now) or peer.proposal_uri is None:
        raise PeeringRefused(
            f"{peer.domain} has not proposed anything that waits for a yes: `tertulia peer add {peer.domain}` proposes."
        )
    peer.pinned_at = peer.confirmed_at = unit.now
    peer.key_conflict, peer.key_conflict_at = "", None
    if peer.state == PeerState.PROPOSED:
        peer.state = PeerState.CONFIRMED
    services.peers.changed(unit, peer)
    audit_peer(unit, peer, "confirm", by, fingerprint=peer.fingerprint)
    await send_accept(services, unit, peer, peer.proposal_uri)
    await send_ping(services, unit, peer)
    return peer


async def reject(services: Services, unit: UnitOfWork, peer: Peer, *, by: Account | None = None) -> Peer:
    """Say no to what the other side has proposed. A limited peer stays one."""
    if not waits_for_us(peer, unit.now):
        raise PeeringRefused(f"{peer.domain} has not proposed anything that waits for an answer.")
    await send_decision(services, unit, peer, letters.reject_peering)
    return _close(services, unit, peer, "reject", by)


async def admit_limited(
    services: Services,
    unit: UnitOfWork,
    domain: str,
    card: InstanceCard | None,
    *,
    by: Account | None = None,
    note: str = "",
) -> Peer:
    """Make an instance that knows no handshake an active peer, by us alone. `card` is None when it says nothing."""
    name = card.domain if card is not None else services.peers.checked_name(domain)
    known = await unit.session.get(Peer, name)
    if known is not None and known.state == PeerState.ACTIVE and not known.is_limited:
        raise PeeringRefused(f"{name} is an active peer with everything that goes with it already.")
    peer = await services.peers.admit(unit, name, note, is_limited=True)
    if card is not None and peer.proposal_uri is None:
        put_card(peer, card)
    audit_peer(unit, peer, "admit", by, is_limited=True)
    return peer


async def suspend(
    services: Services, unit: UnitOfWork, domain: str, *, by: Account | None = None, note: str = ""
) -> Peer:
    """Refuse the instance for now, known or not; what is known of it stays."""
    peer = await services.peers.suspend(unit, domain, note)
    audit_peer(unit, peer, "suspend", by)
    if peer.activated_at is not None:
        await send_decision(services, unit, peer, letters.block_peering)
    return peer


async def resume(services: Services, unit: UnitOfWork, peer: Peer, *, by: Account | None = None) -> Peer:
    """Take our suspension back; theirs, if there is one, goes on."""
    if peer.state != PeerState.SUSPENDED or peer.suspended_at is None:
        raise PeeringRefused(f"{peer.domain} is not suspended by this office.")
    peer.suspended_at = None
    if peer.activated_at is None:
        return _close(services, unit, peer, "resume", by)
    if peer.suspended_by_them_at is None:
        peer.state = PeerState.ACTIVE
    services.peers.changed(unit, peer)
    audit_peer(unit, peer, "resume", by)
    await send_decision(services, unit, peer, letters.unblock_peering)
    return peer


async def end(services: Services, unit: UnitOfWork, domain: str, *, by: Account | None = None, note: str = "") -> Peer:
    """End the relation, or take our proposal back. Nothing comes in or goes out any more."""
    peer = await services.peers.found_or_made(unit, domain)
    peer.note = note or peer.note
    if peer.state != PeerState.ENDED:
        await send_decision(services, unit, peer, letters.leave_peering)
    peer.is_limited = False
    return _close(services, unit, peer, "end", by)


def _close(services: Services, unit: UnitOfWork, peer: Peer, action: str, by: Account | None) -> Peer:
    if not (action == "reject" and peer.state == PeerState.ACTIVE):
        peer.state, peer.ended_at, peer.ended_by = PeerState.ENDED, unit.now, US
        peer.suspended_at = peer.suspended_by_them_at = peer.activated_at = None
    peer.pinned_at = peer.confirmed_at = peer.proposal_uri = peer.proposed_by = peer.expires_at = peer.ping_uri = None
    services.peers.changed(unit, peer)
    audit_peer(unit, peer, action, by)
    return peer
