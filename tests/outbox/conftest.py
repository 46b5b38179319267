"""An office that delivers for real: its services, ana with her keys, and peers on loopback addresses."""

import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from content.media import MediaStore
from federation.client import HttpClient
from federation.media_addresses import MediaAddresses
from federation.peers import PeerDirectory
from federation.peers.hosts import HostTable
from federation.services import FederationSettings, Services
from federation.signatures import Signatures
from federation.trust.keyring import Keyring
from keys.keypairs import PrivateKey, PublicKey, ServerKey, generate_rsa
from keys.replay import ReplayCache
from keys.web_push import PushKeys, new_vapid_key
from models import Database
from models.accounts import Account
from models.activities import OutboundActivity
from outbox.deliver import DeliveryWorker
from outbox.enqueue import enqueue
from policy.rates import RateLimiter
from tests.conftest import Clock
from tests.outbox.cast import create_note, local_account
from tests.outbox.inboxes import Peer

NewPeer = Callable[[], Awaitable[Peer]]
Send = Callable[..., Awaitable[OutboundActivity]]


@pytest.fixture(scope="session")
def rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture
async def services(database: Database, clock: Clock, rsa_key: PrivateKey, tmp_path: Path) -> AsyncIterator[Services]:
    """An open network of servers on this machine, spoken to over plain http; circuits without chance."""
    client = HttpClient(user_agent="test", allowed_networks=[ipaddress.ip_network("127.0.0.0/8")], allow_http=True,
                        connect_seconds=2, total_seconds=3)  # fmt: skip
    hosts = HostTable(database, clock, jitter=lambda: 0.0)
    with ThreadPoolExecutor(2) as executor:
        yield Services(
            database=database,
            addresses=database.addresses,
            client=client,
            keyring=Keyring(database, ServerKey(b"k" * 32), new_rsa=lambda: rsa_key),
            peers=PeerDirectory(database, is_closed=False),
            hosts=hosts,
            media=MediaStore(tmp_path / "media"),
            media_addresses=MediaAddresses(database.addresses, b"m" * 32),
            settings=FederationSettings(is_closed=False),
            replays=ReplayCache(),
            rates=RateLimiter(),
            push=PushKeys(new_vapid_key(), ServerKey(b"k" * 32), subject="mailto:office@tertulia.example"),
            executor=executor,
            signatures=Signatures(executor, 2),
            clock=clock,
        )
        await hosts.close()
        await client.close()


@pytest.fixture
async def ana(services: Services) -> Account:
    async with services.database.unit_of_work() as unit:
        account = await local_account(unit)
        await services.keyring.create_keys(unit, account)
    return account


@pytest.fixture
async def ana_keys(services: Services, ana: Account) -> dict[str, PublicKey]:
    """Her public keys by id."""
    async with services.database.reading() as session:
        rows = await services.keyring.public_keys(session, ana.id)
    return {row.key_id: PublicKey.from_pem(row.public_pem) for row in rows}


@pytest.fixture
def worker(services: Services) -> DeliveryWorker:
    return DeliveryWorker(services, jitter=lambda: 0.5)


@pytest.fixture
async def new_peer() -> AsyncIterator[NewPeer]:
    """A coroutine function that starts one more peer, each on an address of its own."""
    async with AsyncExitStack() as stack:
        count = 0

        async def start() -> Peer:
            nonlocal count
            count += 1
            peer = Peer(f"127.0.{count // 250}.{2 + count % 250}")
            await peer.start()
            stack.push_async_callback(peer.stop)
            return peer

        yield start


@pytest.fixture
async def peer(new_peer: NewPeer) -> Peer:
    return await new_peer()


@pytest.fixture
def send(services: Services, ana: Account) -> Send:
    """A coroutine function: ana tells these inboxes something about the object `about`."""

    async def tell(*inbox_urls: str, about: str = "", to_followers: bool = False) -> OutboundActivity:
        async with services.database.unit_of_work() as unit:
            document = create_note(unit, ana)
            return await enqueue(unit, account=ana, document=document, ordering_key=about or document["object"]["id"],
                                 gate=services.peers, inbox_urls=inbox_urls,
                                 to_followers_of=ana.id if to_followers else None)  # fmt: skip

    return tell
