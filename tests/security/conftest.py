"""The cast: one office with alice; `good.test` with carol and eve, `evil.test` with mal, both confirmed peers."""

import pytest

from tests.fixtures_offices import OpenRemote
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor, RemoteServer


@pytest.fixture
async def alice(office: Office) -> Person:
    return await office.create_person("alice")


@pytest.fixture
async def carol(remote: RemoteServer) -> RemoteActor:
    return await remote.actor("carol")


@pytest.fixture
async def eve(remote: RemoteServer) -> RemoteActor:
    """Somebody else on carol's server."""
    return await remote.actor("eve")


@pytest.fixture
async def evil(office: Office, open_remote: OpenRemote) -> RemoteServer:
    server = await open_remote()
    await office.confirm(server)
    return server


@pytest.fixture
async def mal(evil: RemoteServer) -> RemoteActor:
    return await evil.actor("mal")
