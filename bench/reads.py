"""Reading: what clients and peers ask for most, over one connection and over sixteen.

Everything that has to be known is asked from the server with the token, so any server with Mastodon's client API can be
measured (`--url`, `--token`). A request is bytes that were written before the clock starts, an answer its length.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import aiohttp

from bench.office import BenchFailed
from bench.sending import Prepared, post_all, post_each_after
from bench.table import Row

HOME = "/api/v1/timelines/home?limit=20"
# Answered from memory while nothing changes; measured also after a change, and as they are first answered.
CHANGED = ("home", "tag", "notifications", "status", "actor", "webfinger")
# What has to be found among very much, or isn't there: asked only as it is first asked.
SOUGHT = ("ours", "media", "none")
PAGES = 50
CONNECTIONS = (1, 16)
WARM_UP = 50
Change = Callable[[], Awaitable[object]]


# What the issue asks for, in milliseconds of CPU; of a hashtag's timeline it says nothing.
TARGETS: dict[str, tuple[str, float | None]] = {
    "home": ("`GET /api/v1/timelines/home?limit=20`", 0.4),
    "deep": ("– its fiftieth page", 0.45),
    "tag": ("`GET /api/v1/timelines/tag/:hashtag`", None),
    "notifications": ("`GET /api/v1/notifications`", 0.35),
    "status": ("`GET /api/v1/statuses/:id`", 0.15),
    "actor": ("an actor document", 0.12),
    "webfinger": ("WebFinger", 0.1),
}
ROWS = tuple(
    row
    for name, (label, most) in TARGETS.items()
    for row in (
        *(Row(f"reads.{name}.{number}.rate", f"{label}, {number} connection{'s'[: number - 1]}", "a second")
          for number in CONNECTIONS),
        *(Row(f"reads.{name}.{number}.cpu", f"– CPU each, {number} connection{'s'[: number - 1]}", "ms",
              most=most if number > 1 else None) for number in CONNECTIONS),
    )
)  # fmt: skip


class Measured(Protocol):
    """A server whose CPU can be told; of one elsewhere it can't."""

    @property
    def cpu_seconds(self) -> float: ...

    async def database_cpu_seconds(self) -> float: ...


@dataclass(frozen=True)
class Reader:
    """A server to be read, and somebody who reads."""

    origin: str
    token: str

    def get(self, path: str, accept: str = "*/*") -> Prepared:
        """A request as it goes over the wire."""
        return self._request("GET", path, {"Accept": accept})

    def post(self, path: str, body: bytes, content_type: str) -> Prepared:
        """The same with a body."""
        return self._request("POST", path, {"Content-Type": content_type, "Content-Length": str(len(body))}, body)

    def _request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Prepared:
        parts = urlsplit(self.origin)
        headers = {"Host": parts.netloc, "User-Agent": "bench"} | headers
        if self.token and path.startswith("/api/"):
            headers["Authorization"] = f"Bearer {self.token}"
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return Prepared(parts.hostname or "", parts.port or 80, "\r\n".join(lines).encode() + body)


async def reading_requests(reader: Reader) -> dict[str, Prepared]:
    """The requests that are measured, by name; what isn't there (too short a timeline) is left out."""
    headers = {"Authorization": f"Bearer {reader.token}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        me, home = await _json(client, reader, "/api/v1/accounts/verify_credentials"), await _json(client, reader, HOME)
        deep = await _page(client, reader, home)
        older = await _json(client, reader, deep) if deep else []
    actor = urlsplit(f"{reader.origin}/users/{me['username']}" if me.get("uri") is None else me["uri"])
    tags = [tag["name"] for status in [*home, *older] for tag in status.get("tags", ())]
    handle = quote(f"acct:{me['username']}@{await _domain(reader)}", safe="")
    made = {
        "home": HOME,
        "deep": deep,
        "tag": f"/api/v1/timelines/tag/{quote(tags[0], safe='')}" if tags else None,
        "notifications": "/api/v1/notifications",
        "status": f"/api/v1/statuses/{home[0]['id']}" if home else None,
        "actor": actor.path,
        "webfinger": f"/.well-known/webfinger?resource={handle}",
        "ours": "/api/v1/timelines/public?local=true",
        "media": "/api/v1/timelines/public?only_media=true",
        "none": f"/api/v1/timelines/tag/{(tag := quote(tags[0], safe=''))}?none[]={tag}" if tags else None,
    }
    return {
        name: reader.get(path, "application/activity+json" if name == "actor" else "application/json")
        for name, path in made.items()
        if path is not None
    }


async def measure_reads(
    reader: Reader, requests: int, server: Measured | None, change: Change | None = None
) -> dict[str, float]:
    """Requests a second and CPU of each (`reads.<what>.<connections>.rate` and `.cpu`), of all that there is.

    `.database` is what processes of the database needed beside it. `reads.<what>.changed` are those of one connection
    that asks again after each `change` of what doesn't concern it, `reads.<what>.anew` those of answers that were not
    kept.
    """
    found: dict[str, float] = {}
    asked = await reading_requests(reader)
    for name, request in asked.items():
        if name in SOUGHT:
            continue
        await _all(name, [request] * WARM_UP, 1)
        for connections in CONNECTIONS:
            found |= await _measured(f"reads.{name}.{connections}", [request] * requests, connections, server)
    for name in CHANGED:
        if name in asked and change is not None:
            found |= await _after_changes(name, [asked[name]] * (requests // 8), change, server)
    for name in (*CHANGED, *SOUGHT):
        if name in asked:
            # No two of the same address: nothing that is kept of one answers another.
            anew = [asked[name].numbered(number) for number in range(WARM_UP + requests // 4)]
            await _all(name, anew[:WARM_UP], CONNECTIONS[-1])
            found |= await _measured(f"reads.{name}.anew", anew[WARM_UP:], CONNECTIONS[-1], server)
    return found


async def _after_changes(
    name: str, requests: list[Prepared], change: Change, server: Measured | None
) -> dict[str, float]:
    """CPU of each alone: most of the time goes by with changing something, which is not the server's doing."""
    before = await _clocks(server)
    _check(name, await post_each_after(change, requests), requests)
    return await _used(f"reads.{name}.changed", before, server, len(requests))


async def _measured(name: str, requests: list[Prepared], connections: int, server: Measured | None) -> dict[str, float]:
    before, started = await _clocks(server), time.perf_counter()
    await _all(name, requests, connections)
    found = {f"{name}.rate": len(requests) / (time.perf_counter() - started)}
    return found | await _used(name, before, server, len(requests))


async def _clocks(server: Measured | None) -> dict[str, float]:
    """Seconds of CPU until now, of the server and of its database."""
    return {"cpu": server.cpu_seconds, "database": await server.database_cpu_seconds()} if server else {}


async def _used(name: str, before: Mapping[str, float], server: Measured | None, requests: int) -> dict[str, float]:
    """Milliseconds of CPU of each request since then."""
    now = await _clocks(server)
    return {f"{name}.{whose}": (now[whose] - seconds) * 1000 / requests for whose, seconds in before.items()}


async def _all(name: str, requests: list[Prepared], connections: int) -> None:
    _check(name, await post_all(requests, connections), requests)


def _check(name: str, statuses: Counter[int], requests: list[Prepared]) -> None:
    if statuses[200] < len(requests):
        raise BenchFailed(f"{name} was answered {dict(statuses)}: {requests[0].data.splitlines()[0].decode()}")


async def _page(client: aiohttp.ClientSession, reader: Reader, items: list[Any]) -> str | None:
    """Where the fiftieth page of the home timeline is."""
    path = None
    for _ in range(PAGES - 1):
        if not items:
            return None
        path = f"{HOME}&max_id={items[-1]['id']}"
        items = await _json(client, reader, path)
    return path if items else None


async def _json(client: aiohttp.ClientSession, reader: Reader, path: str) -> Any:
    async with client.get(reader.origin + path) as response:
        if response.status != 200:
            raise BenchFailed(f"{path} was answered {response.status}: {(await response.text())[:300]}")
        return await response.json()


async def _domain(reader: Reader) -> str:
    """The domain of handles, which may differ from the host."""
    async with aiohttp.ClientSession() as client:
        return str((await _json(client, reader, "/api/v2/instance"))["domain"])
