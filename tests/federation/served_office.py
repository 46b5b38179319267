"""An office served over HTTP, with people who read it: colleagues, followers, strangers, blocked ones.

The cast: alice writes. bob is a colleague. On peer.test (confirmed) live carol, who follows alice, erin, who is
mentioned in alice's direct status, frank, whom alice blocked, and gina, who is nobody in particular; its instance actor
signs as `peer`. mallory is on stranger.test, which nobody confirmed; `quiet` is the instance actor of quiet.test,
confirmed, where nobody follows anybody.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from content.media import MediaStore
from federation.client import HttpClient
from federation.client.name_resolution import NoSuchName
from federation.media_addresses import MediaAddresses
from federation.peers import PeerDirectory
from federation.peers.hosts import HostTable
from federation.routes import Bearer, Pages, routes
from federation.services import FederationSettings, Services
from federation.signatures import Signatures
from federation.trust.keyring import Keyring
from keys.keypairs import ServerKey
from keys.replay import ReplayCache
from keys.signing import Scheme, sign_request
from keys.web_push import PushKeys, new_vapid_key
from models import Database
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.relations import Block, Follow
from models.statuses import Mention, Status, Tombstone
from policy.rates import RateLimiter
from tests.federation.office import (
    ADDRESSES,
    ALICE_ID,
    BOB_ID,
    ED25519_PRIVATE,
    NOW,
    RSA_PRIVATE,
    keypair,
    local_account,
    local_status,
    remote_account,
)

AS2 = "application/activity+json"
PUBLIC_ID, UNLISTED_ID, PRIVATE_ID, DIRECT_ID, LOCAL_ID, GONE_ID = range(501, 507)
ALICE_PATH = f"/users/{ALICE_ID}"
REMOTE = {
    "carol": (2001, "peer.test"), "erin": (2002, "peer.test"), "frank": (2003, "peer.test"),
    "gina": (2004, "peer.test"), "peer": (2005, "peer.test"), "mallory": (2006, "stranger.test"),
    "quiet": (2007, "quiet.test"),
}  # fmt: skip


@dataclass
class ServedOffice:
    """The office and a client; `get` signs for whoever `by` names, or shows the token of a colleague."""

    services: Services
    client: TestClient[web.Request, web.Application]
    clock: Callable[[], datetime]

    async def get(
        self,
        path: str,
        *,
        by: str | None = None,
        token: str | None = None,
        accept: str | None = AS2,
        scheme: Scheme = Scheme.RFC9421_ED25519,
        headers: Mapping[str, str] | None = None,
    ) -> ClientResponse:
        sent = {"Host": ADDRESSES.authority}
        if accept is not None:
            sent["Accept"] = accept
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if by is not None:
            sent |= self.signed(path, by, scheme)
        sent |= headers or {}
        return await self.client.get(path, headers=sent, allow_redirects=False)

    def signed(self, path: str, by: str, scheme: Scheme = Scheme.RFC9421_ED25519) -> dict[str, str]:
        return sign_request(
            method="GET", url=f"{ADDRESSES.origin}{path}", body=None, key_id=f"{remote_uri(by)}#ed25519-key",
            key=ED25519_PRIVATE, scheme=scheme, now=self.clock(),
        )  # fmt: skip

    async def document(self, path: str, *, by: str | None = None, token: str | None = None) -> dict[str, Any]:
        response = await self.get(path, by=by, token=token)
        assert response.status == 200, await response.text()
        found: dict[str, Any] = await response.json(content_type=None)
        return found


def remote_uri(name: str) -> str:
    return f"https://{REMOTE[name][1]}/users/{name}"


def remote_cast() -> dict[str, Account]:
    actor_types = {"peer": "Application", "quiet": "Application"}
    return {
        name: remote_account(number, name, domain, actor_type=actor_types.get(name, "Person"), fetched_at=NOW)
        for name, (number, domain) in REMOTE.items()
    }


async def populate(database: Database, keyring: Keyring) -> None:
    async with database.unit_of_work() as unit:
        alice, bob = local_account(ALICE_ID, "alice", followers_count=1), local_account(BOB_ID, "bob")
        instance = local_account(
            INSTANCE_ACTOR_ID, "office.test", uri=ADDRESSES.instance_actor, actor_type="Application",
            inbox_url=f"{ADDRESSES.instance_actor}/inbox", outbox_url=f"{ADDRESSES.instance_actor}/outbox",
        )  # fmt: skip
        cast = remote_cast()
        unit.session.add_all([alice, bob, instance, *cast.values()])
        await unit.session.flush()
        for account in (alice, bob, instance):
            await keyring.create_keys(unit, account)
        for account in cast.values():
            unit.session.add(keypair(account.id, account, "ed25519-key", "ed25519", ED25519_PRIVATE.public.pem,
                                     fetched_at=unit.now))  # fmt: skip
        carol, erin, frank = cast["carol"], cast["erin"], cast["frank"]
        unit.session.add(Follow(id=1, uri="https://peer.test/follows/1", follower_id=carol.id, followee_id=alice.id,
                                state="accepted", created_at=NOW))  # fmt: skip
        unit.session.add(Block(id=1, account_id=alice.id, target_id=frank.id, created_at=NOW))
        unit.session.add_all([
            local_status(PUBLIC_ID, alice),
            local_status(UNLISTED_ID, alice, visibility="unlisted"),
            local_status(PRIVATE_ID, alice, visibility="private"),
            local_status(DIRECT_ID, alice, visibility="direct"),
            local_status(LOCAL_ID, alice, is_local_only=True),
            Tombstone(uri=ADDRESSES.status(ALICE_ID, GONE_ID), kind="Note", owner_uri=alice.uri, created_at=NOW),
        ])  # fmt: skip
        await unit.session.flush()
        unit.session.add(Mention(status_id=DIRECT_ID, account_id=erin.id, is_silent=False))


async def add_status(database: Database, number: int, author_id: int = ALICE_ID, **more: Any) -> Status:
    async with database.unit_of_work() as unit:
        author = await unit.session.get_one(Account, author_id)
        status = local_status(number, author, **more)
        unit.session.add(status)
    return status


@asynccontextmanager
async def served(
    database: Database, *, is_closed: bool = True, pages: Pages | None = None
) -> AsyncIterator[ServedOffice]:
    """An office of this cast. Its tokens are the names of its accounts."""
    keyring = Keyring(database, ServerKey(b"k" * 32), new_rsa=lambda: RSA_PRIVATE)
    await populate(database, keyring)
    peers = PeerDirectory(database, is_closed=is_closed)
    async with database.unit_of_work() as unit:
        await peers.admit(unit, "peer.test")
        await peers.admit(unit, "quiet.test")
    client = HttpClient(user_agent="tests", resolve=nowhere)
    executor = ThreadPoolExecutor(1)
    services = Services(
        database=database, addresses=ADDRESSES, client=client, keyring=keyring,
        peers=peers, hosts=HostTable(database, database.clock), settings=FederationSettings(is_closed=is_closed),
        replays=ReplayCache(), rates=RateLimiter(is_on=False),
        push=PushKeys(new_vapid_key(), ServerKey(b"k" * 32), subject="mailto:office@tertulia.example"),
        executor=executor, signatures=Signatures(executor, 1), clock=database.clock,
        media=MediaStore(Path("unused")), media_addresses=MediaAddresses(ADDRESSES, b"m" * 32),
    )  # fmt: skip
    app = web.Application()
    app.add_routes(routes(services, pages=pages, bearer=bearer_of(services)))
    async with TestClient(TestServer(app)) as test_client:
        yield ServedOffice(services, test_client, database.clock)
    await client.close()
    executor.shutdown()


async def nowhere(host: str, port: int) -> list[str]:
    """A resolver for an office without a network."""
    raise NoSuchName(host)


def bearer_of(services: Services) -> Bearer:
    owners = {"alice": ALICE_ID, "bob": BOB_ID}

    async def bearer(request: web.Request) -> Account | None:
        token = request.headers["Authorization"].partition(" ")[2]
        async with services.database.reading() as session:
            return await session.get(Account, owners.get(token, 0))

    return bearer
