"""Giving a peer its own log, page by page, and telling it how far we have heard it out.

Only the instance actor of a full peer gets an answer, and only its own log; whoever else asks learns nothing.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select

from federation.json_ld.dates import parse_time
from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, not_found
from federation.serving.read_gate import Reader
from federation.sync.marks import MAX_NUMBER, Mark, is_generation
from federation.sync.pages import PAGE_BYTES, PAGE_ENTRIES, LogPage, PageEntry, page_document
from federation.sync.peers import is_instance_actor, office_origin
from inbox.sync.state import begin_generation, is_older_than
from models.activities import InboundActivity
from models.sync import PeerSync
from outbox.log import log_state, own_generation, read_log

JSON: Final = "application/json"
EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


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
        found = await read_log(session, host, start, limit=PAGE_ENTRIES, max_bytes=PAGE_BYTES, policy=reader.policy)
        cursor = (
            await session.execute(select(PeerSync.generation, PeerSync.number).where(PeerSync.host == host))
        ).one()
    last = found.last
    page = LogPage(
        generation=state.generation,
        after=start,
        until=state.newest if last is None or last >= state.newest else last,
        newest=max(state.newest, last or 0),
        is_cut=state.is_cut(start),
        heard=None if cursor.generation is None else Mark(cursor.generation, cursor.number),
        at=services.clock(),
        entries=[PageEntry(entry.number, entry.inbox_url, entry.body) for entry in found.entries],
    )
    return Answer(page_document(page), JSON)


async def echo_answer(services: Services, reader: Reader, since: str | None, after: str | None) -> Answer:
    """What accounts of the asking peer said here since a time, in the order in which it came. Raises ReadRefused."""
    host = peer_that_asks(services, reader)
    start, first = parse_time(since) or EPOCH, _whole(after)
    theirs = (
        InboundActivity.host == host,
        InboundActivity.received_at >= start,
        InboundActivity.id > first,
        InboundActivity.actor_uri.startswith(f"{office_origin(services, host)}/", autoescape=True),
    )
    query = select(InboundActivity.id, InboundActivity.body).where(*theirs).order_by(InboundActivity.id)
    entries: list[PageEntry] = []
    size = 0
    async with services.database.reading() as session:
        newest = await session.scalar(select(func.max(InboundActivity.id)).where(*theirs)) or first
        for number, body in await session.execute(query.limit(PAGE_ENTRIES)):
            size += len(body)
            if entries and size > PAGE_BYTES:
                break
            entries.append(PageEntry(number, services.addresses.shared_inbox, body))
    async with services.database.unit_of_work() as unit:
        generation = await own_generation(unit)
    page = LogPage(
        generation=generation,
        after=first,
        until=entries[-1].number if entries else newest,
        newest=newest,
        is_cut=False,
        heard=None,
        at=services.clock(),
        entries=entries,
    )
    return Answer(page_document(page), JSON)


def _whole(text: str | None) -> int:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 20
    return min(int(text or "0"), MAX_NUMBER) if is_number else 0


def _mark(generation: str | None, after: str | None) -> Mark | None:
    if not is_generation(generation) or generation is None:
        return None
    return Mark(generation, _whole(after))
