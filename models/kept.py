"""What was made of the database and is kept for as long as nothing in it changes: mostly whole answers.

Owns its one rule: whatever is kept was made of one state of the database (`models.snapshots`), and all of it is
forgotten as soon as the database is in another, whoever wrote what. So edits, blocks, filters, roles and the writes of
other processes need no word here. What changes by time alone (a mute that ends) is seen after `SECONDS` at the latest.
Bounded in bytes, those of the keys among them; the least recently used goes first.

A key says everything else that the value depends on: what is asked for, and by whom.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from models.snapshots import Snapshots

SECONDS: Final = timedelta(seconds=20)
MOST_BYTES: Final = 6 * 1_048_576
ENTRY_BYTES: Final = 2_000
"""What an entry costs beside its bytes, roughly."""


class Moment(NamedTuple):
    """A state of the database, and when it was found: to be asked for before anything is read."""

    snapshot: Hashable
    at: datetime


class Kept:
    """Values by key, all of the present state of one database."""

    def __init__(self, snapshots: Snapshots, clock: Callable[[], datetime], *, most_bytes: int = MOST_BYTES) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._most_bytes = most_bytes
        self._snapshot: Hashable = None
        self._values: OrderedDict[Hashable, tuple[datetime, int, Any]] = OrderedDict()
        self.size_bytes = 0

    async def find(self, key: Hashable) -> tuple[Moment, Any]:
        """The present moment, and what is kept under this key, or None: then make it and `put` it at this moment."""
        return self._find(key, await self._snapshots.now())

    def at_once(self, key: Hashable) -> Any:
        """What is kept under this key and holds now, or None; None as well where that can't be told without waiting."""
        snapshot = self._snapshots.at_once() if key in self._values else None
        return None if snapshot is None else self._find(key, snapshot)[1]

    def _find(self, key: Hashable, snapshot: Hashable) -> tuple[Moment, Any]:
        moment = Moment(snapshot, self._clock())
        if snapshot != self._snapshot:
            self.clear()
            self._snapshot = snapshot
        found = self._values.get(key)
        if found is None or not timedelta(0) <= moment.at - found[0] <= SECONDS:
            return moment, None
        self._values.move_to_end(key)
        return moment, found[2]

    def has(self, key: Hashable) -> bool:
        """Whether something is kept under this key, of whichever state: whether it is worth while to look for it."""
        return key in self._values

    def put(self, key: Hashable, moment: Moment, value: Any, size_bytes: int) -> None:
        """Keep what was made since `moment`; nothing, when the database is known to have changed meanwhile."""
        if moment.snapshot != self._snapshot or size_bytes > self._most_bytes // 8:
            return
        self._forget(key)
        self._values[key] = (moment.at, size_bytes + ENTRY_BYTES, value)
        self.size_bytes += size_bytes + ENTRY_BYTES
        while self.size_bytes > self._most_bytes:
            self._forget(next(iter(self._values)))

    def forget_expired(self) -> None:
        """Free what is too old for anybody; looks at every one."""
        now = self._clock()
        for key in [key for key, (at, *_) in self._values.items() if now - at > SECONDS]:
            self._forget(key)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self.size_bytes = 0

    def _forget(self, key: Hashable) -> None:
        found = self._values.pop(key, None)
        if found is not None:
            self.size_bytes -= found[1]
