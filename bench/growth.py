"""The same readings and the same post in an office of ten thousand, a hundred thousand and a million statuses."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import aiohttp
from sqlalchemy import update

from bench.filling import Filling
from bench.office import Account, Office, running_office
from bench.people import PUBLIC
from bench.reads import CONNECTIONS, Reader, measure_reads
from bench.table import Measured, median_of, number
from models import Database
from models.accounts import User

SIZES = (10_000, 100_000, 1_000_000)
POSTS = 60  # a trim of the allocator (up to 20 ms) may fall among them
LABELS = {"home": "home timeline", "home.changed": "– after a change", "home.anew": "– first asked",
          "deep": "its fiftieth page", "tag": "a hashtag's timeline, which all posts carry",
          "tag.changed": "– after a change", "tag.anew": "– first asked", "notifications": "notifications",
          "notifications.changed": "– after a change", "notifications.anew": "– first asked",
          "status": "one status", "actor": "an actor document", "webfinger": "WebFinger",
          "ours.anew": "what is the office's own, first asked", "media.anew": "what has media, of which there is none",
          "none.anew": "what has a hashtag and hasn't, which is nothing", "post": "posting one"}  # fmt: skip
# What may be more at the largest size than at the smallest: caches that are colder, and the clock's own grain.
FLAT, TICK_MS = 1.3, 0.05
Report = Callable[[str], None]


async def measure_growth(
    sizes: tuple[int, ...], requests: int, report: Report, settings: Mapping[str, str], rounds: list[dict[str, float]]
) -> None:
    """What is read and written at each size, added to each of the rounds: at the first size by the names of `reads`, at
    all by those of `render_growth`. One office grows, since filling takes longer than all of the readings."""
    async with running_office(settings=settings) as office:
        reader = await office.new_account("reader")
        database = office.open_database()
        filling, change = Filling(database, reader.id, sizes[-1]), partial(_change, database, reader.id)
        await _cpu_of_a_post(office, reader)  # to have done so before, and so that something is the office's own
        try:
            for size in sizes:
                started = time.perf_counter()
                await filling.fill(size, report)
                report(f"{size:,} statuses after {time.perf_counter() - started:.0f} s")
                for number, found in enumerate(rounds, start=1):
                    await office.settle()
                    read = await measure_reads(Reader(office.origin, reader.token), requests, office, change)
                    found |= read if size == sizes[0] else {}
                    found |= {f"growth.{size}.{name}": read[f"{key}.cpu"] + read[f"{key}.database"]
                              for name in LABELS if f"{(key := _reading(name))}.cpu" in read}  # fmt: skip
                    found[f"growth.{size}.post"] = await _cpu_of_a_post(office, reader)
                    report(f"read {number} of {len(rounds)} times at {size:,}")
        finally:
            await filling.close()


def _reading(name: str) -> str:
    return f"reads.{name}" if "." in name else f"reads.{name}.{CONNECTIONS[-1]}"


async def _change(database: Database, account_id: int) -> None:
    """Commit something that no answer is made of."""
    async with database.unit_of_work() as unit:
        await unit.session.execute(update(User).where(User.account_id == account_id).values(last_seen_at=unit.now))


async def _cpu_of_a_post(office: Office, writer: Account) -> float:
    """Milliseconds of CPU to take a status without followers elsewhere, and all that follows."""
    note = {"type": "Note", "content": "<p>Growing</p>", "to": [PUBLIC], "cc": [f"{writer.uri}/followers"]}
    await office.settle()
    before = office.cpu_seconds + await office.database_cpu_seconds()
    async with aiohttp.ClientSession() as client:
        for _ in range(POSTS):
            await office.post_outbox(client, writer, note)
    await office.settle()
    return (office.cpu_seconds + await office.database_cpu_seconds() - before) * 1000 / POSTS


def render_growth(rounds: Measured, sizes: Sequence[int]) -> str:
    """The growth curve: CPU of each, the database's with it, at each size reached, and whether it stays flat."""
    sizes = [size for size in sizes if median_of(rounds, f"growth.{size}.post") is not None]
    head = " | ".join(f"{size:,}" for size in sizes)
    lines = [f"| CPU each, the database's with it, at so many statuses | {head} | |",
             f"|---|{'---|' * len(sizes)}---|"]  # fmt: skip
    for name, label in LABELS.items():
        values = [median_of(rounds, f"growth.{size}.{name}") for size in sizes]
        known = [value for value in values if value is not None]
        if known and len(known) == len(sizes):
            verdict = "" if len(known) < 2 else "flat" if known[-1] <= known[0] * FLAT + TICK_MS else "grows"
            lines.append(f"| {label} | {' | '.join(number(value, 'ms') for value in known)} | {verdict} |")
    return "\n".join(lines)
