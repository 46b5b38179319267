"""Comparing with a peer's digests what this office has of it, and mending what differs.

First the follows, because they decide which posts are compared, and who is what in communities; then the days of the
last `sync_digest_days`, oldest first, a month of digests at a time. Of a day that differs the lists are read and its
posts mended (`inbox.sync.repair` and those for communities). What a peer doesn't tell of isn't compared. Where it
stands is in the peer's row after each day, so that it may be interrupted anywhere and goes on there.

It is due when a peer's log doesn't reach back far enough, after a restore, once in `sync_digest_hours` for each peer
(not all at once), and when an administrator asks. On failure the reason is kept, and the next regular one begins anew
where this one stopped.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import select, update

from federation.client import RemoteError
from federation.dereference import fetch_signed
from federation.services import Services
from federation.sync.digests import (
    COMMUNITIES,
    DAILY,
    FOLLOWS,
    POSTS,
    STANDINGS,
    SUBMISSIONS,
    TOPICS,
    DigestPage,
    digests_url,
    parse_digests,
)
from federation.sync.names import COMPARE
from federation.sync.pages import MAX_PAGE_BYTES, PageUnreadable
from federation.sync.peers import keeps_log, office_origin
from inbox.sync.heard import follows_heard, follows_here, heard_on
from inbox.sync.mend_follows import mend_follows
from inbox.sync.mend_standings import mend_standings
from inbox.sync.repair import Repair, listed_items, repair_day
from inbox.sync.repair_communities import repair_communities
from inbox.sync.repair_submissions import repair_submissions
from inbox.sync.serving import JSON
from inbox.sync.standings import digest_of_standings, standings_here
from jobs.leases import is_queued
from jobs.queue import enqueue_job, enqueue_jobs
from models import UnitOfWork
from models.activities import InboundActivity
from models.sync import PeerSync
from outbox.log import counters
from policy.limits import DIGEST_DAYS_AT_ONCE

RUN_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 30.0
MOST_WAITS: Final = 10
FIRST_WITHIN_SECONDS: Final = 3600.0
MAX_ERROR_CHARACTERS: Final = 300
_DAY: Final = timedelta(days=1)

log = structlog.get_logger(__name__)


async def request_comparison(
    unit: UnitOfWork, hosts: Iterable[str], *, due_in: float = 0, is_reminder: bool = False
) -> None:
    """Have these peers' digests compared, each once; a reminder is content with a run under way."""
    payloads = {f"{COMPARE}:{host}": {"host": host} for host in hosts}
    await enqueue_jobs(unit, COMPARE, payloads, due_in=due_in, is_reminder=is_reminder)


async def _again(services: Services, host: str, *, due_in: float = 0, waited: int = 0) -> None:
    """Go on in another run."""
    async with services.database.unit_of_work() as unit:
        payload = {"host": host, "waited": waited}
        await enqueue_job(unit, COMPARE, payload, unique_key=f"{COMPARE}:{host}", due_in=due_in)


async def compare_digests(services: Services, payload: dict[str, Any]) -> None:
    """The job: go on for a while, then in another run; later, while the log or the journal still has something."""
    host = str(payload["host"])
    await services.peers.refreshed()
    await services.hosts.know([host])
    waited = int(payload.get("waited", 0))
    if waited < MOST_WAITS and await is_catching_up(services, host):
        await _again(services, host, due_in=PATIENCE_SECONDS, waited=waited + 1)
        return
    until = asyncio.get_running_loop().time() + RUN_SECONDS
    while await compare_once(services, host, until=until):
        if asyncio.get_running_loop().time() > until:
            await _again(services, host)
            return


async def is_catching_up(services: Services, host: str) -> bool:
    """Whether something of the peer is still on its ordinary way: that tells people, digests mend in silence."""
    now = services.clock()
    waiting = select(InboundActivity.id).where(
        is_queued(InboundActivity.__table__),
        InboundActivity.host == host,
        (InboundActivity.due_at <= now) | InboundActivity.lease_until.is_not(None),
    )
    behind = (PeerSync.newest > PeerSync.number) | PeerSync.echo_since.is_not(None)
    async with services.database.reading() as session:
        if await session.scalar(select(PeerSync.host).where(PeerSync.host == host, behind)) is not None:
            return True
        return await session.scalar(waiting.limit(1)) is not None


async def compare_once(services: Services, host: str, *, until: float | None = None) -> bool:
    """Compare a stretch of days and mend them, until a moment of the loop's clock; whether there is more to do."""
    if not keeps_log(services, host):
        return False
    origin, today = office_origin(services, host), services.clock().date()
    start = await _begin(services, host, today)
    last = min(start + (DIGEST_DAYS_AT_ONCE - 1) * _DAY, today)
    try:
        page = await _ask(services, origin, start, last)
        if start <= _first_day(services, today):
            await _note(services, host, start, await _mend_follows(services, origin, page))
            await _note(services, host, start, await _mend_standings(services, origin, page))
        for day, kinds in (await _differing(services, host, origin, page)).items():
            found = await _repair(services, host, origin, day, kinds)
            await _note(services, host, day + _DAY, found, is_day=True)
            if until is not None and asyncio.get_running_loop().time() > until:
                return True
    except (RemoteError, PageUnreadable) as error:
        await _note_failure(services, host, f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS])
        return False
    is_end = page.last >= today
    await _note(services, host, None if is_end else page.last + _DAY, Repair())
    return not is_end


async def _ask(services: Services, origin: str, first: date, last: date) -> DigestPage:
    response = await fetch_signed(services, digests_url(origin, first, last), accept=JSON, max_bytes=MAX_PAGE_BYTES)
    return parse_digests(response.body, first, last)


async def _begin(services: Services, host: str, today: date) -> date:
    """The next day to compare; of a comparison that begins, the first one."""
    async with services.database.unit_of_work() as unit:
        going_on: date | None = (await counters(unit, [host]))[host].compare_day
        if going_on is not None and going_on <= today:
            return going_on
        start = _first_day(services, today)
        blank = {"differing_days": 0, "missing": 0, "repaired": 0, "unrepaired": 0, "compare_error": None}
        await unit.session.execute(update(PeerSync).where(PeerSync.host == host).values(compare_day=start, **blank))
        return start


def _first_day(services: Services, today: date) -> date:
    return today - services.settings.sync_digest_days * _DAY


async def _mend_follows(services: Services, origin: str, page: DigestPage) -> Repair:
    async with services.database.reading() as session:
        here = follows_heard(await follows_here(session, origin))
    if here == page.follows:
        return Repair()
    return await mend_follows(services, origin, await listed_items(services, origin, FOLLOWS, None))


async def _mend_standings(services: Services, origin: str, page: DigestPage) -> Repair:
    if STANDINGS not in page.kinds:
        return Repair()
    async with services.database.reading() as session:
        here = await standings_here(session, origin, now=services.clock())
    if digest_of_standings(here) == page.standings:
        return Repair()
    return await mend_standings(services, origin, await listed_items(services, origin, STANDINGS, None))


async def _repair(services: Services, host: str, origin: str, day: date, kinds: Sequence[str]) -> Repair:
    """Each of the kinds that differ; posts and topics are looked at together."""
    found = Repair()
    if plain := [kind for kind in kinds if kind in (POSTS, TOPICS)]:
        found += await repair_day(services, host, origin, day, plain)
    if COMMUNITIES in kinds:
        found += await repair_communities(services, host, origin, day)
    if SUBMISSIONS in kinds:
        found += await repair_submissions(services, host, origin, day)
    return found


async def _differing(services: Services, host: str, origin: str, page: DigestPage) -> dict[date, list[str]]:
    """The days that differ, with the kinds that do."""
    here = await heard_on(services.database, host, origin, page.first, page.last)
    days = sorted({*page.days, *(day for day, _ in here)})
    told = [kind for kind in DAILY if kind in page.kinds]
    kinds = {day: [kind for kind in told if here[day, kind] != page.of(day, kind)] for day in days}
    return {day: found for day, found in kinds.items() if found}


async def _note(services: Services, host: str, following: date | None, found: Repair, *, is_day: bool = False) -> None:
    """Write down what came of a day, and with which to go on; None is the end of the comparison."""
    async with services.database.unit_of_work() as unit:
        values: dict[str, Any] = {
            "compare_day": following,
            "differing_days": PeerSync.differing_days + int(is_day),
            "missing": PeerSync.missing + found.missing,
            "repaired": PeerSync.repaired + found.repaired,
            "unrepaired": PeerSync.unrepaired + found.unrepaired,
            "compare_error": None,
        }
        if following is None:
            values |= {"compared_at": unit.now, "cut_at": None}
        statement = update(PeerSync).where(PeerSync.host == host).values(values)
        await unit.session.execute(statement.execution_options(synchronize_session=False))


async def _note_failure(services: Services, host: str, error: str) -> None:
    log.info("sync.comparison_failed", host=host, error=error)
    async with services.database.unit_of_work() as unit:
        await counters(unit, [host])
        await unit.session.execute(update(PeerSync).where(PeerSync.host == host).values(compare_error=error))


async def request_due_comparisons(services: Services, peers: Iterable[str]) -> None:
    """Have those peers compared whose time has come; one that never was within the first hour."""
    peers = list(peers)
    interval = timedelta(hours=services.settings.sync_digest_hours)
    async with services.database.unit_of_work() as unit:
        rows = await unit.session.execute(select(PeerSync.host, PeerSync.compared_at).where(PeerSync.host.in_(peers)))
        compared: dict[str, datetime | None] = dict(rows.all())
        for host in peers:
            at = compared.get(host)
            if at is None:
                await request_comparison(unit, [host], due_in=share_of(host) * FIRST_WITHIN_SECONDS, is_reminder=True)
            elif unit.now >= at + interval * (0.9 + 0.2 * share_of(host)):
                await request_comparison(unit, [host], is_reminder=True)


def share_of(host: str) -> float:
    """A number in 0…1 that is a peer's own: so that not all are compared at once."""
    return int.from_bytes(hashlib.sha256(host.encode()).digest()[:4]) / 2**32
