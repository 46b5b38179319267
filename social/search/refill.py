"""Filling the index for statuses that were there before it, after an upgrade, an import or a doubt.

Works from the newest to the oldest in portions, each a transaction of its own; what is interrupted goes on there at the
next start. Everything that writes statuses keeps the index by itself (`social.search.index`), so that it is done once.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from sqlalchemy import bindparam, func, select, text

from models import Database
from models.insertion import updating
from models.search import IndexFilling, StatusText
from models.statuses import Status
from social.search.index import index_statuses

PORTION: Final = 500
# So many statuses are looked at in one query for those that are missing.
WINDOW: Final = 2_000
LAST: Final = 2**63 - 2
THE_FILLING: Final = 1
BREATH_SECONDS: Final = 0.02
Progress = Callable[[int], None]
_WINDOW = (
    select(Status.id, StatusText.status_id.is_not(None))
    .outerjoin(StatusText, StatusText.status_id == Status.id)
    .where(Status.id < bindparam("below"), Status.boost_of_id.is_(None))
    .order_by(Status.id.desc())
    .limit(WINDOW)
)


async def count_statuses(database: Database) -> int:
    """How many statuses there are to be found: one SELECT."""
    async with database.reading() as session:
        return await session.scalar(select(func.count(Status.id)).where(Status.boost_of_id.is_(None))) or 0


async def fill_index(database: Database, *, is_everything: bool = False, progress: Progress = lambda _: None) -> int:
    """Write statuses into the index that aren't there (or all); returns how many. `progress` hears of those passed."""
    return await _walk(database, LAST + 1, is_everything=is_everything, progress=progress)


async def fill_once(database: Database) -> int:
    """The same at the start of an office: from where the last time stopped, and nothing once all was passed."""
    async with database.reading() as session:
        row = await session.get(IndexFilling, THE_FILLING)
    if row is not None and row.completed_at is not None:
        return 0
    below = LAST + 1 if row is None or row.below is None else row.below
    return await _walk(database, below, is_everything=False, progress=lambda _: None)


async def _walk(database: Database, below: int, *, is_everything: bool, progress: Progress) -> int:
    """On from an id to the oldest; after each window it is written down how far that is."""
    passed, written = 0, 0
    while True:
        async with database.reading() as session:
            rows = (await session.execute(_WINDOW, {"below": below})).all()
        missing = [status_id for status_id, is_there in rows if is_everything or not is_there]
        for start in range(0, len(missing), PORTION):
            async with database.unit_of_work() as unit:
                await index_statuses(unit, missing[start : start + PORTION])
            await asyncio.sleep(BREATH_SECONDS)
        written += len(missing)
        passed += len(rows)
        progress(passed)
        is_last = len(rows) < WINDOW
        below = rows[-1][0] if rows else below
        await _note(database, below, is_last=is_last)
        if is_last:
            return written
        await asyncio.sleep(BREATH_SECONDS)


async def _note(database: Database, below: int, *, is_last: bool) -> None:
    async with database.unit_of_work() as unit:
        completed_at = unit.now if is_last else None
        row = {"id": THE_FILLING, "below": below, "completed_at": completed_at}
        columns = ("below", "completed_at")
        await unit.session.execute(updating(database.is_sqlite, IndexFilling, ("id",), columns), [row])


async def tidy_index(database: Database) -> None:
    """Join what many small transactions left behind, so that searches read less. SQLite's alone; the other does it."""
    if database.is_sqlite:
        async with database.unit_of_work() as unit:
            await unit.session.execute(text("INSERT INTO status_words (status_words, rank) VALUES ('merge', 2000)"))
