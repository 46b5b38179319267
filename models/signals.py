"""Wake-ups between the parts of one process: "there are deliveries", "there is inbound work".

A signal carries no data, only a reason to look at the database; losing one costs a poll interval, never work. With
PostgreSQL `jobs.bus` listens to `NOTIFY` and sets the same signals for units committed by other processes.
"""

import asyncio

INBOUND = "inbound"
DELIVERIES = "deliveries"
JOBS = "jobs"


class Signals:
    """Named events that a worker waits for."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    def _event(self, name: str) -> asyncio.Event:
        return self._events.setdefault(name, asyncio.Event())

    def set(self, *names: str) -> None:
        for name in names:
            self._event(name).set()

    async def wait(self, name: str, timeout_seconds: float) -> bool:
        """Wait until somebody signals `name` (True) or the time is over (False), and clear it."""
        event = self._event(name)
        try:
            async with asyncio.timeout(timeout_seconds):
                await event.wait()
        except TimeoutError:
            return False
        event.clear()
        return True
