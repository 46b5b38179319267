"""Catching up with a peer: reading its log from our cursor on, page by page, into the journal.

A page's activities and the cursor behind them are one transaction, so it may be interrupted anywhere and goes on there;
what was delivered meanwhile is in the journal and isn't taken in twice. From the journal on, everything goes the way of
what is delivered. The peer's answer also says how far it has heard *us* out, which tells a database that has been
replaced by an older one that it was (`inbox.sync.state`).

On failure (the peer can't be asked, or answers nonsense) the reason is kept, and the next look is due in a while.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import delete, select, update

from federation.client import RemoteError
from federation.dereference import fetch_signed
from federation.services import Services
from federation.sync.marks import Mark
from federation.sync.names import CATCH_UP
from federation.sync.pages import MAX_PAGE_BYTES, LogPage, PageUnreadable, echo_url, log_url, parse_page
from federation.sync.peers import keeps_log, office_origin
from inbox.sync.accept import Accepted, accept_entries, new_rows
from inbox.sync.compare import request_comparison
from inbox.sync.echo import restore_own
from inbox.sync.state import begin_generation, is_older_than
from jobs.queue import enqueue_jobs
from models import UnitOfWork
from models.activities import InboundActivity
from models.insertion import insert_missing
from models.signals import INBOUND
from models.sync import LogReceipt, PeerSync
from outbox.log import counters

JSON: Final = "application/json"
PAGES_AT_ONCE: Final = 20
# A gap that is still there is asked about again this much later.
PAUSE: Final = timedelta(minutes=1)
MAX_ERROR_CHARACTERS: Final = 300

log = structlog.get_logger(__name__)


async def request_catch_up(services: Services, hosts: Iterable[str], *, is_reminder: bool = False) -> None:
    """Have these peers asked, each once; a reminder is content with a run under way."""
    payloads = {f"{CATCH_UP}:{host}": {"host": host} for host in hosts}
    if payloads:
        async with services.database.unit_of_work() as unit:
            await enqueue_jobs(unit, CATCH_UP, payloads, is_reminder=is_reminder)


async def catch_up(services: Services, payload: dict[str, Any]) -> None:
    """The job: read on until nothing is missing, or go on in another run after a number of pages."""
    host = str(payload["host"])
    await services.peers.refreshed()
    await services.hosts.know([host])
    for _ in range(PAGES_AT_ONCE):
        if not await catch_up_once(services, host):
            return
    await request_catch_up(services, [host])


async def catch_up_once(services: Services, host: str) -> bool:
    """Take in one page; whether there is more. Our own words come first: an Accept has to find its Follow."""
    if not keeps_log(services, host):
        return False
    if await is_owed_echo(services, host):
        return await hear_echo(services, host)
    return await read_on(services, host)


async def is_owed_echo(services: Services, host: str) -> bool:
    """Whether the peer still has to be asked for what it has from us."""
    async with services.database.reading() as session:
        return await session.scalar(select(PeerSync.echo_since).where(PeerSync.host == host)) is not None


async def hear_echo(services: Services, host: str) -> bool:
    """Take in one page of what the peer has from us; whether there is more to do there (its log comes after it)."""
    async with services.database.unit_of_work() as unit:
        row = (await counters(unit, [host]))[host]
    page = await _ask(services, host, echo_url(office_origin(services, host), row.echo_since, int(row.echo_after)))
    if page is None:
        return False
    await restore_own(services, page.entries, row.echo_since)
    is_last = page.until >= page.newest
    async with services.database.unit_of_work() as unit:
        values: dict[str, Any] = {"echo_after": page.until}
        if is_last:
            values |= {"echo_since": None, "echoed_at": unit.now}
        await unit.session.execute(update(PeerSync).where(PeerSync.host == host).values(values))
        if is_last:
            await request_comparison(unit, [host])
    return True


async def read_on(services: Services, host: str) -> bool:
    """Take in one page; whether there is more."""
    async with services.database.unit_of_work() as unit:
        row = (await counters(unit, [host]))[host]
    mark = None if row.generation is None else Mark(row.generation, int(row.number))
    origin = office_origin(services, host)
    page = await _ask(services, host, log_url(origin, mark))
    if page is None:
        return False
    async with services.database.unit_of_work() as unit:
        if await is_older_than(unit, host, page.heard):
            await begin_generation(services, unit)
            return True  # the echo comes first
    accepted = await accept_entries(services, host, origin, page.entries)
    async with services.database.unit_of_work() as unit:
        await take_in(unit, host, page, accepted)
    return page.until < page.newest


async def _ask(services: Services, host: str, url: str) -> LogPage | None:
    """A page; None, and a note, when it isn't to be had."""
    try:
        return parse_page((await fetch_signed(services, url, accept=JSON, max_bytes=MAX_PAGE_BYTES)).body)
    except (RemoteError, PageUnreadable) as error:
        await _note_failure(services, host, f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS])
        return None


async def take_in(unit: UnitOfWork, host: str, page: LogPage, accepted: list[Accepted]) -> None:
    """Journal what is new in a page, and move the cursor behind it."""
    row = (await counters(unit, [host]))[host]
    rows = await new_rows(unit, host, accepted)
    await insert_missing(unit.session, InboundActivity, rows)
    if rows:
        unit.signal(INBOUND)
        log.info("sync.caught_up", host=host, activities=len(rows), until=page.until, newest=page.newest)
    number = max(page.until, int(row.number)) if row.generation == page.generation else page.until
    values: dict[str, Any] = {
        "generation": page.generation,
        "number": number,
        "newest": max(page.newest, number),
        "checked_at": unit.now,
        "their_number": page.heard.number if page.heard is not None else None,
        "last_error": None,
    }
    if number >= page.newest:
        values |= {"in_sync_at": unit.now, "gap_due_at": None}
    if page.is_cut and row.cut_at is None:
        values["cut_at"] = unit.now
    await unit.session.execute(update(PeerSync).where(PeerSync.host == host).values(values))
    if page.is_cut:
        await request_comparison(unit, [host])  # what its log doesn't tell any more, its digests do
    await unit.session.execute(
        delete(LogReceipt).where(
            LogReceipt.host == host,
            (LogReceipt.generation != page.generation) | (LogReceipt.last_number <= number),
        )
    )


async def _note_failure(services: Services, host: str, error: str) -> None:
    log.info("sync.failed", host=host, error=error)
    async with services.database.unit_of_work() as unit:
        row = (await counters(unit, [host]))[host]
        values = {"last_error": error, "checked_at": unit.now}
        if row.gap_due_at is not None:
            values["gap_due_at"] = unit.now + PAUSE
        await unit.session.execute(update(PeerSync).where(PeerSync.host == host).values(values))
