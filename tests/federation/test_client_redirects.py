"""Redirects are followed by hand: few, checked, signed anew, never for a POST, never down to plain http."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from federation.client import AddressRefused, BudgetExhausted, FetchBudget, HttpClient, TooManyRedirects
from tests.federation.loopback_servers import certificate_for, redirecting, replying_kept, response, serving

LOOPBACK = ip_network("127.0.0.0/8")


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(user_agent="t", allowed_networks=[LOOPBACK], allow_http=True, total_seconds=3)
    yield client
    await client.close()


def countdown(target: str) -> str:
    """/3 leads to /2, /1 and /0, which answers."""
    left = int(target[1:])
    return f"/{left - 1}" if left else ""


async def test_three_redirects_are_followed(client: HttpClient) -> None:
    async with serving(redirecting(countdown)) as server:
        answer = await client.get(f"http://127.0.0.2:{server.port}/3", accept="*/*")
    assert answer.body == b"arrived"
    assert answer.url == f"http://127.0.0.2:{server.port}/0"


@pytest.mark.parametrize("count", [4, 50])
async def test_more_redirects_are_refused(client: HttpClient, count: int) -> None:
    async with serving(redirecting(countdown)) as server:
        with pytest.raises(TooManyRedirects) as refusal:
            await client.get(f"http://127.0.0.2:{server.port}/{count}", accept="*/*")
    assert len(server.heads) == 4
    assert refusal.value.is_permanent


@pytest.mark.parametrize("path", ["/a", "/self"])
async def test_loop_ends_when_it_closes(client: HttpClient, path: str) -> None:
    loop = {"/a": "/b#x", "/b": "/a", "/self": "/self"}
    async with serving(redirecting(loop.__getitem__)) as server:
        with pytest.raises(TooManyRedirects):
            await client.get(f"http://127.0.0.2:{server.port}{path}", accept="*/*")
    assert len(server.heads) <= 2


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_post_is_never_redirected(client: HttpClient, status: str) -> None:
    async with serving(replying_kept(response())) as elsewhere:
        location = f"http://127.0.0.2:{elsewhere.port}/inbox"
        async with serving(redirecting(lambda _: location, status)) as server:
            answer = await client.post(f"http://127.0.0.2:{server.port}/inbox", b"private", {})
    assert answer.status == int(status[:3])
    assert answer.headers["location"] == location
    assert elsewhere.connections == 0


async def test_each_hop_is_signed_for_itself(client: HttpClient) -> None:
    signed: list[str] = []

    async def sign(method: str, url: str, body: bytes | None) -> dict[str, str]:
        assert (method, body) == ("GET", None)
        signed.append(url)
        return {"Signature": f"over {url}", "accept": "application/activity+json"}

    async with serving(redirecting(lambda _: ""), "127.0.0.1") as there:
        second = f"http://other.localhost:{there.port}/x?y=1"
        async with serving(redirecting(lambda _: second)) as here:
            first = f"http://127.0.0.2:{here.port}/a%2fb?q=%C3%B3"
            await client.get(first, accept="*/*", sign=sign)
    assert signed == [first, second]
    assert here.heads[0].startswith("GET /a%2fb?q=%C3%B3 HTTP/1.1\r\n")
    assert there.header("signature") == [f"over {second}"]
    assert there.header("accept") == ["application/activity+json"]
    assert there.header("host") == [f"other.localhost:{there.port}"]


async def test_redirect_from_https_to_http_is_refused(tmp_path: Path) -> None:
    server_tls, trusting = certificate_for(tmp_path, "peer.localhost")
    client = HttpClient(user_agent="t", allowed_networks=[LOOPBACK], allow_http=True, tls=trusting)
    async with serving(replying_kept(response(b"plain")), "127.0.0.1") as plain:
        where = {"/down": f"http://peer.localhost:{plain.port}/", "/aside": "/", "/": ""}
        async with serving(redirecting(where.__getitem__), "127.0.0.1", tls=server_tls) as secure:
            with pytest.raises(AddressRefused):
                await client.get(f"https://peer.localhost:{secure.port}/down", accept="*/*")
            answer = await client.get(f"https://peer.localhost:{secure.port}/aside", accept="*/*")
    assert plain.connections == 0
    assert answer.body == b"arrived"
    await client.close()


async def test_every_hop_costs_budget(client: HttpClient) -> None:
    budget = FetchBudget(remaining=5)
    async with serving(redirecting(countdown)) as server:
        await client.get(f"http://127.0.0.2:{server.port}/3", accept="*/*", budget=budget)
        assert budget.remaining == 1
        with pytest.raises(BudgetExhausted):
            await client.get(f"http://127.0.0.2:{server.port}/1", accept="*/*", budget=budget)
    assert len(server.heads) == 5


async def test_redirect_without_location_is_a_response(client: HttpClient) -> None:
    async with serving(replying_kept(response(b"", "304 Not Modified"))) as server:
        assert (await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")).status == 304
