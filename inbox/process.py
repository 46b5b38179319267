"""Working off the journal: claim a batch, fetch what is missing, apply everything in one transaction.

* A claim is a lease: what a worker that died had in its hands is taken over (`jobs.takeover`), or due again when the
  lease runs out. On SQLite, which has one worker, it is due as soon as the next one starts. Of several workers none
  overtakes another with what depends on order (`inbox.turns`).
* What an activity refers to is loaded for the whole batch with a few queries. What isn't here is fetched, under a
  budget and outside any transaction; an activity that waits for a slow server doesn't hold up the others.
* Batches are large, because what one costs at least is shared by all in it; between some of them others get a turn.
* The batch is applied in the order of arrival in one transaction, without savepoints. When one of it raises, the
  batch rolls back and each activity gets a transaction of its own, so that a poisonous one fails alone. Who stores
  what somebody else stores at the same moment hasn't failed: it is applied again, at once (`models.collisions`).
* What a community announces is applied in the order in which it came, after what else came with it: fetching goes on
  side by side, but an act of a moderator mustn't overtake the post that it is about.
* Effects, outgoing answers and the mark "done" commit together. A failure is tried again with growing pauses, then
  kept as a dead letter (`failed`) and no longer in anybody's way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import structlog
from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from federation.activity import Activity, parse_activity
from federation.json_ld import DocumentRefused
from federation.services import Services
from inbox.apply import apply_all, apply_one
from inbox.incoming import Incoming, MissingReference
from inbox.interpret import interpret
from inbox.journal import Journal
from inbox.prepare import prepare
from inbox.turns import BATCH, IN_ORDER_SECONDS, Claimed, claim_in_turn
from jobs.leases import begin_anew, is_queued
from models.activities import InboundActivity
from models.bulk import Bulk
from models.collisions import repeat_on_collision
from models.questions import Question, among
from models.signals import INBOUND
from models.values import dataclass
from policy.limits import INBOUND_ATTEMPTS

log = structlog.get_logger(__name__)

LEASE_SECONDS = 300
# While there is work, batches gather this long: what a batch costs at least is shared by all that are in it. When
# nothing has come for a while, there is nothing to wait for; nor when a batch is nearly full, since the few for whom
# there is no room would be a batch of their own.
GATHER_SECONDS = 0.2
ENOUGH = BATCH * 9 // 10
QUIET_SECONDS = 0.04
SLOW_AT_ONCE = 64
CRASHES_ALLOWED = 4 * INBOUND_ATTEMPTS
POLL_SECONDS = 5.0
HELD_UP_SECONDS = 0.2


Turn = Callable[[], Awaitable[None]]
# Made once: building a statement costs more than SQLite needs for running it. `is_queued` is spelled as a literal,
# because with a parameter the partial index isn't used and every claim walks through the whole journal.
_JOURNAL = cast(Table, InboundActivity.__table__)
_DUE = (
    select(_JOURNAL.c.id)
    .where(
        is_queued(_JOURNAL),
        _JOURNAL.c.due_at <= bindparam("now"),
        or_(_JOURNAL.c.lease_until.is_(None), _JOURNAL.c.lease_until < bindparam("now")),
    )
    .order_by(_JOURNAL.c.due_at, _JOURNAL.c.id)
)
_ANY_DUE = Question(_DUE.limit(1))
_CLAIM = Question(
    update(_JOURNAL)
    .where(_JOURNAL.c.id.in_(_DUE.limit(BATCH)))
    .values(lease_until=bindparam("until"), attempts=_JOURNAL.c.attempts + 1)
    .returning(*(_JOURNAL.c[name] for name in Claimed._fields))
)
# Bytes are asked for apart: mostly this process has parsed them already, and a claim that carries them costs twice.
_BODIES = Question(select(_JOURNAL.c.id, _JOURNAL.c.body).where(among(_JOURNAL.c.id, "ids")))
_DONE = Bulk(
    update(_JOURNAL)
    .where(among(_JOURNAL.c.id, "ids"))
    .values(state=bindparam("as"), outcome=bindparam("how"), finished_at=bindparam("at"), lease_until=None),
    ("ids", "as", "how", "at"),
)


@dataclass(slots=True)
class Work:
    """A claimed row and what it says."""

    row_id: int
    attempts: int
    incoming: Incoming


class InboxWorker:
    """Applies inbound activities. Several may run on one PostgreSQL; on SQLite one is enough."""

    def __init__(self, services: Services, journal: Journal) -> None:
        self._services = services
        self._database = services.database
        self._journal = journal
        self._slow: set[asyncio.Task[None]] = set()
        self._last_of: dict[str, asyncio.Task[None]] = {}
        self._expects_work = False
        self._enough = 0  # when so many are stored, the next batch is large

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way is finished."""
        signals = self._database.signals
        await self._take_over()
        while not stop.is_set():
            found = await self._step()
            if not found:
                self._expects_work = await signals.wait(INBOUND, await self._seconds_to_wait())
            elif found < BATCH:
                await self._gather()
        if self._slow:
            await asyncio.wait(self._slow, timeout=10)

    async def _gather(self) -> None:
        """Let a batch become large, while more comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                more = True
                while more and self._journal.stored < self._enough:
                    more = await self._database.signals.wait(INBOUND, QUIET_SECONDS)

    async def _take_over(self) -> None:
        """Make due what a worker that was killed, or failed, had in its hands."""
        if self._slow:
            await asyncio.wait(self._slow)
        await begin_anew(self._database, _JOURNAL)

    async def _seconds_to_wait(self) -> float:
        """Until somebody looks by himself: what is due and can't be claimed waits for a turn (`inbox.turns`)."""
        if self._database.is_sqlite or not await self._is_any_due(self._services.clock()):
            return POLL_SECONDS
        return HELD_UP_SECONDS

    async def run_once(self) -> int:
        """Apply everything that is due now, slow ones included; returns how many rows were worked on."""
        total = 0
        while count := await self._step():
            total += count
            if self._slow:
                await asyncio.wait(self._slow)
        return total

    async def _step(self) -> int:
        if len(self._slow) >= SLOW_AT_ONCE:
            await asyncio.wait(self._slow, return_when=asyncio.FIRST_COMPLETED)
        claimed = await self._claim()
        if not claimed:
            return 0
        said = await self._said(claimed)
        work = [made for row in claimed if row.id in said and (made := await self._interpret(row, said[row.id]))]
        at_hand = asyncio.Event()
        ready, slow = await self._prepare(work, at_hand)
        for task in slow:
            self._slow.add(task)
            task.add_done_callback(self._slow.discard)
        try:
            if ready:
                await self._apply(ready)
        finally:
            at_hand.set()
        return len(claimed)

    async def _claim(self) -> list[Claimed]:
        """Take the oldest due rows for LEASE_SECONDS."""
        now = self._services.clock()
        # A look without the write lock: the common answer is "nothing". Where it costs a journey to the server, it is
        # left out when something was there a moment ago; on SQLite it costs a twentieth of a transaction.
        is_likely = self._expects_work and not self._database.is_sqlite
        if not is_likely and not await self._is_any_due(now):
            self._expects_work = False
            return []
        async with self._database.unit_of_work(is_repeatable=True) as unit:
            if self._database.is_sqlite:
                lease_until = now + timedelta(seconds=LEASE_SECONDS)
                found = await unit.session.ask(_CLAIM, {"now": now, "until": lease_until})
                claimed = [Claimed(*row) for row in found]
            else:
                me = self._database.process_id
                claimed = await claim_in_turn(unit, now=now, lease_seconds=LEASE_SECONDS, me=me)
        self._expects_work = bool(claimed)
        self._enough = self._journal.stored + ENOUGH
        return sorted(claimed)

    async def _is_any_due(self, now: datetime) -> bool:
        async with self._database.glancing() as glance:
            return bool(await glance.ask(_ANY_DUE, {"now": now}))

    async def _said(self, claimed: Sequence[Claimed]) -> dict[int, Activity | bytes]:
        """What each row says: as it was parsed when it came to this process, or else its bytes."""
        said: dict[int, Activity | bytes] = {
            row.id: activity for row in claimed if (activity := self._journal.take_parsed(row.id)) is not None
        }
        others = [row.id for row in claimed if row.id not in said]
        if others:
            async with self._database.glancing() as glance:
                said.update((row_id, body) for row_id, body in await glance.ask(_BODIES, {"ids": others}))
        return said

    async def _interpret(self, row: Claimed, said: Activity | bytes) -> Work | None:
        if row.attempts > CRASHES_ALLOWED:
            # Failures end at INBOUND_ATTEMPTS: this one never came as far as failing. It ends its process each time.
            log.error("inbox.poisonous", row_id=row.id, attempts=row.attempts)
            await self._finish_one(row.id, "poisonous: whoever works on it dies", state="failed")
            return None
        try:
            activity = parse_activity(said) if isinstance(said, bytes) else said
            return Work(row.id, row.attempts, interpret(activity, row.inbox_id, self._services.clock()))
        except DocumentRefused as error:
            await self._finish_one(row.id, f"invalid: {error.detail}")
        except Exception as error:
            # Nothing that somebody sends may stop the worker: a bug shows in the log and costs one activity.
            log.exception("inbox.unreadable", row_id=row.id)
            await self._finish_one(row.id, f"{type(error).__name__}: {error}", state="failed")
        return None

    async def _prepare(self, work: list[Work], at_hand: asyncio.Event) -> tuple[list[Work], list[asyncio.Task[None]]]:
        """Split the batch into what has everything it needs and what still waits for other servers.

        `at_hand` is set when the first part has been applied.
        """
        try:
            missing = await prepare(self._services, [item.incoming for item in work])
        except Exception as error:
            if len(work) == 1:
                await self._fail(work[0], error)
                return [], []
            parts = [await self._prepare([item], at_hand) for item in work]
            return [item for ready, _ in parts for item in ready], [task for _, slow in parts for task in slow]
        ready = [item for item, lacks in zip(work, missing, strict=True) if lacks is None]
        slow = [
            self._start(item, lacks, at_hand) for item, lacks in zip(work, missing, strict=True) if lacks is not None
        ]
        return ready, slow

    def _start(self, item: Work, fetch: Any, at_hand: asyncio.Event) -> asyncio.Task[None]:
        if not item.incoming.inner:
            return asyncio.create_task(self._fetch_and_apply(item, fetch), name="inbound-fetch")
        group = item.incoming.activity.actor
        turn = partial(self._turn, at_hand, self._last_of.get(group))
        task = asyncio.create_task(self._fetch_and_apply(item, fetch, turn), name="inbound-fetch")
        self._last_of[group] = task
        task.add_done_callback(lambda ended: self._last_of.get(group) is ended and self._last_of.pop(group))
        return task

    async def _turn(self, at_hand: asyncio.Event, before: asyncio.Task[None] | None) -> None:
        """Wait for what came before an announcement of a community."""
        await at_hand.wait()
        if before is not None:
            await asyncio.wait([before], timeout=IN_ORDER_SECONDS)

    async def _fetch_and_apply(self, item: Work, fetch: Any, turn: Turn | None = None) -> None:
        try:
            await fetch()
        except Exception as error:
            await self._fail(item, error)
        else:
            if turn is not None:
                await turn()
            await self._apply_singly(item)

    async def _apply(self, work: list[Work]) -> None:
        if len(work) == 1:
            await self._apply_singly(work[0])
            return
        try:
            async with self._services.database.unit_of_work(is_repeatable=True) as unit:
                outcomes = await apply_all(self._services, unit, [item.incoming for item in work])
                await _mark_done(unit.session, unit.now, [
                    (item.row_id, outcome) for item, outcome in zip(work, outcomes, strict=True)
                ])  # fmt: skip
        except Exception as error:
            log.debug("inbox.batch_split", error=repr(error), size=len(work))
            for item in work:
                await self._apply_singly(item)

    async def _apply_singly(self, item: Work) -> None:
        try:
            await repeat_on_collision(lambda: self._apply_once(item))
        except Exception as error:
            await self._fail(item, error)

    async def _apply_once(self, item: Work) -> None:
        async with self._services.database.unit_of_work(is_repeatable=True) as unit:
            outcome = await apply_one(self._services, unit, item.incoming)
            await _mark_done(unit.session, unit.now, [(item.row_id, outcome)])

    async def _fail(self, item: Work, error: Exception) -> None:
        """Try again later, or give up; the reason stays with the row."""
        is_last = item.attempts >= INBOUND_ATTEMPTS
        expected = isinstance(error, (MissingReference, DBAPIError))
        log.log(
            20 if expected else 40,
            "inbox.failed",
            activity=item.incoming.activity.id,
            attempts=item.attempts,
            error=repr(error),
            exc_info=None if expected else error,
        )
        async with self._services.database.unit_of_work(is_repeatable=True) as unit:
            await unit.session.execute(
                update(InboundActivity)
                .where(InboundActivity.id == item.row_id)
                .values(
                    state="failed" if is_last else "queued",
                    outcome=f"{type(error).__name__}: {error}"[:500],
                    due_at=unit.now + timedelta(seconds=min(30 * 4 ** (item.attempts - 1), 21_600)),
                    lease_until=None,
                    finished_at=unit.now if is_last else None,
                )
                .execution_options(synchronize_session=False)
            )

    async def _finish_one(self, row_id: int, outcome: str, *, state: str = "done") -> None:
        async with self._services.database.unit_of_work(is_repeatable=True) as unit:
            await _mark_done(unit.session, unit.now, [(row_id, outcome)], state=state)


async def _mark_done(session: AsyncSession, now: datetime, rows: list[tuple[int, str]], *, state: str = "done") -> None:
    by_outcome: dict[str, list[int]] = {}
    for row_id, outcome in rows:
        by_outcome.setdefault(str(outcome)[:500], []).append(row_id)
    await _DONE.write(
        session, [{"ids": ids, "as": state, "how": how, "at": now} for how, ids in sorted(by_outcome.items())]
    )
