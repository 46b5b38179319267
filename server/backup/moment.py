"""Reading everything as it is at one moment, a few hundred rows at a time, while others write.

SQLite's snapshot begins with the first query of a transaction; its rows come from a cursor of a connection of our own,
because those of the office read a result at once. PostgreSQL gives the same with REPEATABLE READ and a cursor.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row, Select, create_engine
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import NullPool

from models import Database

ROWS_AT_ONCE: Final = 500


class Moment(Protocol):
    """The database at one moment."""

    def rows(self, query: Select[Any]) -> AsyncIterator[Row[Any]]:
        """The rows of a query."""
        ...


@dataclass(frozen=True)
class _Snapshot:
    connection: Connection

    async def rows(self, query: Select[Any]) -> AsyncIterator[Row[Any]]:
        for part in self.connection.execute(query, execution_options={"stream_results": True}).partitions(ROWS_AT_ONCE):
            await asyncio.sleep(0)  # whoever else runs in this process goes on
            for row in part:
                yield row


@dataclass(frozen=True)
class _Repeatable:
    session: AsyncSession

    async def rows(self, query: Select[Any]) -> AsyncIterator[Row[Any]]:
        result = await self.session.stream(query, execution_options={"yield_per": ROWS_AT_ONCE})
        async for row in result:
            yield row


@asynccontextmanager
async def one_moment(database: Database) -> AsyncIterator[Moment]:
    """All queries inside the block see the same."""
    if not database.is_sqlite:
        async with database.reading() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield _Repeatable(session)
        return
    engine = create_engine(database.url.set(drivername="sqlite"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield _Snapshot(connection)
    finally:
        engine.dispose()
