"""The peering list: a signed document in which one office publishes who belongs to the group.

`peering_list_document` makes ours, `read_list` fetches and verifies somebody else's. A list is believed when it was
found at its own address on the publisher's own origin, says to be by the publisher's instance actor, and carries a
proof (FEP-8b32) by a *pinned* key of that actor; so only an active peer that made the handshake can be subscribed to.
What it says about others is a suggestion with a key: whoever is found there with another key is not who was meant.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from federation.client import RemoteError
from federation.dereference import fetch_unidentified
from federation.documents.contexts import PEERING as PEERING_CONTEXT
from federation.documents.wire_time import wire_time
from federation.json_ld import JsonObject, normalise, parse_document
from federation.json_ld.dates import parse_time
from federation.peers import PeerState, domain_of
from federation.peers.cards import CardRefused, InstanceCard, card_from, own_card, peering_object
from federation.services import Services
from federation.trust.origins import same_origin
from keys.integrity_proofs import ProofRefused, add_proof, verify_controller_proofs
from keys.keypairs import KeyKind, PublicKey
from models.accounts import INSTANCE_ACTOR_ID
from models.peers import Peer
from models.values import dataclass
from policy.limits import PEERING_LIST_BYTES, PEERING_LIST_ENTRIES

LIST_PATH: Final = "/.well-known/tertulia/peers"


class ListRefused(Exception):
    """A list that can't be had or believed; the message says why."""


@dataclass(frozen=True, slots=True)
class FoundList:
    """A verified list; `entries` are cards without inbox."""

    updated_at: datetime
    entries: tuple[InstanceCard, ...]


async def peering_list_document(services: Services) -> JsonObject:
    """Who belongs to the group: ourselves, and the active peers that made the handshake. Two SELECTs."""
    members = (
        select(Peer)
        .where(Peer.state == PeerState.ACTIVE.value, Peer.is_limited.is_(False), Peer.pinned_at.is_not(None))
        .order_by(Peer.domain)
        .limit(PEERING_LIST_ENTRIES - 1)
    )
    async with services.database.reading() as session:
        cards = [await own_card(services, session), *(_card_of(peer) for peer in await session.scalars(members))]
    key = await services.keyring.signing_key(INSTANCE_ACTOR_ID, KeyKind.ED25519)
    now = services.clock()
    document: JsonObject = {
        "@context": PEERING_CONTEXT,
        "id": f"{services.addresses.origin}{LIST_PATH}",
        "type": "Collection",
        "attributedTo": services.addresses.instance_actor,
        "name": services.settings.instance_name,
        "updated": wire_time(now),
        "totalItems": len(cards),
        "items": [peering_object(card) for card in cards],
    }
    return add_proof(document, key=key.private, verification_method=key.key_id, now=now)


async def read_list(services: Services, publisher: Peer, url: str, *, not_before: datetime | None = None) -> FoundList:
    """The list at `url` as its publisher has it now. Raises ListRefused.

    `not_before` is when the last one was made: an older one is one that somebody kept.
    """
    if not services.peers.is_full(publisher.domain) or publisher.actor_uri is None:
        raise ListRefused(f"{publisher.domain} is not an active peer with a pinned key")
    if not same_origin(url, publisher.actor_uri):
        raise ListRefused(f"{url} is not of {publisher.domain}")
    try:
        fetched = await fetch_unidentified(services, url, max_bytes=PEERING_LIST_BYTES)
    except RemoteError as error:
        raise ListRefused(f"{url} can't be read: {error.detail}") from error
    document = normalise(_proven(services, publisher, parse_document(fetched.raw)))
    if document.get("id") != url or fetched.url != url or document.get("attributedTo") != publisher.actor_uri:
        raise ListRefused("the list is not by its publisher, or was made for another address")
    updated_at = parse_time(document.get("updated"))
    if updated_at is None or (not_before is not None and updated_at < not_before):
        raise ListRefused("the list is older than the one before it")
    return FoundList(updated_at, _entries(document))


def _proven(services: Services, publisher: Peer, document: JsonObject) -> JsonObject:
    keys = {str(key["id"]): PublicKey.from_multibase(key["multibase"]) for key in publisher.instance_keys}
    proving = {key_id: key for key_id, key in keys.items() if key.kind is KeyKind.ED25519}
    try:
        signed = verify_controller_proofs(document, proving, services.clock())
    except ProofRefused as refused:
        raise ListRefused(f"the list carries no proof by the pinned key: {refused}") from refused
    if signed.get("@context") != document.get("@context"):
        raise ListRefused("the proof covers another context than the list has")
    return signed


def _entries(document: JsonObject) -> tuple[InstanceCard, ...]:
    items: Any = document.get("items", ())
    if len(items) > PEERING_LIST_ENTRIES:
        raise ListRefused(f"the list names more than {PEERING_LIST_ENTRIES} instances")
    found: dict[str, InstanceCard] = {}
    for item in items:
        actor_uri = item.get("attributedTo") if isinstance(item, dict) else None
        try:
            card = card_from(item, actor_uri=str(actor_uri), inbox_url="")
        except (CardRefused, ValueError) as refused:
            raise ListRefused(f"an entry can't be read: {refused}") from refused
        found[domain_of(card.actor_uri)] = card
    return tuple(found.values())


def _card_of(peer: Peer) -> InstanceCard:
    return InstanceCard(
        domain=peer.domain, actor_uri=peer.actor_uri or "", inbox_url=peer.inbox_url or "",
        instance_keys=tuple(peer.instance_keys), handle_domain=peer.handle_domain, legal_name=peer.legal_name,
        region=peer.region, contact=peer.contact, software=peer.software, software_version=peer.software_version,
    )  # fmt: skip
