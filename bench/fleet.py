"""The simulated instances: one process, one port, an address of 127.0.0.0/8 for each host.

Serves actors, WebFinger, NodeInfo and notes, takes deliveries at every inbox and counts them, and answers a Follow of
one of its actors with a signed Accept. It verifies nothing: what it takes is what the server's worker calls delivered,
and its own CPU must not compete with the server's more than it has to.
"""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from bench.people import Document, Pen, Person
from bench.sending import post_once, prepare
from keys.signing import Scheme

ACTIVITY_JSON = "application/activity+json"
NODEINFO = "http://nodeinfo.diaspora.software/ns/schema/2.1"
SOFTWARE = {"version": "2.1", "software": {"name": "bench", "version": "1"}}
BACKLOG = 512


@dataclass
class Fleet:
    """What is published by host and path, and what arrived: numbers by type of activity."""

    port: int
    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    arrived: Counter[str] = field(default_factory=Counter)
    rfc9421: int = 0
    repeated: int = 0  # what one inbox got more than once
    asked: int = 0
    _waiting: list[tuple[str, int, "asyncio.Future[None]"]] = field(default_factory=list)
    _known: set[tuple[str, str, str]] = field(default_factory=set)
    _pen: Pen = field(default_factory=lambda: Pen("a"))
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def host(self, address: str) -> str:
        return f"{address}:{self.port}"

    def publish_person(self, person: Person) -> None:
        """Have the person's server show it."""
        self.people[person.uri] = person
        self.publish(person.document)

    def publish(self, document: Document) -> None:
        host, _, path = str(document["id"]).removeprefix("http://").partition("/")
        self.documents[host, "/" + path] = orjson.dumps(document)

    def publish_notes(self, notes: Iterable[Document]) -> None:
        for note in notes:
            self.publish(note)

    async def wait_for(self, kind: str, number: int, seconds: float) -> int:
        """Wait until `number` activities of a type have arrived, or the time is over; how many there are."""
        if self.arrived[kind] < number:
            done = asyncio.get_running_loop().create_future()
            self._waiting.append((kind, number, done))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done, seconds)
        return self.arrived[kind]

    def _note(self, host: str, path: str, activity_id: str) -> None:
        self.repeated += (host, path, activity_id) in self._known
        self._known.add((host, path, activity_id))

    def _arrive(self, kind: str) -> None:
        self.arrived[kind] += 1
        for waiting in [item for item in self._waiting if item[0] == kind and self.arrived[kind] >= item[1]]:
            self._waiting.remove(waiting)
            if not waiting[2].done():
                waiting[2].set_result(None)

    # HTTP

    async def serve(self, request: web.BaseRequest) -> web.Response:
        if request.method == "POST":
            return await self._receive(request)
        self.asked += 1
        host = request.headers.get("Host", "")
        if request.path == "/.well-known/webfinger":
            return self._webfinger(host, request.query.get("resource", ""))
        if request.path == "/.well-known/nodeinfo":
            return _json({"links": [{"rel": NODEINFO, "href": f"http://{host}/nodeinfo/2.1"}]})
        if request.path == "/nodeinfo/2.1":
            return _json(SOFTWARE)
        body = self.documents.get((host, request.path))
        if body is None:
            return web.Response(status=404)
        return web.Response(body=body, content_type=ACTIVITY_JSON)

    async def _receive(self, request: web.BaseRequest) -> web.Response:
        activity = orjson.loads(await request.read())
        self.rfc9421 += "Signature-Input" in request.headers
        self._note(request.headers.get("Host", ""), request.path, str(activity.get("id")))
        self._arrive(str(activity.get("type")))
        if activity.get("type") == "Follow":
            task = asyncio.create_task(self._accept(activity))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return web.Response(status=202)

    def _webfinger(self, host: str, resource: str) -> web.Response:
        name = resource.removeprefix("acct:").partition("@")[0].rpartition("/")[2]
        uri = f"http://{host}/users/{name}"
        if uri not in self.people:
            return web.Response(status=404)
        link = {"rel": "self", "type": ACTIVITY_JSON, "href": uri}
        return _json({"subject": f"acct:{name}@{host}", "links": [link]}, "application/jrd+json")

    async def _accept(self, follow: dict[str, Any]) -> None:
        person = self.people[follow["object"]]
        inbox_url = follow["actor"] + "/inbox"
        await post_once(prepare(person, inbox_url, self._pen.accept(person, follow), Scheme.CAVAGE_RSA))


def _json(value: object, content_type: str = "application/json") -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type=content_type)


@asynccontextmanager
async def running_fleet(addresses: Iterable[str]) -> AsyncIterator[Fleet]:
    """Listen on one port of each address, all of them loopback, until the block ends."""
    sockets = _listeners(list(addresses))
    fleet = Fleet(sockets[0].getsockname()[1])
    server = web.Server(fleet.serve, access_log=None)
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(server, sock=listener, backlog=BACKLOG) for listener in sockets]
    try:
        yield fleet
    finally:
        for one in servers:
            one.close()
        await server.shutdown(1.0)


def _listeners(addresses: list[str]) -> list[socket.socket]:
    made: list[socket.socket] = []
    try:
        for address in addresses:
            if not address.startswith("127."):
                raise ValueError(f"{address} is not loopback")
            listener = socket.socket()
            made.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, made[0].getsockname()[1] if len(made) > 1 else 0))
            listener.setblocking(False)
    except OSError:
        for listener in made:
            listener.close()
        raise
    return made
