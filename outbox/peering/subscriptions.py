"""Subscriptions to the peering lists of others: who is new there is proposed to by itself, or suggested.

A job reads each list again every hour. In the mode `automatically` whoever is new on it, or proposes to us and is on
it, gets a yes of ours as soon as its host shows exactly the key that the list names; in the mode `by-hand` nothing
happens but a suggestion. Whoever once was suspended, ended or rejected here is never proposed to by itself. Who leaves
a list stays a peer: that is told, and an administrator decides.
"""

from collections.abc import Iterable
from typing import Any, Final

import structlog
from sqlalchemy import select

from federation.client import RemoteError
from federation.peers import PeerState, domain_of
from federation.peers.cards import CardRefused, InstanceCard
from federation.peers.finding import find_instance
from federation.peers.lists import LIST_PATH, FoundList, ListRefused, read_list
from federation.services import Services
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.peers import Peer, PeeringList
from outbox.peering.decisions import propose, waits_for_us
from outbox.peering.sending import JOIN_LISTED, THEM, PeeringRefused, audit_peer

READ_LIST: Final = "read_peering_list"
EVERY_SECONDS: Final = 3600.0
AUTOMATICALLY: Final = "automatically"
BY_HAND: Final = "by-hand"

log = structlog.get_logger(__name__)


async def subscribe(
    services: Services, publisher: Peer, *, url: str = "", mode: str = BY_HAND, by: Account | None = None
) -> PeeringList:
    """Subscribe to the list of a peer, or change the mode. Reads it first. Raises PeeringRefused."""
    address = url or f"{(publisher.actor_uri or '').removesuffix('/actor')}{LIST_PATH}"
    try:
        found = await read_list(services, publisher, address)
    except ListRefused as refused:
        raise PeeringRefused(f"The list of {publisher.domain} can't be subscribed to: {refused}.") from refused
    async with services.database.unit_of_work() as unit:
        known = await unit.session.get(PeeringList, publisher.domain)
        if known is None:
            known = PeeringList(domain=publisher.domain, url=address, mode=mode, created_at=unit.now)
            unit.session.add(known)
        known.url, known.mode = address, mode
        audit_peer(unit, publisher, "subscribe", by, mode=mode)
        await _take(services, unit, known, found)
        await unit.session.flush()
        await _read_later(unit, known)
    return known


async def unsubscribe(unit: UnitOfWork, domain: str) -> bool:
    """Forget a list; peers stay. False when there was none."""
    known = await unit.session.get(PeeringList, domain)
    if known is not None:
        await unit.session.delete(known)
    return known is not None


async def read_again(services: Services, payload: dict[str, Any]) -> None:
    """The job: read a list as it is now, and come again in an hour, whatever came of it."""
    async with services.database.reading() as session:
        known = await session.get(PeeringList, str(payload["domain"]))
        publisher = await session.get(Peer, str(payload["domain"]))
    if known is None or publisher is None:
        return
    found, error = None, ""
    try:
        found = await read_list(services, publisher, known.url, not_before=known.updated_at)
    except ListRefused as refused:
        error = str(refused)
        log.warning("peering-list.refused", publisher=publisher.domain, error=error)
    async with services.database.unit_of_work() as unit:
        current = await unit.session.get(PeeringList, publisher.domain)
        if current is not None:
            current.last_error = error
            if found is not None:
                await _take(services, unit, current, found)
            await _read_later(unit, current)


async def join_listed(services: Services, payload: dict[str, Any]) -> None:
    """The job: say yes to an instance that a list of ours names, if its host shows the key that the list names."""
    domain = str(payload["domain"])
    async with services.database.reading() as session:
        entry = await listed_entry(services, session, domain, mode=AUTOMATICALLY)
        peer = await session.get(Peer, domain)
    if entry is None or not may_join(peer, services):
        return
    try:
        card = await find_instance(services, domain)
    except (RemoteError, CardRefused) as error:
        log.warning("peering-list.not-found", peer=domain, error=str(error))
        raise
    if card.actor_uri != entry["actor_uri"] or not card.has_keys_of(entry["instance_keys"]):
        log.error("peering-list.other-key", peer=domain, found=card.fingerprint)
        return
    async with services.database.unit_of_work() as unit:
        await propose(services, unit, card, note=f"From the peering list of {entry['publisher']}")


def may_join(peer: Peer | None, services: Services) -> bool:
    """Whether a yes by itself is in order: nobody has decided anything here yet."""
    return peer is None or waits_for_us(peer, services.clock())


async def listed_entry(
    services: Services, session: Any, domain: str, *, mode: str | None = None
) -> dict[str, Any] | None:
    """What a list that we subscribe to says about a domain, with its `publisher`; only active peers' lists count."""
    for known in await session.scalars(select(PeeringList).order_by(PeeringList.domain)):
        if (mode is None or known.mode == mode) and services.peers.is_full(known.domain):
            for entry in known.entries:
                if entry["domain"] == domain:
                    return {**entry, "publisher": known.domain}
    return None


async def suggestions(services: Services, session: Any) -> list[dict[str, Any]]:
    """Who is on a list and not in any relation with us: two SELECTs."""
    known = set(await session.scalars(select(Peer.domain)))
    own = domain_of(services.addresses.origin)
    found: dict[str, dict[str, Any]] = {}
    for one in await session.scalars(select(PeeringList).order_by(PeeringList.domain)):
        for entry in one.entries:
            if entry["domain"] not in known and entry["domain"] != own:
                found.setdefault(entry["domain"], {**entry, "publisher": one.domain})
    return list(found.values())


async def _take(services: Services, unit: UnitOfWork, known: PeeringList, found: FoundList) -> None:
    before = {entry["domain"]: entry for entry in known.entries or ()}
    now = {card.domain: card for card in found.entries}
    known.entries = [_entry(card) for card in found.entries]
    known.updated_at, known.fetched_at, known.last_error = found.updated_at, unit.now, ""
    for domain in sorted(before.keys() - now.keys()):
        peer = await unit.session.get(Peer, domain)
        if peer is not None and peer.state != PeerState.ENDED:
            audit_peer(unit, peer, "left list", None, side=THEM, publisher=known.domain)
        log.warning("peering-list.left", publisher=known.domain, peer=domain)
    if known.mode == AUTOMATICALLY:
        await _join(services, unit, now.values())


async def _join(services: Services, unit: UnitOfWork, cards: Iterable[InstanceCard]) -> None:
    own = domain_of(services.addresses.origin)
    for card in cards:
        if card.domain != own and may_join(await unit.session.get(Peer, card.domain), services):
            await enqueue_job(unit, JOIN_LISTED, {"domain": card.domain}, unique_key=f"{JOIN_LISTED}:{card.domain}")


async def _read_later(unit: UnitOfWork, known: PeeringList) -> None:
    key = f"{READ_LIST}:{known.domain}"
    await enqueue_job(unit, READ_LIST, {"domain": known.domain}, unique_key=key, due_in=EVERY_SECONDS)


def _entry(card: InstanceCard) -> dict[str, Any]:
    return {
        "domain": card.domain,
        "actor_uri": card.actor_uri,
        "legal_name": card.legal_name,
        "region": card.region,
        "fingerprint": card.fingerprint,
        "instance_keys": list(card.instance_keys),
    }
