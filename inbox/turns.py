"""Who applies what next, where several processes apply: what depends on order goes in the order in which it came.

One process applies a batch in its order and begins the next one afterwards. Of several, another could be quicker with
what came later. So nothing is claimed while something earlier of its actor is under way, unless both *stand alone*: a
new post, a like, a boost by a person mean the same whatever comes first, and a busy author's are applied side by side.
What undoes, changes or decides, and all that a community announces, waits.

The rule has an end: whoever was claimed longer than IN_ORDER_SECONDS ago (it waits for a slow server, or its worker
died), has failed and waits for its next try, or is a dead letter, is waited for by nobody.

Claims come one after the other, under a lock of their own, because one doesn't see what another hasn't committed. A
claim looks at the first WINDOW due rows: it costs the same whatever is in the queue. On SQLite there is one worker.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import ColumnElement, FromClause, Table, and_, bindparam, func, literal_column, or_, select, update

from jobs.leases import QUEUED, is_queued
from models import UnitOfWork
from models.accounts import Account
from models.activities import InboundActivity
from models.questions import Among, Question

BATCH: Final = 200
IN_ORDER_SECONDS: Final = 10.0
WINDOW: Final = 5_000
_LOCK: Final = Question(select(func.pg_advisory_xact_lock(literal_column("7301205"))))
_JOURNAL = cast(Table, InboundActivity.__table__)
_ACCOUNTS = cast(Table, Account.__table__)


class Claimed(NamedTuple):
    """A row in the hands of a worker."""

    id: int
    attempts: int
    inbox_id: int


def _stands_alone(row: FromClause) -> ColumnElement[bool]:
    is_group = select(_ACCOUNTS.c.id).where(
        _ACCOUNTS.c.uri == row.c.actor_uri, _ACCOUNTS.c.actor_type == literal_column("'Group'")
    )
    return or_(
        row.c.activity_type.in_((literal_column("'Create'"), literal_column("'Like'"))),
        and_(row.c.activity_type == literal_column("'Announce'"), ~is_group.exists()),
    )


def _is_one_of(ids: Any) -> ColumnElement[bool]:
    """Whether it is a row with one of these ids, found by its key whatever PostgreSQL believes.

    Its statistics are mostly of a moment at which nothing was queued. By them `IN` becomes a join of two lists that are
    said to have one row each: 200 of 2,000 were found in 1.5 s, and are in 3 ms from a list that is made first.
    """
    return Among(_JOURNAL.c.id, func.array(ids.scalar_subquery()))


def _claiming(limit: int) -> Any:
    """The claim as one statement; what is under way lies beyond what is due in the index of due rows."""
    first = (
        select(_JOURNAL.c.id, _JOURNAL.c.due_at, _JOURNAL.c.actor_uri, _JOURNAL.c.activity_type)
        .where(is_queued(_JOURNAL), _JOURNAL.c.due_at <= bindparam("now"))
        .order_by(_JOURNAL.c.due_at, _JOURNAL.c.id)
        .limit(WINDOW)
        .subquery("first")
    )
    under_way = _JOURNAL.alias("under_way")
    is_fresh = (is_queued(under_way), under_way.c.due_at > bindparam("recent"), under_way.c.lease_until.is_not(None))
    busy = select(under_way.c.actor_uri).where(*is_fresh)
    strict = busy.where(~_stands_alone(under_way))
    is_free = or_(
        first.c.actor_uri.not_in(busy),
        and_(_stands_alone(first), first.c.actor_uri.not_in(strict)),
    )
    chosen = select(first.c.id).where(is_free).order_by(first.c.due_at, first.c.id).limit(limit)
    # Asked once more of what is locked; as a pattern, because by an equation its index would be walked through again.
    is_still_queued = _JOURNAL.c.state.like(literal_column(f"'{QUEUED}'"))
    free = (
        select(_JOURNAL.c.id)
        .where(_is_one_of(chosen), is_still_queued, _JOURNAL.c.due_at <= bindparam("now"))
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    return (
        update(_JOURNAL)
        .where(_is_one_of(select(free.c.id)))
        .values(
            lease_until=bindparam("until"), due_at=bindparam("until"), leased_by=bindparam("me"),
            attempts=_JOURNAL.c.attempts + 1,
        )
        .returning(*(_JOURNAL.c[name] for name in Claimed._fields))
    )  # fmt: skip


_CLAIM: Final = Question(partial(_claiming, BATCH))


async def claim_in_turn(unit: UnitOfWork, *, now: datetime, lease_seconds: float, me: str) -> list[Claimed]:
    """Up to BATCH due rows whose turn it is, leased to the process `me` (PostgreSQL)."""
    await unit.session.ask(_LOCK, {})
    until = now + timedelta(seconds=lease_seconds)
    recent = until - timedelta(seconds=IN_ORDER_SECONDS)
    found = await unit.session.ask(_CLAIM, {"now": now, "until": until, "recent": recent, "me": me})
    return [Claimed(*row) for row in found]
