"""Work as rows: claim under a lease, finish, put back. For every table with the columns of a queue.

Such a table has `id`, `state`, `due_at`, `lease_until`, `leased_by`, `attempts`, `finished_at`; a row that waits is
`queued`, and there is a partial index on `due_at` of queued rows.

A claim moves `due_at` to the end of the lease. A worker that dies therefore leaves rows that are due again by
themselves (mostly earlier: `jobs.takeover`), and rows in work aren't in the way of those who look for due ones. On
PostgreSQL several workers claim at once without waiting for each other; on SQLite the one writer's lock does the same.
Work may happen twice (a lease ran out, a commit was lost), never zero times.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Select, Table, bindparam, literal_column, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from models import Database, UnitOfWork
from models.base import UtcDateTime
from models.questions import Question

QUEUED = "queued"


def is_queued(source: FromClause) -> ColumnElement[bool]:
    """`state = 'queued'`, spelled as a literal: with a parameter no partial index would be used."""
    column: ColumnElement[bool] = source.c.state == literal_column(f"'{QUEUED}'")
    return column


NOW = bindparam("now", type_=UtcDateTime())
MOST = bindparam("most", type_=Integer())


def due_ids(table: Table) -> Select[tuple[int]]:
    """The ids of the first MOST rows that are due, in the order in which they became so."""
    return (
        select(table.c.id)
        .where(is_queued(table), table.c.due_at <= NOW)
        .order_by(table.c.due_at, table.c.id)
        .limit(MOST)
    )


class Claiming:
    """A claim, to be made once; `candidates` select ids, with NOW and whatever else they need.

    With `counts_attempts` the claim itself is an attempt, so that work which kills its process is counted too. `names`
    are the columns that are wanted of what was claimed, of which `id` is one.
    """

    def __init__(
        self, table: Table, candidates: Select[tuple[int]], names: Sequence[str], *, counts_attempts: bool = False
    ) -> None:
        self._names = tuple(names)
        self.question = Question(_claim(table, candidates, names, counts_attempts=counts_attempts))

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[SimpleNamespace]:
        """What was claimed, with its columns by their names, in the order of the ids."""
        rows = [SimpleNamespace(**dict(zip(self._names, row, strict=True))) for row in found]
        return sorted(rows, key=attrgetter("id"))


def _claim(
    table: Table, candidates: Select[tuple[int]], names: Sequence[str], *, counts_attempts: bool
) -> ReturningUpdate[Any]:
    free = (
        select(table.c.id)
        .where(table.c.id.in_(candidates), is_queued(table), table.c.due_at <= NOW)
        .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
        .cte("free")
    )
    until = bindparam("until", type_=UtcDateTime())
    values: dict[str, Any] = {"lease_until": until, "leased_by": bindparam("me"), "due_at": until}
    if counts_attempts:
        values["attempts"] = table.c.attempts + 1
    return (
        update(table)
        .where(table.c.id.in_(select(free.c.id)))
        .values(values)
        .returning(*(table.c[name] for name in names))
    )


async def claim(
    unit: UnitOfWork, claiming: Claiming, *, lease_seconds: float, leased_by: str, **parameters: Any
) -> list[SimpleNamespace]:
    """Take those of the candidates that nobody else takes; the rows come in the order of their ids."""
    until = unit.now + timedelta(seconds=lease_seconds)
    given = {"now": unit.now, "until": until, "me": leased_by, **parameters}
    return claiming.rows(await unit.session.ask(claiming.question, given))


async def put_back(unit: UnitOfWork, table: Table, changes: Sequence[Mapping[str, Any]]) -> None:
    """Return rows to the queue. Each change has `id`, `due_at` and whatever other columns are to be set, all alike."""
    if not changes:
        return
    columns = [name for name in changes[0] if name != "id"]
    statement = (
        update(table)
        .where(table.c.id == bindparam("row_id"), is_queued(table))
        .values({"lease_until": None} | {name: bindparam(f"new_{name}") for name in columns})
    )
    parameters = [
        {"row_id": change["id"]} | {f"new_{name}": change[name] for name in columns}
        for change in sorted(changes, key=lambda change: int(change["id"]))
    ]
    await unit.session.execute(statement, parameters)


def is_leased(table: Table, now: datetime) -> ColumnElement[bool]:
    """Whether somebody works on a row, or did when he died; it lies beyond what is due in the index of due rows."""
    return is_queued(table) & (table.c.due_at > now) & table.c.lease_until.is_not(None)


async def release_leases(unit: UnitOfWork, table: Table, holders: Collection[str], *, counted: int = 0) -> int:
    """Make due now what these processes have leased; how many rows. `counted` attempts are taken back."""
    result: Any = await unit.session.execute(
        update(table)
        .where(is_leased(table, unit.now), table.c.leased_by.in_(sorted(holders)))
        .values(lease_until=None, due_at=unit.now, attempts=table.c.attempts - counted)
    )
    return int(result.rowcount)


async def begin_anew(database: Database, table: Table) -> None:
    """Make due what nobody works on when a worker starts: its own earlier claims; on SQLite, with one worker, all."""
    async with database.unit_of_work() as unit:
        if not database.is_sqlite:
            await release_leases(unit, table, [database.process_id])
            return
        await unit.session.execute(
            update(table)
            .where(is_queued(table), table.c.lease_until.is_not(None))
            .values(lease_until=None, due_at=unit.now)
        )
