"""Kept counts: changes are collected in the unit and written once a row, in the order of the rows' ids.

One statement a table, all counts in it, made once: the fixed order of rows is what keeps two PostgreSQL transactions
from waiting for each other, and building a statement costs more than SQLite needs for running it. An account that has
one status more has written just now (`last_status_at`).
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, case, func, update

from models import UnitOfWork
from models.accounts import Account
from models.bulk import Bulk
from models.statuses import Status

Counted = type[Account] | type[Status]
Change = tuple[Counted, str, int, int]
COUNTS: Final[Mapping[Counted, tuple[str, ...]]] = MappingProxyType(
    {
        Account: ("followers_count", "following_count", "statuses_count"),
        Status: ("replies_count", "boosts_count", "favourites_count", "quotes_count"),
    }
)


def count(unit: UnitOfWork, table: Counted, column: str, row_id: int, change: int = 1) -> None:
    """Add `change` to `column` of the row, before the unit commits; a count never falls below zero."""
    unit.defer(_apply, (table, column, row_id, change), is_gathered=True)


async def _apply(unit: UnitOfWork, changes: list[Change]) -> None:
    totals: dict[Counted, dict[int, dict[str, Any]]] = {Account: {}, Status: {}}
    for table, column, row_id, change in changes:
        row = totals[table].get(row_id)
        if row is None:
            row = totals[table][row_id] = {"row_id": row_id, **{_added(name): 0 for name in COUNTS[table]}}
        row[_added(column)] += change
    for table, rows in totals.items():
        changed = [rows[row_id] for row_id in sorted(rows) if any(rows[row_id][_added(name)] for name in COUNTS[table])]
        if table is Account:
            for row in changed:
                row["written_at"] = unit.now if row[_added("statuses_count")] > 0 else None
        await _statement(table).write(unit.session, changed)


def _added(column: str) -> str:
    return f"{column}_added"


@cache
def _statement(model: Counted) -> Bulk:
    table = cast(Table, model.__table__)
    values: dict[str, Any] = {}
    for name in COUNTS[model]:
        value = table.c[name] + bindparam(_added(name))
        values[name] = case((value < 0, 0), else_=value)
    if model is Account:
        values["last_status_at"] = func.coalesce(bindparam("written_at", type_=table.c.last_status_at.type),
                                                 table.c.last_status_at)  # fmt: skip
    names = ("row_id", *map(_added, COUNTS[model]), *(["written_at"] if model is Account else []))
    return Bulk(update(table).where(table.c.id == bindparam("row_id")).values(values), names, is_apart=True)
