"""Which deliveries are next: due, in order, a fair share for each host.

A row may go when no earlier row of the same host and the same `ordering_key` is still queued (the index
`ix_deliveries_order` answers that per row). Of the rows that became due first, each host gets its first few before any
host gets more, so that a host with ten thousand rows doesn't keep the others waiting.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Integer, Select, Table, bindparam, func, literal_column, not_, select

from federation.services import Services
from federation.sync.marks import Mark
from jobs.leases import MOST, NOW, Claiming, claim, is_queued
from models import UnitOfWork
from models.activities import Delivery, OutboundActivity
from models.lines import one_before
from models.questions import WORDS, Question, among
from outbox.log import number_waiting, own_generation
from outbox.work import ActivityBytes, Work

WINDOW = 1_000  # rows looked at for one claim
ACTIVITIES_REMEMBERED = 64

DELIVERIES_TABLE: Table = Delivery.__table__  # type: ignore[assignment]
_ACTIVITIES: Table = OutboundActivity.__table__  # type: ignore[assignment]


def _candidates(*, with_retries: bool) -> Select[tuple[int]]:
    """Ids of up to MOST deliveries that may be sent now, hosts taking turns; none for those that are `busy`."""
    table = DELIVERIES_TABLE
    is_first = one_before(table, is_queued, "host", "ordering_key").is_(None)
    due = select(table.c.id, table.c.host, table.c.due_at).where(
        is_queued(table), table.c.due_at <= NOW, is_first, not_(among(table.c.host, "busy", WORDS))
    )
    if not with_retries:
        due = due.where(table.c.attempts == 0)
    first = due.order_by(table.c.due_at, table.c.id).limit(literal_column(str(WINDOW))).subquery("first_due")
    place = func.row_number().over(partition_by=first.c.host, order_by=(first.c.due_at, first.c.id))
    placed = select(first.c.id, place.label("place")).subquery("placed")
    is_fair_share = placed.c.place <= bindparam("per_host", type_=Integer())
    return select(placed.c.id).where(is_fair_share).order_by(placed.c.place, placed.c.id).limit(MOST)


_BYTES: Final = Question(
    select(*_ACTIVITIES.c["id", "uri", "activity_type", "visibility", "body", "digest"])
    .where(among(_ACTIVITIES.c.id, "ids"))
)  # fmt: skip
_CLAIMED: Final = ("id", "activity_id", "account_id", "inbox_url", "host", "ordering_key", "log_number", "attempts",
                   "created_at", "lease_until")  # fmt: skip
# Made once: building such a statement costs more than SQLite needs for running it.
CLAIMS: Final = {
    with_retries: Claiming(DELIVERIES_TABLE, _candidates(with_retries=with_retries), _CLAIMED)
    for with_retries in (True, False)
}


class Claims:
    """Claims deliveries and reads their bytes, each activity once while it is being sent out."""

    def __init__(self, services: Services, lease_seconds: float) -> None:
        self._services = services
        self._lease_seconds = lease_seconds
        self._activities: OrderedDict[int, ActivityBytes] = OrderedDict()

    async def take(
        self, unit: UnitOfWork, *, limit: int, per_host: int, busy_hosts: Collection[str], with_retries: bool
    ) -> list[Work]:
        """Up to `limit` deliveries, leased to us, in the order of their ids, numbered where the peer has a log."""
        await number_waiting(self._services, unit)
        me = self._services.database.process_id
        rows = await claim(unit, CLAIMS[with_retries], lease_seconds=self._lease_seconds, leased_by=me, most=limit,
                           per_host=per_host, busy=sorted(busy_hosts))  # fmt: skip
        activities = await self._read(unit, {row.activity_id for row in rows})
        generation = await own_generation(unit) if any(row.log_number is not None for row in rows) else ""
        return [_work(row, activities[row.activity_id], generation) for row in rows]

    async def _read(self, unit: UnitOfWork, ids: set[int]) -> dict[int, ActivityBytes]:
        found = {number: self._activities[number] for number in ids if number in self._activities}
        missing = sorted(ids - found.keys())
        if missing:
            found |= {row[0]: ActivityBytes(*row) for row in await unit.session.ask(_BYTES, {"ids": missing})}
        self._remember(found.values())
        return found

    def _remember(self, activities: Iterable[ActivityBytes]) -> None:
        for activity in activities:
            self._activities[activity.id] = activity
            self._activities.move_to_end(activity.id)
        while len(self._activities) > ACTIVITIES_REMEMBERED:
            self._activities.popitem(last=False)


def _work(row: Any, activity: ActivityBytes, generation: str) -> Work:
    return Work(
        id=row.id,
        account_id=row.account_id,
        inbox_url=row.inbox_url,
        host=row.host,
        ordering_key=row.ordering_key,
        attempts=row.attempts,
        created_at=row.created_at,
        lease_until=row.lease_until,
        activity=activity,
        mark=None if row.log_number is None else Mark(generation, row.log_number),
    )
