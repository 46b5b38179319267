"""What tests of the composition root share: the environment of an office with an empty database."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from server.migrate import stamp
from tests.conftest import NewDatabase, Postgres
from tests.server.command_line import CommandLine

DOMAIN = "madrid.localhost:8001"


@pytest.fixture
async def environ(new_database_url: NewDatabase, tmp_path: Path) -> dict[str, str]:
    """Settings of an office whose database has all tables and nothing in them."""
    url = await new_database_url()
    await stamp(url)
    return {
        "TERTULIA_DOMAIN": DOMAIN,
        "TERTULIA_DATA_DIR": str(tmp_path / "data"),
        "TERTULIA_DATABASE_URL": url.render_as_string(hide_password=False),
        "TERTULIA_ALLOWED_ADDRESSES": "127.0.0.0/8",
    }


@pytest.fixture
def run(environ: dict[str, str]) -> CommandLine:
    """Runs a command of that office."""
    return CommandLine(environ)


@pytest.fixture
async def empty_url(postgres_or_none: Postgres | None, tmp_path: Path) -> AsyncIterator[URL]:
    """A database without any table, on either backend."""
    if postgres_or_none is None:
        yield make_url(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
        return
    async with _empty_postgres_database(postgres_or_none) as url:
        yield url


@pytest.fixture
async def postgres_url_without_tables(postgres: Postgres) -> AsyncIterator[str]:
    async with _empty_postgres_database(postgres) as url:
        yield url.render_as_string(hide_password=False)


@asynccontextmanager
async def _empty_postgres_database(server: Postgres) -> AsyncIterator[URL]:
    url = server.url.set(database=f"tertulia_{uuid.uuid4().hex}")
    await server.execute(f'CREATE DATABASE "{url.database}"')
    try:
        yield url
    finally:
        await server.drop_database(url)
