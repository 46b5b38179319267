"""Fixtures for offices that run as processes of their own."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.end_to_end.instance import Instance, instance
from tests.peers import remote_server
from tests.remote_peers import RemoteServer


class OpenInstance(Protocol):
    """Makes an office of which nothing runs yet; its processes end with the test."""

    def __call__(self, name: str, address: str = "127.0.0.1", /, **settings: str) -> Awaitable[Instance]: ...


@pytest.fixture
async def open_instance(tmp_path: Path) -> AsyncIterator[OpenInstance]:
    async with AsyncExitStack() as stack:

        async def open_one(name: str, address: str = "127.0.0.1", /, **settings: str) -> Instance:
            return await stack.enter_async_context(instance(tmp_path / name, address, **settings))

        yield open_one


@pytest.fixture
async def peer() -> AsyncIterator[RemoteServer]:
    """A server of other make."""
    async with remote_server("127.0.0.7") as server:
        yield server
