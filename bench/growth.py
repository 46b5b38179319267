"""The same readings and the same post in an office of ten thousand, a hundred thousand and a million statuses."""

import time
from collections.abc import Callable, Mapping

import aiohttp

from bench.filling import Filling
from bench.office import Account, Office, running_office
from bench.people import PUBLIC
from bench.reads import CONNECTIONS, Reader, measure_reads
from bench.table import Row

SIZES = (10_000, 100_000, 1_000_000)
READS = ("home", "deep", "notifications", "status", "actor", "webfinger")
POSTS = 20
Report = Callable[[str], None]


async def measure_growth(
    sizes: tuple[int, ...], requests: int, report: Report, settings: Mapping[str, str]
) -> dict[str, float]:
    """What is read and written at each size: at the first by the names of `reads.ROWS`, at all by those of `rows`."""
    found: dict[str, float] = {}
    async with running_office(settings=settings) as office:
        reader = await office.new_account("reader")
        filling = Filling(office.open_database(), reader.id, sizes[-1])
        try:
            for size in sizes:
                started = time.perf_counter()
                await filling.fill(size, report)
                report(f"{size} statuses after {time.perf_counter() - started:.0f} s")
                await office.settle()
                read = await measure_reads(Reader(office.origin, reader.token), requests, office)
                found |= read if size == sizes[0] else {}
                found |= {f"growth.{size}.{name}": read[f"reads.{name}.{CONNECTIONS[-1]}.cpu"] for name in READS
                          if f"reads.{name}.{CONNECTIONS[-1]}.cpu" in read}  # fmt: skip
                found[f"growth.{size}.post"] = await _cpu_of_a_post(office, reader)
        finally:
            await filling.close()
    return found


async def _cpu_of_a_post(office: Office, writer: Account) -> float:
    """Milliseconds of CPU to take a status without followers elsewhere, and all that follows."""
    note = {"type": "Note", "content": "<p>Growing</p>", "to": [PUBLIC], "cc": [f"{writer.uri}/followers"]}
    await office.settle()
    before = office.cpu_seconds
    async with aiohttp.ClientSession() as client:
        for _ in range(POSTS):
            await office.post_outbox(client, writer, note)
    await office.settle()
    return (office.cpu_seconds - before) * 1000 / POSTS


def rows(sizes: tuple[int, ...]) -> list[Row]:
    """The growth curve: CPU of each at each size."""
    labels = {"home": "home timeline", "deep": "its fiftieth page", "notifications": "notifications",
              "status": "one status", "post": "posting one"}  # fmt: skip
    return [
        Row(f"growth.{size}.{name}", f"{label} at {size:,} statuses: CPU each", "ms")
        for name, label in labels.items()
        for size in sizes
    ]
