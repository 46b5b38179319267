"""Keys of the cast, made once a session, and the parts of an office that touch storage."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from content.media import MediaStore
from federation.client import HttpClient
from federation.media_addresses import MediaAddresses
from federation.peers import PeerDirectory
from federation.peers.hosts import HostTable
from federation.services import FederationSettings, Services
from federation.signatures import Signatures
from federation.trust.keyring import Keyring
from keys.keypairs import PrivateKey, ServerKey, generate_ed25519, generate_rsa
from keys.replay import ReplayCache
from keys.web_push import PushKeys, new_vapid_key
from models import Database
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.addresses import LocalAddresses
from policy.rates import RateLimiter
from tests.conftest import Clock, NewDatabase
from tests.federation.remote_world import RemoteActor, World, resolve, serving_world

NewAccount = Callable[..., Awaitable[Account]]


@pytest.fixture(scope="session")
def rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="session")
def other_rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="session")
def third_rsa_key() -> PrivateKey:
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


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Other servers; see `remote_world`."""
    async with serving_world() as found:
        yield found


@pytest.fixture
async def http_database(new_database_url: NewDatabase, clock: Clock) -> AsyncIterator[Database]:
    """The database of an office that talks http, as those on loopback do."""
    url = await new_database_url()
    opened = Database(url, addresses=LocalAddresses("http://office.test", "office.test"), clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def is_closed() -> bool:
    """Whether the office belongs to a closed network; tests override it by parametrising."""
    return False


@pytest.fixture
async def services(
    http_database: Database,
    server_key: ServerKey,
    rsa_key: PrivateKey,
    clock: Clock,
    is_closed: bool,
    tmp_path: Path,
) -> AsyncIterator[Services]:
    """An office in an open network that reaches the `world`; its instance actor has keys."""
    client = HttpClient(
        user_agent="Tertulia/test", allowed_networks=[ip_network("127.0.0.2/32")], allow_http=True, resolve=resolve
    )
    executor = ThreadPoolExecutor(1)
    found = Services(
        database=http_database,
        addresses=http_database.addresses,
        client=client,
        keyring=Keyring(http_database, server_key, new_rsa=lambda: rsa_key),
        peers=PeerDirectory(http_database, is_closed=is_closed),
        hosts=HostTable(http_database, clock),
        media=MediaStore(tmp_path / "media"),
        media_addresses=MediaAddresses(http_database.addresses, b"m" * 32),
        settings=FederationSettings(is_closed=is_closed),
        replays=ReplayCache(),
        rates=RateLimiter(),
        push=PushKeys(new_vapid_key(), server_key, subject="mailto:office@tertulia.example"),
        executor=executor,
        signatures=Signatures(executor, 1),
        clock=clock,
    )
    async with http_database.unit_of_work() as unit:
        uri = unit.addresses.instance_actor
        account = Account(
            id=INSTANCE_ACTOR_ID, uri=uri, username="office.test", actor_type="Application", inbox_url=f"{uri}/inbox",
            created_at=unit.now, updated_at=unit.now,
        )  # fmt: skip
        unit.session.add(account)
        await unit.session.flush()
        await found.keyring.create_keys(unit, account)
    yield found
    await found.peers.memory.close()
    await found.hosts.close()
    await client.close()
    executor.shutdown()


@pytest.fixture
def carol(world: World, other_rsa_key: PrivateKey) -> RemoteActor:
    """Somebody honest on good.test."""
    return RemoteActor(world, "good.test", "carol", other_rsa_key).publish()


@pytest.fixture
def mal(world: World, third_rsa_key: PrivateKey) -> RemoteActor:
    """Somebody with a key and a document of his own on evil.test."""
    return RemoteActor(world, "evil.test", "mal", third_rsa_key).publish()


@contextmanager
def counting_statements(database: Database) -> Iterator[list[str]]:
    """The SQL statements that the block sends, whichever engine they go through."""
    engines = {id(engine): engine for engine in (database._writer.sync_engine, database._reader.sync_engine)}
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        if arguments[2].partition(" ")[0] not in ("BEGIN", "COMMIT", "ROLLBACK"):
            statements.append(arguments[2])

    for engine in engines.values():
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines.values():
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def https_services(services: Services, database: Database) -> Services:
    """The same office under an https origin: for what follows from the scheme alone."""
    return replace(services, database=database, addresses=database.addresses)
