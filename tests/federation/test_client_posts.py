"""Requests have connections of our own: guarded, bounded, kept a while. What POSTs are answered is read strictly."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import pytest

from federation.client import (
    AddressRefused,
    CertificateRefused,
    HttpClient,
    RemoteTimeout,
    RemoteUnreachable,
    ResponseRefused,
)
from federation.client.address_guard import AddressGuard
from federation.client.connections import Connections
from federation.client.exchange import written
from federation.client.url_rules import check_url
from tests.federation.loopback_servers import (
    ALLOWED,
    certificate_for,
    replying,
    replying_kept,
    response,
    serving,
)

LOOPBACK = ip_network("127.0.0.0/8")
CHUNKED_HEAD = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(user_agent="t", allowed_networks=[ALLOWED], allow_http=True, total_seconds=60)
    yield client
    await client.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"ICY nonsense\r\n\r\n",
        b"HTTP/2 202 Accepted\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
    ],
    ids=["no-http", "version", "long", "endless", "many", "lengths", "length-and-chunks", "no-colon"],
)  # fmt: skip
async def test_head_that_is_not_clear_is_refused(client: HttpClient, raw: bytes) -> None:
    async with serving(replying(raw)) as server:
        with pytest.raises(ResponseRefused):
            await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + response(b"ok", "202 A"),
            b"ok",
        ),
        (CHUNKED_HEAD + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
        (CHUNKED_HEAD + b"5\r\nhello\r\nzz\r\n", b"hello"),
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\nshort", b"short"),
        (b"HTTP/1.0 202 Accepted\r\n\r\nuntil the end", b"until the end"),
        (response(gzip.compress(b"packed", mtime=0), "202 A", "Content-Encoding: gzip\r\n"), b"packed"),
        (response(b"x", "202 A", "Content-Encoding: br\r\n"), b""),
        (response(gzip.compress(b"x" * 50_000_000, mtime=0), "202 A", "Content-Encoding: gzip\r\n"), b""),
        (response(b"", "202 Accepted"), b""),
    ],
    ids=["hints", "chunks", "broken", "short", "1.0", "gzip", "unknown coding", "bomb", "none"],
)
async def test_status_is_the_answer_whatever_its_body_is(client: HttpClient, raw: bytes, body: bytes) -> None:
    async with serving(replying(raw)) as server:
        answer = await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})
    assert (answer.status, answer.body) == (202, body)


@pytest.mark.parametrize(
    "raw",
    [
        response(headers="Connection: close\r\n"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000,
        response() + response(b"nobody asked"),
        response(b"x", headers="Content-Encoding: br\r\n"),
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
    ids=["close", "1.0", "cut off", "more than asked", "unreadable", "upgrade"],
)
async def test_connection_is_used_again_only_after_a_clean_end(client: HttpClient, raw: bytes) -> None:
    async with serving(replying_kept(raw)) as server:
        for _ in range(2):
            await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})
    assert server.connections == 2


async def test_bytes_that_nobody_asked_for_end_an_idle_connection(client: HttpClient) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(response(b"asked"))
        if len(connections) == 1:
            await has_answer.wait()
            writer.write(response(b"about the next request"))
            await reader.read()
            is_closed.set()

    connections: list[asyncio.StreamWriter] = []
    has_answer, is_closed = asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(converse, "127.0.0.2", 0)
    url = f"http://127.0.0.2:{server.sockets[0].getsockname()[1]}/inbox"
    assert (await client.post(url, b"{}", {})).body == b"asked"
    has_answer.set()
    await is_closed.wait()
    assert (await client.post(url, b"{}", {})).body == b"asked"
    assert len(connections) == 2
    for writer in connections:
        writer.close()
    server.close()


async def test_idle_connection_is_not_used_beyond_its_time() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.2"]

    for seconds, opened in ((60.0, 1), (0.0, 3)):
        guard = AddressGuard([ALLOWED])
        connections = Connections(
            resolve, guard, ssl.create_default_context, connect_seconds=30, limit=4, keep_alive_seconds=seconds
        )
        async with serving(replying_kept(response())) as server:
            target = check_url(f"http://peer.test:{server.port}/inbox", allow_http=True)
            for _ in range(3):
                deadline = asyncio.get_running_loop().time() + 60
                await connections.ask(target, written(target, {}, b"{}"), deadline)
        assert server.connections == opened
        connections.close()


async def test_of_too_many_idle_connections_that_used_longest_ago_goes() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.2"]

    connections = Connections(
        resolve, AddressGuard([ALLOWED]), ssl.create_default_context, connect_seconds=30, limit=4, most_idle=2
    )
    server = partial(serving, replying_kept(response()))
    async with server() as first, server() as second, server() as third:
        for asked in (first, second, second, third, second, third, first):
            target = check_url(f"http://peer.test:{asked.port}/", allow_http=True)
            deadline = asyncio.get_running_loop().time() + 60
            await connections.ask(target, written(target, {}, None), deadline, 100)
        assert [each.connections for each in (first, second, third)] == [2, 1, 1]
        connections.close()


async def test_many_posts_to_one_host_share_eight_connections(client: HttpClient) -> None:
    async with serving(replying_kept(response())) as server:
        url = f"http://127.0.0.2:{server.port}/inbox"
        await asyncio.gather(*(client.post(url, b"{}", {}) for _ in range(50)))
    assert len(server.heads) == 50
    assert server.connections <= 8


async def test_who_waits_for_a_place_waits_no_longer_than_for_an_answer() -> None:
    client = HttpClient(user_agent="t", allowed_networks=[ALLOWED], allow_http=True, total_seconds=0.2)

    async def silence(_target: str, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(silence) as server:
        url = f"http://127.0.0.2:{server.port}/inbox"
        found = await asyncio.gather(*(client.post(url, b"{}", {}) for _ in range(10)), return_exceptions=True)
    assert {type(each) for each in found} == {RemoteTimeout}
    await client.close()


async def test_name_is_looked_up_once_and_what_it_leads_to_is_checked() -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "private.test" else ["10.0.0.1", "127.0.0.2"]

    client = HttpClient(user_agent="t", allowed_networks=[ALLOWED], allow_http=True, resolve=resolve)
    async with serving(replying_kept(response()), "0.0.0.0") as server:
        for _ in range(2):
            with pytest.raises(AddressRefused):
                await client.post(f"http://private.test:{server.port}/inbox", b"{}", {})
        assert server.connections == 0
        url = f"http://peer.test:{server.port}/inbox"
        await asyncio.gather(*(client.post(url, b"{}", {}) for _ in range(3)))
    assert asked == ["private.test", "peer.test"]
    assert server.header("host") == [f"peer.test:{server.port}"]
    await client.close()
    with pytest.raises(RemoteUnreachable):
        await client.post(url, b"{}", {})


async def test_certificate_must_be_valid_for_the_name_before_anything_is_said(tmp_path: Path) -> None:
    server_tls, trusting = certificate_for(tmp_path, "peer.localhost")
    async with serving(replying_kept(response(b"ok")), "127.0.0.2", tls=server_tls) as server:

        async def resolve(_host: str, _port: int) -> list[str]:
            return ["127.0.0.2"]

        client = HttpClient(user_agent="t", allowed_networks=[ALLOWED], tls=trusting, resolve=resolve)
        with pytest.raises(CertificateRefused):
            await client.post(f"https://other.test:{server.port}/inbox", b"private", {})
        await client.close()
    async with serving(replying_kept(response(b"ok")), "127.0.0.1", tls=server_tls) as server:
        client = HttpClient(user_agent="t", allowed_networks=[LOOPBACK], tls=trusting)
        for _ in range(2):
            answer = await client.post(f"https://peer.localhost:{server.port}/inbox", b"private", {})
            assert answer.body == b"ok"
        await client.close()
    assert server.connections == 1


@pytest.mark.parametrize("value", ["a\r\nX-Forged: 1", "a\nX-Forged: 1", "a\rb", "a\0b"])
async def test_header_cannot_become_two(client: HttpClient, value: str) -> None:
    async with serving(replying_kept(response())) as server:
        with pytest.raises(ValueError, match="one line"):
            await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {"Signature": value})
    assert server.connections == 0
