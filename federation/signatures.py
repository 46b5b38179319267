"""RSA signatures, made in threads of their own, several on one way there and back.

They would hold up the event loop, and two cores make twice as many. But the way to a thread and back (a place in its
queue, its waking, a turn of the loop) costs a tenth of what a signature does, and each of the threads' turns with
Python interrupts the loop. So whoever asks while all threads are busy, or in the same turn of the loop, goes with the
others: `AT_ONCE` at most, so that the first of many needn't wait for the last.

What raises is raised to whoever asked for it, and to nobody else.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from federation.together import settle

AT_ONCE: Final = 8

Headers = dict[str, str]
Sign = Callable[[], Headers]
Waiting = tuple[Sign, asyncio.Future[Headers]]


class Signatures:
    """Those of one instance; `threads` is how many the executor has."""

    def __init__(self, executor: Executor, threads: int) -> None:
        self._executor = executor
        self._threads = threads
        self._busy = 0
        self._waiting: list[Waiting] = []
        self._is_called = False

    async def made(self, sign: Sign) -> Headers:
        """What `sign()` gives, called in another thread. Raises what it raises."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Headers] = loop.create_future()
        self._waiting.append((sign, done))
        if not self._is_called and self._busy < self._threads:
            self._is_called = True
            loop.call_soon(self._start, loop)  # with those who ask in this turn of the loop
        return await done

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give each idle thread its share."""
        self._is_called = False
        self._waiting = [one for one in self._waiting if not one[1].done()]  # who asked may be gone
        while self._waiting and self._busy < self._threads:
            share = min(AT_ONCE, -(-len(self._waiting) // (self._threads - self._busy)))
            group, self._waiting = self._waiting[:share], self._waiting[share:]
            self._busy += 1
            try:
                self._executor.submit(self._make, loop, group)
            except RuntimeError as error:  # the process ends
                self._land(loop, [(done, error) for _, done in group])

    def _make(self, loop: asyncio.AbstractEventLoop, group: list[Waiting]) -> None:
        """In a thread: all of a group."""
        made: list[tuple[asyncio.Future[Headers], Headers | Exception]] = []
        for sign, done in group:
            try:
                made.append((done, sign()))
            except Exception as error:
                made.append((done, error))
        loop.call_soon_threadsafe(self._land, loop, made)

    def _land(
        self, loop: asyncio.AbstractEventLoop, made: list[tuple[asyncio.Future[Headers], Headers | Exception]]
    ) -> None:
        self._busy -= 1
        for done, result in made:
            settle(done, result)
        self._start(loop)
