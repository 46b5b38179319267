"""Connections to look at a SQLite file without SQLAlchemy's pool, whose way in and out costs more than most looks.

A look takes one and gives it back, so that there are as many as there are looks at the same time, which is one unless
somebody waits in between. Who has one is in a transaction and sees one state of the file. One more connection tells
which state the file is in (`models.snapshots`). Nothing is written here.
"""

import sqlite3
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from models.snapshots import Then

SPARE: Final = 2


class SqliteConnections:
    """Those of one file; `pragmas` are executed when one is opened."""

    def __init__(self, path: str, pragmas: Sequence[str]) -> None:
        self._path = path
        self._pragmas = pragmas
        self._spare: list[sqlite3.Connection] = []

    def take(self) -> sqlite3.Connection:
        """A connection in a transaction. Raises sqlite3.OperationalError when the file can't be opened."""
        connection = self._spare.pop() if self._spare else self._opened()
        connection.execute("BEGIN")
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """End its transaction, and keep it for the next one."""
        connection.rollback()
        if len(self._spare) < SPARE:
            self._spare.append(connection)
        else:
            connection.close()

    def shrink(self) -> None:
        """Give back the pages that they keep."""
        self._all(lambda connection: connection.execute("PRAGMA shrink_memory"))

    def close(self) -> None:
        """Close all that are not in use."""
        self._all(sqlite3.Connection.close)
        self._spare.clear()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in self._pragmas:
            connection.execute(pragma)
        return connection

    def _all(self, act: Callable[[sqlite3.Connection], object]) -> None:
        for connection in self._spare:
            act(connection)


class SqliteSnapshots:
    """The state of a file."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None

    async def now(self) -> Hashable:
        return self._number()

    def tell(self, then: Then) -> None:
        then(self._number())

    def _number(self) -> Hashable:
        """How many commits of others this connection has seen."""
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

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
