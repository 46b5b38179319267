"""`tertulia demo` as somebody starts it who sees Tertulia for the first time: a program of its own."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.demo.employee import new_session

COMMAND = str(Path(sys.executable).with_name("tertulia"))
DEMO_SECONDS = 150.0


def free_ports(count: int = 3) -> int:
    """The first of some ports in a row that nobody listens on now.

    They lie below those that the system gives to outgoing connections, of which one could take them in between.
    """
    for base in random.sample(range(20_000, 32_000 - count), 100):
        if all(is_free(base + number) for number in range(count)):
            return base
    raise AssertionError("no free ports")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@asynccontextmanager
async def demo(directory: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, with its temporary files in `directory`, ended with the block."""
    # Whatever this shell is set up for is not the demo's business.
    environ = {
        **os.environ,
        "TMPDIR": str(directory),
        "TERTULIA_DOMAIN": "nonsense..",
        "http_proxy": "http://127.0.0.9:9",
    }
    process = await asyncio.create_subprocess_exec(
        COMMAND, "demo", *arguments, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(DEMO_SECONDS):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def lines_until(process: asyncio.subprocess.Process, end: str) -> list[str]:
    """What the command prints, up to the line with `end`."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or end not in lines[-1]:
        line = await process.stdout.readline()
        assert line, f"it ended: {lines} {await process.stderr.read() if process.stderr else ''!r}"
        lines.append(line.decode())
    return lines


async def test_check_plays_the_story_and_proves_every_act_at_every_office(tmp_path: Path) -> None:
    async with demo(tmp_path, "--check", "--port-base", str(free_ports())) as process:
        output, errors = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text + errors.decode()
    assert errors == b""
    rows = [line for line in text.splitlines() if line.rstrip().endswith((" yes", " NO"))]
    assert not [row for row in rows if row.rstrip().endswith("NO")]
    for office in ("Madrid", "Lisbon", "Hamburg"):
        assert sum(office in row for row in rows) > 15
    for verb in (
        "follows",
        "posts",
        "answers",
        "favourites",
        "boosts",
        "votes",
        "edits",
        "deletes",
        "privately",
        "quotes",
        "sign in",
        "posts from an app",
        "follows the topic",
        "posts for the office only",
        "hosts the community",
        "hosts the private community",
        "comments in @hafen",
        "removes",
        "locks",
        "bans",
    ):
        assert any(f" {verb} " in row or f" {verb}: " in row for row in rows), verb
    assert f"All {len(rows)} as it should be" in text
    assert os.listdir(tmp_path) == []


async def test_it_says_where_to_sign_in_and_keeps_running_until_it_is_stopped(tmp_path: Path) -> None:
    base = free_ports()
    async with demo(tmp_path, "--port-base", str(base)) as process:
        text = "".join(await lines_until(process, "Ctrl-C"))
        async with new_session() as session:
            for number, office in enumerate(("madrid", "lisbon", "hamburg")):
                origin = f"http://{office}.localhost:{base + number}"
                assert origin in text
                async with session.get(f"{origin}/readyz") as answer:
                    assert answer.status == 200
        for email in ("ana@madrid.example", "bruno@lisbon.example", "clara@hamburg.example"):
            assert email in text
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert os.listdir(tmp_path) == []


async def test_stopped_in_the_middle_it_closes_the_offices_and_fails(tmp_path: Path) -> None:
    async with demo(tmp_path, "--check", "--port-base", str(free_ports())) as process:
        await lines_until(process, " follows ")
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"Traceback" not in errors
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("busy", [0, 2])
async def test_a_busy_port_is_told_with_the_option_that_helps(tmp_path: Path, busy: int) -> None:
    base = free_ports()
    with socket.create_server(("127.0.0.1", base + busy)):
        async with demo(tmp_path, "--port-base", str(base)) as process:
            _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().startswith(f"Error: Port {base + busy} of this machine can't be used")
    assert "--port-base" in errors.decode()
    assert "Traceback" not in errors.decode()
    assert os.listdir(tmp_path) == []
