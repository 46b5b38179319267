"""Other servers, as many as a test wants, behind one loopback port: real HTTP, told apart by the Host header.

Names resolve to 127.0.0.2. What is published under a URL is answered with exactly that; everything else is 404.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from keys.keypairs import PrivateKey
from keys.requests import HttpMessage
from keys.signing import Scheme, sign_request

ACTIVITY_JSON = "application/activity+json"
JRD = "application/jrd+json"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


async def resolve(_host: str, _port: int) -> list[str]:
    return ["127.0.0.2"]


@dataclass
class World:
    """Every server but ours. `visits` are `METHOD url` in order of arrival."""

    port: int = 0
    pages: dict[str, Handler] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    requests: list[web.BaseRequest] = field(default_factory=list)

    def host(self, name: str) -> str:
        return f"{name}:{self.port}"

    def url(self, name: str, path: str) -> str:
        return f"http://{name}:{self.port}{path}"

    def publish(
        self,
        url: str,
        content: Any = b"",
        *,
        content_type: str = ACTIVITY_JSON,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Answer GETs of `url`, whatever their query, with `content` (bytes as they are, the rest as JSON)."""
        body = content if isinstance(content, bytes) else orjson.dumps(content)

        async def answer(_request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=status, body=body, headers={"Content-Type": content_type, **(headers or {})})

        self.pages[url] = answer

    def redirect(self, url: str, location: str) -> None:
        self.publish(url, status=302, headers={"Location": location})

    def handle(self, url: str, handler: Handler) -> None:
        self.pages[url] = handler

    def webfinger(self, name: str, answers: dict[str, dict[str, Any]]) -> None:
        """Let `name` answer WebFinger for these resources."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            found = answers.get(request.query.get("resource", ""))
            if found is None:
                raise web.HTTPNotFound
            return web.Response(body=orjson.dumps(found), content_type=JRD)

        self.pages[self.url(name, "/.well-known/webfinger")] = answer

    def visited(self, url: str) -> int:
        """How often a URL was asked for."""
        return sum(visit == f"GET {url}" for visit in self.visits)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        url = f"http://{request.headers['Host']}{request.path_qs}"
        self.visits.append(f"{request.method} {url}")
        self.requests.append(request)
        page = self.pages.get(url) or self.pages.get(url.partition("?")[0])
        if page is None:
            return web.Response(status=404)
        try:
            return await page(request)
        except web.HTTPException as error:
            return web.Response(status=error.status)


@asynccontextmanager
async def serving_world() -> AsyncIterator[World]:
    world = World()
    runner = web.ServerRunner(web.Server(world.answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.2", 0)
    await site.start()
    world.port = runner.addresses[0][1]
    try:
        yield world
    finally:
        await runner.cleanup()


@dataclass
class RemoteActor:
    """Somebody on another server, with a document, a WebFinger entry and keys."""

    world: World
    server: str
    name: str
    key: PrivateKey
    ed25519: PrivateKey | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return self.world.url(self.server, f"/users/{self.name}")

    @property
    def key_id(self) -> str:
        return f"{self.uri}#main-key"

    @property
    def handle(self) -> str:
        return f"{self.name}@{self.world.host(self.server)}"

    def document(self, **changes: Any) -> dict[str, Any]:
        found = {
            "@context": CONTEXT,
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "inbox": f"{self.uri}/inbox",
            "followers": f"{self.uri}/followers",
            "publicKey": {"id": self.key_id, "owner": self.uri, "publicKeyPem": self.key.public.pem},
            **self.extra,
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def publish(self, **changes: Any) -> "RemoteActor":
        """Serve the document, with changes (None removes), and a WebFinger entry of its own server."""
        self.world.publish(self.uri, self.document(**changes))
        self.world.webfinger(self.server, {f"acct:{self.handle}": self.descriptor()})
        return self

    def descriptor(self, **changes: Any) -> dict[str, Any]:
        link = {"rel": "self", "type": ACTIVITY_JSON, "href": self.uri}
        return {"subject": f"acct:{self.handle}", "links": [link], **changes}

    def request(
        self,
        now: datetime,
        *,
        method: str = "POST",
        url: str = "http://office.test/inbox",
        body: bytes | None = b"{}",
        scheme: Scheme = Scheme.CAVAGE_RSA,
        key: PrivateKey | None = None,
        key_id: str | None = None,
    ) -> HttpMessage:
        """A signed request to our office, as it arrives there."""
        headers = sign_request(
            method=method, url=url, body=body, key_id=self.key_id if key_id is None else key_id, key=key or self.key,
            scheme=scheme, now=now,
        )  # fmt: skip
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return HttpMessage(method, parts.scheme, parts.netloc, target, list(headers.items()), body or b"")
