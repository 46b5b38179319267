"""Kept counts: changes are collected in the unit and written once a row, in the order of the rows' ids.

The fixed order is what keeps two PostgreSQL transactions from waiting for each other.
"""

from collections import Counter
from typing import Any

from sqlalchemy import case, update

from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status

Change = tuple[type[Account] | type[Status], str, int, int]


def count(unit: UnitOfWork, table: type[Account] | type[Status], column: str, row_id: int, change: int = 1) -> None:
    """Add `change` to `column` of the row, before the unit commits; a count never falls below zero."""
    unit.defer(_apply, (table, column, row_id, change))


async def _apply(unit: UnitOfWork, changes: list[Change]) -> None:
    totals: Counter[tuple[Any, str, int]] = Counter()
    for table, column, row_id, change in changes:
        totals[(table, column, row_id)] += change
    grouped: dict[tuple[Any, str, int], list[int]] = {}
    for (table, column, row_id), total in totals.items():
        if total:
            grouped.setdefault((table, column, total), []).append(row_id)
    for (table, column, total), ids in sorted(grouped.items(), key=lambda item: (item[0][0].__tablename__, item[1])):
        value = getattr(table, column)
        await unit.session.execute(
            update(table)
            .where(table.id.in_(sorted(ids)))
            .values({column: case((value + total < 0, 0), else_=value + total)})
            .execution_options(synchronize_session=False)
        )
