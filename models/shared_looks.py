"""One look at the database for all who ask the same of different things at the same time.

Requests that come together ask together: is this key stored, what is known of this host, whose inbox is this. On
PostgreSQL each such look is a journey to the server, of which the question itself is the least; so whoever comes in the
same turn of the event loop, or while another look at the same is under way, shares the next one, which begins after all
of them have come. Nobody waits for others to come. An error is raised to everybody who shares the look.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context

from models.questions import Glance, Question, Row

Things = Sequence[Hashable]
Asking = tuple[Things, "asyncio.Future[list[Row]]"]


class SharedLooks:
    """The looks of one database; `glancing` begins one."""

    def __init__(self, glancing: Callable[[], AbstractAsyncContextManager[Glance]]) -> None:
        self._glancing = glancing
        self._waiting: dict[Question, list[Asking]] = {}  # while somebody looks after a question, its list is there
        self._looking: set[asyncio.Task[None]] = set()

    async def rows(self, question: Question, name: str, things: Things) -> list[Row]:
        """What is found of these things, as `Database.glance_together` says."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Row]] = loop.create_future()
        waiting = self._waiting.get(question)
        if waiting is not None:
            waiting.append((things, found))
        else:
            self._waiting[question] = [(things, found)]
            # It serves many requests, so it isn't a task of the one which happens to be the first.
            task = loop.create_task(self._look(question, name), name="shared-look", context=Context())
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)
        return await found

    async def _look(self, question: Question, name: str) -> None:
        while asking := self._waiting[question]:
            self._waiting[question] = []
            try:
                await self._answer(question, name, asking)
            except Exception as error:
                _settle(asking, error)
        del self._waiting[question]

    async def _answer(self, question: Question, name: str, asking: Sequence[Asking]) -> None:
        wanted = list(dict.fromkeys(thing for things, _ in asking for thing in things))
        async with self._glancing() as glance:
            rows = await glance.ask(question, {name: wanted})
        of_thing: dict[Hashable, list[Row]] = {}
        for row in rows:
            of_thing.setdefault(row[0], []).append(row)
        _settle(asking, of_thing)


def _settle(asking: Sequence[Asking], answer: dict[Hashable, list[Row]] | Exception) -> None:
    """Tell those who are still there."""
    for things, found in asking:
        if found.done():
            continue
        if isinstance(answer, Exception):
            found.set_exception(answer)
        else:
            found.set_result([row for thing in things for row in answer.get(thing, ())])
