"""A reverse proxy in front of an office, as in production, that sees how requests are signed.

`understands` are the kinds of signature that it lets through (`cavage`, `rfc9421`); the others it answers with 401, as
a server that can't verify them would. `delivered` counts what was posted to inboxes and accepted, by kind of signature.
"""

import socket
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

from tests.end_to_end.instance import free_port

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
EVERY_KIND = frozenset({"cavage", "rfc9421"})


@dataclass
class Front:
    """Listens at `domain`, the office at `listen`."""

    domain: str
    listen: str
    client: aiohttp.ClientSession
    understands: Collection[str] = EVERY_KIND
    delivered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    async def serve(self, request: web.BaseRequest) -> web.Response:
        kind = kind_of(request)
        if kind is not None and kind not in self.understands:
            self.refused[kind] += 1
            return web.Response(status=401)
        answer = await self._forward(request)
        if request.method == "POST" and request.path.endswith("/inbox") and answer.status == 202:
            self.delivered[kind or "unsigned"] += 1
        return answer

    async def _forward(self, request: web.BaseRequest) -> web.Response:
        url = URL(f"http://{self.listen}{request.raw_path}", encoded=True)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP]
        try:
            async with self.client.request(
                request.method, url, headers=headers, data=await request.read(), allow_redirects=False
            ) as found:
                kept = [(name, value) for name, value in found.headers.items() if name.lower() not in _HOP_BY_HOP]
                return web.Response(status=found.status, headers=kept, body=await found.read())
        except aiohttp.ClientError:
            return web.Response(status=502)


def kind_of(request: web.BaseRequest) -> str | None:
    """How a request is signed, if it is."""
    if "Signature-Input" in request.headers:
        return "rfc9421"
    return "cavage" if "Signature" in request.headers else None


@asynccontextmanager
async def front(address: str, understands: Collection[str]) -> AsyncIterator[Front]:
    """Run a proxy on a free port of the address until the block ends."""
    with socket.socket() as listener:
        listener.bind((address, 0))
        async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["User-Agent", "Accept"]) as client:
            domain = f"{address}:{listener.getsockname()[1]}"
            made = Front(domain, f"{address}:{free_port(address)}", client, understands)
            runner = web.ServerRunner(web.Server(made.serve, access_log=None), shutdown_timeout=0.1)
            await runner.setup()
            try:
                await web.SockSite(runner, listener).start()
                yield made
            finally:
                await runner.cleanup()
