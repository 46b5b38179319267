"""`python -m bench`: inbound, outbound and memory of a fresh instance, as a table. Loopback only; ends by itself."""

import asyncio
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime

import click
import uvloop

from bench.backfill import measure_backfill, render_backfill
from bench.limits import machine_limits
from bench.office import BenchFailed
from bench.people import KeyPool
from bench.rounds import FULL, QUICK, Size, run_round
from bench.table import render, render_limits

PARTS = ("inbound", "outbound", "backfill")
ROUND_SECONDS = 900.0


@click.command()
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1, 9), help="Rounds; the medians are shown.")
@click.option("--quick", is_flag=True, help="One small round, to see that it works.")
@click.option("--only", type=click.Choice(PARTS), help="Only this part; backfill is measured by itself.")
def main(runs: int, quick: bool, only: str | None) -> None:
    """Measure Tertulia from outside, on loopback, and print a table. Misses are printed as they are."""
    parts = frozenset([only] if only else PARTS[:2])
    try:
        print(uvloop.run(measure(1 if quick else runs, QUICK if quick else FULL, parts)))
    except BenchFailed as failure:
        sys.exit(f"The benchmark could not be finished: {failure}")


async def measure(runs: int, size: Size, parts: frozenset[str]) -> str:
    """Everything, as text to be printed."""
    note(f"the machine's own limits; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    limits = await machine_limits()
    if parts == {"backfill"}:
        return render_backfill(await measure_backfill(1_000 if size is QUICK else 10_000, note))
    pool, rounds = KeyPool(), []
    for number in range(1, runs + 1):
        note(f"round {number} of {runs}")
        async with asyncio.timeout(ROUND_SECONDS):
            rounds.append(await run_round(size, pool, parts, note))
    title = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}, Python "
        f"{platform.python_version()}), load {os.getloadavg()[0]:.1f}, SQLite, median of {runs}"
    )
    return "\n\n".join([title, render(rounds, asdict(size)), render_limits(limits)])


def note(line: str) -> None:
    """Progress, for whoever waits."""
    print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
