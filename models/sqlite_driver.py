"""SQLite without a thread hop a statement: aiosqlite's connection, with cursors that run in place.

aiosqlite sends every call (open a cursor, execute, fetch, close) to a thread and waits: 0.35 ms of CPU for a query
that SQLite answers in 0.008 ms. A statement on a local file doesn't wait for anybody, so we run it where we are, and
so is `ROLLBACK`. What may wait keeps its thread: `COMMIT` (the disk), and `BEGIN IMMEDIATE` when another process holds
the lock, which one try without waiting tells (connections that write have `busy_timeout=0` for its sake).
`docs/decisions/0002-storage.md` and `0007-inbound-speed.md` have the measurements.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_dbapi
from sqlalchemy.util.concurrency import await_

READING = "BEGIN"
BLOCKING = "BEGIN IMMEDIATE"
PATIENT = "PRAGMA busy_timeout=15000"
IMPATIENT = "PRAGMA busy_timeout=0"
# Whether a commit waits until it is on the disk.
FULL = "PRAGMA synchronous=FULL"
NORMAL = "PRAGMA synchronous=NORMAL"
_TURN_SECONDS = 0.01


def use_write_ahead_log(execute: Callable[[str], object], within: float = 15.0) -> None:
    """Give the file a write-ahead log, within so many seconds. Raises `sqlite3.OperationalError` if it stays locked.

    It matters for a new file that several processes open at once: while one of them writes or changes the journal,
    SQLite tells the others "locked" without waiting for `busy_timeout`, since two that upgrade would wait for each
    other.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_TURN_SECONDS)
        else:
            return


class InPlaceCursor:
    """A DB-API cursor over `sqlite3` itself; rows are fetched at once, as SQLAlchemy's asyncio cursors do."""

    server_side = False

    def __init__(self, connection: "InPlaceConnection") -> None:
        self._owner = connection
        self._cursor: sqlite3.Cursor = connection.raw.cursor()
        self._rows: deque[Any] = deque()
        self.arraysize = 1

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        try:
            self._cursor.execute(operation, parameters)
            self._rows = deque(self._cursor.fetchall()) if self._cursor.description else deque()
        except Exception as error:
            self._owner.translate(error)

    def executemany(self, operation: str, seq_of_parameters: Sequence[Sequence[Any]]) -> None:
        try:
            self._cursor.executemany(operation, seq_of_parameters)
        except Exception as error:
            self._owner.translate(error)

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def __iter__(self) -> Iterator[Any]:
        while self._rows:
            yield self._rows.popleft()

    def setinputsizes(self, *_sizes: Any) -> None:
        """Nothing to prepare."""

    async def _async_soft_close(self) -> None:
        """SQLAlchemy's asyncio layer calls this when the rows are in memory: they are."""

    def close(self) -> None:
        self._rows.clear()
        self._cursor.close()


class InPlaceConnection(AsyncAdapt_aiosqlite_connection):
    """SQLAlchemy's aiosqlite connection, with the cursor above."""

    __slots__ = ("_synchronous",)

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._synchronous = ""

    @property
    def raw(self) -> sqlite3.Connection:
        return self._connection._conn  # type: ignore[no-any-return]

    def cursor(self, server_side: bool = False) -> Any:
        return InPlaceCursor(self)

    def begin_reading(self) -> None:
        """Begin a transaction that only reads. Raises what the driver raises."""
        try:
            self.raw.execute(READING)
        except Exception as error:
            self.translate(error)

    def begin_writing(self, *, is_repeatable: bool = False) -> None:
        """Begin a transaction with the write lock: at once when it is free, else in the thread, where waiting holds up
        nobody. Raises what the driver raises.

        The commit of what is repeatable doesn't wait for the disk, which the next one that waits does for both: what
        was committed is in the log in its order.
        """
        try:
            self._synchronise(NORMAL if is_repeatable else FULL)
            self._take_lock()
        except Exception as error:
            self.translate(error)

    def _take_lock(self) -> None:
        try:
            self.raw.execute(BLOCKING)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            self._run_in_thread(PATIENT)
            try:
                self._run_in_thread(BLOCKING)
            finally:
                self._run_in_thread(IMPATIENT)

    def rollback(self) -> None:
        """End the transaction, if there is one. Readers end theirs like this, so it must cost nothing."""
        try:
            self.raw.rollback()
        except Exception as error:
            self.translate(error)

    async def shrink(self) -> None:
        """Give back the pages that it keeps, in its thread: behind a `COMMIT` that waits for the disk."""
        await self._connection.execute("PRAGMA shrink_memory")

    def _synchronise(self, how: str) -> None:
        if self._synchronous != how:
            self.raw.execute(how)
            self._synchronous = how

    def _run_in_thread(self, operation: str) -> None:
        await_(self._connection.execute(operation))

    def translate(self, error: Exception) -> None:
        self._handle_exception(error)


class InPlaceDriver(AsyncAdapt_aiosqlite_dbapi):
    """The DB-API module to give to `create_async_engine(module=…)`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> InPlaceConnection:
        kw["check_same_thread"] = False
        connection: Any = aiosqlite.connect(*arg, **kw)
        connection._thread.daemon = True  # a forgotten connection must not keep the process from ending
        return InPlaceConnection(self, await_(connection))
