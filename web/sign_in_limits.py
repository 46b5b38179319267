"""How often one may try to sign in: from one address, and as one person; in memory and bounded.

An address gets 60 attempts at once (an office shares one) and ten a minute after, a name ten and three a minute after,
whether anybody has that name or not.
"""

from datetime import datetime
from ipaddress import IPv6Address, ip_address

from policy.rates import RateLimiter

ATTEMPTS_OF_ADDRESS = 60
ATTEMPTS_OF_NAME = 10


class SignInLimits:
    """The two counters of one office."""

    def __init__(self, *, is_on: bool) -> None:
        self._addresses = RateLimiter(is_on=is_on, per_second=10 / 60, burst=ATTEMPTS_OF_ADDRESS)
        self._names = RateLimiter(is_on=is_on, per_second=3 / 60, burst=ATTEMPTS_OF_NAME)

    def seconds_to_wait(self, address: str | None, name: str, now: datetime) -> float | None:
        """Count an attempt; None when it may go on, else when the next one may."""
        wait = self._addresses.check(_network_of(address), now)
        return wait if wait is not None else self._names.check(name.casefold()[:300], now)


def _network_of(address: str | None) -> str:
    """The address or, with IPv6, the network that one subscriber has (/64)."""
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
