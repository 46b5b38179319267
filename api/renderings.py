"""JSON that was made before: statuses and accounts as everybody sees them, until they change.

Most of a timeline is the same for every reader and from one minute to the next, so it is kept as bytes and joined. What
is kept carries the *stamp* of its row, the columns that change when it does: who asks with another stamp gets nothing.
So nobody has to be told of a change, in this process or another. Bounded by number; the least recently used goes first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

STATUSES_KEPT: Final = 4_000
ACCOUNTS_KEPT: Final = 2_000
Rendering = TypeVar("Rendering")


class Renderings(Generic[Rendering]):
    """What was rendered, by id, each with its stamp."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, tuple[Hashable, Rendering]] = OrderedDict()

    def get(self, number: int, stamp: Hashable) -> Rendering | None:
        """What was made of this row as it is now; None when it has changed, or isn't here."""
        found = self._kept.get(number)
        if found is None or found[0] != stamp:
            return None
        self._kept.move_to_end(number)
        return found[1]

    def put(self, number: int, stamp: Hashable, data: Rendering) -> None:
        """Keep what was just made."""
        self._kept[number] = (stamp, data)
        self._kept.move_to_end(number)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
