"""Peers by handshake: what `tertulia peer` does, for an administrator's page. Not in Mastodon.

To propose asks the other instance who it is, before any transaction; what can't be found out is answered 422. A step
that the peer isn't in the state for is answered 422 with a sentence that says what can be done.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy import select, type_coerce

from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.peer import peer_entity
from api.errors import NotFound, Unprocessable, invalid
from api.pagination import Keyset, Page, page
from api.schemas.admin import AdminPageArgs
from api.schemas.admin_peers import PeerEndArgs, PeerProposalArgs
from federation.client import RemoteError
from federation.peers.cards import CardRefused, InstanceCard
from federation.peers.finding import find_instance
from models import UnitOfWork
from models.base import BigInt
from models.peers import Peer
from outbox.peering import decisions
from outbox.peering.removal import ask_removal

Change = Callable[[Call, UnitOfWork, Peer], Awaitable[object]]


async def list_peers(call: Call) -> Page:
    """All peers, whatever their state, the newest first."""
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        query = select(Peer).where(Peer.id.is_not(None))
        found = keyset.arrange(await session.scalars(keyset.apply(query, type_coerce(Peer.id, BigInt))))
    now = call.services.clock()
    return page(call, [peer_entity(peer, now) for peer in found], [peer.id for peer in found if peer.id is not None])


async def get_peer(call: Call) -> Json:
    """One peer."""
    async with call.database.unit_of_work() as unit:
        return peer_entity(await find_peer(call, unit), unit.now)


async def post_peer(call: Call) -> Json:
    """Propose to be peers, or confirm what the instance has proposed; `limited` admits it at once."""
    services, args = call.services, call.args
    is_limited = args["limited"]
    try:
        name = services.peers.checked_name(args["domain"])
    except ValueError as error:
        raise invalid("domain", str(error)) from error
    card = await _card(call, name, is_required=not is_limited)
    async with call.database.unit_of_work() as unit:
        if is_limited or card is None:
            peer = await decisions.admit_limited(services, unit, name, card, by=call.me, note=args["note"])
        else:
            peer = await decisions.propose(services, unit, card, by=call.me, note=args["note"])
        return peer_entity(peer, unit.now)


async def confirm_peer(call: Call) -> Json:
    """Confirm what the instance has proposed: its key is pinned, and the test activity goes out."""
    return await _changed(call, lambda call, unit, peer: decisions.confirm(call.services, unit, peer, by=call.me))


async def reject_peer(call: Call) -> Json:
    """Refuse what the instance has proposed."""
    return await _changed(call, lambda call, unit, peer: decisions.reject(call.services, unit, peer, by=call.me))


async def suspend_peer(call: Call) -> Json:
    """Refuse the peer for now."""
    return await _changed(
        call, lambda call, unit, peer: decisions.suspend(call.services, unit, peer.domain, by=call.me)
    )


async def resume_peer(call: Call) -> Json:
    """Take the suspension back."""
    return await _changed(call, lambda call, unit, peer: decisions.resume(call.services, unit, peer, by=call.me))


async def end_peer(call: Call) -> Json:
    """End the relation, or take a proposal back."""
    return await _changed(call, _end)


async def _end(call: Call, unit: UnitOfWork, peer: Peer) -> None:
    await decisions.end(call.services, unit, peer.domain, by=call.me)
    if call.args["delete_content"]:
        await ask_removal(unit, peer, by=call.me)


async def _changed(call: Call, change: Change) -> Json:
    async with call.database.unit_of_work() as unit:
        peer = await find_peer(call, unit)
        await change(call, unit, peer)
        return peer_entity(peer, unit.now)


async def find_peer(call: Call, unit: UnitOfWork) -> Peer:
    """The peer of the address. Raises NotFound."""
    found = (await unit.session.scalars(select(Peer).where(Peer.id == call.id()))).first()
    if found is None:
        raise NotFound
    return found


async def _card(call: Call, name: str, *, is_required: bool) -> InstanceCard | None:
    """Who answers at a domain; None for a silent one that is admitted all the same."""
    try:
        card = await find_instance(call.services, name)
    except (RemoteError, CardRefused) as error:
        if is_required:
            raise Unprocessable(f"Who is at {name} can't be found out: {error}") from error
        return None
    if is_required and not card.knows_peering:
        raise Unprocessable(f"{name} makes no handshake: add it as a limited peer")
    return card


PEERS = "/api/v1/admin/peers"
READ, WRITE = "admin:read:domain_allows", "admin:write:domain_allows"
ENDPOINTS = (
    Endpoint("GET", PEERS, list_peers, Access.ADMIN, READ, AdminPageArgs, many("PeerEntity")),
    Endpoint("GET", f"{PEERS}/{{id}}", get_peer, Access.ADMIN, READ, returns="PeerEntity"),
    Endpoint("POST", PEERS, post_peer, Access.ADMIN, WRITE, PeerProposalArgs, "PeerEntity"),
    Endpoint("POST", f"{PEERS}/{{id}}/confirm", confirm_peer, Access.ADMIN, WRITE, returns="PeerEntity"),
    Endpoint("POST", f"{PEERS}/{{id}}/reject", reject_peer, Access.ADMIN, WRITE, returns="PeerEntity"),
    Endpoint("POST", f"{PEERS}/{{id}}/suspend", suspend_peer, Access.ADMIN, WRITE, returns="PeerEntity"),
    Endpoint("POST", f"{PEERS}/{{id}}/resume", resume_peer, Access.ADMIN, WRITE, returns="PeerEntity"),
    Endpoint("POST", f"{PEERS}/{{id}}/end", end_peer, Access.ADMIN, WRITE, PeerEndArgs, "PeerEntity"),
)
