"""Connections to look at a SQLite file without SQLAlchemy's pool, whose way in and out costs more than most looks.

A look takes one and gives it back, so that there are as many as there are looks at the same time, which is one unless
somebody waits in between. Who has one is in a transaction and sees one state of the file. Nothing is written here.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

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
