"""Work that is cheaper for many than for one, done in groups: whoever comes while a group is under way shares the next.

The work gets a list of things and gives for each its result, or the exception that is its result. Things that claim the
same are never in one group. When the work itself raises, each of the group is done once more alone, so that one bad
thing can't fail the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar


class Claiming(Protocol):
    """What wants something for itself, such as a name."""

    @property
    def claims(self) -> frozenset[str]: ...


Thing = TypeVar("Thing", bound=Claiming)
Result = TypeVar("Result")
Work = Callable[[list[Thing]], Awaitable[Sequence[Result | Exception]]]

GROUP_SIZE = 50
# While several come at once, a group waits this long for more of them: what a transaction costs by itself is as much as
# storing half a dozen actors.
GATHER_SECONDS = 0.025


class Together(Generic[Thing, Result]):
    """One kind of work."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Thing, asyncio.Future[Result]]] = []
        self._worker: asyncio.Task[None] | None = None
        self._is_busy = False

    async def do(self, thing: Thing, work: Work[Thing, Result]) -> Result:
        """The result for this thing, done with those of others. Raises what `work` gives for it, or raises."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._run(work), name="together")
        return await done

    async def close(self) -> None:
        """Break off what is under way, for the end of the process."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        for _, done in self._waiting:
            done.cancel()

    async def _run(self, work: Work[Thing, Result]) -> None:
        while self._waiting:
            if self._is_busy:
                await asyncio.sleep(GATHER_SECONDS)
            group = self._next_group()
            self._is_busy = len(group) > 1
            await self._do(group, work)

    def _next_group(self) -> list[tuple[Thing, asyncio.Future[Result]]]:
        group: list[tuple[Thing, asyncio.Future[Result]]] = []
        rest: list[tuple[Thing, asyncio.Future[Result]]] = []
        claimed: set[str] = set()
        for thing, done in self._waiting:
            fits = len(group) < GROUP_SIZE and claimed.isdisjoint(thing.claims)
            claimed |= thing.claims  # also of what has to wait, which mustn't be overtaken
            (group if fits else rest).append((thing, done))
        self._waiting = rest
        return group

    async def _do(self, group: list[tuple[Thing, asyncio.Future[Result]]], work: Work[Thing, Result]) -> None:
        try:
            results = await work([thing for thing, _ in group])
        except asyncio.CancelledError:
            for _, done in group:
                done.cancel()
            raise
        except Exception as error:
            if len(group) > 1:
                for one in group:
                    await self._do([one], work)
                return
            results = [error]
        for (_, done), result in zip(group, results, strict=True):
            settle(done, result)


def settle(done: "asyncio.Future[Result]", result: Result | Exception) -> None:
    """Tell whoever waits what came of it, an exception by raising it; nobody, if he has gone."""
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
