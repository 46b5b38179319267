"""The end of a server: first whoever asks is told to go elsewhere next time, then nobody new is let in, and whoever is
inside is served.

aiohttp's own clean-up stops reading from every connection before it waits, so a request whose body was still on its
way would never be answered. Therefore we wait first, for at most a given time, while reading goes on. Connections that
are kept alive are told to close with their next answer, from `begin` on; a peer that goes on talking can't hold up the
end. Between `begin` and `close` a proxy has time to hear from `/readyz` that it has to look elsewhere: what it sends
meanwhile is served as ever.
"""

import asyncio
from contextlib import suppress

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from server.mailbox import MAILBOX
from server.shortcuts import SHORTCUT


class Drain:
    """Counts the requests under way of one application."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._under_way = 0
        self._is_closing = False
        self._is_empty = asyncio.Event()
        app.middlewares.insert(0, self._counting())

    def begin(self) -> None:
        """Let go of connections as they are answered; go on listening."""
        self._is_closing = True
        if (shortcut := self._app.get(SHORTCUT)) is not None:
            shortcut.is_open = False
        if (mailbox := self._app.get(MAILBOX)) is not None:
            mailbox.is_open = False

    async def close(self, runner: web.AppRunner, seconds: float) -> None:
        """Stop listening, then wait until every request is answered or the time is over."""
        self.begin()
        for site in list(runner.sites):
            await site.stop()
        await self._app.shutdown()  # whoever holds connections open for good lets go of them
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._until_empty()

    async def _until_empty(self) -> None:
        if (shortcut := self._app.get(SHORTCUT)) is not None:
            await shortcut.settle()
        await asyncio.sleep(0)  # what has been read by now begins
        if self._under_way:
            self._is_empty.clear()
            await self._is_empty.wait()
        if (mailbox := self._app.get(MAILBOX)) is not None:
            await mailbox.until_empty()

    def _counting(self) -> Middleware:
        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._under_way += 1
            try:
                response = await handler(request)
            finally:
                self._under_way -= 1
                if not self._under_way:
                    self._is_empty.set()
            if self._is_closing:
                response.force_close()
            return response

        return middleware
