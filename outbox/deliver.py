"""The delivery worker: claims due deliveries, sends many at once, writes down what came of them in groups.

Two things go on at the same time: sends (one task each), which start the next one when they end, so that no place
stays empty; claims of more rows when few are waiting; and one transaction for all outcomes since the last one.

Promises: everything queued is sent in the order of its ids within one host and `ordering_key`, at least once, until the
peer answers or the time is over; at most `delivery_concurrency` requests are under way, few of them to one host; a host
that is in trouble or asked us to wait costs nothing while it is left alone.

On failure: a killed process leaves leases that somebody takes over (`jobs.takeover`; on SQLite, which has one worker,
they end when it starts again); the peer may then get an activity twice, and receiving is idempotent. An error of the
database ends `run`, whose supervisor starts it anew. `run_once` does all that is due right now and is what tests call.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from federation.services import Services
from jobs.circuit import CircuitState
from jobs.leases import begin_anew, is_queued, put_back
from jobs.waiting import wait_at_most, waking
from models import UnitOfWork
from models.questions import Question
from models.signals import DELIVERIES
from outbox.attempt import ExtraHeaders, attempt
from outbox.claim import DELIVERIES_TABLE, Claims
from outbox.lanes import Lanes
from outbox.outcome import BACKOFF, Verdict
from outbox.record import Patience, leave_alone, record
from outbox.work import Attempt, Work

LEASE_SECONDS = 60.0
# No send starts later than this before its lease ends: two knocks of ten seconds each have to fit.
LEASE_RESERVE = timedelta(seconds=25)
CLAIM_AT_ONCE = 256
CLAIM_PER_HOST = 32
IN_FLIGHT_PER_HOST = 4
GROUP_SIZE = 128
GROUP_SECONDS = 0.05
POLL_SECONDS = 5.0
MIN_POLL_SECONDS = 0.2

_FIRST_DUE = Question(
    select(DELIVERIES_TABLE.c.due_at).where(is_queued(DELIVERIES_TABLE)).order_by(DELIVERIES_TABLE.c.due_at).limit(1)
)
_log = structlog.get_logger(__name__)


class DeliveryWorker:
    """Delivers for one instance. `extra_headers` adds headers to a delivery; `jitter` gives numbers in 0…1."""

    def __init__(
        self,
        services: Services,
        *,
        extra_headers: ExtraHeaders | None = None,
        jitter: Callable[[], float] = random.random,
        in_flight_per_host: int = IN_FLIGHT_PER_HOST,
    ) -> None:
        self._services = services
        self._database = services.database
        self._hosts = services.hosts
        self._extra_headers = extra_headers
        self._jitter = jitter
        self._in_flight_per_host = in_flight_per_host
        self._claims = Claims(services, LEASE_SECONDS)
        self._paused: dict[str, datetime] = {}
        self._reset()

    def _reset(self) -> None:
        self._lanes = Lanes(
            self._services.settings.delivery_concurrency, limit=self._limit, is_suspect=self._hosts.is_suspect
        )
        self._ended: list[Attempt] = []
        self._attempts = 0
        self._some_ended = asyncio.Event()
        self._group_is_full = asyncio.Event()

    async def run_once(self) -> int:
        """Deliver until nothing is due; how many attempts that took."""
        self._reset()
        async with asyncio.TaskGroup() as sends:
            while await self._turn() or self._lanes.in_flight or self._ended:
                self._start(sends)
                if self._lanes.in_flight or self._ended:
                    await self._some_ended.wait()
                    await self._gather()
        return self._attempts

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then finish what is under way and give the rest back."""
        self._reset()
        await begin_anew(self._database, DELIVERIES_TABLE)
        async with waking(self._database.signals, DELIVERIES, stop, self._some_ended), asyncio.TaskGroup() as sends:
            while not stop.is_set():
                await self._step(sends)
            await self._give_back(self._lanes.drop_all())
            while self._lanes.in_flight or self._ended:
                await self._some_ended.wait()
                await self._gather()
                await self._turn(claims=False)

    async def _step(self, sends: asyncio.TaskGroup) -> None:
        """Write down what ended and claim more, start, sleep until something happens."""
        claimed = await self._turn()
        self._start(sends)
        if not self._ended and not is_cut_short(claimed):
            seconds = POLL_SECONDS if self._lanes.in_flight else await self._seconds_until_due()
            await wait_at_most(self._some_ended, seconds)
        if self._ended:
            await self._gather()

    async def _turn(self, *, claims: bool = True) -> list[Work]:
        """In one transaction: write down what ended, and claim more when few are waiting. What was claimed."""
        self._some_ended.clear()
        self._group_is_full.clear()
        places = self._services.settings.delivery_concurrency
        claims = claims and self._lanes.waiting < places
        if not claims and not self._ended:
            return []
        await self._services.peers.refreshed()
        ended, self._ended = self._ended, []
        works: list[Work] = []
        async with self._database.unit_of_work() as unit:
            if ended:
                await self._record(unit, ended)
            if claims:
                works = await self._claims.take(
                    unit,
                    limit=max(CLAIM_AT_ONCE, places),
                    per_host=CLAIM_PER_HOST,
                    busy_hosts=self._lanes.crowded(CLAIM_PER_HOST // 2),
                    with_retries=self._lanes.waiting_retries() < CLAIM_AT_ONCE // 2,
                )
        self._log_dead(ended)
        await self._sort_in(works)
        return works

    # Claiming

    async def _sort_in(self, works: list[Work]) -> None:
        """Give each claimed delivery a lane, unless its host is to be left alone."""
        hosts = {work.host for work in works}
        await self._hosts.know(hosts)
        now = self._services.clock()
        suspects = [host for host in hosts if self._hosts.is_open(host, now)]
        await self._hosts.know(suspects, refresh=True)  # another process may have heard from them
        held = self._held(hosts)
        if held:
            claimed = [work for work in works if work.host in held]
            async with self._database.unit_of_work() as unit:
                await leave_alone(unit, held, claimed, self._patience())
        self._lanes.add(work for work in works if work.host not in held)

    def _held(self, hosts: set[str]) -> dict[str, datetime]:
        """Those of the hosts that are to be left alone, and until when."""
        now = self._services.clock()
        self._paused = {host: until for host, until in self._paused.items() if until > now}
        held: dict[str, datetime] = {}
        for host in hosts:
            until = max((time for time in (self._paused.get(host), self._hosts.open_until(host)) if time), default=now)
            if until > now:
                held[host] = until
        return held

    def _limit(self, host: str) -> int:
        """How many requests may be under way to a host."""
        now = self._services.clock()
        if self._paused.get(host, now) > now:
            return 0
        match self._hosts.circuit_state(host, now):
            case CircuitState.OPEN:
                return 0
            case CircuitState.HALF_OPEN:
                return 1
        return self._in_flight_per_host

    # Sending

    def _start(self, sends: asyncio.TaskGroup) -> None:
        """Start as many sends as there are places."""
        late = self._services.clock() + LEASE_RESERVE
        while (work := self._lanes.take()) is not None:
            if work.lease_until <= late:
                self._lanes.landed(work)  # somebody will claim it again
                continue
            sends.create_task(self._send(work, sends))

    async def _send(self, work: Work, sends: asyncio.TaskGroup) -> None:
        ended = await attempt(self._services, work, self._extra_headers)
        self._note(ended)
        self._lanes.landed(work)
        self._ended.append(ended)
        self._attempts += 1
        self._start(sends)
        self._some_ended.set()
        if len(self._ended) >= GROUP_SIZE or not self._lanes.in_flight:
            self._group_is_full.set()

    def _note(self, ended: Attempt) -> None:
        """Remember what the attempt says about the host, before the next one starts."""
        host, outcome = ended.work.host, ended.outcome
        if outcome.is_host_trouble:
            self._hosts.note_failure(host, outcome.error or "")
        elif outcome.verdict is Verdict.DONE or self._is_sign_of_life(ended):
            self._hosts.note_success(host)
        if ended.learned is not None:
            self._hosts.note_scheme(host, ended.learned)
        now = self._services.clock()
        is_done = outcome.verdict is Verdict.DONE
        seconds_taken = (now - ended.work.created_at).total_seconds() if is_done else None
        self._services.peers.meter.delivered(host, outcome.verdict, seconds_taken)
        self._pace(host, now)
        if outcome.pauses_host:
            seconds = outcome.retry_after_seconds
            wait = BACKOFF.delay(ended.work.attempts + 1) if seconds is None else timedelta(seconds=seconds)
            self._paused[host] = max(self._paused.get(host, now), now + wait)

    def _pace(self, host: str, now: datetime) -> None:
        """Leave a peer alone for a moment that has used up its share of deliveries, where its policy gives it one."""
        rates = self._services.peers.outbound_rates
        seconds = rates.check(host, now) or rates.wait(host, now)
        if seconds is not None:
            self._paused[host] = max(self._paused.get(host, now), now + timedelta(seconds=seconds))

    def _is_sign_of_life(self, ended: Attempt) -> bool:
        """Whether a host that was in trouble answers again; whether it likes what we say is another matter."""
        outcome = ended.outcome
        is_answer = outcome.status is not None and outcome.verdict is not Verdict.GONE
        return is_answer and self._hosts.is_suspect(ended.work.host)

    # Recording

    async def _gather(self) -> None:
        """Wait for what ends within the next moment, so that it is written down with what has."""
        if self._lanes.in_flight:
            await wait_at_most(self._group_is_full, GROUP_SECONDS)

    async def _record(self, unit: UnitOfWork, ended: list[Attempt]) -> None:
        held = self._held({each.work.host for each in ended})
        unsent = [work for host in held for work in self._lanes.drop(host)]
        patience = self._patience()
        for host in await record(unit, ended, held, patience):
            self._hosts.note_failure(host, "the shared inbox is gone")
        await leave_alone(unit, held, unsent, patience)
        await self._hosts.save(unit)

    def _log_dead(self, ended: list[Attempt]) -> None:
        for each in ended:
            if each.outcome.verdict is Verdict.DEAD:
                _log.warning("a delivery was refused", inbox=each.work.inbox_url, activity=each.work.activity.uri,
                             error=each.outcome.error)  # fmt: skip

    async def _give_back(self, works: list[Work]) -> None:
        now = self._services.clock()
        async with self._database.unit_of_work() as unit:
            await put_back(unit, DELIVERIES_TABLE, [{"id": work.id, "due_at": now} for work in works])

    def _patience(self) -> Patience:
        return Patience(self._services.settings.delivery_give_up_hours, self._jitter())

    async def _seconds_until_due(self) -> float:
        """How long to sleep: until the next row is due, but not so long that what others add goes unseen."""
        async with self._database.glancing() as glance:
            found = await glance.ask(_FIRST_DUE, {})
        if not found:
            return POLL_SECONDS
        due_at: datetime = found[0][0]
        return min(max((due_at - self._services.clock()).total_seconds(), MIN_POLL_SECONDS), POLL_SECONDS)


def is_cut_short(claimed: list[Work]) -> bool:
    """Whether more may be due than could be claimed at once, in all or for one host."""
    return len(claimed) >= CLAIM_AT_ONCE or CLAIM_PER_HOST in Counter(work.host for work in claimed).values()
