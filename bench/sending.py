"""Requests of peers: signed and written out before the clock starts, then sent over a few connections.

What is timed is the server, so a request is nothing but bytes that are written, and an answer nothing but its status.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from bench.people import Document, Person
from keys.signing import Scheme, sign_request

ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole request as it goes over the wire."""

    host: str
    port: int
    data: bytes

    def numbered(self, number: int) -> "Prepared":
        """The same request to an address of its own, by a parameter that nobody reads."""
        method, address, rest = self.data.split(b" ", 2)
        mark = b"&" if b"?" in address else b"?"
        return replace(self, data=b"%b %b%bnumber=%d %b" % (method, address, mark, number, rest))


def prepare(person: Person, inbox_url: str, activity: Document, scheme: Scheme) -> Prepared:
    """Sign an activity for an inbox."""
    body = orjson.dumps(activity)
    key_id, key = person.key(scheme)
    headers = sign_request(
        method="POST",
        url=inbox_url,
        body=body,
        key_id=key_id,
        key=key,
        scheme=scheme,
        now=datetime.now(UTC),
        content_type="application/activity+json",
    )
    parts = urlsplit(inbox_url)
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    lines += ["User-Agent: bench", f"Content-Length: {len(body)}", "", ""]
    return Prepared(parts.hostname or "", parts.port or 80, "\r\n".join(lines).encode("latin-1") + body)


Address = tuple[str, int]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def post_all(requests: Sequence[Prepared], connections: int, to: Sequence[Address] = ()) -> Counter[int]:
    """Send them in their order over so many connections; how often each status was answered (0: no answer).

    The connections lead in turns to the addresses `to`, as those of a proxy do; otherwise to where requests say.
    """
    waiting, places = iter(requests), itertools.cycle(to or [None])
    statuses: Counter[int] = Counter()
    await asyncio.gather(*(_work(waiting, statuses, next(places)) for _ in range(connections)))
    return statuses


async def post_each_after(act: Callable[[], Awaitable[object]], requests: Sequence[Prepared]) -> Counter[int]:
    """Send them over one connection, each after `act` was done; how often each status was answered (0: no answer)."""
    statuses: Counter[int] = Counter()
    connection: Connection | None = None
    for request in requests:
        await act()
        status, connection = await _answered(connection, request, None)
        statuses[status] += 1
    if connection is not None:
        connection[1].close()
    return statuses


async def post_once(request: Prepared) -> int:
    """Send one; its status."""
    return next(iter(await post_all([request], 1)))


async def _work(waiting: Iterator[Prepared], statuses: Counter[int], place: Address | None) -> None:
    connection: Connection | None = None
    for request in waiting:
        status, connection = await _answered(connection, request, place)
        statuses[status] += 1
    if connection is not None:
        connection[1].close()


async def _answered(
    connection: Connection | None, request: Prepared, place: Address | None
) -> tuple[int, Connection | None]:
    """The status (0: no answer), and the connection for the next request, which is opened where there is none."""
    try:
        if connection is None:
            connection = await asyncio.open_connection(*place or (request.host, request.port))
        status, stays = await asyncio.wait_for(_exchange(connection, request), ANSWER_SECONDS)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        status, stays = 0, False
    if not stays and connection is not None:
        connection[1].close()
    return status, connection if stays else None


async def _exchange(connection: Connection, request: Prepared) -> tuple[int, bool]:
    reader, writer = connection
    writer.write(request.data)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, rest = head.partition(b"content-length:")
    if found:
        await reader.readexactly(int(rest.partition(b"\r\n")[0]))
    elif b"transfer-encoding: chunked" in head:
        while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readuntil(b"\r\n")
    return int(head[9:12]), b"connection: close" not in head
