"""Waiting for what other processes do: a condition and a deadline, never a pause that is hoped to be long enough."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.05


async def eventually(
    probe: Callable[[], Awaitable[T]],
    holds: Callable[[T], bool] = bool,
    *,
    seconds: float = PATIENCE_SECONDS,
    pause: float = POLL_SECONDS,
) -> T:
    """What `probe` gives once `holds` is true of it. Raises AssertionError with the last answer after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = await probe()
        if holds(found):
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"still {found!r} after {seconds:.0f} seconds")
        await asyncio.sleep(pause)
