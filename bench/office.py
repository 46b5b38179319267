"""The instance that is measured: started from the command line, set up as an administrator and an app would.

Its cost is read from /proc (CPU of all its threads, resident memory), its progress from its database file, so that
watching costs it nothing.
"""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

START_SECONDS = 30.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
TICKS = os.sysconf("SC_CLK_TCK")
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

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process and its threads, in user and kernel."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory_mib(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_KIB / 1024

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the database file, read-only."""
        with closing(sqlite3.connect(f"file:{self.directory}/tertulia.db?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query, parameters).fetchall()

    def count(self, query: str, *parameters: object) -> int:
        return int(self.rows(query, *parameters)[0][0])

    async def wait_for_count(self, wanted: int, seconds: float, query: str, *parameters: object) -> int:
        """Wait until a count is reached, or doesn't change for `seconds`; what it is then."""
        found, deadline = -1, 0.0
        while found < wanted:
            now, before = time.monotonic(), found
            found = self.count(query, *parameters)
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
        """Make somebody with a token, by the command line."""
        await self._run("user", "create", name, "--email", f"{name}@bench.example", "--password", "bench-password-1")
        token = (await self._run("token", "create", name)).strip()
        number = self.count("SELECT id FROM accounts WHERE username = ? AND domain IS NULL", name)
        return Account(number, f"{self.origin}/users/{number}", token)

    async def post_outbox(self, client: aiohttp.ClientSession, account: Account, document: dict[str, Any]) -> float:
        """Say something as an ActivityPub client; how many seconds the answer took."""
        started = time.perf_counter()
        headers = {"Authorization": f"Bearer {account.token}", "Content-Type": "application/activity+json"}
        async with client.post(f"{account.uri}/outbox", json=document, headers=headers) as response:
            if response.status != 201:
                raise BenchFailed(f"POST outbox was answered {response.status}: {(await response.text())[:300]}")
            return time.perf_counter() - started

    async def _run(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MAIN, *arguments, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        output, errors = await asyncio.wait_for(process.communicate(), START_SECONDS)
        if process.returncode:
            raise BenchFailed(f"tertulia {arguments[0]} {arguments[1]}: {errors.decode()[-500:]}")
        return output.decode()


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
        environ = _environ(domain, directory) | (settings or {})
        if prepare is not None:
            await prepare(environ)
        with (directory / "server.log").open("wb") as log:
            process = subprocess.Popen([*wrapper, sys.executable, "-c", MAIN, "serve"], env=environ, stderr=log)  # noqa: ASYNC220
        try:
            office = Office(f"http://{domain}", directory, process, environ)
            await _until_ready(office)
            yield office
        finally:
            _stop(process)


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
                await asyncio.sleep(0.1)
    log = (office.directory / "server.log").read_text("utf-8", "replace")
    raise BenchFailed(f"the instance did not start:\n{log[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
