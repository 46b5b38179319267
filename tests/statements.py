"""Statements are compiled once for a test process, not once for each of the thousand offices that it opens.

SQLAlchemy keeps compiled statements with their engine, and a test's office has engines of its own: half of the suite's
time went into compiling the same statements again. All engines get one cache here, and dialects of one kind count as
one, which they are: every engine of the tests is made by `models.database` in the same way.
"""

from typing import Any

import sqlalchemy.ext.asyncio
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine

import models.database

MOST_STATEMENTS = 5_000


class CompiledStatements(dict[Any, Any]):
    """Bounded, so that statements that are never alike don't fill the memory."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if len(self) >= MOST_STATEMENTS:
            self.clear()
        super().__setitem__(key, value)


def share_compiled_statements() -> None:
    """Have every office of this process use the same compiled statements."""
    compiled = CompiledStatements()

    def create_async_engine(*arguments: Any, **more: Any) -> AsyncEngine:
        engine = sqlalchemy.ext.asyncio.create_async_engine(*arguments, **more)
        engine.sync_engine.update_execution_options(compiled_cache=compiled)
        return engine

    for dialect in (SQLiteDialect_aiosqlite, PGDialect_asyncpg):
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign,assignment]
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign,assignment]
    models.database.create_async_engine = create_async_engine
