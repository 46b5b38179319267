"""Two web processes of one office are started anew one after the other while people go on working; nobody notices."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from sqlalchemy import func, select

from access.tokens import create_token
from federation.services import Services
from models.statuses import Status
from server.roles import HTTP
from server.settings import load_settings
from server.users import create_user
from server.workers import running_office
from tests.end_to_end.waiting import eventually
from tests.server.conftest import DOMAIN
from tests.server.test_app_process import free_port

DELAY_SECONDS = 2
LOOK_SECONDS = 0.25
ENOUGH = 5


@dataclass
class Balancer:
    """A proxy with health checks: it sends to whoever is ready, keeps some connections, and tries nothing twice."""

    client: aiohttp.ClientSession
    token: str
    is_over: bool = False
    ready: set[int] = field(default_factory=set)
    answered: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    async def look(self, port: int) -> None:
        """Ask again and again whether the process at a port is ready."""
        while not self.is_over:
            try:
                async with self.client.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    is_ready = answer.status == 200
            except aiohttp.ClientError:
                is_ready = False
            (self.ready.add if is_ready else self.ready.discard)(port)
            await asyncio.sleep(LOOK_SECONDS)

    async def post_on(self, ports: list[int], client: aiohttp.ClientSession) -> None:
        """One post after the other, to one process after the other."""
        headers = {"Host": DOMAIN, "Authorization": f"Bearer {self.token}"}
        for port in itertools.cycle(ports):
            if self.is_over:
                return
            if port not in self.ready:
                await asyncio.sleep(0)
                continue
            url = f"http://127.0.0.1:{port}/api/v1/statuses"
            try:
                async with client.post(url, headers=headers, json={"status": "Still here"}) as answer:
                    if answer.status != 200:
                        self.failures.append(f"{port}: {answer.status} {await answer.text()}")
            except aiohttp.ClientError as error:
                self.failures.append(f"{port}: {error!r}")
            self.answered[port] += 1

    async def went_on(self, *ports: int) -> None:
        """Wait until each of these ports has answered some more."""
        wanted = {port: self.answered[port] + ENOUGH for port in ports}

        async def has_answered() -> bool:
            return all(self.answered[port] >= number for port, number in wanted.items())

        await eventually(has_answered)


@asynccontextmanager
async def working(balancer: Balancer, ports: list[int]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(balancer.look(port)) for port in ports]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as new_each_time:
        tasks += [
            asyncio.create_task(balancer.post_on(ports, client))
            for client in (balancer.client, balancer.client, new_each_time)
        ]
        try:
            yield
        finally:
            balancer.is_over = True
            await asyncio.gather(*tasks)


async def new_token(services: Services) -> str:
    async with services.database.unit_of_work() as unit:
        made = await create_user(unit, services, name="ana", email="ana@madrid.example", password_hash=None)
        await unit.session.flush()
        return create_token(unit, made.user, "read write")


async def posts_in(services: Services) -> int:
    async with services.database.reading() as session:
        return int(await session.scalar(select(func.count(Status.id))) or 0)


async def test_a_rolling_restart_loses_no_request(environ: dict[str, str], backend: str) -> None:
    if backend == "sqlite":
        pytest.skip("one process works there")
    ports = first, second = [free_port(), free_port()]

    def process(port: int) -> AbstractAsyncContextManager[Services]:
        more = {"TERTULIA_LISTEN": f"127.0.0.1:{port}", "TERTULIA_SHUTDOWN_DELAY_SECONDS": str(DELAY_SECONDS),
                "TERTULIA_RATE_LIMITS": "off"}  # fmt: skip
        return running_office(load_settings(None, environ | more), [HTTP])

    async with aiohttp.ClientSession() as client, process(second) as stays:
        balancer = Balancer(client, await new_token(stays))
        async with working(balancer, ports):
            for _ in range(2):
                async with process(first):
                    await balancer.went_on(first, second)
                await balancer.went_on(second)  # the first one has ended
        assert balancer.failures == []
        assert await posts_in(stays) == sum(balancer.answered.values())
