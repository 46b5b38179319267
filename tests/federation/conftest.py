"""Keys of the cast, made once a session, and the parts of an office that touch storage."""

from collections.abc import Awaitable, Callable

import pytest

from federation.keyring import Keyring
from keys.keypairs import PrivateKey, ServerKey, generate_ed25519, generate_rsa
from models import Database
from models.accounts import Account

NewAccount = Callable[..., Awaitable[Account]]


@pytest.fixture(scope="session")
def rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="session")
def other_rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="session")
def ed25519_key() -> PrivateKey:
    return generate_ed25519()


@pytest.fixture
def server_key() -> ServerKey:
    return ServerKey(b"k" * 32)


@pytest.fixture
def keyring(database: Database, server_key: ServerKey, rsa_key: PrivateKey) -> Keyring:
    return Keyring(database, server_key, new_rsa=lambda: rsa_key)


@pytest.fixture
def new_account(database: Database) -> NewAccount:
    """A coroutine function that adds an account: local without a domain, of a peer with one."""

    async def add(username: str, *, domain: str | None = None, uri: str | None = None, **values: object) -> Account:
        async with database.unit_of_work() as unit:
            account_id = unit.new_id()
            uri = uri or (unit.addresses.actor(account_id) if domain is None else f"https://{domain}/users/{username}")
            values = {"fetched_at": None if domain is None else unit.now, "id": account_id, **values}
            account = Account(
                uri=uri, username=username, domain=domain, inbox_url=f"{uri}/inbox", followers_url=f"{uri}/followers",
                created_at=unit.now, updated_at=unit.now, **values,
            )  # fmt: skip
            unit.session.add(account)
        return account

    return add
