"""A client that listens: a WebSocket or server-sent events of an office, with what it was told so far."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.peers import Office, Person

PATIENCE = 10.0


class Told:
    """One event; `payload` is decoded."""

    def __init__(self, frame: dict[str, Any]) -> None:
        self.stream: list[str] = frame.get("stream", [])
        self.event: str = frame.get("event", "")
        self.raw = frame.get("payload")
        self.error = frame.get("error")

    @property
    def payload(self) -> Any:
        return json.loads(self.raw) if self.raw is not None else None

    @property
    def what(self) -> tuple[str, str]:
        """Stream and event, for comparisons."""
        return ",".join(self.stream), self.event


class Socket:
    """A connected WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def subscribe(self, stream: str, **parameters: str) -> None:
        await self.socket.send_json({"type": "subscribe", "stream": stream, **parameters})
        await self.settle()

    async def unsubscribe(self, stream: str, **parameters: str) -> None:
        await self.socket.send_json({"type": "unsubscribe", "stream": stream, **parameters})
        await self.settle()

    async def settle(self) -> None:
        """Wait until everything that was said before was obeyed: what comes now is the answer to nonsense."""
        await self.socket.send_json({"type": "nonsense"})
        error = (await self.next()).error
        if error != "The type of a message is subscribe or unsubscribe":
            raise Refused(str(error))

    async def next(self) -> Told:
        """The next event."""
        async with asyncio.timeout(PATIENCE):
            return Told(json.loads(await self.socket.receive_str()))

    async def take(self, count: int) -> list[Told]:
        return [await self.next() for _ in range(count)]

    async def closed(self) -> int | None:
        """Wait for the end; the code that the server gave."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.socket.receive()
                if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                    return self.socket.close_code


class Refused(Exception):
    """The server answered a subscription with an error."""


@asynccontextmanager
async def watching(office: Office, person: Person | None, stream: str = "", *, token_in: str = "header",
                   slash: str = "", **parameters: str) -> AsyncIterator[Socket]:  # fmt: skip
    """A WebSocket of somebody until the block ends; subscribed at once when `stream` is given."""
    query = {**({"stream": stream} if stream else {}), **parameters}
    headers = {"Host": office.domain}
    protocols: tuple[str, ...] = ()
    token = person.token if person is not None else "nobody"
    if token_in == "header":
        headers["Authorization"] = f"Bearer {token}"
    elif token_in == "protocol":
        protocols = (token,)
    else:
        query["access_token"] = token
    url = f"http://127.0.0.1:{office.port}/api/v1/streaming{slash}?{urlencode(query)}"
    async with office.client.ws_connect(url, headers=headers, protocols=protocols) as socket:
        assert socket.protocol == (token if protocols else None)
        watcher = Socket(socket)
        if stream:
            await watcher.settle()
        yield watcher


class Events:
    """An open answer of server-sent events."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.comments: list[str] = []

    async def next(self) -> Told:
        """The next event; comments on the way are kept."""
        found: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await self.response.content.readline()).decode()
                assert line, "the stream ended"
                if line.startswith(":"):
                    self.comments.append(line.strip())
                elif line == "\n" and found:
                    return Told({"event": found["event"], "payload": found["data"]})
                elif line != "\n":
                    name, _, value = line.strip().partition(": ")
                    found[name] = value

    async def ended(self) -> None:
        """Wait for the end."""
        async with asyncio.timeout(PATIENCE):
            while await self.response.content.readline():
                pass


@asynccontextmanager
async def events_of(office: Office, person: Person, path: str, **query: str) -> AsyncIterator[Events]:
    """Server-sent events of somebody until the block ends."""
    headers = {"Host": office.domain, "Authorization": f"Bearer {person.token}"}
    url = f"http://127.0.0.1:{office.port}/api/v1/streaming/{path}?{urlencode(query)}"
    async with office.client.get(url, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        yield Events(response)
