"""JSON that was made before: statuses and accounts as everybody sees them, until they change.

Most of a timeline is the same for every reader and from one minute to the next, so it is kept as bytes and joined. What
is kept carries the *stamp* of its row, the columns that change when it does: who asks with another stamp gets nothing.
So nobody has to be told of a change, in this process or another. Bounded in bytes; the least recently used goes first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

STATUSES_BYTES: Final = 4 * 1_048_576
ACCOUNTS_BYTES: Final = 2 * 1_048_576
ENTRY_BYTES: Final = 800
"""What an entry costs beside its bytes, roughly: most of it is the stamp."""
Parts = tuple[bytes, ...]


class Renderings:
    """What was rendered, by id: one piece of JSON or several, with the stamp."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, tuple[Hashable, Parts]] = OrderedDict()
        self.size_bytes = 0

    def get(self, number: int, stamp: Hashable) -> Parts | None:
        """What was made of this row as it is now; None when it has changed, or isn't here."""
        found = self._kept.get(number)
        if found is None or found[0] != stamp:
            return None
        self._kept.move_to_end(number)
        return found[1]

    def put(self, number: int, stamp: Hashable, *parts: bytes) -> None:
        """Keep what was just made."""
        self._forget(number)
        self._kept[number] = (stamp, parts)
        self.size_bytes += _size(parts)
        while self.size_bytes > self._most_bytes:
            self._forget(next(iter(self._kept)))

    def _forget(self, number: int) -> None:
        found = self._kept.pop(number, None)
        if found is not None:
            self.size_bytes -= _size(found[1])


def _size(parts: Parts) -> int:
    return ENTRY_BYTES + sum(map(len, parts))
