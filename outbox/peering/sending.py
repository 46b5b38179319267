"""Letters about being peers on their way out, and the record of who decided what.

A letter is an ordinary delivery (stored in the unit of work that decides, tried again for days), but for one thing: it
also goes to who may not read or write here yet, or any more.
"""

from typing import Any, Final

from federation.documents import peering as letters
from federation.peers import PeerState
from federation.peers.cards import own_card, peering_object
from federation.services import Services
from jobs.queue import enqueue_job
from keys.keypairs import KeyKind
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.office import AuditEntry
from models.peers import Peer
from outbox.enqueue import PEERING_GATE, PEERING_ORDER, enqueue
from outbox.publish import Document, activity_uri

US: Final = "us"
THEM: Final = "them"
PEERING_JOB: Final = "peering"
JOIN_LISTED: Final = "join_listed_peer"
# When a step that was not answered is taken again, beyond the deliveries' own attempts.
AGAIN_SECONDS: Final = {PeerState.PROPOSED: 86_400, PeerState.CONFIRMED: 300}
LONGEST_PAUSE_SECONDS: Final = 86_400


class PeeringRefused(Exception):
    """An administrator wants what can't be done now; the message is a sentence that says what can."""


async def send_offer(services: Services, unit: UnitOfWork, peer: Peer) -> None:
    """Propose, or propose again."""
    assert peer.proposal_uri is not None
    assert peer.expires_at is not None
    card = peering_object(await own_card(services, unit.session))
    await _send(services, unit, peer, letters.offer_peering(
        activity_uri(unit), proposal=peer.proposal_uri, card=card, expires_at=peer.expires_at,
        **_frame(services, unit, peer),
    ))  # fmt: skip
    await send_again_later(unit, peer, PeerState.PROPOSED)


async def send_accept(services: Services, unit: UnitOfWork, peer: Peer, proposal: str) -> None:
    """Accept what they proposed, and begin the round trip."""
    card = peering_object(await own_card(services, unit.session))
    await _send(services, unit, peer, letters.accept_peering(
        activity_uri(unit), proposal=proposal, card=card, **_frame(services, unit, peer)
    ))  # fmt: skip


async def send_ping(services: Services, unit: UnitOfWork, peer: Peer) -> None:
    """Begin the round trip that makes the peer active."""
    peer.ping_uri = activity_uri(unit)
    await _send(services, unit, peer, letters.ping(
        peer.ping_uri, proposal=peer.proposal_uri or "", **_frame(services, unit, peer)
    ))  # fmt: skip
    await send_again_later(unit, peer, PeerState.CONFIRMED)


async def send_pong(services: Services, unit: UnitOfWork, peer: Peer, ping_uri: str) -> None:
    """Answer theirs."""
    await _send(services, unit, peer, letters.pong(
        activity_uri(unit), ping_uri=ping_uri, **_frame(services, unit, peer)
    ))  # fmt: skip


async def send_decision(services: Services, unit: UnitOfWork, peer: Peer, build: Any) -> None:
    """Tell a Reject, Leave, Block or its Undo: a builder of `federation.documents.peering`.

    A limited peer, or one that was never asked, is told nothing: it wouldn't understand.
    """
    if peer.proposal_uri is not None:
        document = build(activity_uri(unit), proposal=peer.proposal_uri, **_frame(services, unit, peer))
        await _send(services, unit, peer, document)


async def send_again_later(unit: UnitOfWork, peer: Peer, step: PeerState) -> None:
    """Have `outbox.peering.upkeep` look at the step again: the longer it lasts since we confirmed, the later."""
    payload = {"domain": peer.domain, "step": step.value}
    key = f"{PEERING_JOB}:{peer.domain}:{step.value}"
    since = (unit.now - (peer.confirmed_at or unit.now)).total_seconds()
    due_in = min(max(AGAIN_SECONDS[step], since), LONGEST_PAUSE_SECONDS)
    await enqueue_job(unit, PEERING_JOB, payload, unique_key=key, due_in=due_in)


def audit_peer(unit: UnitOfWork, peer: Peer, action: str, by: Account | None, **detail: Any) -> None:
    """Write down a change of a peer; without an account it was the command line, or the other side (`side`)."""
    entry = AuditEntry(
        id=unit.new_id(),
        account_id=INSTANCE_ACTOR_ID if by is None else by.id,
        action=action,
        target_kind="Peer",
        target_id=peer.id or 0,
        detail={"domain": peer.domain, "state": str(peer.state), **detail},
        created_at=unit.now,
    )
    unit.session.add(entry)


def _frame(services: Services, unit: UnitOfWork, peer: Peer) -> dict[str, Any]:
    return {"actor_uri": services.addresses.instance_actor, "to": peer.actor_uri, "at": unit.now}


async def _send(services: Services, unit: UnitOfWork, peer: Peer, document: Document) -> None:
    peer.sent_at = unit.now
    account = await unit.session.get_one(Account, INSTANCE_ACTOR_ID)
    await enqueue(
        unit,
        account=account,
        document=document,
        inbox_urls=[peer.inbox_url or ""],
        ordering_key=PEERING_ORDER,
        sign_proof=await services.keyring.signing_key(INSTANCE_ACTOR_ID, KeyKind.ED25519),
        gate=PEERING_GATE,
    )
