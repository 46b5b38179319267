"""Claimed deliveries waiting for their turn, one lane a host.

Hosts take turns; no host has more in flight than its limit allows, and hosts whose last request failed share half of
the places among them, so that ten thousand dead hosts can't stop the living from hearing. Pure bookkeeping: no clock,
no network, nothing that waits.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable

from outbox.work import Work


class Lanes:
    """`limit(host)` tells how many may be in flight to a host now; `is_suspect(host)` whether it failed last."""

    def __init__(self, places: int, *, limit: Callable[[str], int], is_suspect: Callable[[str], bool]) -> None:
        self._places = places
        self._places_for_suspects = max(1, places // 2)
        self._limit = limit
        self._is_suspect = is_suspect
        self._lanes: dict[str, deque[Work]] = {}
        self._turns: deque[str] = deque()
        self._flying: dict[int, bool] = {}  # id -> whether its host was suspect when it left
        self._flying_to: Counter[str] = Counter()
        self._flying_suspects = 0
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many are claimed and not under way."""
        return self._waiting

    @property
    def in_flight(self) -> int:
        return len(self._flying)

    def crowded(self, limit: int) -> list[str]:
        """Hosts that have at least `limit` waiting: no more should be claimed for them."""
        return [host for host, lane in self._lanes.items() if len(lane) >= limit]

    def waiting_retries(self) -> int:
        """How many of the waiting have been tried before."""
        return sum(work.attempts > 0 for lane in self._lanes.values() for work in lane)

    def add(self, works: Iterable[Work]) -> None:
        for work in works:
            lane = self._lanes.get(work.host)
            if lane is None:
                lane = self._lanes[work.host] = deque()
                self._turns.append(work.host)
            lane.append(work)
            self._waiting += 1

    def take(self) -> Work | None:
        """The next delivery that may start, or None. Whoever takes it calls `landed` in the end."""
        if len(self._flying) >= self._places:
            return None
        for _ in range(len(self._turns)):
            host = self._turns[0]
            self._turns.rotate(-1)
            is_suspect = self._is_suspect(host)
            if is_suspect and self._flying_suspects >= self._places_for_suspects:
                continue
            if self._flying_to[host] < self._limit(host):
                return self._start(host, is_suspect)
        return None

    def _start(self, host: str, is_suspect: bool) -> Work:
        lane = self._lanes[host]
        work = lane.popleft()
        self._waiting -= 1
        if not lane:
            self._forget(host)
        self._flying[work.id] = is_suspect
        self._flying_to[host] += 1
        self._flying_suspects += is_suspect
        return work

    def landed(self, work: Work) -> None:
        """The delivery is over, whatever came of it."""
        self._flying_suspects -= self._flying.pop(work.id)
        self._flying_to[work.host] -= 1
        if not self._flying_to[work.host]:
            del self._flying_to[work.host]

    def drop(self, host: str) -> list[Work]:
        """Empty a host's lane and return what waited there."""
        lane = self._lanes.get(host)
        if lane is None:
            return []
        self._forget(host)
        self._waiting -= len(lane)
        return list(lane)

    def drop_all(self) -> list[Work]:
        """Empty all lanes."""
        return [work for host in list(self._lanes) for work in self.drop(host)]

    def _forget(self, host: str) -> None:
        del self._lanes[host]
        self._turns.remove(host)
