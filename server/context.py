"""From settings to services: everything that one instance needs, opened in order and closed in reverse.

Owns which implementation is behind each collaborator of `Services`. Promises that what it yields is ready: the data
directory belongs to this domain, the database has the tables of this version (an embedded one is migrated on the
spot), and the instance actor exists and has keys. Otherwise it raises SettingsError, DatabaseNotReady or
MigrationFailed with a sentence that says what to do, and leaves nothing open.
"""

import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Final

from content.bucket import BucketSettings, BucketStorage
from content.film import FilmTools
from content.media import MediaStore
from content.storage import Storage
from federation.client import HttpClient
from federation.client.name_resolution import Resolve
from federation.media_addresses import SECRET_BYTES, SECRET_NAME, MediaAddresses
from federation.peers import PeerDirectory
from federation.peers.hosts import HostTable
from federation.services import FederationSettings, Services
from federation.signatures import Signatures
from federation.trust.keyring import Keyring
from keys.keypairs import KeyRejected, PrivateKey, ServerKey, generate_ed25519, generate_rsa, load_server_key
from keys.replay import ReplayCache
from keys.server_secrets import load_secret
from keys.web_push import VAPID_SECRET, PushKeys, new_vapid_key
from models import Database
from models.addresses import LocalAddresses
from models.database import utc_now
from policy.rates import RateLimiter
from server.instance_actor import ensure_instance_actor
from server.migrate import Migrate, check_schema, migrate_when_behind
from server.settings import Settings, SettingsError, check_data_dir_belongs

# Signing and verifying release the GIL: two threads use two cores, more only wait.
SIGNING_THREADS = 2
NewKey = Callable[[], PrivateKey]


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    resolve: Resolve | None = None,
    new_rsa: NewKey = generate_rsa,
    new_ed25519: NewKey = generate_ed25519,
    migrate: Migrate | None = None,
) -> AsyncIterator[Services]:
    """The services of the office that `settings` describe, until the block ends; `migrate` says how, where it must be
    done (by itself in this process)."""
    check_data_dir_belongs(settings)
    server_key = load_server_key(settings.server_key_file)
    async with AsyncExitStack() as stack:
        database = open_database(settings, clock)
        stack.push_async_callback(database.close)
        await prepare_database(database, migrate)
        client = open_client(settings, resolve)
        stack.push_async_callback(client.close)
        executor = ThreadPoolExecutor(SIGNING_THREADS, thread_name_prefix="signing")
        stack.callback(executor.shutdown, wait=True, cancel_futures=True)
        media = open_media(settings)
        media_secret = await open_secret(database, server_key, SECRET_NAME, partial(secrets.token_bytes, SECRET_BYTES))
        hosts = HostTable(database, clock)
        stack.push_async_callback(hosts.close)
        services = Services(
            database=database,
            addresses=database.addresses,
            client=client,
            keyring=Keyring(database, server_key, new_rsa=new_rsa, new_ed25519=new_ed25519),
            peers=PeerDirectory(database, is_closed=settings.federation == "closed"),
            hosts=hosts,
            media=media,
            media_addresses=MediaAddresses(database.addresses, media_secret),
            settings=federation_settings(settings),
            replays=ReplayCache(),
            rates=RateLimiter(is_on=settings.rate_limits),
            push=await open_push_keys(database, server_key, settings),
            executor=executor,
            signatures=Signatures(executor, SIGNING_THREADS),
            clock=clock,
        )
        services.peers.memory.keys.listen_to(database.events)
        stack.push_async_callback(services.peers.memory.close)
        stack.push_async_callback(services.peers.meter.flush)
        await ensure_instance_actor(services)
        await services.peers.load()
        yield services


async def open_push_keys(database: Database, server_key: ServerKey, settings: Settings) -> PushKeys:
    """The keys of Web Push, made at the first start."""
    vapid = await open_secret(database, server_key, VAPID_SECRET, new_vapid_key)
    subject = f"mailto:{settings.contact_email}" if settings.contact_email else settings.origin
    return PushKeys(vapid, server_key, subject=subject)


def open_database(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Database:
    """The database of the settings, without any look at what is in it."""
    return Database(
        settings.database_url,
        addresses=LocalAddresses(settings.origin, settings.domain),
        clock=clock,
        pool_size=settings.database_pool_size,
    )


async def prepare_database(database: Database, migrate: Migrate | None = None) -> None:
    """Migrate an embedded database, check every other one. Raises DatabaseNotReady or MigrationFailed."""
    if database.is_sqlite:
        await migrate_when_behind(database, migrate)
    await check_schema(database)


async def open_secret(database: Database, server_key: ServerKey, name: str, make: Callable[[], bytes]) -> bytes:
    """A secret of the office. Raises SettingsError when the server's key isn't the one that sealed it."""
    try:
        return await load_secret(database, server_key, name, make)
    except KeyRejected as rejected:
        problem = "server.key is not the key of this database: put the one from its backup into the data directory."
        raise SettingsError([problem]) from rejected


def open_media(settings: Settings) -> MediaStore:
    """The media files, on disk or in a bucket; nothing is connected yet."""
    storage: Storage | None = None
    if settings.media_storage == "s3":
        storage = BucketStorage(
            BucketSettings(
                bucket=settings.s3_bucket,
                region=settings.s3_region,
                endpoint=settings.s3_endpoint,
                access_key=settings.s3_access_key,
                secret_key=settings.s3_secret_key,
            )
        )
    return MediaStore(settings.media_dir, storage=storage, tools=FilmTools.found())


def open_client(settings: Settings, resolve: Resolve | None = None) -> HttpClient:
    """The client for requests to other servers."""
    return HttpClient(
        user_agent=f"Tertulia/{version('tertulia')} (+{settings.origin})",
        allowed_networks=settings.allowed_addresses,
        allow_http=settings.is_plain_http,
        max_body_bytes=settings.max_body_bytes,
        resolve=resolve,
    )


DEFAULT_COMMUNITIES: Final = {
    "both": frozenset({"office", "network"}),
    "office": frozenset({"office"}),
    "network": frozenset({"network"}),
    "none": frozenset[str](),
}


def federation_settings(settings: Settings) -> FederationSettings:
    """The part of the settings that the lower floors read."""
    return FederationSettings(
        is_closed=settings.federation == "closed",
        max_body_bytes=settings.max_body_bytes,
        delivery_concurrency=settings.delivery_concurrency,
        delivery_give_up_hours=settings.delivery_give_up_hours,
        instance_name=settings.instance_name,
        instance_description=settings.instance_description,
        contact_email=settings.contact_email,
        legal_name=settings.legal_name or settings.instance_name,
        region=settings.region,
        publishes_peers=settings.peering_list,
        default_communities=DEFAULT_COMMUNITIES[settings.default_communities],
        network_community=settings.network_community,
        software_version=version("tertulia"),
        media_cache_bytes=settings.media_cache_size_mb * 1_048_576,
        media_cache_days=settings.media_cache_days,
        has_link_previews=settings.link_previews,
        trends_min_people=settings.trends_min_people,
        sync_digest_days=settings.sync_digest_days,
        sync_digest_hours=settings.sync_digest_hours,
    )
