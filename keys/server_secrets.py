"""Secrets that all processes of an office share: made at first use, kept in the database sealed with the server key.

Promises that whoever asks for a name, in whichever process and however often at once, gets the same bytes: the first
row wins, and everybody reads it. A database that leaks tells nothing without the key file; a database that came with
another key file raises KeyRejected, which the administrator has to see.
"""

import asyncio
from collections.abc import Callable

from keys.keypairs import ServerKey
from models import Database
from models.insertion import insert_ignoring
from models.oauth import ServerSecret


async def load_secret(database: Database, server_key: ServerKey, name: str, make: Callable[[], bytes]) -> bytes:
    """The secret called `name`; `make` gives a new one (in a thread) where there is none yet. Raises KeyRejected."""
    sealed = await _read(database, name)
    if sealed is None:
        secret = await asyncio.to_thread(make)
        async with database.unit_of_work() as unit:
            row = {"name": name, "sealed": server_key.seal(secret, bound_to=_bound(name)), "created_at": unit.now}
            await unit.session.execute(insert_ignoring(unit.session, ServerSecret), row)
        sealed = await _read(database, name)
    if sealed is None:
        raise LookupError(f"the secret {name} was not kept")
    return server_key.open(sealed, bound_to=_bound(name))


async def _read(database: Database, name: str) -> bytes | None:
    async with database.reading() as session:
        row = await session.get(ServerSecret, name)
        return row.sealed if row is not None else None


def _bound(name: str) -> bytes:
    return f"secret:{name}".encode()
