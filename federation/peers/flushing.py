"""Writing, some seconds late, what was collected in memory: many small things share one transaction.

What can't be written is logged; the owner keeps it for the next time.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

_log = structlog.get_logger(__name__)


class Flusher:
    """Calls `write` within `usual_seconds` of the first thing that there is to write. `what` names it in the log."""

    def __init__(self, write: Callable[[], Awaitable[None]], *, what: str, usual_seconds: float) -> None:
        self._write = write
        self._what = what
        self._usual_seconds = usual_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def soon(self, seconds: float | None = None) -> None:
        """Write then at the latest."""
        wait = self._usual_seconds if seconds is None else seconds
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + wait:
                return
            self._timer.cancel()
        self._timer = loop.call_later(wait, self._start)

    def _start(self) -> None:
        self._timer = None
        if self._writing is not None and not self._writing.done():
            self.soon()
            return
        self._writing = asyncio.get_running_loop().create_task(self._write_logged())

    async def _write_logged(self) -> None:
        try:
            await self._write()
        except (SQLAlchemyError, OSError) as error:
            _log.warning("not written", what=self._what, error=str(error))

    async def flush(self) -> None:
        """Write at once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        await self._write()
