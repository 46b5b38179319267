"""A connection of a test's own: for bytes that no client would send, and answers to the byte."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.peers import Office

HEADERS = re.compile(rb"(?<=\r\n)((?:[A-Za-z-]+: [^\r]*\r\n)+)(?=\r\n)")
CHANGING = re.compile(rb"(?i)date:|x-request-id:|x-ratelimit-remaining:")
REQUEST_ID = re.compile(rb"(?<=urn:request:)[0-9a-f]+")


class Wire:
    """A connection to an office."""

    def __init__(self, office: Office, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.office = office
        self._reader = reader
        self._writer = writer

    def request(self, path: str, *lines: str, token: str = "", method: str = "GET", version: str = "1.1") -> bytes:
        """A request of these lines."""
        shown = [f"Authorization: Bearer {token}"] if token else []
        head = [f"{method} {path} HTTP/{version}", f"Host: {self.office.domain}", *shown, *lines, "", ""]
        return "\r\n".join(head).encode()

    def write(self, data: bytes) -> None:
        """Send this."""
        self._writer.write(data)

    async def send(self, data: bytes) -> None:
        """Send this, and let the server read."""
        self._writer.write(data)
        await self._writer.drain()
        for _ in range(20):  # it reads in the same loop
            await asyncio.sleep(0)

    async def hang_up(self) -> None:
        """Leave, and let the server notice."""
        self._writer.close()
        await self._writer.wait_closed()
        for _ in range(20):
            await asyncio.sleep(0)

    async def ask(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a request that is answered with a body."""
        self._writer.write(data)
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), headers, await self._reader.readexactly(int(headers["content-length"]))

    async def rest(self, chunks: list[bytes]) -> bytes:
        """Send pieces one after the other, and everything that is answered until the other side hangs up."""
        for chunk in chunks:
            await self.send(chunk)
        return HEADERS.sub(_in_order, REQUEST_ID.sub(b"", await self._reader.read()))


def _in_order(found: re.Match[bytes]) -> bytes:
    return b"".join(sorted(line for line in found[0].splitlines(keepends=True) if not CHANGING.match(line)))


@asynccontextmanager
async def wire_to(office: Office, port: int = 0) -> AsyncIterator[Wire]:
    """Connect, until the block ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port or office.port)
    try:
        yield Wire(office, reader, writer)
    finally:
        writer.close()


def stable(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    """An answer without what is another's each time."""
    changing = ("date", "x-request-id", "x-ratelimit-remaining")
    return answer[0], {name: value for name, value in answer[1].items() if name not in changing}, answer[2]
