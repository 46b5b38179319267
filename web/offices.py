"""The page of the offices that this one talks to, where an administrator answers a proposal with one click.

The other side's legal name and the fingerprint of its key stand beside the buttons: they are what is to be compared,
over the telephone, before one confirms. To propose needs the network and is done with `tertulia peer add`.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.peers import PeerState
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.peers import Peer
from models.values import dataclass
from outbox.peering import decisions
from outbox.peering.sending import THEM, PeeringRefused
from web.refusals import missing, not_allowed
from web.rendering import redirection
from web.visits import Visit

PATH: Final = "/offices"
# What a limited peer can't honour (`outbox.peering.explain.LIMITS`), as keys of the texts.
LIMITS: Final = ("handshake", "key", "archives", "communities", "log", "notice")
Decide = Callable[[Services, UnitOfWork, Peer, Account], Awaitable[object]]


async def _confirm(services: Services, unit: UnitOfWork, peer: Peer, by: Account) -> None:
    await decisions.confirm(services, unit, peer, by=by)


async def _reject(services: Services, unit: UnitOfWork, peer: Peer, by: Account) -> None:
    await decisions.reject(services, unit, peer, by=by)


async def _suspend(services: Services, unit: UnitOfWork, peer: Peer, by: Account) -> None:
    await decisions.suspend(services, unit, peer.domain, by=by)


async def _resume(services: Services, unit: UnitOfWork, peer: Peer, by: Account) -> None:
    await decisions.resume(services, unit, peer, by=by)


OFFICE_ACTIONS: Final[Mapping[str, Decide]] = MappingProxyType(
    {"confirm": _confirm, "reject": _reject, "suspend": _suspend, "resume": _resume}
)


@dataclass(frozen=True, slots=True)
class ShownPeer:
    """A peer with what can be done about it; `state` is a part of a key of the texts."""

    peer: Peer
    state: str
    actions: tuple[str, ...]


async def show_offices(visit: Visit) -> web.StreamResponse:
    """GET /offices, for who looks after the federation; for everybody else there is no such page."""
    _check(visit)
    async with visit.reading() as reading:
        peers = (await reading.session.scalars(select(Peer).where(Peer.id.is_not(None)).order_by(Peer.domain))).all()
        shown = [_shown(peer, visit) for peer in peers]
    # Proposals that wait come first.
    shown.sort(key=lambda office: office.state != "waits_for_us")
    return visit.page("offices.html", offices=shown, limits=LIMITS)


async def post_office_action(visit: Visit) -> web.StreamResponse:
    """POST /offices/{id}/{action}: leads back to the page."""
    _check(visit)
    await visit.form()
    viewer, match = visit.required(), visit.request.match_info
    try:
        async with visit.services.database.unit_of_work() as unit:
            peer = (await unit.session.scalars(select(Peer).where(Peer.id == int(match["peer_id"])))).first()
            if peer is None:
                raise missing()
            by = await unit.session.get_one(Account, viewer.id)
            await OFFICE_ACTIONS[match["action"]](visit.services, unit, peer, by)
    except PeeringRefused as refused:
        raise not_allowed("offices_refused") from refused
    return redirection(PATH)


def _check(visit: Visit) -> None:
    visit.required()
    if not visit.looks_after_offices:
        raise missing()


def _shown(peer: Peer, visit: Visit) -> ShownPeer:
    now = visit.services.clock()
    if decisions.waits_for_us(peer, now):
        return ShownPeer(peer, "waits_for_us", ("confirm", "reject"))
    if decisions.waits_for_them(peer, now):
        return ShownPeer(peer, "waits_for_them", ())
    if peer.state == PeerState.SUSPENDED:
        return ShownPeer(peer, "suspended", ("resume",) if peer.suspended_at is not None else ())
    can_suspend = peer.state in (PeerState.ACTIVE, PeerState.CONFIRMED)
    return ShownPeer(peer, str(peer.state), ("suspend",) if can_suspend else ())


async def proposals_waiting(visit: Visit, session: AsyncSession) -> int:
    """How many offices wait for the viewer's answer; 0, without a query, for who doesn't decide that."""
    if not visit.looks_after_offices:
        return 0
    query = select(Peer).where(Peer.proposed_by == THEM, Peer.confirmed_at.is_(None))
    now = visit.services.clock()
    return sum(decisions.waits_for_us(peer, now) for peer in await session.scalars(query))
