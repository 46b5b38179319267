"""SQL is compiled once a process, not once an engine.

SQLAlchemy turns an expression into SQL in milliseconds, longer than most statements run, and keeps the result with the
engine that asked, under its dialect. An embedded database has two engines, one for readers and one for the writer, and
a process may open several databases (a demo, a test run). Their dialects are alike, so they use the first one that has
seen its server, and one cache.

What is kept is SQL without parameters, never a connection: engines have nothing else in common.
"""

from functools import cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

KEPT_STATEMENTS = 1000


class _Compiled:
    """What the engines of one kind of database share."""

    def __init__(self) -> None:
        self.statements: LRUCache[Any, Any] = LRUCache(KEPT_STATEMENTS)
        self.dialect: Dialect | None = None


@cache
def _compiled(kind: str) -> _Compiled:
    return _Compiled()


def share_statements(engine: AsyncEngine) -> None:
    """Let an engine, fresh from `create_async_engine`, use what the others of its driver have compiled.

    Every engine of one driver must be made with the same arguments that concern the dialect, and servers must be of
    one version: the dialect of the first that connected knows both.
    """
    shared, plain = _compiled(engine.url.drivername), engine.sync_engine
    plain.update_execution_options(compiled_cache=shared.statements)

    def adopt(*_connection: object) -> None:
        # SQLAlchemy's own listener came first: this dialect has asked its server for the version.
        shared.dialect = shared.dialect or plain.dialect
        plain.dialect = shared.dialect

    if shared.dialect is not None:
        plain.dialect = shared.dialect
    else:
        event.listen(plain, "connect", adopt, once=True)
