"""Those who listen while the world is made: every stream that an app may open, and pushes of every kind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import orjson

from tests.api.streams import Socket, watching
from tests.api.test_push import PATH, PushService, push_service
from tests.peers import Person

STREAMS = ("user", "user:notification", "public", "public:local", "public:remote", "direct")
TAGS = ("zqoffice", "zqclubtag", "zqcipher", "zqintimate", "zqopen")
ALERTS = ("mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "quote", "invited")


@dataclass
class Ears:
    """What each of them has heard so far, by name."""

    sockets: dict[str, Socket] = field(default_factory=dict)
    services: dict[str, PushService] = field(default_factory=dict)
    frames: dict[str, bytes] = field(default_factory=dict)

    async def streamed(self, name: str) -> bytes:
        """Everything that the streams told."""
        socket = self.sockets[name]
        await socket.socket.send_json({"type": "nonsense"})
        while (told := await socket.next()).error is None:
            self.frames[name] = (
                self.frames.get(name, b"") + orjson.dumps([told.stream, told.event]) + str(told.raw).encode()
            )
        return self.frames.get(name, b"")

    def pushed(self, name: str) -> bytes:
        """Every push, as the app reads it."""
        service = self.services[name]
        return b"\n".join(orjson.dumps(service.read(number)) for number in range(len(service.received)))


@asynccontextmanager
async def listening(people: Sequence[Person]) -> AsyncIterator[Ears]:
    """Open them all until the block ends."""
    ears = Ears()
    async with AsyncExitStack() as stack:
        for person in people:
            service = await stack.enter_async_context(push_service())
            wanted = service.asked(alerts=dict.fromkeys(ALERTS, True))
            assert (await person.office.api(person).post(PATH, wanted)).status == 200
            socket = await stack.enter_async_context(watching(person.office, person))
            for stream in STREAMS:
                await socket.subscribe(stream)
            for tag in TAGS:
                await socket.subscribe("hashtag", tag=tag)
            ears.sockets[person.name], ears.services[person.name] = socket, service
        yield ears
