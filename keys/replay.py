"""A memory of signatures already seen, bounded in time and size.

Promises that a token is new at most once while it is remembered. It forgets a token when its signature could not be
accepted any more, and, when it is full, the one that would be forgotten next; so it is the first line against replays,
and idempotent processing the last. It is for requests that change something: two equal GETs within one second carry
equal signatures and are no attack.
"""

import heapq
import math
from datetime import datetime


class ReplayCache:
    """Tokens of accepted signatures until they go stale. Not shared between processes."""

    def __init__(self, *, max_entries: int = 100_000) -> None:
        """Remember at most `max_entries` tokens, some 120 bytes each where many end in one second."""
        self._max_entries = max_entries
        self._tokens: dict[bytes, None] = {}  # a set of some thousands has three places for each
        self._by_end: dict[int, list[bytes]] = {}  # by the second in which they end: signatures know no less
        self._ends: list[int] = []  # a heap

    def __len__(self) -> int:
        return len(self._tokens)

    def check_and_add(self, token: bytes, valid_until: datetime, now: datetime) -> bool:
        """Whether `token` is new and still counts; remembers it if so."""
        self._forget_stale(now.timestamp())
        if token in self._tokens or valid_until < now:
            return False
        while len(self._tokens) >= self._max_entries:
            self._forget_next()
        self._tokens[token] = None
        end = math.ceil(valid_until.timestamp())
        if end not in self._by_end:
            self._by_end[end] = []
            heapq.heappush(self._ends, end)
        self._by_end[end].append(token)
        return True

    def _forget_stale(self, now: float) -> None:
        while self._ends and self._ends[0] < now:
            for token in self._by_end.pop(heapq.heappop(self._ends)):
                del self._tokens[token]

    def _forget_next(self) -> None:
        end = self._ends[0]
        del self._tokens[self._by_end[end].pop()]
        if not self._by_end[end]:
            del self._by_end[end]
            heapq.heappop(self._ends)
