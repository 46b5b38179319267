"""Pictures, sound and film of other servers as our own people see them: fetched once, looked at, kept for a while.

Owns the rows of CachedFile and their files in the media store. A file comes through the guarded client, is recognised
by its bytes and treated like an upload: images are encoded anew, and what isn't image, sound or film isn't served. It
stays until nobody has asked for `media_cache_days`, or until the cache is larger than `media_cache_bytes` and others
were used later (`evict`).

Promises that many who ask for one address at once cause one fetch in this process, that a failure is remembered for a
while, and that at most `AT_ONCE` files are fetched at the same time. On failure: MediaUnavailable.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, func, select, update

from content.media import MediaFile, MediaMissing, MediaRefused, StoredMedia
from content.storage import StorageFailed
from federation.client import RemoteError, host_of
from federation.dereference import HostNotAllowed
from federation.flights import Flights
from federation.services import Services
from keys.signing import sign_request
from models.accounts import INSTANCE_ACTOR_ID
from models.office import CachedFile

ACCEPT: Final = "image/webp,image/png,image/jpeg,image/gif,image/*;q=0.5,audio/*;q=0.8,video/*;q=0.8"
AT_ONCE: Final = 8
MAX_BYTES: Final = 41_943_040
TOTAL_SECONDS: Final = 30.0
FAILED_FOR: Final = timedelta(minutes=15)
FAILURES_KEPT: Final = timedelta(days=1)
TOUCHED_EVERY: Final = timedelta(hours=6)
_ROWS_AT_ONCE: Final = 200

log = structlog.get_logger(__name__)


class MediaUnavailable(LookupError):
    """There is nothing to show under this address now."""


class RemoteMedia:
    """The cache of one process; processes share rows and files."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._flights: Flights[str, str | None] = Flights()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def find(self, url: str) -> MediaFile:
        """What is at `url`, from the cache or from there. Raises MediaUnavailable and StorageFailed."""
        try:
            host = host_of(url)
        except RemoteError as refused:
            raise MediaUnavailable(url) from refused
        if (await self._services.peers.refreshed()).refuses(host):
            raise MediaUnavailable(url)
        async with self._services.database.reading() as session:
            known = await session.get(CachedFile, url)
        if known is not None and known.storage_key is not None:
            try:
                file = await self._services.media.open(known.storage_key)
            except MediaMissing:
                log.info("a cached file is missing", url=url)
            else:
                await self._touch(known)
                return file
        elif known is not None and known.failed_at is not None and self._now() - known.failed_at < FAILED_FOR:
            raise MediaUnavailable(url)
        key = await self._flights.run(url, lambda: self._fetch(url))
        if key is None:
            raise MediaUnavailable(url)
        return await self._services.media.open(key)

    async def close(self) -> None:
        """Break off what is under way."""
        await self._flights.close()

    def _now(self) -> datetime:
        return self._services.clock()

    async def _touch(self, known: CachedFile) -> None:
        """Note that a file is still looked at; seldom, reading must not become writing."""
        if self._now() - known.used_at < TOUCHED_EVERY:
            return
        async with self._services.database.unit_of_work() as unit:
            await unit.session.execute(update(CachedFile).where(CachedFile.url == known.url).values(used_at=unit.now))

    async def _fetch(self, url: str) -> str | None:
        """Fetch and keep; the key, or None when there is nothing for us."""
        async with self._places:
            stored = await self._download(url)
        async with self._services.database.unit_of_work() as unit:
            replaced = await unit.session.get(CachedFile, url)
            old_key = replaced.storage_key if replaced is not None else None
            await unit.session.merge(
                CachedFile(
                    url=url,
                    storage_key=stored.key if stored else None,
                    media_type=stored.media_type if stored else None,
                    size_bytes=stored.size_bytes if stored else 0,
                    failed_at=None if stored else unit.now,
                    fetched_at=unit.now,
                    used_at=unit.now,
                )
            )
        if old_key is not None:
            await self._services.media.remove(old_key)
        return stored.key if stored else None

    async def _download(self, url: str) -> StoredMedia | None:
        services = self._services
        try:
            async with services.client.download(
                url, accept=ACCEPT, sign=self._sign, max_bytes=MAX_BYTES, total_seconds=TOTAL_SECONDS
            ) as download:
                if download.status != 200:
                    log.info("remote media isn't there", url=url, status=download.status)
                    return None
                return await services.media.store_upload(download.pieces, "", is_remote=True)
        except (RemoteError, MediaRefused) as refused:
            log.info("remote media can't be shown", url=url, reason=str(refused))
            return None

    async def _sign(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        return await headers_for_hop(self._services, method, url)


async def headers_for_hop(services: Services, method: str, url: str, *, is_signed: bool = True) -> dict[str, str]:
    """The headers for one hop towards a file or page: signed for peers, who may ask for it, bare for other hosts.

    Raises HostNotAllowed for ourselves and for suspended hosts.
    """
    host = host_of(url)
    if services.addresses.is_local(url) or host == services.addresses.authority:
        raise HostNotAllowed(url, "that is this office itself")
    peers = await services.peers.refreshed()
    if peers.refuses(host):
        raise HostNotAllowed(url, "the host is suspended")
    if not is_signed or not peers.allows_url(url):
        return {}
    await services.hosts.know([host])
    scheme = services.hosts.scheme_for(host)
    key = await services.keyring.signing_key(INSTANCE_ACTOR_ID, scheme.key_kind)
    return sign_request(
        method=method, url=url, body=None, key_id=key.key_id, key=key.private, scheme=scheme, now=services.clock()
    )


async def evict(services: Services) -> int:
    """Remove what nobody looks at any more, and the longest unused of what is too much; returns how many files."""
    now, settings = services.clock(), services.settings
    async with services.database.unit_of_work() as unit:
        await unit.session.execute(
            delete(CachedFile).where(CachedFile.storage_key.is_(None), CachedFile.fetched_at < now - FAILURES_KEPT)
        )
    removed = 0
    while portion := await _surplus(services, now - timedelta(days=settings.media_cache_days)):
        keys = [key for _, key in portion]
        async with services.database.unit_of_work() as unit:
            await unit.session.execute(delete(CachedFile).where(CachedFile.url.in_([url for url, _ in portion])))
        try:
            await services.media.remove(*keys)
        except StorageFailed as failed:
            log.warning("cached files stay behind", keys=keys, reason=str(failed))
        removed += len(keys)
    return removed


async def _surplus(services: Services, unused_since: datetime) -> list[tuple[str, str]]:
    """The next (URL, key) to remove: by age, or because together they are too large."""
    is_kept = CachedFile.storage_key.is_not(None)
    oldest = (
        select(CachedFile.url, CachedFile.storage_key, CachedFile.size_bytes, CachedFile.used_at)
        .where(is_kept)
        .order_by(CachedFile.used_at)
        .limit(_ROWS_AT_ONCE)
    )
    async with services.database.reading() as session:
        total = await session.scalar(select(func.coalesce(func.sum(CachedFile.size_bytes), 0)).where(is_kept)) or 0
        rows = (await session.execute(oldest)).all()
    found: list[tuple[str, str]] = []
    for row in rows:
        if row.used_at >= unused_since and total <= services.settings.media_cache_bytes:
            break
        total -= row.size_bytes
        found.append((row.url, row.storage_key))
    return found
