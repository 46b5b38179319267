"""Giving a peer its own log, page by page, and telling it how far we have heard it out.

Only the instance actor of a full peer gets an answer, and only its own log; whoever else asks learns nothing.
"""

from typing import Final

from sqlalchemy import select

from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, not_found
from federation.serving.read_gate import Reader
from federation.sync.marks import MAX_NUMBER, Mark, is_generation
from federation.sync.pages import PAGE_BYTES, PAGE_ENTRIES, LogPage, PageEntry, page_document
from federation.sync.peers import is_instance_actor
from inbox.sync.state import begin_generation, is_older_than
from models.sync import PeerSync
from outbox.log import log_state, read_log

JSON: Final = "application/json"


def peer_that_asks(services: Services, reader: Reader) -> str:
    """The host of the full peer whose instance actor asks. Raises ReadRefused."""
    if reader.host is None or reader.actor_uri is None:
        raise ReadRefused(401, "missing", "Sign the request as the instance actor of a peer.")
    if not services.peers.is_full(reader.host) or not is_instance_actor(reader.actor_uri):
        raise not_found()
    return reader.host


async def log_answer(services: Services, reader: Reader, generation: str | None, after: str | None) -> Answer:
    """The page of the asking peer's log after a number. Raises ReadRefused."""
    host = peer_that_asks(services, reader)
    asked = _mark(generation, after)
    async with services.database.unit_of_work() as unit:
        state = await log_state(unit, host)
        if await is_older_than(unit, host, asked):
            await begin_generation(services, unit)
            state = await log_state(unit, host)
    start = state.start(*((asked.generation, asked.number) if asked is not None else (None, 0)))
    async with services.database.reading() as session:
        entries = await read_log(session, host, start, limit=PAGE_ENTRIES, max_bytes=PAGE_BYTES)
        cursor = (
            await session.execute(select(PeerSync.generation, PeerSync.number).where(PeerSync.host == host))
        ).one()
    is_last = not entries or entries[-1].number >= state.newest
    page = LogPage(
        generation=state.generation,
        after=start,
        until=state.newest if is_last else entries[-1].number,
        newest=max(state.newest, entries[-1].number if entries else 0),
        is_cut=state.is_cut(start),
        heard=None if cursor.generation is None else Mark(cursor.generation, cursor.number),
        at=services.clock(),
        entries=[PageEntry(entry.number, entry.inbox_url, entry.body) for entry in entries],
    )
    return Answer(page_document(page), JSON)


def _mark(generation: str | None, after: str | None) -> Mark | None:
    if not is_generation(generation) or generation is None:
        return None
    number = int(after) if after is not None and after.isascii() and after.isdigit() and len(after) < 16 else 0
    return Mark(generation, min(number, MAX_NUMBER))
