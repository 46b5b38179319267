"""What happens with each peer, counted: refusals by reason, deliveries by result and duration, and its clock.

Counting is an addition in memory. Every half minute at most what was added is written: one row for each peer, day and
name, so that the figures of several processes add up, and a flood costs no more writes than silence. Only peers that an
administrator knows are counted by name; whatever strangers do is summed under `OTHERS`, and names are bounded.

On failure: what couldn't be written is tried again with what follows; a killed process loses half a minute.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, delete, update
from sqlalchemy.exc import SQLAlchemyError

from federation.peers.flushing import Flusher
from models import Database, UnitOfWork
from models.activities import RemoteHost
from models.insertion import insert_of
from models.peers import PeerCount

OTHERS: Final = "*"
"""The name under which everybody is summed who is no known peer."""
ACCEPTED, REFUSED, DELIVERY, TOOK = "accepted", "refused:", "delivery:", "took:"
BOUNDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0)
"""Upper ends, in seconds, of the classes that durations are counted in; one more class is without an end."""
FLUSH_SECONDS: Final = 30.0
CLOCK_EVERY: Final = timedelta(minutes=1)
MAX_NAMES: Final = 200
DAYS_KEPT: Final = 30
OTHER_NAME: Final = "other"

_HOSTS = cast(Table, RemoteHost.__table__)
_COUNTS = cast(Table, PeerCount.__table__)


class PeerMeter:
    """The counters of one process; `totals` are since its start, by (host, name)."""

    def __init__(self, database: Database, is_known: Callable[[str], bool]) -> None:
        self.totals: Counter[tuple[str, str]] = Counter()
        self._database = database
        self._is_known = is_known
        self._unwritten: Counter[tuple[str, str]] = Counter()
        self._names: set[str] = set()
        self._clocks: dict[str, tuple[float, datetime]] = {}
        self._unwritten_clocks: set[str] = set()
        self._flusher = Flusher(self._write, what="figures of peers", usual_seconds=FLUSH_SECONDS)

    def accepted(self, host: str) -> None:
        """An activity of the host was taken."""
        self._count(host, ACCEPTED)

    def refused(self, host: str | None, reason: str) -> None:
        """One was refused; `host` is who the request said to be from, which anybody may write."""
        self._count(host, REFUSED + reason)

    def delivered(self, host: str, verdict: str, seconds: float | None = None) -> None:
        """What came of a delivery, and for one that arrived how long after it was queued."""
        self._count(host, DELIVERY + verdict)
        if seconds is not None:
            self._count(host, f"{TOOK}{next((bound for bound in BOUNDS if seconds <= bound), 'more')}")

    def saw_clock(self, host: str, date: str | None) -> None:
        """The `Date` of an answer of the host; looked at once a minute."""
        now, before = self._database.clock(), self._clocks.get(host)
        if date is None or (before is not None and now - before[1] < CLOCK_EVERY) or not self._is_known(host):
            return
        try:
            theirs = parsedate_to_datetime(date)
            ahead = (theirs - now).total_seconds()
        except (ValueError, TypeError):
            return
        self._clocks[host] = (ahead, now)
        self._unwritten_clocks.add(host)
        self._flusher.soon()

    def _count(self, host: str | None, name: str) -> None:
        known = host if host is not None and self._is_known(host) else OTHERS
        if name not in self._names:
            if len(self._names) >= MAX_NAMES:
                name = name.partition(":")[0] + ":" + OTHER_NAME
            else:
                self._names.add(name)
        self.totals[known, name] += 1
        self._unwritten[known, name] += 1
        self._flusher.soon()

    async def flush(self) -> None:
        """Write at once what was counted; also for the end of the process."""
        await self._flusher.flush()

    async def _write(self) -> None:
        counts, self._unwritten = self._unwritten, Counter()
        clocks, self._unwritten_clocks = self._unwritten_clocks, set()
        if not counts and not clocks:
            return
        try:
            async with self._database.unit_of_work() as unit:
                if counts:
                    day = unit.now.date().isoformat()
                    rows = [{"host": host, "day": day, "name": name, "count": count}
                            for (host, name), count in sorted(counts.items())]  # fmt: skip
                    await unit.session.execute(_adding(self._database.is_sqlite), rows)
                if clocks:
                    await unit.session.execute(_SET_CLOCK, [
                        {"of_host": host, "ahead": self._clocks[host][0], "at": self._clocks[host][1]}
                        for host in sorted(clocks)
                    ])  # fmt: skip
        except (SQLAlchemyError, OSError):
            self._unwritten.update(counts)
            self._unwritten_clocks |= clocks
            raise


def _adding(is_sqlite: bool) -> Any:
    insert = insert_of(is_sqlite)(_COUNTS)
    return insert.on_conflict_do_update(
        index_elements=["host", "day", "name"], set_={"count": _COUNTS.c.count + insert.excluded["count"]}
    )


_SET_CLOCK: Final = (
    update(_HOSTS)
    .where(_HOSTS.c.host == bindparam("of_host"))
    .values(clock_ahead_seconds=bindparam("ahead"), clock_seen_at=bindparam("at"))
)


async def forget_old_counts(unit: UnitOfWork) -> None:
    """Delete what was counted more than `DAYS_KEPT` days ago."""
    before = (unit.now - timedelta(days=DAYS_KEPT)).date().isoformat()
    await unit.session.execute(delete(_COUNTS).where(_COUNTS.c.day < before))


def classes_of(counts: Mapping[str, int]) -> list[tuple[float | None, int]]:
    """How many durations fell into each class: pairs of its upper end (None: without) and their number."""
    return [(bound, counts.get(f"{TOOK}{bound}", 0)) for bound in BOUNDS] + [(None, counts.get(f"{TOOK}more", 0))]


def percentile(counts: Mapping[str, int], share: float) -> float | None:
    """The duration that `share` of all don't exceed, as exact as the classes are; None without any."""
    classes = [
        (0.0, 0),
        *((bound if bound is not None else BOUNDS[-1], number) for bound, number in classes_of(counts)),
    ]
    wanted = share * sum(number for _, number in classes)
    if not wanted:
        return None
    passed = 0
    for (start, _), (end, number) in pairwise(classes):
        if number and passed + number >= wanted:
            return round(start + (end - start) * (wanted - passed) / number, 3)
        passed += number
    return BOUNDS[-1]
