"""`python -m bench`: what an office costs, measured from outside, as one table. Loopback only; ends by itself."""

import asyncio
import os
import platform
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
import uvloop

from bench import growth, reads, scale, streaming
from bench.backfill import measure_backfill, render_backfill
from bench.databases import URL, running_postgresql
from bench.document import write_between
from bench.guard import Guard
from bench.limits import WHERE_TARGETS_ARE_FROM, machine_limits
from bench.office import BenchFailed
from bench.other import measure_other
from bench.people import KeyPool
from bench.results import render_results
from bench.rounds import FULL, QUICK, Results, Size, run_round
from bench.table import render, render_limits

IN_ROUNDS = frozenset({"inbound", "outbound", "killed"})
PARTS = ("inbound", "outbound", "killed", "reads", "growth", "streaming", "scale", "backfill")
ALL = frozenset(PARTS) - {"backfill", "reads"}  # growth begins with the reads
READING_SECONDS = 1200.0  # one office is filled and read at all sizes
STARTED = time.monotonic()


@click.command()
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1, 9), help="Rounds; the medians are shown.")
@click.option("--quick", is_flag=True, help="One small round, to see that it works.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only these parts; backfill is never among all.")
@click.option("--postgresql", is_flag=True, help="On a PostgreSQL from the wheel that the tests use.")
@click.option("--url", help="Read another server instead, with Mastodon's client API: its origin (http://HOST:PORT).")
@click.option("--token", default="", help="A token of somebody there, who may read.")
@click.option(
    "--write",
    "document",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put the tables into this document, too, between its marks.",
)
def main(
    runs: int, quick: bool, only: tuple[str, ...], postgresql: bool, url: str | None, token: str, document: Path | None
) -> None:
    """Measure Tertulia from outside, on loopback, and print a table. Misses are printed as they are."""
    if token and not url:
        raise click.UsageError("--token is for the server at --url.")
    if url and (only or postgresql):
        raise click.UsageError("--url measures the readings only, on whatever database that server has.")
    size, runs = (QUICK, 1) if quick else (FULL, runs)
    guard = Guard(note)
    try:
        if url:
            text = uvloop.run(_stoppable(_other(url.rstrip("/"), token, size, runs)))
        else:
            measuring = measure(guard, runs, size, frozenset(only) or ALL, is_postgresql=postgresql)
            text = uvloop.run(_stoppable(measuring))
        print(text + guard.summary)
        if document is not None:
            write_between(document, "other" if url else "postgresql" if postgresql else "sqlite", text + guard.summary)
    except BenchFailed as failure:
        sys.exit(f"The benchmark could not be finished: {failure}")
    except asyncio.CancelledError:
        sys.exit("The benchmark was ended; its offices are, too.")
    if guard.failures:
        sys.exit(f"{len(guard.failures)} parts could not be finished.")


async def _stoppable(work: Coroutine[None, None, str]) -> str:
    """Ends offices and databases in order when it is told to end (SIGTERM), as it does at Ctrl+C."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


async def measure(
    guard: Guard, runs: int, size: Size, parts: frozenset[str], *, is_postgresql: bool = False
) -> str:  # fmt: skip
    """Everything, as text to be printed; what fails is left out, and told to the guard."""
    note(f"the machine's own limits; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    limits = await machine_limits()
    pool, rounds = KeyPool(), [Results() for _ in range(runs)]
    if parts & {"reads", "growth"}:
        sizes = size.statuses if "growth" in parts else size.statuses[:1]
        async with guard.part("reading", READING_SECONDS), _settings(is_postgresql) as settings:
            await growth.measure_growth(sizes, size.requests, note, settings, rounds)
    for number, found in enumerate(rounds):
        note(f"round {number + 1} of {runs}")
        await _round(guard, size, pool, parts, found, is_postgresql=is_postgresql)
    backfill = await _backfill(guard, size, is_postgresql=is_postgresql) if "backfill" in parts else ""
    database = "PostgreSQL" if is_postgresql else "SQLite"
    results = render_results(rounds, _labels(size), size.statuses)
    machine = render_limits(limits, WHERE_TARGETS_ARE_FROM)
    return "\n\n".join(filter(None, [_title(database, runs), results, backfill, machine]))


async def _other(origin: str, token: str, size: Size, runs: int) -> str:
    rounds = await measure_other(origin, token, size.requests, runs, note)
    return f"{_title(origin, runs)}\n\n{render(rounds, _labels(size), rows=reads.ROWS)}"


async def _round(
    guard: Guard, size: Size, pool: KeyPool, parts: frozenset[str], found: Results, *, is_postgresql: bool
) -> None:
    """Every part once, each in an office of its own but for those that follow each other in `run_round`."""
    if parts & IN_ROUNDS:
        async with guard.part("an office and its peers"), _settings(is_postgresql) as settings:
            await run_round(size, pool, parts, guard, found, settings)
    if "streaming" in parts:
        async with guard.part("streaming"), _settings(is_postgresql) as settings:
            found |= await streaming.measure_streaming(size.sockets, settings)
    if "scale" in parts:
        async with guard.part("two processes"), _settings(True) as settings:
            found |= await scale.measure_scale(size.scale, pool, note, settings)


async def _backfill(guard: Guard, size: Size, *, is_postgresql: bool) -> str:
    async with guard.part("backfill"), _settings(is_postgresql) as giver, _settings(is_postgresql) as reader:
        found = await measure_backfill(1_000 if size is QUICK else 10_000, note, (giver, reader))
        return render_backfill(found)
    return ""


@asynccontextmanager
async def _settings(is_postgresql: bool) -> AsyncIterator[dict[str, str]]:
    if not is_postgresql:
        yield {}
        return
    with running_postgresql() as url:
        yield {URL: url}


def _labels(size: Size) -> dict[str, int]:
    return {name: value for name, value in asdict(size).items() if isinstance(value, int)}


def _title(what: str, runs: int) -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}, Python "
        f"{platform.python_version()}), load {os.getloadavg()[0]:.1f}, {what}, median of {runs}"
    )


def note(line: str) -> None:
    """Progress, for whoever waits, with the minutes since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"  {minutes:2}:{seconds:02}  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
