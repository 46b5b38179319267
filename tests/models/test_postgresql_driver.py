"""What types PostgreSQL has is asked for once a process, and what is known is right on every connection."""

from collections.abc import Collection
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ARRAY, BigInteger, String, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from models import Database

LISTS = select(bindparam("ids", type_=ARRAY(BigInteger)).label("ids"), bindparam("words", type_=ARRAY(String)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """The types that connections asked the server for."""
    found: list[set[int]] = []
    ask = asyncpg.Connection._introspect_types

    async def listen(connection: Any, typeoids: Collection[int], *arguments: Any) -> Any:
        found.append(set(typeoids))
        return await ask(connection, typeoids, *arguments)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", listen)
    return found


async def lists(session: AsyncSession) -> tuple[list[int], list[str]]:
    ids, words = (await session.execute(LISTS, {"ids": [7, 9], "words": ["ä", "b"]})).one()
    return ids, words


async def test_a_second_connection_knows_the_types_that_the_first_has_asked_for(
    database: Database, asked: list[set[int]]
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has no lists")
    async with database.reading() as first, database.reading() as second:
        assert await lists(first) == ([7, 9], ["ä", "b"])
        once = len(asked)
        assert once
        assert await lists(second) == ([7, 9], ["ä", "b"])
        assert len(asked) == once


async def test_types_that_do_not_come_with_the_server_are_asked_for_by_each_connection(
    database: Database, asked: list[set[int]]
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has no types of its users")
    try:
        for mood in ("sad", "glad"):
            async with database.engine.begin() as connection:
                await connection.execute(text("DROP TYPE IF EXISTS mood"))
                await connection.execute(text(f"CREATE TYPE mood AS ENUM ('{mood}')"))
                assert await connection.scalar(text(f"SELECT ARRAY['{mood}']::mood[]")) == [mood]
            await database.engine.dispose()
        assert len(asked) == 2
    finally:
        async with database.engine.begin() as connection:
            await connection.execute(text("DROP TYPE mood"))
