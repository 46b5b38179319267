"""Fixtures for tests of whole offices: `office`, `two_offices`, `remote`, `stranger`, and factories for more of each.

Every one of them runs on SQLite and on PostgreSQL, like everything that asks for `new_database_url`.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from tests.conftest import Clock, NewDatabase
from tests.peers import ADDRESSES, Office, remote_server
from tests.peers import office as running_office
from tests.remote_peers import RemoteServer


class OpenOffice(Protocol):
    """Runs an office until the test ends."""

    def __call__(self, name: str = "madrid", *, federation: str = "closed", **settings: str) -> Awaitable[Office]: ...


class OpenRemote(Protocol):
    """Runs a server that isn't ours until the test ends, each on an address of its own."""

    def __call__(self) -> Awaitable[RemoteServer]: ...


@pytest.fixture
async def stack(new_database_url: NewDatabase) -> AsyncIterator[AsyncExitStack]:
    """Closes the offices before their databases go: that is why it asks for these."""
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def open_office(stack: AsyncExitStack, new_database_url: NewDatabase, clock: Clock) -> OpenOffice:
    async def open_one(name: str = "madrid", *, federation: str = "closed", **settings: str) -> Office:
        made = running_office(name, new_database_url, clock=clock, federation=federation, **settings)
        return await stack.enter_async_context(made)

    return open_one


@pytest.fixture
def open_remote(stack: AsyncExitStack, clock: Clock) -> OpenRemote:
    addresses = itertools.cycle(ADDRESSES)

    async def open_one() -> RemoteServer:
        return await stack.enter_async_context(remote_server(next(addresses), clock=clock))

    return open_one


@pytest.fixture
async def office(open_office: OpenOffice) -> Office:
    """One office, Madrid, in a closed network."""
    return await open_office("madrid")


@pytest.fixture
async def two_offices(open_office: OpenOffice) -> tuple[Office, Office]:
    """Madrid and Lisbon, peers of each other."""
    madrid, lisbon = await open_office("madrid"), await open_office("lisbon")
    await madrid.confirm(lisbon)
    await lisbon.confirm(madrid)
    return madrid, lisbon


@pytest.fixture
async def remote(office: Office, open_remote: OpenRemote) -> RemoteServer:
    """A server of other make that is a confirmed peer of `office`."""
    server = await open_remote()
    await office.confirm(server)
    return server


@pytest.fixture
async def stranger(open_remote: OpenRemote) -> RemoteServer:
    """A server that nobody has confirmed."""
    return await open_remote()
