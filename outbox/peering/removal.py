"""The job that removes what an ended peer has left here, in portions, and how far it has come."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from federation.peers import PeerState
from federation.services import Services
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.peers import Peer
from outbox.peering.sending import PeeringRefused, audit_peer
from social.removal import left_at, remove_portion

REMOVE_CONTENT: Final = "remove_peer_content"
WORK_FOR: Final = timedelta(seconds=60)  # of one run; the next one goes on
BREATH_SECONDS: Final = 0.02


async def ask_removal(unit: UnitOfWork, peer: Peer, *, by: Account | None = None) -> None:
    """Have everything of an ended peer removed. Raises PeeringRefused while it isn't ended."""
    if peer.state != PeerState.ENDED:
        raise PeeringRefused(f"{peer.domain} is {peer.state}: its content can be deleted once the relation has ended.")
    peer.removal_asked_at, peer.removal_done_at = unit.now, None
    audit_peer(unit, peer, "delete content", by)
    await _remove_soon(unit, peer.domain)


async def remove_content(services: Services, payload: dict[str, Any]) -> None:
    """Remove portions for a while. Stops when the peer isn't an ended one any more."""
    domain = str(payload["domain"])
    until = services.clock() + WORK_FOR
    while True:
        async with services.database.unit_of_work() as unit:
            peer = await unit.session.get(Peer, domain)
            if peer is None or peer.state != PeerState.ENDED or peer.removal_asked_at is None:
                return
            removed = [await remove_portion(unit, origin) for origin in origins(domain)]
            if not any(removed):
                peer.removal_done_at = unit.now
                return
            if unit.now >= until:
                await _remove_soon(unit, domain)
                return
        await asyncio.sleep(BREATH_SECONDS)


async def _remove_soon(unit: UnitOfWork, domain: str) -> None:
    await enqueue_job(unit, REMOVE_CONTENT, {"domain": domain}, unique_key=f"{REMOVE_CONTENT}:{domain}")


async def content_left(unit: UnitOfWork, domain: str) -> tuple[int, int]:
    """How many accounts and statuses of a peer are here."""
    found = [await left_at(unit, origin) for origin in origins(domain)]
    return sum(accounts for accounts, _ in found), sum(statuses for _, statuses in found)


def origins(domain: str) -> tuple[str, str]:
    """What the URIs of a peer's accounts begin with."""
    return f"https://{domain}", f"http://{domain}"
