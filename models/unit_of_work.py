"""One unit of work: everything that must happen together, or not at all.

An HTTP view or a worker step opens a unit at its edge; effects, the mark "done" and the outgoing deliveries commit
together. Within a unit:

* rows are found once: `accounts` and `statuses` remember by URI what was loaded, made, or found to be missing, `boosts`
  by booster and status, `blocks` by the pair of accounts, `follows` by follower and followee or by URI, `tag_ids` by
  name, `buried` who said of which URI that it is gone, so that a batch of activities preloads with one query for each
  and the common path asks nothing more;
* work that is cheaper for many than for one (feeds, counters, deliveries) is *deferred*: collected per function and
  run once before the commit, as one set-based statement;
* whoever sleeps until there is something to do is *signalled* after the commit, never before; whoever is looking right
  now is told of the *events* that were emitted, likewise.

A unit that raises rolls back, signals nobody and tells nothing. It never uses the network.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from models.accounts import Account
from models.addresses import LocalAddresses
from models.events import Event
from models.ids import IdGenerator
from models.new_rows import WritingSession
from models.relations import Follow
from models.statuses import Status

Deferred = Callable[["UnitOfWork", list[Any]], Awaitable[None]]


class UnitOfWork:
    """A transaction with its clock, its ids and what it has seen."""

    def __init__(self, session: WritingSession, *, now: datetime, ids: IdGenerator, addresses: LocalAddresses) -> None:
        self.session = session
        self.now = now
        self.addresses = addresses
        self.accounts: dict[str, Account | None] = {}
        self.statuses: dict[str, Status | None] = {}
        self.boosts: dict[tuple[int, int], Status | None] = {}
        self.blocks: dict[frozenset[int], bool] = {}
        self.follows: dict[tuple[int, int], Follow | None] = {}
        self.follow_uris: dict[str, Follow | None] = {}
        self.domain_blocks: dict[tuple[int, str], bool] = {}
        self.tag_ids: dict[str, int] = {}
        self.buried: set[tuple[str, str]] = set()
        self.signals: set[str] = set()
        self.events: dict[Event, None] = {}
        self.deleted: set[int] = set()  # ids of statuses: what was deferred for one of them is no longer wanted
        self.is_restoring = False  # what is done again was told when it happened: feeds have it, nobody is notified
        self.is_quiet = False  # what is stored is old: nobody is notified, no feed but the topics' followers' shows it
        self._ids = ids
        self._deferred: dict[Deferred, list[Any]] = {}
        self._last: dict[Deferred, list[Any]] = {}
        self._gathered: set[Deferred] = set()
        self._after_commit: list[Callable[[], None]] = []

    def new_id(self, at: datetime | None = None) -> int:
        """A new id, of now or of an earlier moment (never of a later one)."""
        return self._ids.at(self.now if at is None else min(at, self.now))

    def new_small_id(self) -> int:
        """A new id that is exact as a number of JavaScript."""
        return self._ids.small(self.now)

    def defer(self, work: Deferred, item: Any, *, is_last: bool = False, is_gathered: bool = False) -> None:
        """Have `work(unit, items)` run once before the commit, with this item among the others.

        `is_last`: after everything else, because it locks rows that other units want too. `is_gathered`: it asks by a
        `Question` and writes by a `Bulk`, so what it writes may be sent with what others write.
        """
        if is_gathered:
            self._gathered.add(work)
        (self._last if is_last else self._deferred).setdefault(work, []).append(item)

    def signal(self, name: str) -> None:
        """Wake whoever waits for `name` once this unit is committed."""
        self.signals.add(name)

    def emit(self, event: Event) -> None:
        """Tell who is looking right now, once this unit is committed (`models.events`); the same thing once."""
        self.events[event] = None

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run a quick, infallible action after the commit: forget a cached key, count a metric."""
        self._after_commit.append(action)

    async def settle(self) -> None:
        """Flush the session and run what was deferred, until nothing is left."""
        await self.finish()
        await self.session.send_gathered()

    async def finish(self) -> None:
        """The same, but for what was gathered last: it is still to be sent, with what ends the unit."""
        await self._flush()
        while self._deferred or self._last:
            if not self._deferred:
                await self.session.send_gathered()  # so that what locks rows comes in its order
                self._deferred, self._last = self._last, {}
            deferred, self._deferred = self._deferred, {}
            for work, items in deferred.items():
                await self._run(work, items)
            await self._flush()

    async def _run(self, work: Deferred, items: list[Any]) -> None:
        if work in self._gathered:
            async with self.session.gathering(several=True):
                await work(self, items)
        else:
            await self.session.send_gathered()
            await work(self, items)

    async def _flush(self) -> None:
        async with self.session.gathering():
            await self.session.flush()

    def committed(self) -> None:
        """Called by the database once the transaction is durable."""
        for action in self._after_commit:
            action()
