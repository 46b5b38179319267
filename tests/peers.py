"""The cast of the tests: offices that really run and really talk to each other, and a server that isn't ours.

    async with office("madrid", new_database_url) as madrid, office("lisbon", new_database_url) as lisbon:
        await madrid.confirm(lisbon)
        await lisbon.confirm(madrid)
        alice, bob = await madrid.create_person("alice"), await lisbon.create_person("bob")
        …
        await run_until_idle(madrid, lisbon)

An office answers HTTP on a loopback port under `<name>.localhost:<port>`; its loops don't run by themselves but are
stepped by `run_until_idle`, so that tests never wait. `tests.remote_peers` has the stranger (RemoteServer).
"""

import itertools
import re
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp import web
from sqlalchemy.engine import URL
from yarl import URL as URL_

from access.tokens import create_token
from federation.services import Services
from inbox.journal import Journal
from models.accounts import Account
from models.database import utc_now
from server.app import make_app
from server.context import open_services
from server.listener import Runner
from server.runtime import Workers
from server.settings import Settings, load_settings
from server.users import create_user
from tests.remote_peers import ACTIVITY_JSON, Answer, RemoteServer, pooled_rsa

MAX_ROUNDS = 200
NewDatabase = Callable[[], Awaitable[URL]]


@dataclass(frozen=True)
class Person:
    """Somebody of an office who can sign in."""

    name: str
    account: Account
    token: str
    office: "Office"

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def uri(self) -> str:
        return self.account.uri

    @property
    def inbox_url(self) -> str:
        return self.account.inbox_url

    @property
    def outbox_url(self) -> str:
        return self.account.outbox_url or ""

    @property
    def followers_url(self) -> str:
        return self.account.followers_url or ""

    @property
    def acct(self) -> str:
        """The handle as others write it, without a leading @."""
        return f"{self.name}@{self.office.domain}"


@dataclass(frozen=True)
class ApiAnswer:
    """What the client API answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def links(self) -> dict[str, str]:
        """The addresses of the `Link` header by their relation, as paths of the office."""
        found = re.findall(r'<https?://[^/>]+([^>]*)>; rel="(\w+)"', self.headers.get("Link", ""))
        return {relation: path for path, relation in found}


@dataclass(frozen=True)
class Client:
    """An app in somebody's hands: the client API of one office with one token, or none."""

    office: "Office"
    token: str | None

    async def get(self, path: str, **query: Any) -> ApiAnswer:
        """GET with a query; lists become `name[]=…`."""
        return await self.call("GET", path, query=query)

    async def post(self, path: str, document: Any = None, *, headers: Mapping[str, str] | None = None) -> ApiAnswer:
        """POST JSON, or what aiohttp takes as `data` when it isn't a dictionary."""
        return await self.call("POST", path, document, headers=headers)

    async def put(self, path: str, document: Any = None) -> ApiAnswer:
        return await self.call("PUT", path, document)

    async def patch(self, path: str, document: Any = None) -> ApiAnswer:
        return await self.call("PATCH", path, document)

    async def delete(self, path: str, document: Any = None, **query: Any) -> ApiAnswer:
        return await self.call("DELETE", path, document, query=query)

    async def call(self, method: str, path: str, document: Any = None, *, query: Mapping[str, Any] | None = None,
                   headers: Mapping[str, str] | None = None) -> ApiAnswer:  # fmt: skip
        """Any request to a path (or an address) of the office."""
        path = path.removeprefix(self.office.origin)
        sent = {"Host": self.office.domain, **(headers or {})}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        pairs = [
            (f"{name}[]" if isinstance(value, list) else name, _word(one))
            for name, value in (query or {}).items()
            for one in (value if isinstance(value, list) else [value])
        ]
        if pairs:
            path += ("&" if "?" in path else "?") + urlencode(pairs)
        body = {"json": document} if isinstance(document, dict | list) else {"data": document}
        url = URL_(f"http://127.0.0.1:{self.office.port}{path}", encoded=True)
        async with self.office.client.request(method, url, headers=sent, allow_redirects=False, **body) as response:
            answer = ApiAnswer(response.status, response.headers.copy(), await response.read())
        # No test asks for a mistake of ours, and the length of an error's JSON has passed for a number of statuses.
        assert answer.status != 500, f"{method} {path}: {answer.body.decode()}"
        return answer


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass
class Office:
    """One running instance."""

    name: str
    settings: Settings
    services: Services
    journal: Journal
    app: web.Application
    workers: Workers
    client: aiohttp.ClientSession
    port: int
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """`<name>.localhost:<port>`: the name under which it is a peer."""
        return self.settings.domain

    host = domain

    @property
    def origin(self) -> str:
        return self.settings.origin

    async def create_person(self, name: str, *, display_name: str = "", scopes: str = "read write follow push",
                            is_admin: bool = False) -> Person:  # fmt: skip
        """Make somebody with keys and an access token, but without a password."""
        async with self.services.database.unit_of_work() as unit:
            made = await create_user(
                unit, self.services, name=name, email=f"{name}@{self.name}.example", password_hash=None,
                display_name=display_name, is_admin=is_admin,
            )  # fmt: skip
            await unit.session.flush()
            token = create_token(unit, made.user, scopes)
        person = self.people[name] = Person(name, made.account, token, self)
        return person

    async def confirm(self, *others: "Office | RemoteServer | str") -> None:
        """Make others active peers at once, without the handshake: offices full ones, all others limited ones."""
        for other in others:
            async with self.services.database.unit_of_work() as unit:
                host = other if isinstance(other, str) else other.host
                await self.services.peers.admit(unit, host, is_limited=not isinstance(other, Office))

    async def suspend(self, other: "Office | RemoteServer | str") -> None:
        """Refuse another from now on."""
        async with self.services.database.unit_of_work() as unit:
            await self.services.peers.suspend(unit, other if isinstance(other, str) else other.host)

    async def run_until_idle(self) -> None:
        """Step the loops until none has work that is due now."""
        await run_until_idle(self)

    def api(self, person: "Person | str | None" = None) -> Client:
        """The client API in somebody's hands: a person, a token, or nobody."""
        return Client(self, person.token if isinstance(person, Person) else person)

    async def get(self, path: str, *, accept: str = ACTIVITY_JSON, token: str | Person | None = None,
                  headers: Mapping[str, str] | None = None) -> Answer:  # fmt: skip
        """GET a path (or a URI) of this office, unsigned."""
        return await self.request("GET", path, token=token, headers={"Accept": accept, **(headers or {})})

    async def post(self, path: str, document: Any = None, *, token: str | Person | None = None,
                   content_type: str = ACTIVITY_JSON, headers: Mapping[str, str] | None = None) -> Answer:  # fmt: skip
        """POST JSON (or bytes) to a path of this office, unsigned."""
        return await self.request(
            "POST", path, document, token=token, headers={"Content-Type": content_type, **(headers or {})}
        )

    async def request(self, method: str, path: str, document: Any = None, *, token: str | Person | None = None,
                      headers: Mapping[str, str] | None = None) -> Answer:  # fmt: skip
        """Any request to a path (or a URI) of this office."""
        path = path.removeprefix(self.origin)
        sent = {"Host": self.domain, **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token.token if isinstance(token, Person) else token}"
        body = {"data": document} if isinstance(document, bytes | None) else {"json": document}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.client.request(method, url, headers=sent, allow_redirects=False, **body) as response:
            answer = Answer(response.status, response.headers.copy(), await response.read())
        assert answer.status != 500, f"{method} {path}: {answer.body.decode()}"
        return answer


async def run_until_idle(*offices: Office) -> None:
    """Step the loops of all offices, again and again, until none has work that is due now."""
    for _ in range(MAX_ROUNDS):
        if sum([await one.workers.run_once() for one in offices]) == 0:
            return
    raise AssertionError(f"{', '.join(one.name for one in offices)} never come to rest")


@asynccontextmanager
async def office(
    name: str,
    new_database_url: NewDatabase,
    *,
    clock: Callable[[], datetime] = utc_now,
    federation: str = "closed",
    **settings: str,
) -> AsyncIterator[Office]:
    """Run an office until the block ends; `settings` are further ones as in the environment, in lower case."""
    with tempfile.TemporaryDirectory(prefix=f"tertulia-{name}-") as directory, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        url = await new_database_url()
        made = settings_for(f"{name}.localhost:{port}", url, Path(directory), federation=federation, **settings)
        async with office_of(made, listener, clock=clock) as opened:
            yield opened


@asynccontextmanager
async def office_of(
    settings: Settings, listener: socket.socket, *, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Office]:
    """Run the office of these settings until the block ends; it may be run again on the same data and port."""
    name, port = settings.domain.partition(".")[0], listener.getsockname()[1]
    async with open_services(settings, clock=clock, new_rsa=pooled_rsa) as services:
        journal = Journal(services.database)
        app = make_app(services, settings, journal=journal)
        runner = Runner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        try:
            async with aiohttp.ClientSession(auto_decompress=False) as client:
                yield Office(name, settings, services, journal, app, Workers(services, journal), client, port)
        finally:
            await runner.cleanup()


def settings_for(domain: str, database_url: URL, data_dir: Path, **more: str) -> Settings:
    """The settings of an office on loopback."""
    environ = {
        "domain": domain,
        "data_dir": str(data_dir),
        "database_url": database_url.render_as_string(hide_password=False),
        "allowed_addresses": "127.0.0.0/8",
        "instance_name": domain.partition(".")[0].capitalize(),
        "link_previews": "off",  # what posts of tests link to isn't there
        **more,
    }
    return load_settings(None, {f"TERTULIA_{name.upper()}": value for name, value in environ.items()})


@asynccontextmanager
async def remote_server(
    address: str = "127.0.0.2", *, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[RemoteServer]:
    """Run a server that isn't ours until the block ends."""
    server = RemoteServer(address, clock=clock)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


# Each remote server of a test gets an address of its own.
ADDRESSES = [f"127.0.0.{number}" for number in itertools.islice(itertools.count(2), 50)]
