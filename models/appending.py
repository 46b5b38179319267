"""Rows that are appended all the time, in a transaction of their own with nothing around it.

A session with its unit of work costs 1.5 ms of CPU before the first row is written and after the last, more than SQLite
needs for sixteen of them with their commit. What only inserts (the inbound journal) needs none of it: the connection
comes from the writers' pool, the statements are compiled once, and nothing is read.

PostgreSQL gets all of it as one statement, which is its own transaction: the rows of a table are one list for each
column, and what is told to those who listen is the statement's result. So a group is one round trip instead of four.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import greenlet_spawn

from models.base import Base
from models.bulk import Form
from models.insertion import bulk_ignoring
from models.listing import of_lists, shifted

Rows = Mapping[type[Base], Sequence[dict[str, Any]]]


async def append_rows(engine: Engine, rows: Rows, notice: tuple[str, str]) -> None:
    """Insert what violates no unique constraint, table by table, and commit.

    All rows of a table have the same columns, and a value for each that has a default. `notice` is a channel and what
    PostgreSQL tells there when it commits. Raises what the driver raises; nothing has been written then.
    """
    if engine.dialect.name == "sqlite":
        await greenlet_spawn(_append_on_sqlite, engine, rows)
    else:
        await _append_on_postgresql(engine, rows, notice)


def _append_on_sqlite(engine: Engine, rows: Rows) -> None:
    pooled = engine.raw_connection()
    try:
        connection: Any = pooled.dbapi_connection
        connection.begin_writing()
        cursor = pooled.cursor()
        for table, given in rows.items():
            if given:
                form = _form(engine, table, given)
                parameters = form.parameters(given)
                _tell(engine, form.sql, parameters, is_for_many=True)
                cursor.executemany(form.sql, parameters)
        pooled.commit()
    finally:
        pooled.close()  # the pool rolls back what wasn't committed


async def _append_on_postgresql(engine: Engine, rows: Rows, notice: tuple[str, str]) -> None:
    forms = [(_form(engine, table, given), given) for table, given in rows.items() if given]
    sql = _together(tuple(form.sql for form, _ in forms))
    arguments = [*notice, *(column for form, given in forms for column in form.columns(given))]
    pooled = await greenlet_spawn(engine.raw_connection)
    connection: Any = pooled.driver_connection
    try:
        _tell(engine, sql, arguments, is_for_many=False)
        await connection.fetch(sql, *arguments)
    finally:
        is_lost = connection.is_closed()  # no session was there to notice
        await greenlet_spawn(pooled.invalidate if is_lost else pooled.close)


@cache
def _together(inserts: tuple[str, ...]) -> str:
    """One statement for INSERTs of one row each: of lists for every value, after the two parts of the notice."""
    parts, used = [], 2
    for number, sql in enumerate(inserts):
        listed = of_lists(sql)
        assert listed is not None, "a value that isn't a plain one"
        parts.append(f"inserted_{number} AS ({shifted(listed, used)})")
        used += listed.count("$")
    return f"{'WITH ' if parts else ''}{', '.join(parts)} SELECT pg_notify($1::TEXT, $2::TEXT)"


def _form(engine: Engine, table: type[Base], given: Sequence[dict[str, Any]]) -> Form:
    bulk = bulk_ignoring(engine.dialect.name == "sqlite", table, tuple(given[0]))
    assert bulk is not None, "a column with a default is left out"
    return bulk.form(engine.dialect)


def _tell(engine: Engine, sql: str, parameters: Any, *, is_for_many: bool) -> None:
    """Whoever counts statements hears of these too."""
    for heard in engine.dispatch.before_cursor_execute:
        heard(None, None, sql, parameters, None, is_for_many)
