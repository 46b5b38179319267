"""`python -m bench.streaming`: what a thousand idle WebSockets cost an instance, and one event to all of them."""

import asyncio
import os
import platform
import resource
import time
from datetime import UTC, datetime

import aiohttp
import click
import uvloop

from bench.office import Account, BenchFailed, Office, running_office
from bench.table import Row, render

PEOPLE = 12
PATIENCE = 60.0
AT_ONCE = 50
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@click.command()
@click.option("--sockets", default=1000, show_default=True, type=click.IntRange(1, 20_000))
def main(sockets: int) -> None:
    """Measure the memory of idle sockets, on loopback."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, sockets * 2 + 1000)), hard))
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}, Python "
          f"{platform.python_version()}), load {os.getloadavg()[0]:.1f}, SQLite")  # fmt: skip
    print(uvloop.run(measure(sockets)))


async def measure(count: int) -> str:
    """The table."""
    async with running_office() as office, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        people = [await office.new_account(f"watcher{number}") for number in range(max(1, min(PEOPLE, count // 80)))]
        await say(office, client, people[0])
        await (await watch(office, client, people[0])).close()
        await office.settle()
        before = office.memory_mib
        sockets = await connect(office, client, people, count)
        await office.settle()
        idle = office.memory_mib
        cpu, started = office.cpu_seconds, time.perf_counter()
        await say(office, client, people[0])
        await asyncio.gather(*(one_event(socket) for socket in sockets))
        seconds = time.perf_counter() - started
        await office.settle()
        found = {
            "sockets": idle - before,
            "each": (idle - before) * 1024 / count,
            "spread": seconds * 1000,
            "cpu": (office.cpu_seconds - cpu) * 1000,
            "after": office.memory_mib - before,
        }
        await asyncio.gather(*(socket.close() for socket in sockets))
    rows = (
        Row("sockets", f"{count} idle WebSockets: resident memory more", "MiB", most=30 * count / 1000),
        Row("each", "– of each", "KiB"),
        Row("spread", f"one status to {count} of them, from the post to the last", "ms"),
        Row("cpu", "– CPU of the server", "ms"),
        Row("after", "– resident memory more, afterwards", "MiB"),
    )
    return render([found], {}, rows=rows)


async def connect(
    office: Office, client: aiohttp.ClientSession, people: list[Account], count: int
) -> list[aiohttp.ClientWebSocketResponse]:
    sockets: list[aiohttp.ClientWebSocketResponse] = []
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(count, start + AT_ONCE))
        sockets += await asyncio.gather(*(watch(office, client, people[number % len(people)]) for number in numbers))
    return sockets


async def watch(office: Office, client: aiohttp.ClientSession, person: Account) -> aiohttp.ClientWebSocketResponse:
    """A socket as a client opens it: home, notifications and the public timeline."""
    headers = {"Authorization": f"Bearer {person.token}"}
    socket = await client.ws_connect(f"{office.origin}/api/v1/streaming?stream=user", headers=headers, compress=0)
    for stream in ("user:notification", "public:local"):
        await socket.send_json({"type": "subscribe", "stream": stream})
    await socket.send_json({"type": "nonsense"})
    await asyncio.wait_for(socket.receive_str(), PATIENCE)  # the answer to nonsense: all before it was obeyed
    return socket


async def one_event(socket: aiohttp.ClientWebSocketResponse) -> None:
    while '"public:local"' not in await asyncio.wait_for(socket.receive_str(), PATIENCE):
        pass  # the author's own home has it too


async def say(office: Office, client: aiohttp.ClientSession, person: Account) -> None:
    await office.post_outbox(client, person, {"type": "Note", "content": "<p>Hello</p>", "to": [PUBLIC]})


if __name__ == "__main__":
    try:
        main()
    except BenchFailed as failure:
        raise SystemExit(f"The benchmark could not be finished: {failure}") from failure
