"""Which hosts get to keep a connection open between requests.

A post to thousands of hosts would otherwise leave a thousand idle sockets behind, and a process has about a thousand
in all. The first hosts to ask keep theirs until they have been silent for as long as an idle connection lives; while
all places are taken, connections to other hosts are closed after each response. Nothing can fail here.
"""

from collections import OrderedDict

KEEP_ALIVE_SECONDS = 15.0
KEPT_HOSTS = 256


class KeptHosts:
    """A bounded set of domains that forgets by itself. Times are the event loop's."""

    def __init__(self, limit: int = KEPT_HOSTS, seconds: float = KEEP_ALIVE_SECONDS) -> None:
        self._limit = limit
        self._seconds = seconds
        self._until: OrderedDict[str, float] = OrderedDict()

    def may_keep(self, domain: str, now: float) -> bool:
        """Whether a connection to `domain` that has just answered may stay open."""
        self._forget_silent(now)
        if domain not in self._until and len(self._until) >= self._limit:
            return False
        self._until[domain] = now + self._seconds
        self._until.move_to_end(domain)
        return True

    def _forget_silent(self, now: float) -> None:
        while self._until:
            oldest, until = next(iter(self._until.items()))
            if until > now:
                return
            del self._until[oldest]
