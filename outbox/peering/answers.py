"""What the letters of the other side cause: each a step of the handshake, or a change that they decided.

Part of the unit of work of `inbox.peering`, which has verified who wrote it: a stranger by the keys that its own host
shows, everybody else by the pinned ones. Nothing here uses the network. Raises LetterRefused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from federation.peers import PeerState
from federation.peers.cards import InstanceCard, put_card
from federation.services import Services
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.peers import Peer
from outbox.peering.decisions import awaits_round_trip, is_full, waits_for_them, waits_for_us
from outbox.peering.sending import JOIN_LISTED, THEM, audit_peer, send_accept, send_ping, send_pong
from policy.domains import site_of
from policy.limits import PROPOSAL_DAYS, PROPOSALS_WAITING, PROPOSALS_WAITING_OF_A_SITE

log = structlog.get_logger(__name__)


@dataclass
class LetterRefused(Exception):
    """`status` is the HTTP answer, `reason` a slug, `detail` a sentence for the administrator on the other side."""

    status: int
    reason: str
    detail: str


async def take_offer(
    services: Services, unit: UnitOfWork, card: InstanceCard, *, proposal: str, made_at: datetime, expires_at: datetime
) -> str:
    """They propose. When we have proposed too both agree already; a peer that agreed before is answered again."""
    peer = await services.peers.found_or_made(unit, card.domain)
    if peer.state == PeerState.SUSPENDED:
        raise LetterRefused(403, "suspended", "This office has suspended yours.")
    if waits_for_them(peer, unit.now) or awaits_round_trip(peer) or is_full(peer):
        return await _agree(services, unit, peer, card, proposal)
    if peer.state == PeerState.ENDED and peer.ended_at is not None and made_at <= peer.ended_at:
        raise LetterRefused(403, "ended", "This proposal is older than the end of the relation.")
    is_news = not (waits_for_us(peer, unit.now) and peer.proposal_uri == proposal)
    if is_news:
        await _check_room(unit, card.domain)
    peer.proposed_by, peer.proposal_uri, peer.confirmed_at = THEM, proposal, None
    peer.proposed_at = unit.now if is_news else peer.proposed_at
    peer.expires_at = min(expires_at, unit.now + timedelta(days=PROPOSAL_DAYS))
    peer.pinned_at = None
    if not (peer.state == PeerState.ACTIVE and peer.is_limited):
        peer.state = PeerState.PROPOSED
    put_card(peer, card)
    services.peers.changed(unit, peer)
    if is_news:
        audit_peer(unit, peer, "proposed", None, side=THEM, fingerprint=peer.fingerprint)
        # It may be on a list whose members are accepted by themselves (`outbox.peering.subscriptions`).
        await enqueue_job(unit, JOIN_LISTED, {"domain": peer.domain}, unique_key=f"{JOIN_LISTED}:{peer.domain}")
        log.warning("peering.proposed", peer=peer.domain, legal_name=peer.legal_name, fingerprint=peer.fingerprint)
    return "applied" if is_news else "duplicate"


async def take_accept(services: Services, unit: UnitOfWork, peer: Peer, card: InstanceCard, *, proposal: str) -> str:
    """They say yes to what we proposed: now the round trip."""
    if peer.proposal_uri != proposal and not (is_full(peer) or awaits_round_trip(peer)):
        raise LetterRefused(403, "no-proposal", "This office has proposed nothing of the kind, or not any more.")
    if not card.has_keys_of(peer.instance_keys):
        raise LetterRefused(403, "pinned-key", "Your keys are not those that our administrator was shown.")
    if not waits_for_them(peer, unit.now):
        if is_full(peer) or awaits_round_trip(peer):
            return "duplicate"
        raise LetterRefused(403, "expired", "The proposal has expired: it has to be made again.")
    _confirmed(services, unit, peer, card)
    await send_ping(services, unit, peer)
    return "applied"


async def take_reject(services: Services, unit: UnitOfWork, peer: Peer, *, proposal: str) -> str:
    """They say no."""
    if not (waits_for_them(peer, unit.now) and peer.proposal_uri == proposal):
        return "unrelated"
    return _ended(services, unit, peer, "rejected")


async def take_leave(services: Services, unit: UnitOfWork, peer: Peer) -> str:
    """They end the relation, or take their proposal back."""
    if waits_for_us(peer, unit.now) and peer.state == PeerState.PROPOSED:
        audit_peer(unit, peer, "withdrawn", None, side=THEM)
        await services.peers.forget(unit, peer)
        return "applied"
    return "duplicate" if peer.state == PeerState.ENDED else _ended(services, unit, peer, "ended")


async def take_block(services: Services, unit: UnitOfWork, peer: Peer) -> str:
    """They suspend us: until they resume it, nothing goes either way."""
    if peer.activated_at is None or peer.suspended_by_them_at is not None:
        return "duplicate"
    peer.state, peer.suspended_by_them_at = PeerState.SUSPENDED, unit.now
    return _noted(services, unit, peer, "suspended")


async def take_unblock(services: Services, unit: UnitOfWork, peer: Peer) -> str:
    """They resume it; our own suspension goes on."""
    if peer.suspended_by_them_at is None:
        return "duplicate"
    peer.suspended_by_them_at = None
    if peer.suspended_at is None:
        peer.state = PeerState.ACTIVE
    return _noted(services, unit, peer, "resumed")


async def take_ping(services: Services, unit: UnitOfWork, peer: Peer, *, ping_uri: str) -> str:
    """Their test activity."""
    if not (is_full(peer) or awaits_round_trip(peer)):
        raise LetterRefused(425, "not-confirmed", "This office has not confirmed yours yet.")
    await send_pong(services, unit, peer, ping_uri)
    return "applied"


async def take_pong(services: Services, unit: UnitOfWork, peer: Peer, *, ping_uri: str) -> str:
    """The answer to our test activity: from now on the peer reads and writes."""
    if not awaits_round_trip(peer) or peer.ping_uri != ping_uri:
        return "duplicate"
    peer.state, peer.is_limited = PeerState.ACTIVE, False
    peer.activated_at, peer.ping_uri, peer.expires_at = unit.now, None, None
    peer.ended_at = peer.ended_by = None
    return _noted(services, unit, peer, "activated")


async def _agree(services: Services, unit: UnitOfWork, peer: Peer, card: InstanceCard, proposal: str) -> str:
    if not card.has_keys_of(peer.instance_keys):
        raise LetterRefused(403, "pinned-key", "Your keys are not those that our administrator was shown.")
    is_new = waits_for_them(peer, unit.now)
    if is_new:
        _confirmed(services, unit, peer, card)
    await send_accept(services, unit, peer, proposal)
    if awaits_round_trip(peer):
        await send_ping(services, unit, peer)
    return "applied" if is_new else "duplicate"


def _confirmed(services: Services, unit: UnitOfWork, peer: Peer, card: InstanceCard) -> None:
    put_card(peer, card)
    peer.confirmed_at = unit.now
    if peer.state == PeerState.PROPOSED:
        peer.state = PeerState.CONFIRMED
    _noted(services, unit, peer, "confirmed")


def _ended(services: Services, unit: UnitOfWork, peer: Peer, action: str) -> str:
    was_limited = peer.state == PeerState.ACTIVE and peer.is_limited
    if not was_limited:
        peer.state, peer.ended_at, peer.ended_by = PeerState.ENDED, unit.now, THEM
        peer.suspended_at = peer.suspended_by_them_at = peer.activated_at = None
    peer.pinned_at = peer.confirmed_at = peer.proposal_uri = peer.proposed_by = peer.expires_at = peer.ping_uri = None
    return _noted(services, unit, peer, action)


def _noted(services: Services, unit: UnitOfWork, peer: Peer, action: str) -> str:
    services.peers.changed(unit, peer)
    audit_peer(unit, peer, action, None, side=THEM)
    log.warning(f"peering.{action}", peer=peer.domain)
    return "applied"


async def _check_room(unit: UnitOfWork, domain: str) -> None:
    """A flood of proposals ends here: so many wait altogether, and so many of one registered name."""
    waiting = (
        Peer.state == PeerState.PROPOSED.value, Peer.proposed_by == THEM, Peer.expires_at > unit.now,
        Peer.domain != domain,
    )  # fmt: skip
    names = (await unit.session.scalars(select(Peer.domain).where(*waiting).limit(PROPOSALS_WAITING))).all()
    of_site = sum(site_of(name) == site_of(domain) for name in names)
    if len(names) >= PROPOSALS_WAITING or of_site >= PROPOSALS_WAITING_OF_A_SITE:
        raise LetterRefused(429, "too-many-proposals", "Too many proposals wait for the administrators of this office.")
