"""SQLite's engines, and what each connection to the file is told: how `models.database` promises what it does.

Loaded for an office on SQLite alone, with the driver and SQLAlchemy's dialect for it (`docs/decisions/0032-memory.md`).
"""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from models.sqlite_driver import (
    BLOCKING,
    FULL,
    IMPATIENT,
    PATIENT,
    READING,
    InPlaceConnection,
    InPlaceDriver,
    use_write_ahead_log,
)
from models.statements import share_statements

SQLITE_PRAGMAS = (
    FULL,
    "PRAGMA foreign_keys=ON",
    PATIENT,
    "PRAGMA temp_store=MEMORY",
    # Pages of the log before a commit copies them to their places, which everybody waits for: what is written again
    # and again is copied once.
    "PRAGMA wal_autocheckpoint=4000",
)
# Pages that a connection keeps, in KiB. Each of the readers has its own, and the system keeps the file's pages anyway.
READER_CACHE = "PRAGMA cache_size=-1024"
WRITER_CACHE = "PRAGMA cache_size=-4096"
READER_PRAGMAS = (*SQLITE_PRAGMAS, READER_CACHE)
REPEATABLE = "tertulia_is_repeatable"  # an option of an engine


def make_engine(
    url: URL, opened: set[InPlaceConnection], *, is_writer: bool, pool_size: int, **in_json: Any
) -> AsyncEngine:
    """An engine that writes, or one that only reads; `opened` has its connections for as long as they are open, and
    `in_json` are SQLAlchemy's arguments for columns of JSON."""
    # The connection that was used last goes next: its pages are there, and the others keep none until they are needed.
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_use_lifo=True,
                                 connect_args={"timeout": 15}, module=InPlaceDriver(), **in_json)  # fmt: skip
    pragmas = (*SQLITE_PRAGMAS, WRITER_CACHE, IMPATIENT) if is_writer else READER_PRAGMAS
    begin = BLOCKING if is_writer else READING

    def configure(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: it would begin them as readers.
        connection.isolation_level = None
        cursor = connection.cursor()
        use_write_ahead_log(cursor.execute)
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()
        opened.add(connection)

    def forget(connection: Any, _record: object) -> None:
        opened.discard(connection)

    def start(connection: Connection) -> None:
        for heard in engine.sync_engine.dispatch.before_cursor_execute:
            heard(connection, None, begin, (), None, False)
        driver: Any = connection.connection.dbapi_connection
        try:
            # A context and a result of SQLAlchemy's would cost ten times as much.
            if is_writer:
                driver.begin_writing(is_repeatable=connection.get_execution_options().get(REPEATABLE, False))
            else:
                driver.begin_reading()
        except BaseException as error:
            connection._handle_dbapi_exception(error, begin, (), None, None)

    event.listen(engine.sync_engine, "connect", configure)
    event.listen(engine.sync_engine, "close", forget)
    event.listen(engine.sync_engine, "begin", start)
    share_statements(engine)
    return engine


def without_waiting(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, whose commits don't wait for the disk: for what would be done again if it were forgotten."""
    return engine.execution_options(**{REPEATABLE: True})
