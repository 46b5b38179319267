"""Secrets of the whole office: one per name, the same for everybody, unreadable without the key file."""

import asyncio
import secrets

import pytest

from keys.keypairs import KeyRejected, ServerKey
from keys.server_secrets import load_secret
from models import Database
from models.oauth import ServerSecret

KEY = ServerKey(b"k" * 32)


async def test_a_secret_is_made_once_and_sealed(database: Database) -> None:
    def make() -> bytes:
        return secrets.token_bytes(32)

    first, second = await asyncio.gather(*(load_secret(database, KEY, "media", make) for _ in range(2)))
    assert first == second == await load_secret(database, KEY, "media", make)
    assert await load_secret(database, KEY, "vapid", make) != first
    async with database.reading() as session:
        row = await session.get(ServerSecret, "media")
    assert row is not None
    assert first not in row.sealed
    with pytest.raises(KeyRejected):
        await load_secret(database, ServerKey(b"x" * 32), "media", make)
