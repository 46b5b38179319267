"""What goes over the wire, connections that are kept, TLS, and Retry-After."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from federation.client import CertificateRefused, HttpClient, RemoteTimeout, RemoteUnreachable, retry_after_seconds
from federation.client.kept_connections import KeptHosts
from tests.federation.loopback_servers import certificate_for, replying_kept, response, serving

LOOPBACK = ip_network("127.0.0.0/8")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(user_agent="Tertulia/0.1 (+http://a.test)", allowed_networks=[LOOPBACK], allow_http=True)
    yield client
    await client.close()


async def test_get_sends_what_was_asked_and_no_more(client: HttpClient) -> None:
    async with serving(replying_kept(response(b"{}", headers="Set-Cookie: id=1\r\nX-A: b\r\n"))) as server:
        answer = await client.get(f"http://127.0.0.2:{server.port}/a?b=%20c", accept="application/activity+json")
        await client.get(f"http://127.0.0.2:{server.port}/a?b=%20c", accept="application/activity+json")
    assert (answer.status, answer.body, answer.headers["x-a"]) == (200, b"{}", "b")
    assert server.heads[0].startswith("GET /a?b=%20c HTTP/1.1\r\n")
    assert server.header("accept") == ["application/activity+json"]
    assert server.header("accept-encoding") == ["gzip, deflate"]
    assert server.header("user-agent") == ["Tertulia/0.1 (+http://a.test)"]
    assert server.header("cookie") == []


async def test_post_sends_the_exact_bytes_and_signed_headers(client: HttpClient) -> None:
    headers = {
        "Host": "signed.test",
        "Date": "Sun, 01 Mar 2026 12:00:00 GMT",
        "Digest": "SHA-256=x",
        "Signature": 'keyId="k"',
        "Content-Type": "application/activity+json",
    }
    async with serving(replying_kept(response(b"thanks", "202 Accepted"))) as server:
        answer = await client.post(f"http://127.0.0.2:{server.port}/inbox", b'{"a": "\xc3\xb1"}', headers)
    assert (answer.status, answer.body) == (202, b"thanks")
    assert server.bodies == [b'{"a": "\xc3\xb1"}']
    for name, value in headers.items():
        assert server.header(name) == [value]


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "404 Not Found", "410 Gone", "429 Wait", "500 Oops"])
async def test_error_status_is_a_response(client: HttpClient, status: str) -> None:
    async with serving(replying_kept(response(b"why", status))) as server:
        url = f"http://127.0.0.2:{server.port}/"
        for answer in (await client.get(url, accept="*/*"), await client.post(url, b"", {})):
            assert (answer.status, answer.body) == (int(status[:3]), b"why")


async def test_connection_is_kept_for_the_next_request(client: HttpClient) -> None:
    async with serving(replying_kept(response())) as server:
        for _ in range(5):
            await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})
    assert (server.connections, len(server.heads)) == (1, 5)


async def test_post_is_repeated_when_the_kept_connection_had_been_closed(client: HttpClient) -> None:
    async def answer(_target: str, writer: asyncio.StreamWriter) -> None:
        if len(server.heads) == 2:
            writer.close()  # what a server does whose idle time ran out just now
        else:
            writer.write(response())

    async with serving(answer) as server:
        for _ in range(2):
            assert (await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})).status == 200
    assert len(server.heads) == 3


async def test_server_that_always_hangs_up_is_unreachable(client: HttpClient) -> None:
    async def hang_up(_target: str, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with serving(hang_up) as server:
        with pytest.raises(RemoteUnreachable):
            await client.post(f"http://127.0.0.2:{server.port}/inbox", b"{}", {})
    assert len(server.heads) == 2


async def test_many_requests_to_one_host_share_eight_connections(client: HttpClient) -> None:
    async with serving(replying_kept(response())) as server:
        await asyncio.gather(*(client.get(f"http://127.0.0.2:{server.port}/{n}", accept="*/*") for n in range(50)))
    assert len(server.heads) == 50
    assert server.connections <= 8


async def test_closed_client_asks_nobody(client: HttpClient) -> None:
    await client.close()
    async with serving(replying_kept(response())) as server:
        with pytest.raises(RemoteUnreachable):
            await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
    assert server.connections == 0


async def test_certificate_must_be_valid_for_the_name(tmp_path: Path) -> None:
    server_tls, trusting = certificate_for(tmp_path, "peer.localhost")
    async with serving(replying_kept(response(b"secret")), "127.0.0.1", tls=server_tls) as server:
        client = HttpClient(user_agent="t", allowed_networks=[LOOPBACK], tls=trusting)
        assert (await client.get(f"https://peer.localhost:{server.port}/", accept="*/*")).body == b"secret"
        for host in ("other.localhost", "127.0.0.1"):
            with pytest.raises(CertificateRefused) as refusal:
                await client.get(f"https://{host}:{server.port}/", accept="*/*")
            assert refusal.value.is_permanent
        await client.close()
        strict = HttpClient(user_agent="t", allowed_networks=[LOOPBACK])
        with pytest.raises(CertificateRefused):
            await strict.post(f"https://peer.localhost:{server.port}/", b"private", {})
        await strict.close()
    assert server.bodies == [b""]


async def test_https_to_another_service_is_unreachable() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        writer.close()

    client = HttpClient(user_agent="t", allowed_networks=[LOOPBACK])
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(RemoteUnreachable) as failure:
        await client.get(f"https://127.0.0.1:{port}/", accept="*/*")
    assert not failure.value.is_permanent
    server.close()
    await client.close()


async def test_handshake_that_never_ends_is_a_timeout() -> None:
    client = HttpClient(user_agent="t", allowed_networks=[LOOPBACK], connect_seconds=0.1)
    async with serving(replying_kept(response()), "127.0.0.1") as silent:
        with pytest.raises(RemoteTimeout):
            await client.get(f"https://127.0.0.1:{silent.port}/", accept="*/*")
    await client.close()


def test_places_for_kept_connections_are_bounded_and_freed() -> None:
    hosts = KeptHosts(limit=2, seconds=10)
    assert [hosts.may_keep(host, 0) for host in ("a", "b", "c")] == [True, True, False]
    assert hosts.may_keep("a", 9)
    assert [hosts.may_keep(host, 10) for host in ("c", "a", "b")] == [True, True, False]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 1),
        ("999999999", 86_400),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 13:01:00 +0100", 60),
        ("Sun, 01 Mar 2020 12:00:00 GMT", 1),
        ("Sun, 01 Mar 2096 12:00:00 GMT", 86_400),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("9" * 5000, 86_400),
        ("Sun, 99 Mar 2026 12:00:00 GMT", None),
        ("Sun, 01 Mar 9999 12:00:00 -2359", 86_400),
    ],
)
def test_retry_after_is_read_within_bounds(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"Retry-After": value}, NOW) == seconds


def test_retry_after_may_be_absent() -> None:
    assert retry_after_seconds({}, NOW) is None
