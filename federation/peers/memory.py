"""What one process knows of its peers and would only forget at a restart: keys, fetches under way, when it last asked.

Nothing here must survive, nothing is shared between processes, and everything is bounded. `PeerDirectory.memory` is
the one place that holds it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from federation.expiring import Expiring
from federation.flights import Flights
from federation.together import Together
from federation.trust.key_cache import KeyCache, KnownKey
from models.accounts import Account
from policy.limits import (
    ALL_KNOCKS_AN_HOUR,
    DIGEST_REQUESTS_AN_HOUR,
    KNOCKS_AN_HOUR,
    MEMBERS_ASKED_AN_HOUR,
    TOKENS_AN_HOUR,
)
from policy.rates import RateLimiter

FETCHES_AT_ONCE: Final = 16
FETCHES_AT_ONCE_PER_HOST: Final = 4
WAITING_PER_HOST: Final = 64


class TooBusy(Exception):
    """So many fetches from this host are waiting that one more would only make it worse."""


class FetchSlots:
    """Places for fetches that strangers cause: few at once, and never all of them for one slow host (S30)."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(FETCHES_AT_ONCE)
        self._hosts: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def take(self, host: str) -> AsyncIterator[None]:
        """Wait for a place for `host`. Raises TooBusy when too many are waiting for one already."""
        users = self._users.get(host, 0)
        if users >= FETCHES_AT_ONCE_PER_HOST + WAITING_PER_HOST:
            raise TooBusy(host)
        self._users[host] = users + 1
        own = self._hosts.setdefault(host, asyncio.Semaphore(FETCHES_AT_ONCE_PER_HOST))
        try:
            async with own, self._all:
                yield
        finally:
            self._users[host] -= 1
            if not self._users[host]:
                del self._users[host], self._hosts[host]


class Knocks:
    """How often strangers may propose to become peers: each host a little, all of them together bounded."""

    def __init__(self) -> None:
        self._each = RateLimiter(per_second=KNOCKS_AN_HOUR / 3600, burst=KNOCKS_AN_HOUR)
        self._all = RateLimiter(per_second=ALL_KNOCKS_AN_HOUR / 3600, burst=ALL_KNOCKS_AN_HOUR)

    def check(self, host: str, now: datetime) -> float | None:
        """Take one from the share of the host: None when it may knock, else the seconds until it may."""
        wait = self._each.check(host, now)
        return wait if wait is not None else self._all.check("", now)


class PeerMemory:
    """The memory of one process; `arrivals` are fetched actors on their way into the database."""

    def __init__(self) -> None:
        self.arrivals: Together[Any, Any] = Together()
        self.keys = KeyCache()
        self.slots = FetchSlots()
        self.actor_flights: Flights[str, Account] = Flights()
        self.key_flights: Flights[str, KnownKey | None] = Flights()
        self.knocks = Knocks()
        self.digest_requests = RateLimiter(per_second=DIGEST_REQUESTS_AN_HOUR / 3600, burst=DIGEST_REQUESTS_AN_HOUR)
        self.token_requests = RateLimiter(per_second=TOKENS_AN_HOUR / 3600, burst=TOKENS_AN_HOUR)
        self.member_questions = RateLimiter(per_second=MEMBERS_ASKED_AN_HOUR / 3600, burst=MEMBERS_ASKED_AN_HOUR)
        # Of communities elsewhere: the token that we hold (empty: there is none for us), and who belongs to one.
        self.tokens: Expiring[str, str] = Expiring(max_entries=1_000)
        self.token_flights: Flights[str, str] = Flights()
        self.members: Expiring[tuple[str, str], bool] = Expiring(max_entries=10_000)
        self.member_flights: Flights[tuple[str, str], bool] = Flights()
        self.synchronised: Expiring[str, bool] = Expiring(max_entries=10_000)

    async def close(self) -> None:
        """Break off the fetches under way; call it before the client is closed."""
        await self.actor_flights.close()
        await self.key_flights.close()
        await self.arrivals.close()
        await self.token_flights.close()
        await self.member_flights.close()
