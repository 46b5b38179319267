"""The one thing that strangers may say here: letters between instances about being peers.

They come to the inbox of the instance actor, are small, and are signed twice: the request by HTTP signature, the letter
itself by a proof (FEP-8b32). A stranger may only propose; its keys are those that its own host shows (`find_instance`),
which costs four requests to it, so each host may knock rarely and all of them together not often. Whoever has been
shown to an administrator here is judged by the pinned keys alone, without a request to anybody.

A letter takes effect before it is answered 202; it is kept in the journal as done, so that it takes effect once.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from federation.activity import Activity
from federation.client import RemoteError
from federation.json_ld import parse_document
from federation.json_ld.dates import parse_time
from federation.peers import PeerState, domain_of
from federation.peers.cards import CardRefused, InstanceCard, card_from
from federation.peers.finding import find_instance
from federation.services import Services
from federation.trust.origins import same_origin
from inbox.refusals import InboxRefused
from keys.integrity_proofs import ProofRefused, verify_controller_proofs
from keys.keypairs import KeyKind, PublicKey
from keys.refusals import SignatureRefused
from keys.requests import HttpMessage
from keys.verification import verify_request
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID
from models.activities import InboundActivity
from models.insertion import ignoring
from models.peers import Peer
from models.values import dataclass
from outbox.peering import answers
from policy.limits import PEERING_BYTES, PROPOSAL_DAYS

LETTERS: Final = frozenset({"Offer", "Accept", "Reject", "Leave", "Block"})
SUMMARY: Final = "`Offer`, `Accept`, `Reject`, `Leave` and `Block` of a `Peering`, `Undo` of that Block, `Ping`, `Pong`"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote: `card` is what its host shows now, None when its keys are pinned."""

    host: str
    instance_keys: Sequence[dict[str, Any]]
    inbox_url: str
    card: InstanceCard | None = None


def is_letter(activity: Activity) -> bool:
    """Whether an activity is about being peers."""
    about = activity.object or {}
    if activity.type == "Undo" and about.get("type") == "Block":
        inner = about.get("object")
        return isinstance(inner, dict) and inner.get("type") == "Peering"
    return activity.type in ("Ping", "Pong") or (activity.type in LETTERS and about.get("type") == "Peering")


async def take_letter(services: Services, message: HttpMessage, activity: Activity, inbox_id: int) -> None:
    """Verify a letter and let it take effect. Raises InboxRefused."""
    if len(message.body) > PEERING_BYTES:
        raise InboxRefused(413, "too-large", "A letter about peering has at most 16 KiB.")
    if inbox_id != INSTANCE_ACTOR_ID or services.addresses.instance_actor not in activity.to:
        raise InboxRefused(403, "not-for-us", "Write to the instance actor of this office, at its own inbox.")
    if activity.id is None or not same_origin(activity.id, activity.actor):
        raise InboxRefused(403, "foreign-id", "The activity's id doesn't belong to the server of its actor.")
    sender = await _sender(services, activity)
    await _verify(services, message, activity, sender)
    try:
        async with services.database.unit_of_work() as unit:
            if await _is_first(unit, activity, sender.host):
                outcome = await _apply(services, unit, activity, sender)
                await _mark(unit, activity, outcome)
    except answers.LetterRefused as refused:
        raise InboxRefused(refused.status, refused.reason, refused.detail) from None
    except (CardRefused, ValueError) as refused:
        raise InboxRefused(400, "peering", f"{refused}.") from None
    except IntegrityError:
        raise InboxRefused(425, "busy", "The same instance is writing twice at once.") from None
    if sender.card is not None:
        await services.hosts.announced(sender.host, sender.card.implements)
    services.hosts.heard_from(sender.host)


async def _sender(services: Services, activity: Activity) -> Sender:
    if services.addresses.is_local(activity.actor):
        raise InboxRefused(403, "own-actor", "The actor is one of ours, and ours don't write to us this way.")
    host = domain_of(activity.actor)
    await services.peers.refreshed()
    peer = await services.peers.show(host) if services.peers.is_known(host) else None
    if peer is not None and _is_pinned(services, peer):
        if activity.actor != peer.actor_uri:
            raise InboxRefused(401, "instance-actor", "Only the instance actor speaks about peering.")
        return Sender(host, peer.instance_keys, peer.inbox_url or "")
    if activity.type == "Leave" and peer is not None and peer.actor_uri == activity.actor:
        return Sender(host, peer.instance_keys, peer.inbox_url or "")  # takes a proposal back that nobody answered
    if activity.type != "Offer":
        raise InboxRefused(403, "no-peering", "There is no peering with your instance that this could be about.")
    return await _stranger(services, activity.actor, host)


def _is_pinned(services: Services, peer: Peer) -> bool:
    """Whether an administrator here has seen these keys. A proposal of ours that has expired binds nobody."""
    is_over = peer.state == PeerState.ENDED or (
        peer.state == PeerState.PROPOSED and (peer.expires_at is None or peer.expires_at <= services.clock())
    )
    return peer.pinned_at is not None and not is_over


async def _stranger(services: Services, actor_uri: str, host: str) -> Sender:
    if services.peers.refuses(host):
        standing = services.peers.state_of(host)
        if standing is not PeerState.ENDED:
            raise InboxRefused(403, "peer", "This office has suspended yours.")
    wait = services.peers.memory.knocks.check(host, services.clock())
    if wait is not None:
        raise InboxRefused(429, "rate", "Too many proposals; please wait.", wait)
    try:
        card = await find_instance(services, host, remembers=False)
    except RemoteError as error:
        raise InboxRefused(401, "unreachable", f"Who you are can't be read from {host}: {error.detail}.") from None
    except CardRefused as refused:
        raise InboxRefused(401, "instance-actor", f"{refused}.") from None
    if card.actor_uri != actor_uri:
        raise InboxRefused(401, "instance-actor", "Only the instance actor speaks about peering.")
    return Sender(host, card.instance_keys, card.inbox_url, card)


async def _verify(services: Services, message: HttpMessage, activity: Activity, sender: Sender) -> None:
    keys = {str(key["id"]): PublicKey.from_multibase(key["multibase"]) for key in sender.instance_keys}
    proving = {key_id: key for key_id, key in keys.items() if key.kind is KeyKind.ED25519}

    async def find(key_id: str) -> PublicKey | None:
        return keys.get(key_id)

    now = services.clock()
    try:
        verified = await verify_request(message, find_key=find, now=now)
        signed = verify_controller_proofs(parse_document(activity.raw), proving, now)
    except SignatureRefused as refused:
        raise InboxRefused(401, f"signature-{refused.reason}", _about_key(refused.detail, sender)) from None
    except ProofRefused as refused:
        raise InboxRefused(401, "proof", f"The letter carries no proof by the instance key: {refused}.") from None
    if signed.get("@context") != parse_document(activity.raw).get("@context"):
        raise InboxRefused(401, "proof", "The proof covers another context than the letter has.")
    if not services.replays.check_and_add(verified.replay_token, verified.valid_until, now):
        raise InboxRefused(401, "signature-expired", "This signature was used before.")


def _about_key(detail: str, sender: Sender) -> str:
    if sender.card is not None:
        return detail
    return (
        f"{detail}. Only the instance key that was pinned counts: announce a new one under the old one, or peer anew."
    )


async def _is_first(unit: UnitOfWork, activity: Activity, host: str) -> bool:
    """Journal the letter; False when it was there already."""
    insert = ignoring(unit.session.get_bind().dialect.name == "sqlite", InboundActivity)
    result: Any = await unit.session.execute(insert, {
        "id": unit.new_id(), "dedup_key": activity.dedup_key, "inbox_id": INSTANCE_ACTOR_ID,
        "actor_uri": activity.actor, "activity_type": activity.type[:32], "object_uri": activity.object_id,
        "host": host, "body": activity.raw, "state": "done", "attempts": 1, "due_at": unit.now,
        "received_at": unit.now, "finished_at": unit.now,
    })  # fmt: skip
    return bool(result.rowcount)


async def _mark(unit: UnitOfWork, activity: Activity, outcome: str) -> None:
    await unit.session.execute(
        update(InboundActivity)
        .where(InboundActivity.dedup_key == activity.dedup_key, InboundActivity.inbox_id == INSTANCE_ACTOR_ID)
        .values(outcome=outcome)
        .execution_options(synchronize_session=False)
    )


async def _apply(services: Services, unit: UnitOfWork, activity: Activity, sender: Sender) -> str:
    about = activity.object or {}
    if activity.type == "Offer":
        return await _apply_offer(services, unit, activity, sender)
    peer = await unit.session.get(Peer, sender.host, with_for_update=True)
    if peer is None:
        raise answers.LetterRefused(403, "no-peering", "There is no peering with your instance.")
    proposal = str(about.get("id", ""))
    match activity.type:
        case "Accept":
            card = card_from(activity.document.get("result"), actor_uri=activity.actor, inbox_url=sender.inbox_url)
            return await answers.take_accept(services, unit, peer, card, proposal=proposal)
        case "Reject":
            return await answers.take_reject(services, unit, peer, proposal=proposal)
        case "Ping":
            return await answers.take_ping(services, unit, peer, ping_uri=activity.id or "")
        case "Pong":
            return await answers.take_pong(services, unit, peer, ping_uri=activity.object_id or "")
    return await {"Leave": answers.take_leave, "Block": answers.take_block, "Undo": answers.take_unblock}[
        activity.type
    ](services, unit, peer)


async def _apply_offer(services: Services, unit: UnitOfWork, activity: Activity, sender: Sender) -> str:
    """A proposal says the same as its host does, was made lately, and for us."""
    card = card_from(activity.object, actor_uri=activity.actor, inbox_url=sender.inbox_url)
    proposal, made_at = activity.object_id, activity.published
    expires_at = parse_time(activity.document.get("endTime"))
    if proposal is None or not same_origin(proposal, activity.actor) or made_at is None or expires_at is None:
        raise CardRefused("the proposal lacks an id of its own server, or its times")
    if activity.target_id != services.addresses.instance_actor:
        raise answers.LetterRefused(403, "not-for-us", "The proposal is for another instance.")
    now = unit.now
    if not now - timedelta(days=PROPOSAL_DAYS) < made_at <= now + timedelta(hours=1) or expires_at <= now:
        raise answers.LetterRefused(403, "expired", "The proposal has expired: it has to be made again.")
    if not card.has_keys_of(sender.instance_keys):
        raise answers.LetterRefused(403, "keys", "The keys in the proposal are not those of the instance actor.")
    return await answers.take_offer(services, unit, card, proposal=proposal, made_at=made_at, expires_at=expires_at)
