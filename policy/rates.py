"""How often a peer may speak: one token bucket a host, so that a flood from one costs the others nothing.

State is in memory and bounded; a host that is forgotten starts with a full bucket, which is the harmless direction.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime

REQUESTS_PER_SECOND = 300.0
BURST = 3000.0
HOSTS_REMEMBERED = 10_000


class RateLimiter:
    """Token buckets by host. `is_on=False` lets everything through (a setting for test beds and benchmarks)."""

    def __init__(self, *, is_on: bool = True, per_second: float = REQUESTS_PER_SECOND, burst: float = BURST) -> None:
        self.is_on = is_on
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, host: str, now: datetime) -> float | None:
        """Take a token: None when the request may go on, else the seconds until the next one (for `Retry-After`)."""
        if not self.is_on:
            return None
        moment = now.timestamp()
        tokens = self._tokens(host, moment)
        self._buckets.pop(host, None)
        wait = None if tokens > 0.999 else (1 - tokens) / self._per_second
        self._buckets[host] = (tokens - 1 if wait is None else tokens, moment)
        if len(self._buckets) > HOSTS_REMEMBERED:
            self._buckets.popitem(last=False)
        return wait

    def wait(self, host: str, now: datetime) -> float | None:
        """The same without taking anything: for who only *says* that it is this host."""
        tokens = self._tokens(host, now.timestamp()) if self.is_on else self._burst
        return None if tokens > 0.999 else (1 - tokens) / self._per_second

    def _tokens(self, host: str, moment: float) -> float:
        tokens, before = self._buckets.get(host, (self._burst, moment))
        return min(self._burst, tokens + max(0.0, moment - before) * self._per_second)


class MinuteRates:
    """Token buckets for the few hosts that have a rate of their own: so many a minute, a minute's worth at once."""

    def __init__(self) -> None:
        self._rates: dict[str, int] = {}
        self._buckets: dict[str, RateLimiter] = {}

    def use(self, rates: Mapping[str, int]) -> None:
        """The rates from now on; a host whose rate is as before goes on with the bucket that it has."""
        self._buckets = {
            host: self._buckets[host]
            if self._rates.get(host) == rate
            else RateLimiter(per_second=rate / 60, burst=float(rate))
            for host, rate in rates.items()
        }
        self._rates = dict(rates)

    def check(self, host: str, now: datetime) -> float | None:
        """As `RateLimiter.check`; a host without a rate may always go on."""
        bucket = self._buckets.get(host)
        return None if bucket is None else bucket.check(host, now)

    def wait(self, host: str, now: datetime) -> float | None:
        """As `RateLimiter.wait`."""
        bucket = self._buckets.get(host)
        return None if bucket is None else bucket.wait(host, now)
