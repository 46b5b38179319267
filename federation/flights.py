"""One flight for all who want to go the same way: concurrent calls for one thing share one piece of work.

The work belongs to nobody in particular: a caller that is cancelled (its client hung up) leaves the others their
result. An error is raised to everybody who waited. Nothing is remembered after landing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Flights(Generic[Key, Result]):
    """Work in progress by key."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Future[Result]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, key: Key) -> bool:
        return key in self._tasks

    async def run(self, key: Key, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of `work()`, started now or by somebody who asked earlier."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(work())
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Break off what is under way, for the end of the process."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: Key, task: asyncio.Future[Result]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # taken note of: everybody who waited may have been cancelled
