"""Connections on which something else than HTTP arrives, or HTTP beyond the bounds of its parser.

Such a request reaches no middleware: aiohttp answers it by itself, in plain text with a part of what came, and logs a
traceback. Here everybody gets JSON, and the log one line: whoever sends nonsense can't fill it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import ClientConnectionResetError, web
from aiohttp.http import HttpProcessingError

_BODY: Final = b'{"error":"The request can\'t be read: it is no HTTP, too long a line, or expects what nobody does"}'

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """One connection of a client."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what the parser refuses, or to who has gone already; afterwards the connection is closed."""
        if not isinstance(exc, HttpProcessingError | ClientConnectionResetError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        log.info("unreadable request", remote=request.remote, reason=type(exc).__name__)
        return _refusal(status)


def _refusal(status: int) -> web.Response:
    headers = {"Server": "Tertulia", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    response = web.Response(status=status, body=_BODY, content_type="application/json", headers=headers)
    response.force_close()
    return response


def _expecting(handle: Handler) -> Handler:
    """The same handler, which refuses an `Expect` that it doesn't know in JSON too: aiohttp does it before all else."""

    async def handle_expecting(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handle(request)
        except web.HTTPExpectationFailed:
            return _refusal(417)

    return handle_expecting


class Connections(web.Server):
    """All connections of a process."""

    def __call__(self) -> Connection:
        """A new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application on such connections; otherwise as aiohttp's."""

    async def _make_server(self) -> Connections:
        made = await super()._make_server()
        return Connections(
            _expecting(made.request_handler),
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=asyncio.get_running_loop(),
            **made._kwargs,
        )
