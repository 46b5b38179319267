"""Fifty servers of other make around one office: their people write to it, and hear from one of its people.

They behave as peers do. What isn't answered 202 is sent again, signed anew, until it is; what arrives is remembered by
activity id, so that what came twice can be told from what came once.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from keys.signing import Scheme
from tests.end_to_end.instance import Instance, JsonObject, Person
from tests.end_to_end.waiting import eventually
from tests.peers import remote_server
from tests.remote_peers import RemoteActor, RemoteServer

ADDRESS = "127.0.0.11"
SENDERS = 16
SCHEMES = (Scheme.CAVAGE_RSA, Scheme.RFC9421_ED25519)


@dataclass(frozen=True)
class Parcel:
    """An activity for an inbox."""

    sender: RemoteActor
    inbox_url: str
    activity: JsonObject

    @property
    def id(self) -> str:
        return str(self.activity["id"])


@dataclass
class Crowd:
    """The servers, an author on some of them, a follower on each; `accepted` are ids that were answered 202,
    `unanswered` those that had to be sent again."""

    servers: list[RemoteServer]
    authors: list[RemoteActor]
    fans: list[RemoteActor]
    accepted: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)

    def arrived(self, kind: str) -> dict[str, Counter[str]]:
        """By host: how often each activity of a type came, by its id."""
        return {
            server.host: Counter(str(one.json["id"]) for one in server.received if one.type == kind)
            for server in self.servers
        }

    @property
    def heard(self) -> int:
        """How many deliveries came, repeated ones included."""
        return sum(len(server.received) for server in self.servers)

    async def send_all(self, parcels: Iterable[Parcel]) -> None:
        """Send everything, in turns over a few connections, until all of it is answered 202."""
        waiting = iter(parcels)
        await asyncio.gather(*(self._send_some(waiting, SCHEMES[number % 2]) for number in range(SENDERS)))

    async def _send_some(self, waiting: "Iterable[Parcel]", scheme: Scheme) -> None:
        for parcel in waiting:
            await eventually(lambda parcel=parcel: self._send(parcel, scheme))  # type: ignore[misc]

    async def _send(self, parcel: Parcel, scheme: Scheme) -> bool:
        try:
            answer = await parcel.sender.post(parcel.inbox_url, parcel.activity, scheme=scheme)
        except aiohttp.ClientError:
            self.unanswered.add(parcel.id)
            return False
        assert answer.status == 202, f"{answer.status}: {answer.text}"
        self.accepted.add(parcel.id)
        return True

    async def befriend(self, office: Instance, reader: Person, writer: Person) -> None:
        """Have the reader follow every author, and every fan follow the writer."""
        for author in self.authors:
            await office.say(reader, {"type": "Follow", "object": author.uri, "to": [author.uri]})
        for author in self.authors:
            follow = await eventually(lambda author=author: _first(author.server, "Follow"))  # type: ignore[misc]
            await self.send_all([Parcel(author, reader.inbox_url, author.activity("Accept", follow))])
        await self.send_all(Parcel(fan, writer.inbox_url, fan.follow(writer.uri)) for fan in self.fans)
        await until_total(office, reader, "following", len(self.authors))
        await until_total(office, writer, "followers", len(self.fans))


async def _first(server: RemoteServer, kind: str) -> JsonObject | None:
    return next((one.json for one in server.received if one.type == kind), None)


async def until_total(office: Instance, person: Person, collection: str, number: int) -> None:
    """Wait until one of a person's collections says that it has so many."""

    async def total() -> int:
        return int((await office.get(person.document[collection], token=person.token)).json["totalItems"])

    await eventually(total, lambda found: found == number)


@asynccontextmanager
async def crowd(hosts: int, authors: int) -> AsyncIterator[Crowd]:
    """Run the servers until the block ends."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(remote_server(ADDRESS)) for _ in range(hosts)]
        yield Crowd(
            servers,
            authors=[await server.actor("author") for server in servers[:authors]],
            fans=[await server.actor("fan") for server in servers],
        )
