"""Which state a database is in, as a value: while it is the same, nothing was committed, by whomever.

SQLite counts commits for each connection that asks (`PRAGMA data_version`: those of all others, in this process and in
others, 5 µs), so one connection asks and never writes. PostgreSQL tells which transactions a statement would see
(`pg_current_snapshot()`, exact too); that is a question to the server, so requests that come together share one, which
begins after each of them has come.

Nothing has to be told of a change, and none can be missed. Who can't be told gets a value that is equal to no other.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Protocol

from sqlalchemy import Text, cast, func, select

from models.questions import Question

CURRENT: Final = Question(select(cast(func.pg_current_snapshot(), Text)))


class Snapshots(Protocol):
    """Tells the state of a database."""

    async def now(self) -> Hashable:
        """The state at a moment after this was called."""
        ...

    def at_once(self) -> Hashable | None:
        """The state at this moment; None when that can't be told without waiting."""
        ...

    def close(self) -> None:
        """Ask no more."""
        ...


class SqliteSnapshots:
    """The state of a file."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None

    async def now(self) -> Hashable:
        return self.at_once()

    def at_once(self) -> Hashable:
        """The number of commits that this connection has seen."""
        if not self._path:
            return object()
        try:
            if self._cursor is None:
                self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
                self._cursor = self._connection.cursor()
            number: int = self._cursor.execute("PRAGMA data_version").fetchone()[0]
            return number
        except sqlite3.OperationalError:  # locked for a moment, by a recovery for example
            return object()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class PostgresqlSnapshots:
    """The state of a PostgreSQL server; `look` asks it."""

    def __init__(self, look: Callable[[], Awaitable[Hashable]]) -> None:
        self._look = look
        self._under_way: asyncio.Task[Hashable] | None = None
        self._next: asyncio.Task[Hashable] | None = None

    async def now(self) -> Hashable:
        """What the next look finds: one that is under way may have seen the time before this request."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._under_way))
        return await asyncio.shield(self._next)  # others wait for it too

    def at_once(self) -> None:
        """Only the server knows."""

    async def _after(self, before: "asyncio.Task[Hashable] | None") -> Hashable:
        if before is not None:
            await asyncio.wait([before])
        self._under_way, self._next = self._next, None
        return await self._look()

    def close(self) -> None:
        """Nothing is open between two looks."""
