"""What happened, for whoever is looking right now: events that leave a unit of work after its commit.

`unit.emit(Event(…))` says that something happened; when (and only when) the unit commits, the event reaches everybody
who subscribed to `database.events`, in this process at once and, on PostgreSQL, in the other processes of the office
by NOTIFY in the same transaction (`jobs.bus` hears it). An event holds ids and no content: whoever gets it loads what
it is about and asks `policy` who may see it. It is emitted once whatever the number of followers: who is concerned is
worked out where people are connected (`api.streaming`).

Events may be lost (a process that was away, a queue that is full) and may come twice; nothing that must happen may
depend on one. What must not be lost is a row.

| kind | subject_id | account_id | further | whoever is connected gets |
|---|---|---|---|---|
| STATUS_MADE | status or boost | its author | | `update` |
| STATUS_EDITED | status | its author | | `status.update` |
| STATUS_DELETED | status or boost | its author | ids: the mentioned, tag_ids, word: visibility or boost | `delete` |
| NOTIFIED | notification | its recipient | word: its kind | `notification` |
| NOTIFICATIONS_MERGED | | whose | | `notifications_merged` |
| CONVERSATION_CHANGED | `Conversation.id` | its owner | | `conversation` |
| FILTERS_CHANGED | | whose | | `filters_changed` |
| ANNOUNCED | announcement, new or changed | | | `announcement` |
| ANNOUNCEMENT_REACTED | announcement | | word: the reaction's name | `announcement.reaction` |
| ANNOUNCEMENT_DELETED | announcement (gone) | | | `announcement.delete` |
| ACCESS_ENDED | an access token, or 0 | whose tokens, where all | | the end of its connections |
| KEYS_CHANGED | | somebody of another server | | |
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import orjson

# PostgreSQL takes payloads of less than 8000 bytes; an id has at most 19 digits.
MAX_PAYLOAD_BYTES = 7_900
MAX_IDS = 150
MAX_WORD_BYTES = 400
MAX_WAITING = 10_000


class Kind(StrEnum):
    """What can happen; the module's table says what the event of each kind holds."""

    STATUS_MADE = "status_made"
    STATUS_EDITED = "status_edited"
    STATUS_DELETED = "status_deleted"
    NOTIFIED = "notified"
    NOTIFICATIONS_MERGED = "notifications_merged"
    CONVERSATION_CHANGED = "conversation_changed"
    FILTERS_CHANGED = "filters_changed"
    ANNOUNCED = "announced"
    ANNOUNCEMENT_REACTED = "announcement_reacted"
    ANNOUNCEMENT_DELETED = "announcement_deleted"
    ACCESS_ENDED = "access_ended"
    KEYS_CHANGED = "keys_changed"


EVERY_KIND = frozenset(Kind)


class Event(NamedTuple):
    """Something that happened, by its ids."""

    kind: Kind
    subject_id: int = 0
    account_id: int = 0
    ids: tuple[int, ...] = ()
    tag_ids: tuple[int, ...] = ()
    word: str = ""


class Listener:
    """One subscription: a bounded queue of events of some kinds. What doesn't fit, or wasn't heard, is dropped and
    counted in `missed`."""

    def __init__(self, hub: "EventHub", kinds: Collection[Kind], most: int) -> None:
        self.missed = 0
        self._hub = hub
        self._kinds = kinds
        self._most = most
        self._waiting: deque[Event] = deque()
        self._has_some = asyncio.Event()

    def put(self, events: Iterable[Event]) -> None:
        """Called by the hub; never blocks."""
        wanted = [event for event in events if event.kind in self._kinds]
        if not wanted:
            return
        for event in wanted:
            if len(self._waiting) < self._most:
                self._waiting.append(event)
            else:
                self.missed += 1
        self._has_some.set()

    async def batch(self) -> list[Event]:
        """Everything that has come since the last time, in its order; waits until there is something."""
        await self._has_some.wait()
        return self.take()

    def take(self) -> list[Event]:
        """The same without waiting."""
        events = list(self._waiting)
        self._waiting.clear()
        self._has_some.clear()
        return events

    def close(self) -> None:
        """Get no more."""
        self._hub.unsubscribe(self)


class EventHub:
    """Hands the events of one process to who subscribed; with nobody there it costs nothing."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, kinds: Collection[Kind] = EVERY_KIND, *, most: int = MAX_WAITING) -> Listener:
        """A queue of at most `most` events of these kinds that fills from now on."""
        listener = Listener(self, kinds, most)
        self._listeners.append(listener)
        return listener

    def unsubscribe(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def note_gap(self) -> None:
        """Events may have passed unheard: whoever keeps something until an event comes has to look anew."""
        for listener in self._listeners:
            listener.missed += 1

    def publish(self, events: Iterable[Event]) -> None:
        """Tell everybody; only `Database` (after a commit) and `jobs.bus` call it."""
        if self._listeners:
            told = list(events)
            for listener in self._listeners:
                listener.put(told)


def pack(sender: str, events: Iterable[Event]) -> Iterator[str]:
    """Events as payloads for NOTIFY, each within PostgreSQL's limit; `sender` is the process that they come from."""
    rows: list[bytes] = []
    size = 0
    for event in events:
        for part in _parts(event):
            row = orjson.dumps([part.kind, part.subject_id, part.account_id, part.ids, part.tag_ids, part.word])
            if rows and size + len(row) > MAX_PAYLOAD_BYTES - 100:
                yield _payload(sender, rows)
                rows, size = [], 0
            rows.append(row)
            size += len(row) + 1
    if rows:
        yield _payload(sender, rows)


def unpack(payload: str) -> tuple[str, list[Event]]:
    """Who sent a payload, and its events; those of a kind that this version doesn't know are left out.

    Raises ValueError when it is no payload of ours.
    """
    try:
        sender, *rows = orjson.loads(payload)
        return str(sender), [_event(row) for row in rows if row[0] in EVERY_KIND]
    except (TypeError, IndexError, KeyError, AttributeError) as error:
        raise ValueError("no events") from error


def _event(row: list[object]) -> Event:
    kind, subject_id, account_id, ids, tag_ids, word = row
    if not (isinstance(subject_id, int) and isinstance(account_id, int)
            and isinstance(ids, list) and isinstance(tag_ids, list)):  # fmt: skip
        raise ValueError("no event")
    return Event(Kind(str(kind)), subject_id, account_id, tuple(ids), tuple(tag_ids), str(word))


def _payload(sender: str, rows: list[bytes]) -> str:
    return (b"[" + b",".join([orjson.dumps(sender), *rows]) + b"]").decode()


def _parts(event: Event) -> Iterator[Event]:
    """An event that concerns very many is told in several parts; the first holds everything else."""
    word = event.word.encode()[:MAX_WORD_BYTES].decode(errors="ignore")
    yield event._replace(ids=event.ids[:MAX_IDS], tag_ids=event.tag_ids[:MAX_IDS], word=word)
    for start in range(MAX_IDS, len(event.ids), MAX_IDS):
        yield event._replace(ids=event.ids[start : start + MAX_IDS], tag_ids=(), word="")
