"""A memory of signatures already seen, bounded in time and size.

Promises that a token is new at most once while it is remembered. It forgets a token when its signature could not be
accepted any more, and, when it is full, the one that would be forgotten next; so it is the first line against replays,
and idempotent processing the last. It is for requests that change something: two equal GETs within one second carry
equal signatures and are no attack.
"""

import heapq
from datetime import datetime


class ReplayCache:
    """Tokens of accepted signatures until they go stale. Not shared between processes."""

    def __init__(self, *, max_entries: int = 100_000) -> None:
        """Remember at most `max_entries` tokens, some 200 bytes each."""
        self._max_entries = max_entries
        self._tokens: set[bytes] = set()
        self._by_end: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self._tokens)

    def check_and_add(self, token: bytes, valid_until: datetime, now: datetime) -> bool:
        """Whether `token` is new and still counts; remembers it if so."""
        self._forget_stale(now.timestamp())
        if token in self._tokens or valid_until < now:
            return False
        while len(self._by_end) >= self._max_entries:
            self._forget_next()
        self._tokens.add(token)
        heapq.heappush(self._by_end, (valid_until.timestamp(), token))
        return True

    def _forget_stale(self, now: float) -> None:
        while self._by_end and self._by_end[0][0] < now:
            self._forget_next()

    def _forget_next(self) -> None:
        self._tokens.discard(heapq.heappop(self._by_end)[1])
