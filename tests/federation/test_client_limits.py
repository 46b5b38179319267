"""Nothing takes longer than the deadline, nothing larger than the cap is read or unpacked."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from federation.client import (
    HttpClient,
    RemoteTimeout,
    RemoteUnreachable,
    ResponseRefused,
    ResponseTooLarge,
)
from federation.client.response_body import BodyDecoder, BodyTooLarge, BodyUnreadable
from tests.federation.loopback_servers import ALLOWED, Answer, replying, replying_kept, response, serving

CAP = 100_000
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(
        user_agent="t", allowed_networks=[ALLOWED], allow_http=True, total_seconds=0.6, max_body_bytes=CAP
    )
    yield client
    await client.close()


def coded(body: bytes, coding: str) -> bytes:
    return response(body, headers=f"Content-Encoding: {coding}\r\n")


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    "raw",
    [
        response(b"x" * CAP),
        CHUNKED_HEAD + b"5\r\nhello\r\n" * 50 + b"0\r\n\r\n",
        coded(gzip.compress(b"x" * CAP, mtime=0), "gzip"),
        coded(gzip.compress(b"x" * CAP, mtime=0), "X-GZIP"),
        coded(zlib.compress(b"x" * CAP), "deflate"),
        coded(raw_deflate(b"x" * CAP), "deflate"),
        coded(b"plain", "identity"),
        coded(gzip.compress(b"", mtime=0), "gzip"),
    ],
    ids=["length", "chunked", "gzip", "x-gzip", "deflate", "raw-deflate", "identity", "empty"],
)  # fmt: skip
async def test_body_within_the_cap_is_read(client: HttpClient, raw: bytes) -> None:
    async with serving(replying_kept(raw)) as server:
        answer = await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
    assert answer.status == 200
    assert answer.body in (b"x" * CAP, b"hello" * 50, b"plain", b"")


async def test_body_without_length_is_read_to_its_end(client: HttpClient) -> None:
    async with serving(replying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * CAP)) as server:
        answer = await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
    assert len(answer.body) == CAP


@pytest.mark.parametrize(
    "raw",
    [
        response(b"x" * (CAP + 1)),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (CAP + 1),
        coded(gzip.compress(b"x" * (CAP + 1), mtime=0), "gzip"),
        coded(gzip.compress(b"x" * 50_000_000, mtime=0), "gzip"),
        coded(zlib.compress(b"x" * 50_000_000), "deflate"),
        coded(raw_deflate(b"x" * 50_000_000), "deflate"),
    ],
    ids=["length", "announced", "no-length", "gzip", "gzip-bomb", "deflate-bomb", "raw-deflate-bomb"],
)
async def test_body_over_the_cap_is_refused(client: HttpClient, raw: bytes) -> None:
    async with serving(replying(raw)) as server:
        with pytest.raises(ResponseTooLarge):
            await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")


async def test_caller_can_lower_the_cap(client: HttpClient) -> None:
    async with serving(replying_kept(response(b"x" * 101))) as server:
        url = f"http://127.0.0.2:{server.port}/"
        with pytest.raises(ResponseTooLarge):
            await client.get(url, accept="*/*", max_bytes=100)
        assert len((await client.get(url, accept="*/*", max_bytes=101)).body) == 101


async def endless(_target: str, writer: asyncio.StreamWriter) -> None:
    writer.write(CHUNKED_HEAD)
    while True:
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        await writer.drain()


async def test_endless_body_is_cut_off(client: HttpClient) -> None:
    async with serving(endless) as server:
        with pytest.raises(ResponseTooLarge):
            await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
        answer = await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})
    assert answer.status == 200
    assert len(answer.body) <= 65_536


def dripping(head: bytes) -> Answer:
    async def answer(_target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)  # the drip itself, faster than any per-read timeout would notice

    return answer


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_slow_drip_ends_at_the_total_deadline(client: HttpClient, head: bytes) -> None:
    async with serving(dripping(head)) as server:
        async with asyncio.timeout(3):
            with pytest.raises((RemoteTimeout, ResponseRefused)):
                await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")


async def test_deadline_spans_all_hops(client: HttpClient) -> None:
    async def answer(target: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.25)  # the other side's slowness: three hops fit one by one, not together
        writer.write(response(b"", "302 Found", f"Location: {target}x\r\n"))

    async with serving(answer) as server:
        with pytest.raises(RemoteTimeout) as timeout:
            await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
    assert not timeout.value.is_permanent
    assert len(server.heads) == 3


async def test_post_keeps_its_status_when_the_body_drips(client: HttpClient) -> None:
    async with serving(dripping(b"HTTP/1.1 202 Accepted\r\n\r\n")) as server:
        answer = await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})
    assert answer.status == 202


async def test_a_document_that_breaks_off_is_none(client: HttpClient) -> None:
    packed = gzip.compress(b"half of it", mtime=0)[:-6]
    for raw in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        CHUNKED_HEAD + b"5\r\nhello\r\n",
        coded(packed, "gzip"),
        b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed,
    ):
        async with serving(replying(raw)) as server:
            with pytest.raises(ResponseRefused):
                await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")


async def test_silent_server_times_out(client: HttpClient) -> None:
    async def silence(_target: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(silence) as server:
        with pytest.raises(RemoteTimeout):
            await client.post(f"http://127.0.0.2:{server.port}/", b"{}", {})


@pytest.mark.parametrize(
    "raw",
    [
        coded(b"x", "br"),
        coded(b"x", "zstd"),
        coded(b"x", "gzip, gzip"),
        coded(b"not gzip", "gzip"),
        coded(gzip.compress(b"x" * 500, mtime=0)[:-9], "gzip"),
        coded(gzip.compress(b"x", mtime=0) + b"more", "gzip"),
        coded(gzip.compress(b"x", mtime=0) * 2, "gzip"),
        CHUNKED_HEAD + b"zz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        b"ICY nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
async def test_unreadable_response_is_refused(client: HttpClient, raw: bytes) -> None:
    async with serving(replying(raw)) as server:
        with pytest.raises(ResponseRefused):
            await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")


async def test_nobody_listening_is_unreachable(client: HttpClient) -> None:
    async with serving(replying(b"")) as server:
        with pytest.raises(RemoteUnreachable) as closed:
            await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
    with pytest.raises(RemoteUnreachable) as refused:
        await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
    assert not closed.value.is_permanent
    assert not refused.value.is_permanent


def test_bomb_is_not_unpacked_beyond_the_cap() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        BodyDecoder("gzip", 1_048_576).feed(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def test_raw_bytes_that_unpack_to_nothing_are_counted() -> None:
    decoder = BodyDecoder("deflate", 1_000)
    empty_blocks = b"\x00\x00\x00\xff\xff" * 6_000
    decoder.feed(empty_blocks)
    decoder.feed(empty_blocks)
    with pytest.raises(BodyTooLarge):
        decoder.feed(empty_blocks)


def test_decoder_takes_bodies_in_any_pieces() -> None:
    packed = gzip.compress(b"hello " * 1000, mtime=0)
    decoder = BodyDecoder("gzip", 6000)
    for index in range(len(packed)):
        decoder.feed(packed[index : index + 1])
    assert decoder.finish() == b"hello " * 1000
    with pytest.raises(BodyUnreadable):
        decoder.feed(b"x")
