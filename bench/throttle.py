"""Processes held to a share of one core, as `cpu.max` of a control group holds them, without needing to be root.

    python -m bench.throttle SHARE PID...

Each process may use SHARE seconds of CPU in a second, all its threads together. Who has used more than that is stopped
(SIGSTOP) until the time has made up for it, then goes on (SIGCONT): every few milliseconds, so that no lease and no
connection notices. What a process doesn't use is lost but for `SAVED_SECONDS`: an idle one can't save up for later.

Says `held` when it has begun. Ends on SIGTERM, or when whoever started it or any of the processes ends; those that are
left go on unhindered.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from bench.processes import cpu_seconds

EVERY_SECONDS = 0.002
SAVED_SECONDS = 0.01


@dataclass
class Held:
    """One process: what it may still use (seconds of CPU), and whether it is stopped."""

    process_id: int
    share: float
    used: float = 0.0
    budget: float = 0.0
    is_stopped: bool = False

    def look(self, elapsed: float) -> None:
        """Stop it or let it go on, after so many seconds."""
        used = cpu_seconds(self.process_id)
        self.budget = min(self.budget + elapsed * self.share, SAVED_SECONDS) - (used - self.used)
        self.used = used
        if (self.budget < 0) is not self.is_stopped:
            self.is_stopped = not self.is_stopped
            os.kill(self.process_id, signal.SIGSTOP if self.is_stopped else signal.SIGCONT)


def hold(share: float, process_ids: Sequence[int]) -> None:
    """Hold the processes until one of them ends, or this is told to end."""
    parent = os.getppid()
    with _going_on_afterwards(process_ids), contextlib.suppress(ProcessLookupError, OSError):
        held = [Held(one, share, used=cpu_seconds(one)) for one in process_ids]
        now = time.monotonic()
        print("held", flush=True)
        while os.getppid() == parent:
            time.sleep(EVERY_SECONDS)
            now, before = time.monotonic(), now
            for one in held:
                one.look(now - before)


@contextmanager
def _going_on_afterwards(process_ids: Sequence[int]) -> Iterator[None]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        yield
    finally:
        for process_id in process_ids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGCONT)


@asynccontextmanager
async def throttled(share: float, process_ids: Sequence[int]) -> AsyncIterator[None]:
    """Within the block, each of the processes has so much of a core."""
    arguments = ("-m", "bench.throttle", str(share), *map(str, process_ids))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        if process.stdout is None or not await process.stdout.readline():
            raise RuntimeError("the processes could not be held to their share")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


if __name__ == "__main__":
    hold(float(sys.argv[1]), [int(argument) for argument in sys.argv[2:]])
