"""A mapping that forgets: bounded in size and time, for what strangers make us remember."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Expiring(Generic[Key, Value]):
    """Values by key, each until its time; when it is full, what was not used for longest goes first."""

    def __init__(self, *, max_entries: int) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[Key, tuple[Value, datetime]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key, now: datetime) -> Value | None:
        """The value, or None when there is none any more."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= now:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Key, value: Value, now: datetime, lifetime: timedelta) -> None:
        """Remember a value."""
        self._entries[key] = (value, now + lifetime)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    def add(self, key: Key, value: Value, now: datetime, lifetime: timedelta) -> bool:
        """Remember a value unless there is one already; whether it was new."""
        if self.get(key, now) is not None:
            return False
        self.put(key, value, now, lifetime)
        return True

    def forget(self, key: Key) -> None:
        """Forget one key."""
        self._entries.pop(key, None)

    def forget_expired(self, now: datetime) -> None:
        """Free what nobody gets any more; looks at every one."""
        for key in [key for key, (_, until) in self._entries.items() if until <= now]:
            del self._entries[key]

    def forget_where(self, condition: Callable[[Value], bool]) -> None:
        """Forget all values of which `condition` is true; looks at every one."""
        for key in [key for key, (value, _) in self._entries.items() if condition(value)]:
            del self._entries[key]
