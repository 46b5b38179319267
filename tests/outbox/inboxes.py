"""Peers on loopback addresses that receive deliveries, answer as they are told, and keep what came."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from keys.keypairs import PublicKey
from keys.requests import HttpMessage
from keys.verification import VerifiedSignature, verify_request
from tests.conftest import Clock


@dataclass
class Answer:
    """What a peer answers: by default, that it has the activity."""

    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Received:
    """A delivery as it arrived."""

    message: HttpMessage

    @property
    def activity_id(self) -> str:
        return str(orjson.loads(self.message.body)["id"])

    @property
    def is_rfc9421(self) -> bool:
        return "signature-input" in self.message.fields

    def header(self, name: str) -> str:
        return self.message.fields[name][0]

    async def verified(self, keys: dict[str, PublicKey], clock: Clock) -> VerifiedSignature:
        """Check the signature as a strict peer would. Raises SignatureRefused."""

        async def find_key(key_id: str) -> PublicKey | None:
            return keys.get(key_id)

        return await verify_request(self.message, find_key=find_key, now=clock())


Decide = Callable[[Received], Answer]


class Peer:
    """A server on `address`; `decide` chooses each answer and may be replaced at any time."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.port = 0
        self.decide: Decide = lambda _received: Answer()
        self.received: list[Received] = []
        self.has_received = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._runner = web.ServerRunner(web.Server(self._handle))

    @property
    def host(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def inbox_url(self) -> str:
        return f"http://{self.host}/inbox"

    @property
    def activity_ids(self) -> list[str]:
        return [received.activity_id for received in self.received]

    def answers(self, status: int, body: str = "", **headers: str) -> None:
        """Answer like this from now on; `retry_after="5"` is a header."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.decide = lambda _received: Answer(status, fields, body)

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; `start` comes back on the same port."""
        await self._runner.cleanup()
        self._runner = web.ServerRunner(web.Server(self._handle))

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        headers = [(name.decode(), value.decode()) for name, value in request.raw_headers]
        message = HttpMessage(request.method, "http", self.host, request.path_qs, headers, await request.read())
        received = Received(message)
        self.received.append(received)
        self.has_received.set()
        await self.may_answer.wait()
        answer = self.decide(received)
        return web.Response(status=answer.status, headers=answer.headers, text=answer.body)
