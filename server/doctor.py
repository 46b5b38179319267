"""What is wrong with an installation, and what to do about it: the checks behind `tertulia doctor`.

Each check gives one finding, never an exception; later checks are left out when what they stand on is broken. Nothing
is changed, but that the first start of the services happens here if it hasn't happened before, and that the network's
community becomes known.
"""

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError

from content.film import FilmTools
from content.media import MediaMissing
from content.storage import StorageFailed
from federation.client import HttpClient, RemoteError
from federation.dereference import ACCEPT
from federation.peers import PeerState
from federation.peers.finding import instance_actor_name
from federation.services import Services
from keys.keypairs import KeyRejected
from models.peers import Peer
from outbox.network_community import CommunityNotFound, find_network_community
from server.context import open_database, open_services
from server.migrate import DatabaseNotReady, MigrationFailed, schema_state
from server.peer_check import MAX_CLOCK_SECONDS, check_peer, clock_ahead
from server.queues import queue_status
from server.settings import Settings, SettingsError, check_data_dir_belongs
from server.tls_check import look_at

PEERS_AT_ONCE = 8
MIN_FREE_BYTES = 1024**3
# Our own origin may be anywhere, in a private network too; the guard is there for addresses that strangers choose.
_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class Verdict(StrEnum):
    """How a check came out; a NOTE is worth knowing, but nothing is broken."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """What one check found: a sentence, which for everything that isn't fine says what to do."""

    check: str
    verdict: Verdict
    sentence: str


def fine(check: str, sentence: str) -> Finding:
    return Finding(check, Verdict.FINE, sentence)


def note(check: str, sentence: str) -> Finding:
    return Finding(check, Verdict.NOTE, sentence)


def wrong(check: str, sentence: str) -> Finding:
    return Finding(check, Verdict.WRONG, sentence)


async def examine(settings: Settings) -> AsyncGenerator[Finding, None]:
    """All findings, in the order in which one stands on the other."""
    yield fine("settings", f"{settings.domain} at {settings.origin}, federation {settings.federation}.")
    yield check_disk(settings)
    found = await check_database(settings)
    yield found
    if found.verdict is Verdict.WRONG:
        return
    try:
        async with open_services(settings) as services:
            yield check_server_key(settings)
            async with aclosing(examine_services(settings, services)) as findings:
                async for finding in findings:
                    yield finding
    except (SettingsError, DatabaseNotReady, MigrationFailed, KeyRejected) as error:
        yield wrong("start", str(error))


async def examine_services(settings: Settings, services: Services) -> AsyncGenerator[Finding, None]:
    """What can be said once the services are open."""
    yield await check_queues(services)
    yield await check_media(settings, services)
    yield await check_door(settings, services)
    for finding in await check_origin(settings):
        yield finding
    peers = [peer for peer in await services.peers.list() if peer.state == PeerState.ACTIVE]
    yield await check_clock(services, peers)
    if not peers and services.settings.is_closed:
        yield note("peers", "There is no confirmed peer yet: `tertulia peer add DOMAIN` makes one.")
    for start in range(0, len(peers), PEERS_AT_ONCE):
        some = peers[start : start + PEERS_AT_ONCE]
        for finding in await asyncio.gather(*(examine_peer(services, peer.domain) for peer in some)):
            yield finding
    if services.settings.network_community:
        yield await check_network_community(services)


async def examine_peer(services: Services, domain: str) -> Finding:
    """One peer: its name and certificate, what it is, whether it takes us for a peer, its clock."""
    report = await check_peer(services, domain)
    if report.problems:
        advice = (
            "Check that the office runs, and that DNS and firewall let you reach it." if report.is_out_of_reach else ""
        )
        return wrong(f"peer {domain}", " ".join([*report.problems, advice]).strip())
    if report.notes:
        return note(f"peer {domain}", " ".join([*report.notes, f"It runs {report.software}."]))
    return fine(f"peer {domain}", f"It answers and runs {report.software}.")


async def check_network_community(services: Services) -> Finding:
    """Whether the community that everybody here is to join can be found."""
    handle = services.settings.network_community
    try:
        await find_network_community(services)
    except CommunityNotFound as error:
        return wrong(
            "network community",
            f"TERTULIA_NETWORK_COMMUNITY is {handle}, which nobody here can join ({error}): check the handle, and that "
            "its office is a confirmed peer and has that community.",
        )
    return fine("network community", f"Everybody here joins {handle}.")


async def check_media(settings: Settings, services: Services) -> Finding:
    """Whether the files can be reached, and whether film and sound lose their metadata."""
    place = f"the bucket {settings.s3_bucket}" if settings.media_storage == "s3" else str(settings.media_dir)
    try:
        await services.media.open(f"{0:032x}.png")
    except MediaMissing:
        pass  # that is the answer of a storage that works
    except StorageFailed as failed:
        return wrong("media", f"{failed}: check the s3_ settings and that the bucket exists.")
    if FilmTools.found() is None:
        return note("media", f"Files are in {place}. Film and sound keep their metadata: install ffmpeg.")
    return fine("media", f"Files are in {place}; film and sound are measured and stripped by ffmpeg.")


def check_disk(settings: Settings) -> Finding:
    """The data directory: ours, writable, with space."""
    try:
        check_data_dir_belongs(settings)
        free = shutil.disk_usage(settings.data_dir).free
    except SettingsError as error:
        return wrong("data directory", str(error))
    if not os.access(settings.data_dir, os.W_OK):
        return wrong("data directory", f"{settings.data_dir} can't be written: give it to the user of the server.")
    if free < MIN_FREE_BYTES:
        return wrong("data directory", f"Only {free // 1024**2} MiB are free in {settings.data_dir}: make room.")
    return fine("data directory", f"{settings.data_dir}, {free // 1024**3} GiB free.")


async def check_database(settings: Settings) -> Finding:
    """The database: it answers and has the tables of this version."""
    database = open_database(settings)
    try:
        state = await schema_state(database)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        return wrong("database", f"It can't be reached ({reason}): check TERTULIA_DATABASE_URL and that it runs.")
    finally:
        await database.close()
    if database.is_sqlite and (state.current is None or state.current in state.known):
        return fine("database", "SQLite, migrated by `tertulia serve` itself.")
    if state.problem is not None:
        return wrong("database", state.problem)
    return fine("database", f"PostgreSQL, revision {state.current}.")


def check_server_key(settings: Settings) -> Finding:
    """The file that opens every private key: nobody else may read it."""
    mode = stat.S_IMODE(settings.server_key_file.stat().st_mode)
    if mode & 0o077:
        path = settings.server_key_file
        return wrong("server key", f"Others can read {path} (mode {mode:o}): run `chmod 600 {path}`.")
    return fine("server key", "Only this user can read it; keep a copy of it with the backups.")


async def check_queues(services: Services) -> Finding:
    """Whether deliveries pile up."""
    async with services.database.reading() as session:
        status = await queue_status(session, services.clock())
    dead, failed = status.deliveries["dead"], status.inbound["failed"]
    if dead or failed:
        return note("queues", f"{dead} deliveries were given up and {failed} received activities failed: see `tertulia "
                    "queue status`, then `tertulia queue retry HOST` or `drop HOST`.")  # fmt: skip
    return fine("queues", f"{status.deliveries['queued']} deliveries wait, none was given up.")


async def check_door(settings: Settings, services: Services) -> Finding:
    """What others meet before they meet us: the name, and the certificate."""
    authority = settings.origin.partition("://")[2]
    door = await look_at(authority, is_plain=settings.is_plain_http)
    if door.problem is not None:
        return wrong("own name", door.problem)
    if door.valid_until is None:
        return fine("own name", f"{authority} has an address; plain http has no certificate.")
    if door.soon(services.clock()):
        return wrong("own name", f"The certificate ends on {door.valid_until:%Y-%m-%d}: see why it wasn't renewed.")
    return fine("own name", f"{authority} has an address, and a certificate until {door.valid_until:%Y-%m-%d}.")


async def check_origin(settings: Settings) -> list[Finding]:
    """What peers see of us: the server, WebFinger under the domain, and the instance actor."""
    scheme = settings.origin.partition(":")[0]
    resource = f"acct:{instance_actor_name(settings.domain)}@{settings.domain}"
    questions = (
        ("own server", f"{settings.origin}/readyz", "*/*", "start it with `tertulia serve`, and check the proxy"),
        ("own WebFinger", f"{scheme}://{settings.domain}/.well-known/webfinger?resource={quote(resource, safe=':@')}",
         "application/jrd+json", f"{settings.domain} has to pass or redirect it to {settings.origin}"),
        ("own actor", f"{settings.origin}/actor", ACCEPT, "check that the proxy passes Host and Accept unchanged"),
    )  # fmt: skip
    client = HttpClient(user_agent="Tertulia doctor", allowed_networks=_EVERYWHERE, allow_http=settings.is_plain_http)
    try:
        return [await _ask(client, check, url, accept, advice) for check, url, accept, advice in questions]
    finally:
        await client.close()


async def _ask(client: HttpClient, check: str, url: str, accept: str, advice: str) -> Finding:
    try:
        response = await client.get(url, accept=accept)
    except RemoteError as error:
        return wrong(check, f"{url} can't be reached ({error.detail}): {advice}.")
    if response.status != 200:
        return wrong(check, f"{url} answers {response.status}: {advice}.")
    return fine(check, f"{url} answers.")


async def check_clock(services: Services, peers: Sequence[Peer]) -> Finding:
    """Our clock against the first peer that tells the time: signatures are valid for minutes only."""
    for peer in peers:
        ahead = await clock_ahead(services, peer.domain)
        if ahead is None:
            continue
        if abs(ahead) > MAX_CLOCK_SECONDS:
            return wrong(
                "clock",
                f"It differs by {abs(ahead):.0f} s from that of {peer.domain}: let NTP set the clock of both, or "
                "signatures will be refused.",
            )
        return fine("clock", f"It agrees with that of {peer.domain}.")
    return note("clock", "No peer answered to compare it with: make sure that NTP sets it.")
