"""Two processes on one PostgreSQL against one: how much more is read, taken in and sent out.

On a machine of two cores the clients, PostgreSQL and two processes can't each have what they want, and the ratio would
tell who gave way. So each process is held to `SHARE` of a core (`bench.throttle`), which leaves the others enough: a
process then does what it would do on a smaller core, and two do twice as much unless they stand in each other's way,
by locks, by work done twice, by waking each other, or by costing more for each piece. What is left for these shows.

Both processes serve HTTP and do all of the work behind it. The same is asked of the two, then of the one that is left,
which is the warmer one: a process that was started a moment ago must not make two look better.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote_plus

from bench import outbound
from bench.filling import Filling
from bench.fleet import Fleet, running_fleet
from bench.inbound import CONNECTIONS, IN_FEED, Readership, activities_of, addresses, gather_readership, signed
from bench.office import Account, BenchFailed, Office, another_process, running_office
from bench.people import WORDS, KeyPool, Pen
from bench.reads import HOME, Reader
from bench.sending import Address, Prepared, post_all
from bench.table import Line, figure
from bench.throttle import throttled
from keys.signing import Scheme

SHARE = 0.3
STATUSES = 2_000
NETWORK = 3  # of the fleet's addresses
PATIENCE = 60.0
WORKS = {"reads": "home timelines made anew", "inbound": "activities into the follower's timeline",
         "deliveries": "deliveries, RSA"}  # fmt: skip
ROWS = (
    *(line for name, label in WORKS.items() for line in (
        Line(f"{label}: one process with {SHARE} of a core, two of them, how many times as many",
             (figure(f"scale.{name}.one", "a second"), figure(f"scale.{name}.two", "a second"),
              figure(f"scale.{name}.ratio", "", least=1.7))),
        Line("– the processes' CPU for each: one process, two",
             (figure(f"scale.{name}.cpu_one", "ms"), figure(f"scale.{name}.cpu_two", "ms"))),
    )),
    Line("of two processes: taken up twice, delivered twice, the lesser part of inbound and of deliveries",
         (figure("scale.twice", "", most=0), figure("scale.repeated", "", most=0),
          figure("scale.inbound.lesser", "%"), figure("scale.deliveries.lesser", "%"))),
)  # fmt: skip
_TAKEN_UP_TWICE = "SELECT count(*) FROM {} WHERE attempts > 1"
_DONE_BY = "SELECT leased_by, count(*) FROM {} WHERE id > ? AND state = 'done' GROUP BY 1"
_NEWEST = "SELECT coalesce(max(id), 0) FROM {}"
_TABLES = {"inbound": "inbound_activities", "deliveries": "deliveries"}
Report = Callable[[str], None]
Go = Callable[[Sequence[Address]], Awaitable[int]]  # does something at these addresses; how much that was


@dataclass(frozen=True)
class Amount:
    """How many of each."""

    reads: int
    inbound: int
    posts: int
    hosts: int


@dataclass
class Bench:
    """What the works need: an office, its peers, and somebody for each of the roles."""

    office: Office
    fleet: Fleet
    readership: Readership
    watcher: Account
    writer: Account
    amount: Amount
    _number: int = field(default=0)

    def reads(self, count: int) -> Go:
        """Home timelines, none of which was asked for before."""
        reader = Reader(self.office.origin, self.watcher.token)
        numbers = range(self._number, self._number + count)
        self._number += count
        requests = [reader.get(f"{HOME}&number={number}", "application/json") for number in numbers]

        async def go(to: Sequence[Address]) -> int:
            _expect(await post_all(requests, CONNECTIONS, to), 200, count)
            return count

        return go

    def inbound(self, count: int) -> Go:
        """Activities of 20 authors, until they are in the timeline of who follows them."""
        self._number += 1
        pen = Pen(f"s{self._number}")
        activities = activities_of(self.readership, pen, count, Random(self._number))
        self.fleet.publish_notes(pen.notes.values())
        requests = signed(self.office, self.readership, activities, Scheme.RFC9421_ED25519)
        reader = self.readership.reader.id

        async def go(to: Sequence[Address]) -> int:
            wanted = await self.office.count(IN_FEED, reader) + count
            _expect(await post_all(requests, CONNECTIONS, to), 202, count)
            if (found := await self.office.wait_for_count(wanted, PATIENCE, IN_FEED, reader)) < wanted:
                raise BenchFailed(f"{wanted - found} of {count} activities never arrived")
            return count

        return go

    def deliveries(self, count: int) -> Go:
        """Posts to followers on many hosts, until all of them have them."""
        requests = [self._post()] * count

        async def go(to: Sequence[Address]) -> int:
            wanted = self.fleet.arrived["Create"] + count * self.amount.hosts
            _expect(await post_all(requests, 2 * len(to), to), 200, count)
            if (found := await self.fleet.wait_for("Create", wanted, PATIENCE)) < wanted:
                raise BenchFailed(f"{wanted - found} deliveries never arrived")
            await self.office.wait_for_count(0, PATIENCE, outbound.UNDELIVERED)
            return count * self.amount.hosts

        return go

    def _post(self) -> Prepared:
        body = f"status={quote_plus(WORDS)}".encode()
        reader = Reader(self.office.origin, self.writer.token)
        return reader.post("/api/v1/statuses", body, "application/x-www-form-urlencoded")


def _expect(answers: Counter[int], status: int, count: int) -> None:
    if answers[status] < count:
        raise BenchFailed(f"of {count} requests, so many were answered so: {dict(answers)}")


async def measure_scale(
    amount: Amount, pool: KeyPool, report: Report, settings: Mapping[str, str], *, share: float = SHARE
) -> dict[str, float]:  # fmt: skip
    """What one process and what two do, by the names of `ROWS`."""
    found: dict[str, float] = {}
    async with _bench(amount, pool, report, settings) as bench:
        before = {name: await bench.office.count(_NEWEST.format(table)) for name, table in _TABLES.items()}
        repeated = bench.fleet.repeated
        async with another_process(bench.office) as second:
            await _measure(bench, [bench.office, second], "two", found, report, share)
        for name, table in _TABLES.items():
            parts = [int(number) for _, number in await bench.office.rows(_DONE_BY.format(table), before[name])]
            found[f"scale.{name}.lesser"] = 100 * min(parts) / sum(parts) if len(parts) > 1 else 0
        twice = [await bench.office.count(_TAKEN_UP_TWICE.format(table)) for table in _TABLES.values()]
        found |= {"scale.twice": sum(twice), "scale.repeated": bench.fleet.repeated - repeated}
        await _measure(bench, [bench.office], "one", found, report, share)
    ratios = {f"scale.{name}.ratio": found[f"scale.{name}.two"] / found[f"scale.{name}.one"] for name in WORKS}
    return found | ratios


@asynccontextmanager
async def _bench(amount: Amount, pool: KeyPool, report: Report, settings: Mapping[str, str]) -> AsyncIterator[Bench]:
    followers = outbound.addresses(NETWORK, amount.hosts)
    async with running_fleet(addresses() + followers) as fleet, running_office(settings=settings) as office:
        watcher, writer = await office.new_account("watcher"), await office.new_account("writer")
        filling = Filling(office.open_database(), watcher.id, STATUSES)
        await filling.fill(STATUSES, report)
        await filling.close()
        readership = await gather_readership(office, fleet, pool)
        await outbound.gather_followers(office, fleet, pool, writer, "f", followers, speaks_ed25519=False)
        yield Bench(office, fleet, readership, watcher, writer, amount)


async def _measure(
    bench: Bench, servers: Sequence[Office], name: str, found: dict[str, float], report: Report, share: float
) -> None:  # fmt: skip
    to = [server.address for server in servers]
    amount = bench.amount
    prepared = {"reads": (bench.reads, amount.reads), "inbound": (bench.inbound, amount.inbound),
                "deliveries": (bench.deliveries, amount.posts)}  # fmt: skip
    for work, (prepare, count) in prepared.items():
        await prepare(max(4, count // 4))(to)  # statements are compiled, keys known, connections open
        go = prepare(count)
        await asyncio.gather(*(server.settle() for server in servers))
        async with throttled(share, [server.process.pid for server in servers]):
            used, started = sum(server.cpu_seconds for server in servers), time.perf_counter()
            done = await go(to)
            seconds = time.perf_counter() - started
            used = sum(server.cpu_seconds for server in servers) - used
        found |= {f"scale.{work}.{name}": done / seconds, f"scale.{work}.cpu_{name}": used * 1000 / done}
        busy = used / seconds / len(servers) / share
        report(f"{work}, {name}: {done / seconds:.0f} a second, {used * 1000 / done:.2f} ms CPU each, "
               f"{busy:.0%} of what they may use")  # fmt: skip
