"""Servers on loopback addresses that answer with exactly the bytes a test gives them, and count who came."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ALLOWED = ipaddress.ip_network("127.0.0.2/32")


@dataclass
class Visits:
    """What a server saw: connections opened, and each request's head as text and its body."""

    port: int = 0
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def header(self, name: str, index: int = -1) -> list[str]:
        lines = self.heads[index].split("\r\n")[1:]
        return [line.split(":", 1)[1].strip() for line in lines if line.lower().startswith(f"{name.lower()}:")]


Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(
    answer: Answer, host: str = "127.0.0.2", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Visits]:
    """Run `answer(target, writer)` for every request until the block ends."""
    visits = Visits()
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while await _one_request(visits, reader, writer, answer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(converse, host, port, ssl=tls)
    visits.port = server.sockets[0].getsockname()[1]
    try:
        yield visits
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _one_request(
    visits: Visits, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    visits.heads.append(head)
    length = visits.header("Content-Length")
    visits.bodies.append(await reader.readexactly(int(length[0])) if length else b"")
    await answer(head.split(" ")[1], writer)
    await writer.drain()
    return not writer.is_closing()


def replying(raw: bytes) -> Answer:
    """Send these bytes, then close."""

    async def answer(_target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    return answer


def response(body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> bytes:
    """A complete response that keeps the connection open."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def replying_kept(raw: bytes) -> Answer:
    """Send these bytes and wait for the next request."""

    async def answer(_target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return answer


def redirecting(location: Callable[[str], str], status: str = "302 Found") -> Answer:
    """Answer each target with a redirect to `location(target)`, or 200 when that is empty."""

    async def answer(target: str, writer: asyncio.StreamWriter) -> None:
        where = location(target)
        raw = response(b"", status, f"Location: {where}\r\n") if where else response(b"arrived")
        writer.write(raw)

    return answer


def certificate_for(
    directory: Path, name: str, *, valid_for: dt.timedelta = dt.timedelta(hours=1)
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server, client) contexts: a self-signed certificate for `name`, and a trust store that holds only it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
