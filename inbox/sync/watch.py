"""Watching how far the peers have been heard out: cursors, gaps, and who hasn't been asked for a while.

A loop of the process that runs jobs. Every few seconds the numbers that came with deliveries move the cursors; a gap
that stays is asked about, by a job. Besides, every peer is asked at the start, and every `interval` whether there is
more than it delivered, so that an office which was cut off heals although nobody posts.

Any number of processes may watch: a cursor is moved under the lock of its row.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row, Table, delete, select, update

from federation.services import Services
from federation.sync.peers import sync_peers
from inbox.sync.catch_up import PAUSE, request_catch_up
from inbox.sync.compare import request_due_comparisons
from inbox.sync.state import note_resumption
from jobs.waiting import wait_at_most
from models import UnitOfWork
from models.sync import LogReceipt, PeerSync
from outbox.log import counters

POLL_SECONDS: Final = 3.0
GAP_PATIENCE: Final = timedelta(seconds=5)
RECEIPTS_AT_ONCE: Final = 2_000
LOOK_EVERY: Final = timedelta(minutes=5)

_RECEIPTS: Table = LogReceipt.__table__  # type: ignore[assignment]


class PeerWatch:
    """Watches for one process."""

    def __init__(self, services: Services, *, interval: timedelta) -> None:
        self._services = services
        self._interval = interval
        self._looked_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Ask every peer, then watch until `stop` is set."""
        await self.begin()
        while not stop.is_set():
            await self.run_once()
            await self.ask_the_silent()
            await self.compare_when_due()
            await wait_at_most(stop, POLL_SECONDS)

    async def begin(self) -> None:
        """What has to happen when an office starts: remember where it resumes, and ask every peer what is new."""
        await note_resumption(self._services)
        await request_catch_up(self._services, await sync_peers(self._services))

    async def run_once(self) -> int:
        """Move the cursors as far as receipts go; how many gaps are asked about."""
        async with self._services.database.reading() as session:
            hosts = (await session.scalars(select(_RECEIPTS.c.host).distinct())).all()
        if not hosts:
            return 0
        async with self._services.database.unit_of_work() as unit:
            gaps = await advance(unit, hosts)
        await request_catch_up(self._services, gaps)
        return len(gaps)

    async def ask_the_silent(self) -> None:
        """Ask the peers that weren't asked within the interval whether there is more."""
        peers = await sync_peers(self._services)
        before = self._services.clock() - self._interval
        query = select(PeerSync.host).where(PeerSync.host.in_(peers), PeerSync.checked_at >= before)
        async with self._services.database.reading() as session:
            asked = set(await session.scalars(query))
        await request_catch_up(self._services, [host for host in peers if host not in asked], is_reminder=True)

    async def compare_when_due(self) -> None:
        """Have the digests of the peers compared whose time has come; looks once in a while."""
        now = self._services.clock()
        if self._looked_at is None or now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            await request_due_comparisons(self._services, await sync_peers(self._services))


async def advance(unit: UnitOfWork, hosts: Iterable[str]) -> list[str]:
    """Move the cursors of these hosts; those are returned whose gap has lasted."""
    rows = await counters(unit, sorted(set(hosts)))
    found = await unit.session.execute(
        select(*_RECEIPTS.c)
        .where(_RECEIPTS.c.host.in_(sorted(rows)))
        .order_by(_RECEIPTS.c.host, _RECEIPTS.c.first_number)
        .limit(RECEIPTS_AT_ONCE)
    )
    gaps = []
    for host, receipts in groupby(found.all(), key=lambda row: str(row.host)):
        if await _advance_one(unit, rows[host], list(receipts)):
            gaps.append(host)
    return gaps


async def _advance_one(unit: UnitOfWork, row: Row[Any], receipts: list[Row[Any]]) -> bool:
    """Move one cursor; whether a gap has lasted long enough to ask about it."""
    generation, number = row.generation, int(row.number)
    if generation is None and receipts[0].first_number == 1:
        generation = receipts[0].generation  # we hear this log from its beginning
    ours = [receipt for receipt in receipts if receipt.generation == generation]
    for receipt in ours:
        if receipt.first_number > number + 1:
            break
        number = max(number, int(receipt.last_number))
    newest = max([int(row.newest), number, *(int(receipt.last_number) for receipt in ours)])
    has_gap = newest > number or len(ours) < len(receipts)
    due_at: datetime | None = (row.gap_due_at or unit.now + GAP_PATIENCE) if has_gap else None
    is_due = due_at is not None and due_at <= unit.now
    values: dict[str, Any] = {"generation": generation, "number": number, "newest": newest}
    values["gap_due_at"] = unit.now + PAUSE if is_due else due_at
    if not has_gap:
        values["in_sync_at"] = unit.now
    await unit.session.execute(update(PeerSync).where(PeerSync.host == row.host).values(values))
    await forget_receipts(unit, row.host, generation, number)
    return is_due


async def forget_receipts(unit: UnitOfWork, host: str, generation: str | None, number: int) -> None:
    """Remove what the cursor has passed."""
    await unit.session.execute(
        delete(_RECEIPTS).where(
            _RECEIPTS.c.host == host, _RECEIPTS.c.generation == generation, _RECEIPTS.c.last_number <= number
        )
    )
