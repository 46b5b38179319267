"""What was made of the database and is kept for as long as nothing in it changes: mostly whole answers.

Owns its one rule: whatever is kept was made of one state of the database (`models.snapshots`), and as soon as the
database is in another, whoever wrote what, it is forgotten, or has to be proven: what says which questions it was made
of (`models.proofs`) is good for the new state too if they find the same there. So edits, blocks, filters, roles and the
writes of other processes need no word here. What changes by time alone (a mute that ends) is seen after `SECONDS` at
the latest, proven or not. Bounded in bytes, those of keys and proofs among them; the least recently used goes first.

A key says everything else that the value depends on: what is asked for, and by whom.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from models.proofs import Proof
from models.snapshots import Snapshots
from models.values import dataclass

SECONDS: Final = timedelta(seconds=20)
MOST_BYTES: Final = 4 * 1_048_576
ENTRY_BYTES: Final = 2_000
"""What an entry costs beside its bytes, roughly."""


class Moment(NamedTuple):
    """A state of the database, and when it was found: to be asked for before anything is read."""

    snapshot: Hashable
    at: datetime


class Witness(Protocol):
    """Asks the database whether what a proof says still holds."""

    async def confirms(self, proof: Proof) -> bool:
        """Whether it does, at a moment after this was called."""
        ...

    def confirms_at_once(self, proof: Proof) -> bool | None:
        """The same at this moment; None where that can't be told without waiting."""
        ...


@dataclass(slots=True)
class Entry:
    """A value that was made at `at`, and the state of the database that it is known to be good for."""

    at: datetime
    snapshot: Hashable
    value: Any
    size_bytes: int
    proof: Proof | None


class Kept:
    """Values by key, all of the present state of one database, or with a proof."""

    def __init__(
        self, snapshots: Snapshots, clock: Callable[[], datetime], witness: Witness, *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._witness = witness
        self._most_bytes = most_bytes
        self._snapshot: Hashable = None
        self._values: OrderedDict[Hashable, Entry] = OrderedDict()
        self._unproven: dict[Hashable, None] = {}
        self.size_bytes = 0

    async def find(self, key: Hashable) -> tuple[Moment, Any]:
        """The present moment, and what is kept under this key, or None: then make it and `put` it at this moment."""
        moment, value = self._find(key, await self._snapshots.now())
        entry = self._values.get(key) if value is None else None
        if entry is None or entry.proof is None:
            return moment, value
        if await self._witness.confirms(entry.proof):
            return moment, self._renewed(key, entry, moment)
        if self._values.get(key) is entry:
            self._forget(key)
        return moment, None

    def tell(self, key: Hashable, then: Callable[[Any], None]) -> None:
        """Call `then` with what is kept under this key, or None, as of a moment after this was called (SQLite: now)."""
        self._snapshots.tell(lambda snapshot: then(self._find(key, snapshot)[1]))

    def _find(self, key: Hashable, snapshot: Hashable) -> tuple[Moment, Any]:
        """What is kept and known to hold without waiting. What doesn't hold is forgotten."""
        moment = Moment(snapshot, self._clock())
        if snapshot != self._snapshot:
            for number in list(self._unproven):
                self._forget(number)
            self._snapshot = snapshot
        entry = self._values.get(key)
        if entry is None:
            return moment, None
        if not timedelta(0) <= moment.at - entry.at <= SECONDS:
            self._forget(key)
            return moment, None
        if entry.snapshot != snapshot:
            holds = None if entry.proof is None else self._witness.confirms_at_once(entry.proof)
            if holds is False:
                self._forget(key)
            if not holds:
                return moment, None
        return moment, self._renewed(key, entry, moment)

    def _renewed(self, key: Hashable, entry: Entry, moment: Moment) -> Any:
        """The value of an entry that is good for this moment too. It gets no younger by that."""
        entry.snapshot = moment.snapshot
        if self._values.get(key) is entry:
            self._values.move_to_end(key)
        return entry.value

    def has(self, key: Hashable) -> bool:
        """Whether something is kept under this key, of whichever state: whether it is worth while to look for it."""
        return key in self._values

    def put(self, key: Hashable, moment: Moment, value: Any, size_bytes: int, proof: Proof | None = None) -> None:
        """Keep what was made since `moment`; nothing that has no proof, when the database has changed meanwhile."""
        size_bytes += ENTRY_BYTES + (0 if proof is None else proof.size_bytes)
        if (proof is None and moment.snapshot != self._snapshot) or size_bytes > self._most_bytes // 8:
            return
        self._forget(key)
        self._values[key] = Entry(moment.at, moment.snapshot, value, size_bytes, proof)
        if proof is None:
            self._unproven[key] = None
        self.size_bytes += size_bytes
        while self.size_bytes > self._most_bytes:
            self._forget(next(iter(self._values)))

    def forget_expired(self) -> None:
        """Free what is too old for anybody; looks at every one."""
        now = self._clock()
        for key in [key for key, entry in self._values.items() if now - entry.at > SECONDS]:
            self._forget(key)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._unproven.clear()
        self.size_bytes = 0

    def _forget(self, key: Hashable) -> None:
        entry = self._values.pop(key, None)
        self._unproven.pop(key, None)
        if entry is not None:
            self.size_bytes -= entry.size_bytes
