"""How often a client may ask: windows of some minutes by person, or by address for who has no token.

Counted in memory, bounded, for each process. Answers carry `X-RateLimit-Limit`, `-Remaining` and `-Reset`, as clients
read them; a request too many is answered 429 with `Retry-After`.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from api.errors import TooMany
from api.times import timestamp
from models.values import dataclass

REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Window:
    """At most `requests` in `seconds`."""

    requests: int
    seconds: int


# For one person; strangers share what an address gets.
WINDOWS: Final[Mapping[str, Window]] = MappingProxyType(
    {
        "person": Window(1500, 300),
        "address": Window(600, 300),
        "uploads": Window(60, 1800),
        "registrations": Window(60, 600),
        "deletions": Window(60, 1800),
        "posts": Window(300, 1800),
        "archives": Window(20, 1800),
        "communities": Window(20, 1800),
    }
)


class ApiLimits:
    """The windows of one server process."""

    def __init__(self, *, is_on: bool = True, windows: Mapping[str, Window] = WINDOWS) -> None:
        self.is_on = is_on
        self._windows = windows
        self._counts: OrderedDict[tuple[str, str, int], int] = OrderedDict()

    def take(self, kind: str, who: str, now: datetime) -> dict[str, str]:
        """Count a request; the headers for its answer. Raises TooMany."""
        if not self.is_on:
            return {}
        window = self._windows[kind]
        moment = now.timestamp()
        number = int(moment // window.seconds)
        key = (kind, who, number)
        used = self._counts.pop(key, 0) + 1
        self._counts[key] = used
        if len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        resets_at = (number + 1) * window.seconds
        headers = {
            "X-RateLimit-Limit": str(window.requests),
            "X-RateLimit-Remaining": str(max(0, window.requests - used)),
            "X-RateLimit-Reset": timestamp(datetime.fromtimestamp(resets_at, UTC)),
        }
        if used > window.requests:
            error = TooMany(resets_at - moment)
            error.headers.update(headers)
            raise error
        return headers
