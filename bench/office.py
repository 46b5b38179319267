"""The instance that is measured: started from the command line, set up as an administrator would.

Its cost is read from the system (CPU of all its threads, resident memory), its progress from its database, so that
watching costs it nothing.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from sqlalchemy.engine import make_url

from access.tokens import DEFAULT_SCOPES, create_token
from bench import databases
from bench.processes import cpu_seconds
from models import Database
from models.addresses import LocalAddresses
from server.context import open_services
from server.migrate import migrate
from server.settings import load_settings
from server.users import create_user

START_SECONDS = 180.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024
MAIN = "from server.cli import main; main()"


class BenchFailed(Exception):
    """The measurement can't go on; the message says why."""


@dataclass(frozen=True)
class Account:
    """Somebody of the office."""

    id: int
    uri: str
    token: str


@dataclass
class Office:
    """A running instance."""

    origin: str
    directory: Path
    process: subprocess.Popen[bytes]
    environ: dict[str, str]
    _onlooker: databases.Onlooker | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.origin)
        return parts.hostname or "", parts.port or 80

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process and its threads, in user and kernel."""
        return cpu_seconds(self.process.pid)

    async def database_cpu_seconds(self) -> float:
        """CPU time of PostgreSQL's processes that answer somebody; SQLite's is that of the office."""
        if databases.URL not in self.environ:
            return 0.0
        return sum(cpu_seconds(one) for (one,) in await self.rows(databases.BACKENDS))

    @property
    def memory_mib(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_KIB / 1024

    async def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask its database, read-only."""
        if self._onlooker is None:
            self._onlooker = databases.Onlooker(self.environ)
        return await self._onlooker.rows(query, parameters)

    async def count(self, query: str, *parameters: object) -> int:
        return int((await self.rows(query, *parameters))[0][0])

    def open_database(self) -> Database:
        """Its database, to be written to."""
        url = self.environ.get(databases.URL, f"sqlite+aiosqlite:///{self.directory}/tertulia.db")
        return Database(url, addresses=LocalAddresses(self.origin, self.environ["TERTULIA_DOMAIN"]))

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait()

    async def close(self) -> None:
        """Stop it in order."""
        if self._onlooker is not None:
            await self._onlooker.close()
        _stop(self.process)

    async def start_again(self) -> None:
        """Start it once more, with what it had."""
        self.process = _started(self.environ, self.directory, ())
        await _until_ready(self)

    async def wait_for_count(self, wanted: int, seconds: float, query: str, *parameters: object) -> int:
        """Wait until a count is reached, or doesn't change for `seconds`; what it is then."""
        found, deadline = -1, 0.0
        while found < wanted:
            now, before = time.monotonic(), found
            found = await self.count(query, *parameters)
            deadline = now + seconds if found != before else deadline
            if now > deadline:
                break
            await asyncio.sleep(POLL_SECONDS)
        return found

    async def settle(self, seconds: float = 0.5) -> None:
        """Wait until the instance has nothing left to do."""
        quiet = 0.0
        for _ in range(120):
            before = self.cpu_seconds
            await asyncio.sleep(0.1)
            quiet = quiet + 0.1 if self.cpu_seconds - before < 0.02 else 0.0
            if quiet >= seconds:
                return

    async def new_account(self, name: str) -> Account:
        """Make somebody with a token, as the command line would, which takes seconds to begin."""
        settings = load_settings(None, self.environ)
        async with open_services(settings) as services, services.database.unit_of_work() as unit:
            made = await create_user(unit, services, name=name, email=f"{name}@bench.example", password_hash=None)
            await unit.session.flush()
            token = create_token(unit, made.user, DEFAULT_SCOPES)
        return Account(made.account.id, f"{self.origin}/users/{made.account.id}", token)

    async def post_outbox(self, client: aiohttp.ClientSession, account: Account, document: dict[str, Any]) -> float:
        """Say something as an ActivityPub client; how many seconds the answer took."""
        started = time.perf_counter()
        headers = {"Authorization": f"Bearer {account.token}", "Content-Type": "application/activity+json"}
        async with client.post(f"{account.uri}/outbox", json=document, headers=headers) as response:
            if response.status != 201:
                raise BenchFailed(f"POST outbox was answered {response.status}: {(await response.text())[:300]}")
            return time.perf_counter() - started


@asynccontextmanager
async def another_process(office: Office) -> AsyncIterator[Office]:
    """A second `tertulia serve` of the same office on the same database (PostgreSQL), at an address of its own."""
    address = free_domain()
    environ = office.environ | {"TERTULIA_LISTEN": address}
    second = Office(f"http://{address}", office.directory, _started(environ, office.directory, ()), environ)
    try:
        await _until_ready(second)
        yield second
    finally:
        await second.close()


Prepare = Callable[[dict[str, str]], Awaitable[None]]


def free_domain(address: str = "127.0.0.1") -> str:
    """An address and a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return f"{address}:{probe.getsockname()[1]}"


@asynccontextmanager
async def running_office(
    *,
    wrapper: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    domain: str | None = None,
    prepare: Prepare | None = None,
) -> AsyncIterator[Office]:
    """Start `tertulia serve` on an empty SQLite database; stop it and remove everything when the block ends.

    `wrapper` goes in front of the command: a profiler. `settings` are further variables of its environment, which
    `prepare` gets to fill the database before the start.
    """
    domain = domain or free_domain()
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as name:
        directory = Path(name)
        environ = _environ(domain, directory) | dict(settings or {})
        if databases.URL in environ:
            await migrate(make_url(environ[databases.URL]))
        if prepare is not None:
            await prepare(environ)
        office = Office(f"http://{domain}", directory, _started(environ, directory, wrapper), environ)
        try:
            await _until_ready(office)
            yield office
        finally:
            await office.close()


def _started(environ: dict[str, str], directory: Path, wrapper: Sequence[str]) -> subprocess.Popen[bytes]:
    with (directory / "server.log").open("ab") as log:
        return subprocess.Popen([*wrapper, sys.executable, "-c", MAIN, "serve"], env=environ, stderr=log)


def _environ(domain: str, directory: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    return inherited | {
        "TERTULIA_DOMAIN": domain,
        "TERTULIA_ORIGIN": f"http://{domain}",
        "TERTULIA_LISTEN": domain,
        "TERTULIA_DATA_DIR": str(directory),
        "TERTULIA_ALLOWED_ADDRESSES": "127.0.0.0/8",
        "TERTULIA_FEDERATION": "open",
        "TERTULIA_RATE_LIMITS": "off",
    }


async def _until_ready(office: Office) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with aiohttp.ClientSession() as client:
        while time.monotonic() < deadline and office.process.poll() is None:
            try:
                async with client.get(f"{office.origin}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # it doesn't listen yet
            await asyncio.sleep(0.1)
    log = (office.directory / "server.log").read_text("utf-8", "replace")
    how = f"wasn't ready within {START_SECONDS:.0f} s" if office.process.poll() is None else "ended while it started"
    raise BenchFailed(f"the instance {how}\n{log[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
