"""Events leave a unit after its commit, once, in their order, and reach the other processes of the office."""

import asyncio

import pytest

from jobs.bus import Bus
from models import Database
from models.addresses import LocalAddresses
from models.events import MAX_PAYLOAD_BYTES, Event, EventHub, Kind, pack, unpack
from tests.conftest import NewDatabase

MADE = Event(Kind.STATUS_MADE, 7, 1)
EDITED = Event(Kind.STATUS_EDITED, 7, 1)
DELETED = Event(Kind.STATUS_DELETED, 7, 1, ids=(2, 3), tag_ids=(4,), word="public")


async def test_events_leave_after_the_commit_once_and_in_order(database: Database) -> None:
    listener = database.events.subscribe()
    async with database.unit_of_work() as unit:
        for event in (MADE, EDITED, MADE, DELETED):
            unit.emit(event)
        assert listener.take() == []
    assert await listener.batch() == [MADE, EDITED, DELETED]
    listener.close()
    async with database.unit_of_work() as unit:
        unit.emit(MADE)
    assert listener.take() == []


async def test_nothing_leaves_a_unit_that_is_rolled_back(database: Database) -> None:
    listener = database.events.subscribe()
    with pytest.raises(ZeroDivisionError):
        async with database.unit_of_work() as unit:
            unit.emit(MADE)
            _ = 1 / 0
    assert listener.take() == []


async def test_events_cross_processes_and_nobody_hears_himself_twice(
    new_database_url: NewDatabase, backend: str
) -> None:
    if backend == "sqlite":
        return  # one process
    url, stop = await new_database_url(), asyncio.Event()
    addresses = LocalAddresses("https://office.test", "office.test")
    here, there = Database(url, addresses=addresses), Database(url, addresses=addresses)
    buses = [Bus(here), Bus(there)]
    listening = [asyncio.create_task(bus.run(stop)) for bus in buses]
    heard_here, heard_there = here.events.subscribe(), there.events.subscribe()
    crowd = Event(Kind.STATUS_DELETED, 8, 1, ids=tuple(range(2**62, 2**62 + 1000)), word="direct")
    async with asyncio.timeout(10):
        for bus in buses:
            await bus.is_listening.wait()
        async with there.unit_of_work() as unit:
            unit.emit(MADE)
            unit.emit(crowd)
            unit.signal("deliveries")
        async with there.unit_of_work() as unit:
            unit.emit(DELETED)
        got: list[Event] = []
        while DELETED not in got:
            got += await heard_here.batch()
        assert got[0] == MADE
        assert {number for event in got[1:-1] for number in event.ids} == set(crowd.ids)
        assert got[1].word == "direct"
        assert heard_there.take() == [MADE, crowd, DELETED]
        # What it said itself came back over the connection before what the other says now.
        async with here.unit_of_work() as unit:
            unit.emit(EDITED)
        assert await heard_there.batch() == [EDITED]
    stop.set()
    await asyncio.gather(*listening)
    await here.close()
    await there.close()


def test_a_full_queue_drops_and_counts_and_holds_up_nobody() -> None:
    hub = EventHub()
    slow, quick = hub.subscribe(most=2), hub.subscribe()
    hub.publish([MADE, EDITED, DELETED])
    assert (slow.take(), slow.missed) == ([MADE, EDITED], 1)
    assert (quick.take(), quick.missed) == ([MADE, EDITED, DELETED], 0)


def test_a_listener_hears_what_it_asked_for() -> None:
    hub = EventHub()
    listener = hub.subscribe({Kind.STATUS_DELETED}, most=1)
    hub.publish([MADE, DELETED, EDITED])
    hub.publish([MADE])
    assert (listener.take(), listener.missed) == ([DELETED], 0)


def test_payloads_are_within_the_limit_and_nothing_else_is_read() -> None:
    events = [Event(Kind.NOTIFIED, 2**62 + number, 2**62, word="é" * 900) for number in range(200)]
    payloads = list(pack("me", events))
    assert max(len(payload.encode()) for payload in payloads) < MAX_PAYLOAD_BYTES
    unpacked = [event for payload in payloads for event in unpack(payload)[1]]
    assert [event.subject_id for event in unpacked] == [event.subject_id for event in events]
    assert {event.word for event in unpacked} == {"é" * 200}
    assert unpack('["you",["status_made",1,2,[],[],""],["of another version",1,2,[],[],""]]') == (
        "you", [Event(Kind.STATUS_MADE, 1, 2)],
    )  # fmt: skip
    for nonsense in ("", "{}", "[]", "null", "3", '["me",["status_made"]]', '["me",["status_made",null,1,[],[],""]]'):
        with pytest.raises(ValueError, match=r"."):
            unpack(nonsense)
