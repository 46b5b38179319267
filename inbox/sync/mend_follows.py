"""Both offices end with the same follows: who is followed decides whether, who follows decides whether still.

    here       there      what is done
    –          any        the Undo is said (again)
    pending    accepted   accepted here
    pending    –          the Follow is said again
    accepted   –          ended here
    accepted   pending    ended here, and the Follow said again

"There" is the office of whom our people follow, communities included: it knows who its members are. The other direction
is the peer's to mend, by the same table. What changed within `CROSSING_TIME` is left alone: the messages may have
crossed. A list can only concern our own people and accounts of the office that sent it (FEP-8fcf, O43).
"""

from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import select

from federation.peers.sync import CROSSING_TIME
from federation.services import Services
from federation.sync.digests import Item
from inbox.sync.heard import follows_here
from inbox.sync.repair import Repair
from inbox.synchronization import disown
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from outbox.follows import publish_follow
from social.follows import ACCEPTED, FollowRefused, accept_follow, end_follow

Pair = tuple[str, str]

log = structlog.get_logger(__name__)


async def mend_follows(services: Services, origin: str, listed: Sequence[Item]) -> Repair:
    """Compare with what the peer lists, and mend; one short unit of work for each difference."""
    async with services.database.reading() as session:
        here = {(item.uri, item.of): item for item in await follows_here(session, origin)}
    there = {(item.uri, item.of): item.state for item in listed if services.addresses.is_local(item.uri)}
    pairs = [pair for pair in {**here, **there} if _state(here, pair) != there.get(pair)]
    found = Repair()
    for pair in pairs:
        async with services.database.unit_of_work() as unit:
            done = await _mend(services, unit, pair, here.get(pair), there.get(pair))
        found += Repair() if done is None else Repair.of(1, int(done))
    return found


def _state(here: Mapping[Pair, Item], pair: Pair) -> str | None:
    return here[pair].state if pair in here else None


async def _mend(services: Services, unit: UnitOfWork, pair: Pair, here: Item | None, there: str | None) -> bool | None:
    """Whether it was; None where nothing can be done from here."""
    found = await unit.session.scalars(select(Account).where(Account.uri.in_(pair)))
    accounts = {account.uri: account for account in found}
    follower, followee = accounts.get(pair[0]), accounts.get(pair[1])
    if follower is None:
        # Made after the backup that this office was restored from: without its key nothing can be said for it.
        log.warning("sync.account_lost", account=pair[0], follows=pair[1])
        return None
    if followee is None or not follower.is_local or followee.is_local:
        return False
    if here is None:
        await disown(services, unit, follower, followee)
        return True
    follow = await unit.session.get(Follow, here.number)
    if follow is None or follow.state != here.state:
        return False  # it has changed meanwhile
    if follow.state != ACCEPTED and there == ACCEPTED:
        return await accept_follow(unit, follow, follower, followee)
    if unit.now - (follow.accepted_at or follow.created_at) <= CROSSING_TIME:
        return False
    if follow.state == ACCEPTED:
        await end_follow(unit, follow, follower, followee)
        if there is None:
            return True
    try:
        await publish_follow(services, unit, follower, followee)
    except FollowRefused:
        return False
    return True
