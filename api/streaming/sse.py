"""A stream as server-sent events (text/event-stream): each event as it comes, and `:thump` when nothing does.

The comment keeps proxies from closing the connection, and is how we notice that nobody is there any more.
"""

import asyncio
from typing import Final

from aiohttp import web

from api.streaming.clients import EventSource

HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "private, no-store",
    "X-Accel-Buffering": "no",  # nginx would hold back what is small
}
HELLO: Final = b":)\n"
THUMP: Final = b":thump\n"


async def listen(request: web.Request, client: EventSource, *, thump_seconds: float) -> web.StreamResponse:
    """Send what comes until either side ends the connection."""
    response = web.StreamResponse(headers=HEADERS)
    try:
        await response.prepare(request)
        await response.write(HELLO)
        while not client.is_closing:
            await response.write(await _next(client, thump_seconds))
    except ConnectionError:
        client.is_closing = True
    return response


async def _next(client: EventSource, thump_seconds: float) -> bytes:
    try:
        async with asyncio.timeout(thump_seconds):
            await client.awake.wait()
    except TimeoutError:
        return THUMP
    return client.take()
