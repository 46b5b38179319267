"""Time-ordered 63-bit ids: milliseconds since 2020, then 22 bits that start at random within each millisecond.

Ids sort like the times they were made for, clients see them as decimal strings of one length, and two processes on
one database don't meet: within a millisecond each counts up from a random place of its own, and a collision (about
one in a million bursts) is a constraint error that the queue repeats. A status that was published in the past gets
an id of its own time, so that a timeline ordered by id is ordered by publication.

Small ids are for what clients get as a JSON number (notifications: `most_recent_notification_id`, the id in a push):
JavaScript's numbers are exact up to 53 bits. They have 12 bits after the milliseconds and rise strictly.
"""

import secrets
from datetime import datetime

EPOCH_MS = 1_577_836_800_000
SEQUENCE_BITS = 22
SMALL_SEQUENCE_BITS = 12
MILLISECONDS_KEPT = 1024
_SMALL_START_MASK = (1 << (SMALL_SEQUENCE_BITS - 1)) - 1
_START_MASK = (1 << (SEQUENCE_BITS - 1)) - 1


def milliseconds(moment: datetime) -> int:
    """Milliseconds since our epoch, never below zero."""
    return max(0, int(moment.timestamp() * 1000) - EPOCH_MS)


def first_id(moment: datetime) -> int:
    """The least id that something of this moment can have: what is older has smaller ones."""
    return milliseconds(moment) << SEQUENCE_BITS


class IdGenerator:
    """Makes ids, unique within the process, strictly rising for rising times and in each millisecond.

    Units overlap: one that began a moment earlier still gets its ids in the order in which it asks, because work for
    others is done in the order of ids. So the last id of every recent millisecond is kept, not only of the newest.
    """

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._last_small = 0

    def at(self, moment: datetime) -> int:
        """A new id for something that happened at `moment`."""
        at_ms = milliseconds(moment)
        last = self._last.pop(at_ms, None)
        made = (
            last + 1 if last is not None else (at_ms << SEQUENCE_BITS) | (secrets.randbits(SEQUENCE_BITS) & _START_MASK)
        )
        self._last[at_ms] = made
        if len(self._last) > MILLISECONDS_KEPT:
            del self._last[next(iter(self._last))]  # the one that was asked for longest ago
        return made

    def small(self, moment: datetime) -> int:
        """A new id of at most 53 bits (until 2089), higher than every small one before."""
        candidate = (milliseconds(moment) << SMALL_SEQUENCE_BITS) | (secrets.randbits(32) & _SMALL_START_MASK)
        self._last_small = max(candidate, self._last_small + 1)
        return self._last_small
