"""How far an office and a peer have heard each other out, in figures: for the command line and the health view."""

from datetime import datetime

from sqlalchemy import func, select

from federation.services import Services
from federation.sync.peers import keeps_log
from models.activities import Delivery
from models.sync import PeerSync
from models.values import dataclass


@dataclass(frozen=True, slots=True)
class SyncFigures:
    """One peer, both ways.

    `takes_part` says whether it is a full peer that keeps a log. In: `behind` counts what it has told of and we haven't
    got, `in_sync_at` is when that was last nothing, `cut_at` when its log was found not to reach back far enough. Out:
    `their_behind` counts what we have for it and it hasn't heard by its last word (None: it hasn't said), and
    `oldest_missing_at` is when the oldest of that was written. `is_restoring` while it is asked for what it has from
    us.

    Digests: `compared_at` is when the last comparison came to its end; the numbers are those of the one under way
    (`is_comparing`), or else of the last: days that differed, what was missing or too much on them, what was mended
    and what wasn't. `compare_error` is why it stopped.
    """

    host: str
    takes_part: bool
    in_sync_at: datetime | None = None
    checked_at: datetime | None = None
    behind: int = 0
    their_behind: int | None = None
    oldest_missing_at: datetime | None = None
    is_restoring: bool = False
    cut_at: datetime | None = None
    last_error: str | None = None
    compared_at: datetime | None = None
    is_comparing: bool = False
    differing_days: int = 0
    missing: int = 0
    repaired: int = 0
    unrepaired: int = 0
    compare_error: str | None = None


async def sync_figures(services: Services, host: str) -> SyncFigures:
    """The figures of one peer: three SELECTs."""
    await services.peers.refreshed()
    await services.hosts.know([host])
    takes_part = keeps_log(services, host)
    async with services.database.reading() as session:
        row = await session.get(PeerSync, host)
        if row is None:
            return SyncFigures(host, takes_part)
        unheard = (Delivery.host == host, Delivery.log_number > (row.their_number or 0), Delivery.state != "dropped")
        count = await session.scalar(select(func.count()).select_from(Delivery).where(*unheard))
        oldest = await session.scalar(select(func.min(Delivery.created_at)).where(*unheard))
    said = row.their_number is not None
    return SyncFigures(
        host=host,
        takes_part=takes_part,
        in_sync_at=row.in_sync_at,
        checked_at=row.checked_at,
        behind=max(0, row.newest - row.number),
        their_behind=int(count or 0) if said else None,
        oldest_missing_at=oldest if said else None,
        is_restoring=row.echo_since is not None,
        cut_at=row.cut_at,
        last_error=row.last_error,
        compared_at=row.compared_at,
        is_comparing=row.compare_day is not None,
        differing_days=row.differing_days,
        missing=row.missing,
        repaired=row.repaired,
        unrepaired=row.unrepaired,
        compare_error=row.compare_error,
    )
