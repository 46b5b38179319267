"""Inserts that leave what is already there alone: the same statement on both databases."""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, cast

from sqlalchemy import Select, Table
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base
from models.bulk import Bulk

Insert = Any
AnySelect = Select[*tuple[Any, ...]]


@cache
def insert_of(is_sqlite: bool) -> Callable[[Any], Insert]:
    """SQLAlchemy's `insert(table)` that knows `ON CONFLICT`. An office on SQLite doesn't load the other (2.3 MiB)."""
    found: Callable[[Any], Insert] = import_module(
        "sqlalchemy.dialects.sqlite" if is_sqlite else "sqlalchemy.dialects.postgresql"
    ).insert
    return found


def insert_ignoring(session: AsyncSession, table: type[Base]) -> Insert:
    """`INSERT … ON CONFLICT DO NOTHING` into `table` for the session's database."""
    return ignoring(session.get_bind().dialect.name == "sqlite", table)


@lru_cache(maxsize=128)
def ignoring(is_sqlite: bool, table: type[Base], unique: tuple[str, ...] = ()) -> Insert:
    """Made once: building a statement costs more than SQLite needs for running it.

    Of the table, not of the class: what is inserted in bulk takes no way through the ORM. With `unique`, only what is
    there under these columns is ignored; another conflict is an error.
    """
    target = cast(Table, table.__table__)
    insert: Insert = insert_of(is_sqlite)(target)
    return insert.on_conflict_do_nothing(index_elements=list(unique)) if unique else insert.on_conflict_do_nothing()


@lru_cache(maxsize=32)
def updating(is_sqlite: bool, table: type[Base], unique: tuple[str, ...], columns: tuple[str, ...]) -> Insert:
    """`INSERT … ON CONFLICT (unique) DO UPDATE` of `columns` to what would have been inserted; made once."""
    target = cast(Table, table.__table__)
    statement: Insert = insert_of(is_sqlite)(target)
    return statement.on_conflict_do_update(
        index_elements=list(unique), set_={name: statement.excluded[name] for name in columns}
    )


async def insert_missing(session: AsyncSession, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows that violate no unique constraint, in one round trip. All of them have the same columns."""
    if not rows:
        return
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    bulk = bulk_ignoring(is_sqlite, table, tuple(rows[0]))
    if bulk is None:
        await session.execute(ignoring(is_sqlite, table), list(rows))
    else:
        await bulk.write(session, rows)


@lru_cache(maxsize=128)
def bulk_ignoring(is_sqlite: bool, table: type[Base], columns: tuple[str, ...]) -> Bulk | None:
    """The same statement for many rows with these columns; None where SQLAlchemy has to make a default for each."""
    target = cast(Table, table.__table__)
    made = {column.key for column in target.columns if column.default is not None}
    return Bulk(ignoring(is_sqlite, table), columns, is_apart=True) if made <= set(columns) else None
