"""Queueing for many followers: after the transaction that published, by a job, so that nobody waits for it.

An activity that is still to be spread says so itself (`OutboundActivity.spread`), and a job is queued with it. The job
spreads all such activities of the account, oldest first, each in a transaction of its own: whatever order the jobs run
in, what happened first is queued first, at every host. Jobs of one account take turns, and what one queues is of the
time at which its turn began, because deliveries go in the order of their ids. A job that finds nothing left does
nothing, and one that dies leaves what it hasn't done to the next run of it.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select, text

from federation.services import Services
from models import UnitOfWork
from models.activities import OutboundActivity
from models.base import BigInt
from outbox.enqueue import inboxes_of_followers, queue_deliveries
from outbox.readers import Shape, community_readers

_NEXT: Final = (
    select(OutboundActivity)
    .where(OutboundActivity.account_id == bindparam("account_id", type_=BigInt), OutboundActivity.spread.is_not(None))
    .order_by(OutboundActivity.id)
    .limit(1)
)
# PostgreSQL's; SQLite has one writer anyway.
_TURN: Final = text("SELECT pg_advisory_xact_lock(:account_id)")


async def spread_activities(services: Services, payload: dict[str, Any]) -> None:
    """The job: queue what the account has published for its followers."""
    while await _spread_next(services, int(payload["account_id"])):
        pass


async def _spread_next(services: Services, account_id: int) -> bool:
    async with services.database.unit_of_work() as unit:
        if not services.database.is_sqlite:
            await unit.session.execute(_TURN, {"account_id": account_id})
        activity = (await unit.session.scalars(_NEXT, {"account_id": account_id})).first()
        if activity is None or activity.spread is None:
            return False
        unit.now = services.clock()  # the turn may have come long after the unit began
        urls = [*activity.spread["inbox_urls"], *await _followers(services, unit, account_id, activity.spread)]
        ordering_key = activity.spread["ordering_key"]
        await queue_deliveries(unit, activity, urls, ordering_key=ordering_key, gate=services.peers)
        activity.spread = None
    return True


async def _followers(services: Services, unit: UnitOfWork, account_id: int, spread: dict[str, Any]) -> Sequence[str]:
    """Where the account's followers read, or those of a community who read it in one shape (`outbox.readers`)."""
    if "community_id" not in spread:
        return await inboxes_of_followers(unit, account_id)
    readers = await community_readers(unit.session, spread["community_id"], is_full=services.peers.is_full)
    return readers.inboxes(Shape(spread["shape"]))
