"""A part that fails costs its own figures, not those of the others: a full run takes a quarter of an hour."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bench.office import BenchFailed

PART_SECONDS = 600.0
Report = Callable[[str], None]


class Guard:
    """Runs parts, and remembers which of them could not be finished, and why."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.failures: list[str] = []

    @asynccontextmanager
    async def part(self, name: str, seconds: float = PART_SECONDS) -> AsyncIterator[None]:
        """What goes wrong or takes too long in the block is noted, and the block is over."""
        self.report(name)
        try:
            async with asyncio.timeout(seconds):
                yield
        except Exception as error:
            if not isinstance(error, BenchFailed | TimeoutError):
                traceback.print_exception(error)
            reason = str(error).partition("\n")[0] or type(error).__name__
            self.failures.append(f"{name}: {reason}")
            self.report(f"NOT FINISHED: {self.failures[-1]}")

    @property
    def summary(self) -> str:
        """A paragraph for below the tables, or nothing."""
        return "".join(f"\n\nNot finished: {failure}" for failure in self.failures)
