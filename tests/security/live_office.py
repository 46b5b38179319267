"""An office that answers while a test, which isn't asynchronous, goes on: its loop runs in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.api.rich_office import Rich, fill
from tests.peers import NewDatabase, office

SECONDS = 60


@contextmanager
def live_office(new_database_url: NewDatabase) -> Iterator[Rich]:
    """Run an office with something of everything until the block ends; it doesn't count requests."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(step: Callable[[], Awaitable[Any]]) -> Any:
        async def taken() -> Any:
            return await step()

        return asyncio.run_coroutine_threadsafe(taken(), loop).result(SECONDS)

    opened = office("madrid", new_database_url, rate_limits="off")
    try:
        running = run(opened.__aenter__)
        try:
            yield run(lambda: fill(running))
        finally:
            run(lambda: opened.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


class Adapter(HTTPAdapter):
    """Takes of an event stream, which has no end, only the head."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """As requests does it, but for the body of streams."""
        response = super().send(request, *args, **more)
        if response.headers.get("Content-Type", "").startswith("text/event-stream"):
            response._content = b""
            response.close()
        return response


def new_session(domain: str) -> requests.Session:
    """A client that asks an office by its name, wherever it listens."""
    session = requests.Session()
    session.mount("http://", Adapter())
    session.headers["Host"] = domain
    return session
