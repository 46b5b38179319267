"""The job that takes an unanswered step of a handshake again, and the sweep of proposals that nobody answered."""

from typing import Any

from sqlalchemy import delete

from federation.peers import PeerState
from federation.services import Services
from models import UnitOfWork
from models.peers import Peer
from outbox.peering.decisions import awaits_round_trip, waits_for_them
from outbox.peering.sending import THEM, send_accept, send_offer, send_ping


async def take_step_again(services: Services, payload: dict[str, Any]) -> None:
    """Propose or test again, if that is what the peer still waits for."""
    async with services.database.unit_of_work() as unit:
        peer = await unit.session.get(Peer, str(payload["domain"]))
        if peer is None:
            return
        if payload["step"] == PeerState.PROPOSED and waits_for_them(peer, unit.now):
            await send_offer(services, unit, peer)
        elif payload["step"] == PeerState.CONFIRMED and awaits_round_trip(peer):
            if peer.proposed_by == THEM and peer.proposal_uri is not None:
                await send_accept(services, unit, peer, peer.proposal_uri)
            await send_ping(services, unit, peer)


async def forget_stale_proposals(unit: UnitOfWork) -> None:
    """Delete what strangers proposed and nobody here answered in time. Ours stay, and are shown as expired."""
    await unit.session.execute(
        delete(Peer)
        .where(Peer.state == PeerState.PROPOSED.value, Peer.proposed_by == THEM, Peer.expires_at < unit.now)
        .execution_options(synchronize_session=False)
    )
