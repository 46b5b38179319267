"""What this office knows of its own history: where it resumed, and whether it is older than its peers remember.

A database that was replaced by an older one can't tell by itself. A peer can: it has heard numbers of our log that we
haven't given out yet. Then a new generation of the log begins, and every peer is asked for what it has from us since
shortly before the moment at which this database stopped (`inbox.sync.echo`).
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import func, select, update

from federation.services import Services
from federation.sync.marks import Mark
from federation.sync.names import CATCH_UP
from federation.sync.peers import sync_peers
from jobs.queue import enqueue_jobs
from models import UnitOfWork
from models.activities import InboundActivity, OutboundActivity
from models.sync import THE_STATE, PeerSync, SyncState
from outbox.log import counters, new_generation, own_generation

# What a peer got just before may have been delivered late, and clocks differ.
MARGIN: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=30)

log = structlog.get_logger(__name__)


async def note_resumption(services: Services) -> None:
    """Remember the newest moment that the database knows of: called before anything new happens."""
    async with services.database.unit_of_work() as unit:
        await own_generation(unit)
        newest = [
            moment
            for column in (InboundActivity.received_at, OutboundActivity.created_at)
            if (moment := await unit.session.scalar(select(func.max(column)))) is not None
        ]
        state = await unit.session.get_one(SyncState, THE_STATE)
        state.resumed_from = max(newest, default=None)


async def is_older_than(unit: UnitOfWork, host: str, heard: Mark | None) -> bool:
    """Whether a peer has heard more of our log than there is: this database has been replaced by an older one."""
    if heard is None or heard.generation != await own_generation(unit):
        return False
    return heard.number > int((await counters(unit, [host]))[host].last_number)


async def begin_generation(services: Services, unit: UnitOfWork, since: datetime | None = None) -> None:
    """Begin a new generation of the log, and ask every peer for what it has from us.

    `since` is the age of the database; without it that is where it resumed, or else as far back as peers remember.
    """
    await own_generation(unit)
    state = await unit.session.get_one(SyncState, THE_STATE)
    state.previous, state.generation, state.restored_at = state.generation, new_generation(), unit.now
    peers = await sync_peers(services)
    await counters(unit, peers)
    await unit.session.execute(update(PeerSync).values(branched_at=PeerSync.last_number))
    start = since or state.resumed_from or unit.now - LONGEST
    await unit.session.execute(
        update(PeerSync).where(PeerSync.host.in_(peers)).values(echo_since=start - MARGIN, echo_after=0, echoed_at=None)
    )
    if peers:
        await enqueue_jobs(unit, CATCH_UP, {f"{CATCH_UP}:{host}": {"host": host} for host in peers})
    log.warning("this database is older than what peers have from us: they are asked for it", since=state.resumed_from)


async def mark_restored(unit: UnitOfWork, made_at: datetime) -> None:
    """What `tertulia restore` notes in the database of a backup: a new generation, and what is to be asked for."""
    await own_generation(unit)
    state = await unit.session.get_one(SyncState, THE_STATE)
    state.previous, state.generation, state.restored_at = state.generation, new_generation(), unit.now
    state.resumed_from = made_at
    values = {"branched_at": PeerSync.last_number, "echo_since": made_at - MARGIN, "echo_after": 0, "echoed_at": None}
    await unit.session.execute(update(PeerSync).values(values))
