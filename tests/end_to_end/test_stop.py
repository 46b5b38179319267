"""SIGTERM under load: what is under way is answered, what was answered is kept, and the process ends with 0."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest

from keys.signing import Scheme, sign_request
from tests.end_to_end.conftest import OpenInstance
from tests.end_to_end.crowd import Parcel, crowd
from tests.end_to_end.instance import Instance, Person
from tests.end_to_end.waiting import eventually
from tests.remote_peers import RemoteActor, RemoteServer

ACTIVITIES = 200


@pytest.fixture
async def office(open_instance: OpenInstance) -> Instance:
    return await open_instance("madrid", federation="open", rate_limits="off")


def mention(author: RemoteActor, person: Person) -> Parcel:
    note = author.note(to=[person.uri], cc=[], tag=[{"type": "Mention", "href": person.uri}])
    return Parcel(author, person.inbox_url, author.create(note))


@asynccontextmanager
async def half_a_request(office: Instance, parcel: Parcel) -> AsyncIterator[tuple[asyncio.StreamReader, "Rest"]]:
    """Send a request but for the end of its body."""
    body = json.dumps(parcel.activity).encode()
    headers = sign_request(
        method="POST", url=parcel.inbox_url, body=body, key_id=parcel.sender.key_id(Scheme.CAVAGE_RSA),
        key=parcel.sender.rsa, scheme=Scheme.CAVAGE_RSA, now=datetime.now(UTC),
        content_type="application/activity+json",
    )  # fmt: skip
    path = parcel.inbox_url.removeprefix(office.origin)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    host, _, port = office.domain.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head.encode("latin-1") + body[:100])
        await writer.drain()
        yield reader, Rest(writer, body[100:])
    finally:
        writer.close()


class Rest:
    """What is still to be sent."""

    def __init__(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        self._writer, self._body = writer, body

    async def send(self) -> None:
        self._writer.write(self._body)
        await self._writer.drain()


async def test_a_request_under_way_is_answered_before_the_end(office: Instance, peer: RemoteServer) -> None:
    running = await office.serve()
    ana, carol = await office.create_person("ana"), await peer.actor("carol")
    parcel = mention(carol, ana)
    async with half_a_request(office, parcel) as (reader, rest):
        await office.get("/healthz")  # its turn comes after the half request's
        ending = asyncio.create_task(running.terminate())
        await eventually(lambda: refuses_connections(office))
        await rest.send()
        answer = await asyncio.wait_for(reader.readline(), 10)
        assert answer.startswith(b"HTTP/1.1 202"), answer
    assert await ending == 0
    assert stored(office) == {parcel.id}


async def refuses_connections(office: Instance) -> bool:
    try:
        return (await office.get("/readyz")).status == 503
    except aiohttp.ClientError:
        return True


def stored(office: Instance) -> set[str]:
    """Ids of what was received."""
    return {dict(json.loads(body))["id"] for (body,) in office.rows("SELECT body FROM inbound_activities")}


async def test_what_was_answered_under_load_is_kept_and_goes_on_after_the_start(office: Instance) -> None:
    running = await office.serve()
    ana = await office.create_person("ana")
    async with crowd(hosts=5, authors=5) as around:
        parcels = [mention(around.authors[number % 5], ana) for number in range(ACTIVITIES)]
        working = asyncio.create_task(around.send_all(parcels))
        try:
            await eventually(lambda: has_accepted(around.accepted, ACTIVITIES // 3), pause=0.001)
            assert await running.terminate() == 0
            accepted = set(around.accepted)
            assert ACTIVITIES // 3 <= len(accepted) < ACTIVITIES
            assert accepted <= stored(office)
            await office.serve()
            await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        assert stored(office) == {parcel.id for parcel in parcels}
        await eventually(lambda: mentions(office), lambda found: found == [(ACTIVITIES,)])


async def has_accepted(accepted: set[str], number: int) -> bool:
    return len(accepted) >= number


async def mentions(office: Instance) -> list[tuple[int, ...]]:
    return office.rows("SELECT count(*) FROM notifications WHERE kind = 'mention'")


async def test_a_worker_ends_with_0_too(open_instance: OpenInstance) -> None:
    office = await open_instance("madrid")
    worker = await office.start("worker", "--roles", "inbox,delivery,jobs")
    await office.until_working(worker)
    assert await worker.terminate() == 0
    assert [line["event"] for line in worker.log_lines() if line["level"] in ("warning", "error")] == []
