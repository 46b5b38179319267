"""Roles and bans in communities of a peer, and what they are, as their host lists them.

The host's list is all there is to say about its own community: who isn't on it holds no role and isn't banned. Our own
people are members by their follows; a role of theirs counts once they are. What changed here within `CROSSING_TIME` is
left alone: an act of our own moderator may be on its way.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from communities.changes import Action, Change, record
from communities.ranks import ban, unban
from communities.remote import hold_role
from communities.standings import CommunityError, place_of
from federation.actors import ActorRefused, resolve_actor
from federation.client import FetchBudget, RemoteError
from federation.json_ld import DocumentRefused
from federation.peers.sync import CROSSING_TIME
from federation.services import Services
from federation.sync.digests import Item
from federation.trust.authentication import ActorGone, PeerRefused
from inbox.community_roles import FETCHES, account_named
from inbox.sync.repair import Repair
from inbox.sync.repair_communities import joined_communities
from inbox.sync.standings import BANNED, ban_ends, standings_here
from models import UnitOfWork
from models.accounts import Account
from models.collisions import repeat_on_collision
from models.communities import Role, State

Pair = tuple[str, str]
"""A person (or the community itself), and the community."""
_ROLES: Final = {role.value: role for role in Role}
_REFUSALS: Final = (ActorRefused, ActorGone, DocumentRefused, PeerRefused, RemoteError)

log = structlog.get_logger(__name__)


async def mend_standings(services: Services, origin: str, listed: Sequence[Item]) -> Repair:
    """Compare with what the peer lists, and mend; one short unit of work for each difference."""
    groups = await joined_communities(services, origin)
    async with services.database.reading() as session:
        items = await standings_here(session, origin, now=services.clock())
    here = {(item.uri, item.of): item for item in items}
    there = {(item.uri, item.of): item for item in listed if item.of in groups}
    budget, found = FetchBudget(FETCHES), Repair()
    for pair in sorted({**here, **there}):
        if _said(here, pair) != _said(there, pair):
            try:
                done = await _mend(services, groups[pair[1]], pair[0], there.get(pair), budget)
            except _REFUSALS as error:
                log.info("sync.standing_left", person=pair[0], community=pair[1], error=str(error))
                done = False
            found += Repair.of(1, int(done)) if done is not None else Repair()
    return found


def _said(items: Mapping[Pair, Item], pair: Pair) -> tuple[str, int] | None:
    return (items[pair].state, items[pair].version) if pair in items else None


async def _mend(services: Services, group: Account, uri: str, there: Item | None, budget: FetchBudget) -> bool | None:
    """Whether it was; None for what is left alone for now."""
    if uri == group.uri:
        await resolve_actor(services, uri, budget=budget, refresh=True)
        return True
    person = await account_named(services, uri, budget)
    if person is None or person.is_group:
        return False

    async def mend() -> bool | None:
        async with services.database.unit_of_work() as unit:
            current = await unit.session.get_one(Account, group.id)
            target = await unit.session.get_one(Account, person.id)
            return await _hold(unit, current, target, there)

    try:
        return await repeat_on_collision(mend)
    except CommunityError:
        return False


async def _hold(unit: UnitOfWork, group: Account, target: Account, there: Item | None) -> bool | None:
    place = await place_of(unit.session, group, target, now=unit.now)
    row = place.membership
    if row is not None and unit.now - row.updated_at <= CROSSING_TIME:
        return None
    if there is not None and there.state == BANNED:
        until = ban_ends(there.version)
        return (await ban(unit, group, group, target, until=until, reason=_kept_reason(row), trusted=True)).is_new
    if place.standing.state is State.BANNED:
        await unban(unit, group, group, target, trusted=True)
        await unit.session.flush()
        row = None
    role = Role.MEMBER if there is None else _ROLES.get(there.state)
    if role is None:
        return False
    if there is None and row is None:
        return True
    if target.is_local and not place.standing.is_member:
        return None  # the follow comes first
    hold_role(unit, group, target.id, role, row)
    record(unit, Change(action=Action.ROLE, group=group, actor=group, target=target, role=role))
    return True


def _kept_reason(row: object) -> str:
    return str(getattr(row, "ban_reason", ""))
