"""A session's statements that are compiled already, given to the driver itself.

Between `session.execute` and the driver SQLAlchemy makes a greenlet, a context and a result for each statement, which
costs several times what SQLite needs for most of them. What is compiled once (`models.questions`, `models.bulk`) needs
none of it. It runs in the transaction of the session, on its connection, in the order of the calls.

On PostgreSQL each statement waits for the server, so statements that don't depend on each other are *gathered* where
their caller says so (`StraightSession.gathering`): they go together, as one. All parts of one statement see the rows as
they were before it, and run in no order that is promised. So gathered are only statements (each table once) that look
at nothing but the rows of their own table, or at what was there before the block; and for a single row, or an INSERT of
several, which has their order. What runs after the block sees them written.

On failure it raises what the session would: the same exceptions, a connection that was lost is thrown away, and whoever
listens to `before_cursor_execute` hears of these statements too.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NoReturn

from sqlalchemy import Connection, Dialect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from models.listing import shifted

Row = Any


class Straight:
    """The driver's connection inside a transaction that has begun."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._gathered: dict[str, tuple[str, Sequence[Any]]] = {}
        pooled: Any = connection.connection
        self._adapted = pooled.dbapi_connection
        driver = pooled.driver_connection
        # aiosqlite's own: what runs in place needs no thread.
        self._sqlite: Any = driver._conn if connection.dialect.name == "sqlite" else None
        self._postgresql: Any = driver

    @property
    def dialect(self) -> Dialect:
        """Whose words the statements are in."""
        return self._connection.dialect

    @property
    def can_gather(self) -> bool:
        """Whether statements wait for a server."""
        return self._sqlite is None

    @property
    def is_in_transaction(self) -> bool:
        """Whether the transaction is still the session's."""
        return self._connection.in_transaction()

    async def rows(self, sql: str, arguments: Sequence[Any]) -> list[Row]:
        """What a statement finds or returns."""
        await self.send_gathered()
        self._tell(sql, arguments, is_for_many=False)
        try:
            if self._sqlite is not None:
                found: list[Row] = self._sqlite.execute(sql, arguments).fetchall()
                return found
            await self._begin()
            found = await self._postgresql.fetch(sql, *arguments)
        except BaseException as error:
            await self._refuse(error, sql, arguments)
        return found

    async def write(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement for each of the rows."""
        await self.send_gathered()
        self._tell(sql, rows, is_for_many=True)
        try:
            if self._sqlite is not None:
                self._sqlite.executemany(sql, rows)
            else:
                await self._begin()
                await self._postgresql.executemany(sql, rows)
        except BaseException as error:
            await self._refuse(error, sql, rows)

    async def gather(self, table: str, sql: str, arguments: Sequence[Any]) -> None:
        """Run a statement for one table together with others, at the next thing that is asked for (PostgreSQL)."""
        if table in self._gathered:
            await self.send_gathered()
        self._gathered[table] = (sql, arguments)

    async def send_gathered(self) -> None:
        """Run what was gathered."""
        if not self._gathered:
            return
        statements, self._gathered = tuple(self._gathered.values()), {}
        arguments = [value for _, given in statements for value in given]
        await self.rows(_together(tuple((sql, len(given)) for sql, given in statements)), arguments)

    async def _begin(self) -> None:
        """On PostgreSQL SQLAlchemy's connection says BEGIN with the first statement, not before."""
        if self._adapted._transaction is None:
            await self._adapted._start_transaction()

    def _tell(self, sql: str, parameters: Any, *, is_for_many: bool) -> None:
        for heard in self._connection.engine.dispatch.before_cursor_execute:
            heard(self._connection, None, sql, parameters, None, is_for_many)

    async def _refuse(self, error: BaseException, sql: str, parameters: Any) -> NoReturn:
        """Raise it as SQLAlchemy would; in a greenlet, because a lost connection is closed there."""
        await greenlet_spawn(self._raise, error, sql, parameters)
        raise error  # never reached: the line above raises

    def _raise(self, error: BaseException, sql: str, parameters: Any) -> NoReturn:
        try:
            if self._sqlite is None and isinstance(error, Exception):
                self._adapted._handle_exception(error)  # asyncpg's errors have names of their own
            raise error
        except BaseException as translated:
            self._connection._handle_dbapi_exception(translated, sql, parameters, None, None)


@lru_cache(maxsize=128)
def _together(statements: tuple[tuple[str, int], ...]) -> str:
    """One statement of several with so many places each; the last is the main one."""
    parts, before = [], 0
    for sql, places in statements:
        parts.append(shifted(sql, before))
        before += places
    if len(parts) == 1:
        return parts[0]
    return f"WITH {', '.join(f'w{number} AS ({sql})' for number, sql in enumerate(parts[:-1]))} {parts[-1]}"


class StraightSession(AsyncSession):
    """A session that gives compiled statements to its driver."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._straight: Straight | None = None
        self.is_gathering = False
        self.gathers_several = False

    @asynccontextmanager
    async def gathering(self, *, several: bool = False) -> AsyncIterator[None]:
        """Have what is written sent together. Only for what is written by a `Bulk`.

        With `several` an INSERT of some rows, too: not for a flush, which would make too many different statements.
        """
        self.is_gathering, self.gathers_several = True, several
        try:
            yield
        finally:
            self.is_gathering = self.gathers_several = False

    async def send_gathered(self) -> None:
        """Run what was gathered, before something else is run."""
        if self._straight is not None:
            await self._straight.send_gathered()

    async def straight(self) -> Straight:
        """The way to the driver, in the transaction that the session is in or begins with this."""
        if self._straight is None or not self._straight.is_in_transaction:
            self._straight = Straight(await self.run_sync(Session.connection))
        return self._straight
