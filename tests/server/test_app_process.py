"""`tertulia serve` as a process: it starts by itself, commands work beside it, and it ends when it is told to."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.server.command_line import CommandLine

START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(environ: dict[str, str]) -> dict[str, str]:
    port = free_port()
    return environ | {"TERTULIA_DOMAIN": f"madrid.localhost:{port}", "TERTULIA_LISTEN": f"127.0.0.1:{port}"}


@asynccontextmanager
async def process(environ: Mapping[str, str], *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command until it says that it is ready, and kill what is left at the end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.cli", *arguments,
        env={**inherited, **environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert started.stderr is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            while (line := await started.stderr.readline()) and json.loads(line)["event"] != "ready":
                continue
        assert started.returncode is None
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def ended(started: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(START_SECONDS):
        await started.communicate()
    assert started.returncode is not None
    return started.returncode


async def status_of(environ: Mapping[str, str], path: str) -> int:
    url = f"http://{environ['TERTULIA_LISTEN']}{path}"
    async with (
        aiohttp.ClientSession() as client,
        client.get(url, headers={"Host": environ["TERTULIA_DOMAIN"]}) as found,
    ):
        return found.status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_end(served: dict[str, str], number: signal.Signals) -> None:
    async with process(served, "serve") as started:
        assert await status_of(served, "/readyz") == 200
        assert await status_of(served, "/actor") == 200
        started.send_signal(number)
        assert await ended(started) == 0


async def test_commands_work_beside_it(served: dict[str, str]) -> None:
    run = CommandLine(served)
    async with process(served, "serve"):
        made = await asyncio.to_thread(run, "user", "create", "ana", "--email", "ana@madrid.example")
        assert made.exit_code == 0
        found = await status_of(served, f"/.well-known/webfinger?resource=acct:ana@{served['TERTULIA_DOMAIN']}")
        assert found == 200
        assert (await asyncio.to_thread(run, "queue", "status", "--json")).exit_code == 0
        assert (await asyncio.to_thread(run, "doctor")).exit_code == 0


async def test_a_worker_answers_no_http(served: dict[str, str]) -> None:
    async with process(served, "worker", "--roles", "inbox,delivery,jobs") as started:
        with pytest.raises(aiohttp.ClientConnectorError):
            await status_of(served, "/healthz")
        started.send_signal(signal.SIGTERM)
        assert await ended(started) == 0
