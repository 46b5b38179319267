"""Rows that are appended all the time, in a transaction of their own with nothing around it.

A session with its unit of work costs 1.5 ms of CPU before the first row is written and after the last, more than SQLite
needs for sixteen of them with their commit. What only inserts (the inbound journal) needs none of it: the connection
comes from the writers' pool, the statements are compiled once, and nothing is read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Engine

from models.base import Base
from models.insertion import bulk_ignoring
from models.sqlite_driver import BLOCKING

Rows = Mapping[type[Base], Sequence[dict[str, Any]]]
_NOTIFY: Final = "SELECT pg_notify($1, $2)"


def append_rows(engine: Engine, rows: Rows, notice: tuple[str, str]) -> None:
    """Insert what violates no unique constraint, table by table, and commit; call it in a greenlet.

    All rows of a table have the same columns, and a value for each that has a default. `notice` is a channel and what
    PostgreSQL tells there when it commits. Raises what the driver raises; nothing has been written then.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    pooled = engine.raw_connection()
    try:
        cursor = pooled.cursor()
        if is_sqlite:
            cursor.execute(BLOCKING)
        for table, given in rows.items():
            if given:
                _insert(engine, cursor, table, given)
        if not is_sqlite:
            cursor.execute(_NOTIFY, notice)
        pooled.commit()
    finally:
        pooled.close()  # the pool rolls back what wasn't committed


def _insert(engine: Engine, cursor: Any, table: type[Base], given: Sequence[dict[str, Any]]) -> None:
    bulk = bulk_ignoring(engine.dialect.name == "sqlite", table, tuple(given[0]))
    assert bulk is not None, "a column with a default is left out"
    form = bulk.form(engine.dialect)
    parameters = form.parameters(given)
    for heard in engine.dispatch.before_cursor_execute:  # whoever counts statements hears of these too
        heard(None, None, form.sql, parameters, None, True)
    cursor.executemany(form.sql, parameters)
