"""`python -m bench --only streaming`: what a thousand idle WebSockets cost, and one event to all of them."""

import asyncio
import resource
import time
from collections.abc import Mapping
from statistics import median

import aiohttp

from bench.office import Account, Office, running_office
from bench.table import Row

PEOPLE = 12
POSTS = 5
PATIENCE = 60.0
AT_ONCE = 50
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


ROWS = (
    Row("streaming.sockets", "{sockets} idle WebSockets: resident memory more", "MiB", most=30),
    Row("streaming.each", "– of each", "KiB", most=30),
    Row("streaming.spread", "one status to {sockets} of them, from the post to the last", "ms"),
    Row("streaming.cpu", "– CPU of the server", "ms"),
    Row("streaming.after", "– resident memory more, afterwards", "MiB"),
)


async def measure_streaming(count: int, settings: Mapping[str, str] | None = None) -> dict[str, float]:
    """What the sockets cost, by the names of `ROWS`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count * 2 + 1000)), hard))
    async with (
        running_office(settings=settings) as office,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client,
    ):
        people = [await office.new_account(f"watcher{number}") for number in range(max(1, min(PEOPLE, count // 80)))]
        await say(office, client, people[0])
        await (await watch(office, client, people[0])).close()
        await office.settle()
        before = office.memory_mib
        sockets = await connect(office, client, people, count)
        await office.settle()
        idle = office.memory_mib
        cpu, seconds = office.cpu_seconds, []
        for _ in range(POSTS):
            started = time.perf_counter()
            await say(office, client, people[0])
            await asyncio.gather(*(one_event(socket) for socket in sockets))
            seconds.append(time.perf_counter() - started)
            await office.settle()
        found = {
            "streaming.sockets": idle - before,
            "streaming.each": (idle - before) * 1024 / count,
            "streaming.spread": median(seconds) * 1000,
            "streaming.cpu": (office.cpu_seconds - cpu) * 1000 / POSTS,
            "streaming.after": office.memory_mib - before,
        }
        await asyncio.gather(*(socket.close() for socket in sockets))
    return found


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
