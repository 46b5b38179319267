"""Two web processes on one PostgreSQL against one: how much more is read, and what a request costs the processes.

The clients and PostgreSQL share the machine's cores, so on two cores the ratio stays far below what two processes can
do. What can be seen there all the same is whether a request costs more when there are two: while it doesn't, cores of
their own are all that is missing.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.filling import Filling
from bench.office import MAIN, BenchFailed, cpu_seconds, free_domain, running_office
from bench.reads import Reader, reading_requests
from bench.sending import Prepared, post_all

CONNECTIONS = 16
STATUSES = 2_000


async def measure_scale(requests: int, report: Callable[[str], None], settings: Mapping[str, str]) -> dict[str, float]:
    """Home timelines a second of one process and of two, the ratio, and CPU of the processes for each (ms)."""
    async with running_office(settings=settings) as office:
        person = await office.new_account("reader")
        filling = Filling(office.open_database(), person.id, STATUSES)
        await filling.fill(STATUSES, report)
        await filling.close()
        home = (await reading_requests(Reader(office.origin, person.token)))["home"]
        address = free_domain()
        environ = office.environ | {"TERTULIA_LISTEN": address}
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MAIN, "serve", "--roles", "http", env=environ, stderr=subprocess.DEVNULL
        )
        try:
            both = [home, replace(home, port=int(address.rpartition(":")[2]))]
            await _until_answering(both[1])
            await _rate(both, 100, [])
            await office.settle()
            alone, cpu_alone = await _rate([home], requests, [office.process.pid])
            together, cpu_together = await _rate(both, requests, [office.process.pid, second.pid])
        finally:
            second.terminate()
            await second.wait()
    found = {"scale.one": alone, "scale.two": together, "scale.ratio": together / alone}
    return found | {"scale.cpu_one": cpu_alone, "scale.cpu_two": cpu_together}


async def _rate(servers: list[Prepared], requests: int, processes: list[int]) -> tuple[float, float]:
    """Requests a second, and milliseconds of the processes' CPU for each."""
    each = requests // len(servers)
    started, used = time.perf_counter(), sum(map(cpu_seconds, processes))
    answers = await asyncio.gather(*(post_all([one] * each, CONNECTIONS // len(servers)) for one in servers))
    if any(statuses[200] < each for statuses in answers):
        raise BenchFailed(f"home timelines were answered {[dict(statuses) for statuses in answers]}")
    total, used = each * len(servers), sum(map(cpu_seconds, processes)) - used
    return total / (time.perf_counter() - started), used / total * 1000


async def _until_answering(request: Prepared) -> None:
    for _ in range(100):
        if (await post_all([request], 1))[200]:
            return
        await asyncio.sleep(0.2)
    raise BenchFailed("the second process did not start")
