"""An office as an administrator runs it: processes of the command `tertulia`, settings in the environment, a directory.

    async with instance(tmp_path / "madrid", "127.0.0.1") as madrid:
        await madrid.start("serve")
        ana = await madrid.create_person("ana")
        answer = await madrid.post(ana.outbox_url, ana.follow(bruno_uri), token=ana.token)

Nothing of the server is imported: whatever is asked goes through the command line or over HTTP. All processes are ended
with the block, whatever happened in it, and what they logged is in `<directory>/<number>-<command>.log`.
"""

import asyncio
import itertools
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.end_to_end.waiting import eventually
from tests.remote_peers import ACTIVITY_JSON, Answer

COMMAND = str(Path(sys.executable).with_name("tertulia"))
COMMAND_SECONDS = 60.0
STOP_SECONDS = 30.0
PASSWORD = "correct horse battery"
JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    exit_code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in, as the outside knows them: from WebFinger and the actor document."""

    name: str
    acct: str
    uri: str
    token: str
    document: JsonObject

    @property
    def outbox_url(self) -> str:
        return str(self.document["outbox"])

    @property
    def inbox_url(self) -> str:
        return str(self.document["inbox"])

    @property
    def followers_url(self) -> str:
        return str(self.document["followers"])


@dataclass
class Running:
    """A process of the office that serves or works."""

    process: asyncio.subprocess.Process
    log: Path

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        if self.process.returncode is None:
            self.process.kill()
        await asyncio.wait_for(self.process.wait(), STOP_SECONDS)

    async def terminate(self) -> int:
        """SIGTERM, and wait; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)

    def log_lines(self) -> list[JsonObject]:
        """What was logged as JSON."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]


@dataclass
class Instance:
    """One office. `environ` is what its commands get, besides a few variables that every program needs."""

    domain: str
    directory: Path
    environ: dict[str, str]
    client: aiohttp.ClientSession
    running: list[Running] = field(default_factory=list)
    _number: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def origin(self) -> str:
        return f"http://{self.domain}"

    # Commands

    async def command(self, *arguments: str, stdin: str = "") -> Outcome:
        """Run a command to its end."""
        process = await asyncio.create_subprocess_exec(
            COMMAND, *arguments, env=self.environ, cwd=self.directory, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            output, errors = await asyncio.wait_for(process.communicate(stdin.encode()), COMMAND_SECONDS)
        except BaseException:
            process.kill()
            await process.wait()
            raise
        return Outcome(process.returncode or 0, output.decode(), errors.decode())

    async def done(self, *arguments: str, stdin: str = "") -> Outcome:
        """Run a command that has to succeed."""
        outcome = await self.command(*arguments, stdin=stdin)
        assert outcome.exit_code == 0, f"tertulia {' '.join(arguments)}: {outcome.errors}"
        return outcome

    async def start(self, *arguments: str) -> Running:
        """Start a command that keeps running."""
        log = self.directory / f"{next(self._number)}-{arguments[0]}.log"
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                COMMAND, *arguments, env=self.environ, cwd=self.directory, stdin=asyncio.subprocess.DEVNULL,
                stdout=sink, stderr=sink,
            )  # fmt: skip
        started = Running(process, log)
        self.running.append(started)
        return started

    async def serve(self, *arguments: str) -> Running:
        """`tertulia serve`, once it says that it is ready."""
        started = await self.start("serve", *arguments)
        await self.until_ready(started)
        return started

    async def until_ready(self, started: Running) -> None:
        async def ready() -> int:
            assert started.process.returncode is None, started.log.read_text("utf-8")[-3000:]
            try:
                return (await self.get("/readyz")).status
            except aiohttp.ClientError:
                return 0

        await eventually(ready, lambda status: status == 200)

    async def until_working(self, started: Running) -> None:
        """Wait for a process without HTTP: it logs that it is ready."""

        async def ready() -> bool:
            assert started.process.returncode is None, started.log.read_text("utf-8")[-3000:]
            return any(line.get("event") == "ready" for line in started.log_lines())

        await eventually(ready)

    async def create_person(self, name: str, *options: str) -> Person:
        """`user create` and `token create`; needs a running server for the rest."""
        await self.done("user", "create", name, "--email", f"{name}@office.example", "--password-stdin", *options,
                        stdin=f"{PASSWORD}\n")  # fmt: skip
        token = (await self.done("token", "create", name)).output.strip()
        acct = f"{name}@{self.domain}"
        found = await self.get(f"/.well-known/webfinger?resource=acct:{acct}")
        uri = next(link["href"] for link in found.json["links"] if link["rel"] == "self")
        document = (await self.get(uri, token=token)).json
        return Person(name, acct, uri, token, document)

    async def peer_state(self, domain: str) -> str:
        """How far it has come with a peer, as `tertulia peer list` says."""
        listed = (await self.done("peer", "list", "--json")).json
        return next((str(peer["state"]) for peer in listed if peer["domain"] == domain), "unknown")

    async def queues(self) -> JsonObject:
        """`tertulia queue status --json`."""
        found: JsonObject = (await self.done("queue", "status", "--json")).json
        return found

    # HTTP

    async def get(self, path: str, *, token: str | None = None, accept: str = ACTIVITY_JSON) -> Answer:
        """GET a path, or a URI of this office."""
        return await self.request("GET", path, None, {"Accept": accept, **_bearer(token)})

    async def post(self, path: str, document: JsonObject, *, token: str | None = None) -> Answer:
        """POST an ActivityStreams document to a path, or to a URI of this office."""
        headers = {"Content-Type": ACTIVITY_JSON, **_bearer(token)}
        return await self.request("POST", path, json.dumps(document).encode(), headers)

    async def request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        assert path.startswith(("/", self.origin)), path
        url = path if path.startswith("http") else self.origin + path
        async with self.client.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def say(self, person: Person, document: JsonObject) -> str:
        """POST to a person's outbox as an ActivityPub client does (§6); the id of what was made."""
        answer = await self.post(person.outbox_url, document, token=person.token)
        assert answer.status == 201, f"{answer.status}: {answer.text[:500]}"
        return answer.headers["Location"]

    # The database, for what no public interface shows

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read from the SQLite file of the office, while it runs or afterwards."""
        file = self.directory / "data" / "tertulia.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query, parameters).fetchall()


async def make_peers(here: Instance, there: Instance) -> None:
    """The handshake as the manual tells it, between two offices that serve."""
    added = await here.done("peer", "add", there.domain, "--note", "agreed on Monday")
    (own_print,) = [line for line in added.output.splitlines() if "of our key:" in line]
    await eventually(lambda: there.peer_state(here.domain), lambda state: state == "proposed")
    shown = (await there.done("peer", "show", here.domain)).output
    assert f"fingerprint: {own_print.partition('of our key: ')[2]}" in shown
    assert f"tertulia peer confirm {here.domain}" in shown
    await there.done("peer", "confirm", here.domain)
    for office, other in ((here, there), (there, here)):
        await eventually(lambda office=office, other=other: office.peer_state(other.domain),  # type: ignore[misc]
                         lambda state: state == "active")  # fmt: skip


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def free_port(address: str) -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def environment(address: str, directory: Path, /, **settings: str) -> dict[str, str]:
    """Settings as somebody would export them, in lower case and without the prefix; an empty one is left out.

    Makes the directory, which commands run in.
    """
    directory.mkdir(parents=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    made = {
        "domain": address,
        "origin": f"http://{address}",
        "listen": address,
        "data_dir": str(directory / "data"),
        "allowed_addresses": "127.0.0.0/8",
        **settings,
    }
    return inherited | {f"TERTULIA_{name.upper()}": value for name, value in made.items() if value}


@asynccontextmanager
async def instance(directory: Path, address: str = "127.0.0.1", /, **settings: str) -> AsyncIterator[Instance]:
    """An office at `address:<free port>`, of which nothing runs yet; `settings` may say otherwise."""
    domain = settings.setdefault("domain", f"{address}:{free_port(address)}")
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as client:
        made = Instance(domain, directory, environment(domain, directory, **settings), client)
        try:
            yield made
        finally:
            for started in made.running:
                await started.kill()
