"""`tertulia demo`: three offices on this machine that play a day of work, and, with `--check`, prove that it arrived.

`cast` and `story` say who is there and what happens; `stage` runs the offices; `employee` is a client of the public
interface through which everything is done and seen; `acts` and `posts` are the kinds of things that people do;
`checks` waits until what must be seen is seen; `performance` puts it together and `narrator` tells it.

Everything that goes wrong ends as a sentence and exit code 1; the offices are closed in every case.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from server.demo.employee import StoryBroken
from server.demo.narrator import Narrator
from server.demo.performance import FAILED, perform
from server.demo.stage import StageRefused
from server.demo.story import STORY
from server.logs import configure_logs
from server.workers import with_signals


async def run_demo(port_base: int, check: bool) -> int:
    """Play the story on three offices, on the ports from `port_base` on; the exit code.

    With `check` it ends by saying whether everything was seen everywhere, otherwise when somebody stops it.
    """
    configure_logs(level="error", output_format="text")
    try:
        return await _until_stopped(perform(STORY, port_base, Narrator(), check=check))
    except (StageRefused, StoryBroken) as refused:
        print(f"Error: {refused}", file=sys.stderr)
        return FAILED


async def _until_stopped(performance: Coroutine[Any, Any, int]) -> int:
    """Run the performance to its end, or cancel it, so that the offices close, when somebody stops it (Ctrl-C)."""
    stop = asyncio.Event()
    with_signals(stop)
    performing, stopping = asyncio.create_task(performance), asyncio.create_task(stop.wait())
    await asyncio.wait([performing, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    performing.cancel()  # does nothing to a performance that has ended
    try:
        return await performing
    except asyncio.CancelledError:
        return FAILED
