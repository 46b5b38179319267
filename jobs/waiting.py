"""Sleeping until there is work, it is time to look anyway, or the process ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.signals import Signals

RENEWED_SECONDS = 3600.0


@asynccontextmanager
async def waking(signals: Signals, name: str, stop: asyncio.Event, event: asyncio.Event) -> AsyncIterator[None]:
    """Within the block, set `event` whenever `name` is signalled, and when `stop` is set."""

    async def relay_signals() -> None:
        while True:
            if await signals.wait(name, RENEWED_SECONDS):
                event.set()

    async def relay_stop() -> None:
        await stop.wait()
        event.set()

    tasks = [asyncio.create_task(relay_signals()), asyncio.create_task(relay_stop())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_at_most(event: asyncio.Event, seconds: float) -> bool:
    """Whether `event` was set within the time; it stays set."""
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
