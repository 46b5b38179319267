"""No connection to a forbidden address, whatever leads to it; a canary on loopback counts who came.

127.0.0.2 plays the public network (it is the allowed one), every other loopback address the private one.
"""

import socket
from ipaddress import ip_network

import pytest

from federation.client import AddressRefused, HttpClient, NameNotFound, RemoteUnreachable
from federation.client.address_guard import AddressGuard, ForbiddenAddress
from federation.client.guarded_resolver import open_socket
from federation.client.name_resolution import NoSuchName
from tests.federation.loopback_servers import ALLOWED, redirecting, replying_kept, response, serving


class Names:
    """A resolver that answers from a table, and counts."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def client_with(*answers: list[str], allow_http: bool = True) -> HttpClient:
    return HttpClient(
        user_agent="Tertulia-Test",
        allowed_networks=[ALLOWED],
        allow_http=allow_http,
        resolve=Names(*(answers or (["127.0.0.2"],))),
        total_seconds=2,
    )


SPELLINGS = [
    "127.0.0.1", "127.0.0.3", "127.1", "0.0.0.0", "0", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1",
    "0177.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]", "localhost", "localhost.", "LOCALHOST", "madrid.localhost",
    "madrid.localhost.", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1", "good.test@127.0.0.1", "printer.local",
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "[fc00::1]", "[fe80::1]", "[ff02::1]", "[2001:db8::1]", "[3fff::1]",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_forbidden_address_is_never_connected_to(scheme: str, spelling: str) -> None:
    client = client_with(["127.0.0.1"])
    async with serving(replying_kept(response()), "0.0.0.0") as canary:
        for request in (
            client.get(f"{scheme}://{spelling}:{canary.port}/", accept="*/*"),
            client.post(f"{scheme}://{spelling}:{canary.port}/inbox", b"{}", {}),
        ):
            with pytest.raises(AddressRefused):
                await request
    assert canary.connections == 0
    await client.close()


async def test_allowed_address_is_connected_to() -> None:
    client = client_with()
    async with serving(replying_kept(response()), "0.0.0.0") as canary:
        for host in ("127.0.0.2", "peer.test", "PEER.test."):
            assert (await client.get(f"http://{host}:{canary.port}/", accept="*/*")).status == 200
    assert canary.connections == 2  # one for the literal address, one kept for the name
    await client.close()


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1", "127.0.0.1", "::1"], ["::ffff:127.0.0.1"], ["0.0.0.0"], ["nonsense"], ["::1%lo"]],
)
async def test_name_that_leads_to_private_addresses_is_refused(addresses: list[str]) -> None:
    client = client_with(addresses)
    async with serving(replying_kept(response()), "0.0.0.0") as canary:
        with pytest.raises(AddressRefused) as refusal:
            await client.get(f"http://rebound.test:{canary.port}/", accept="*/*")
    assert canary.connections == 0
    assert refusal.value.is_permanent
    assert refusal.value.url == f"http://rebound.test:{canary.port}/"
    await client.close()


async def test_acceptable_address_is_picked_among_private_ones() -> None:
    client = client_with(["127.0.0.1", "10.0.0.1", "127.0.0.2"])
    async with serving(replying_kept(response(b"public"))) as public, serving(replying_kept(response()), "127.0.0.1"):
        answer = await client.get(f"http://mixed.test:{public.port}/", accept="*/*")
    assert answer.body == b"public"
    await client.close()


async def test_connection_goes_to_the_address_that_was_checked() -> None:
    """DNS rebinding: the second answer is private, but nobody asks a second time between check and connection."""
    names = Names(["127.0.0.2"], ["127.0.0.1"])
    client = HttpClient(user_agent="t", allowed_networks=[ALLOWED], allow_http=True, resolve=names)
    async with serving(replying_kept(response(b"public"))) as public:
        for _ in range(3):
            assert (await client.get(f"http://rebound.test:{public.port}/", accept="*/*")).body == b"public"
    assert names.asked == ["rebound.test"]
    await client.close()


async def test_localhost_names_are_loopback_whatever_the_resolver_says() -> None:
    names = Names(["127.0.0.2"])
    client = HttpClient(user_agent="t", allowed_networks=[ip_network("127.0.0.0/8")], allow_http=True, resolve=names)
    async with serving(replying_kept(response(b"loopback")), "127.0.0.1") as server:
        for host in ("localhost", "madrid.localhost", "Lisbon.LOCALHOST."):
            assert (await client.get(f"http://{host}:{server.port}/", accept="*/*")).body == b"loopback"
    assert names.asked == []
    await client.close()


async def test_plain_http_is_refused_unless_this_server_speaks_it() -> None:
    client = client_with(allow_http=False)
    async with serving(replying_kept(response())) as server:
        with pytest.raises(AddressRefused):
            await client.get(f"http://127.0.0.2:{server.port}/", accept="*/*")
        with pytest.raises(AddressRefused):
            await client.post(f"http://127.0.0.2:{server.port}/", b"", {})
    assert server.connections == 0
    await client.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "inner.localhost", "[::1]", "10.0.0.1", "169.254.169.254"])
@pytest.mark.parametrize("is_signed", [False, True])
async def test_redirect_to_a_private_address_is_refused(host: str, is_signed: bool) -> None:
    client = client_with()

    async def sign(method: str, url: str, body: bytes | None) -> dict[str, str]:
        return {"Signature": "x"}

    async with serving(replying_kept(response()), "127.0.0.1") as canary:
        location = f"http://{host}:{canary.port}/secret"
        async with serving(redirecting(lambda _: location)) as server:
            with pytest.raises(AddressRefused):
                await client.get(f"http://peer.test:{server.port}/", accept="*/*", sign=sign if is_signed else None)
        assert server.connections == 1
    assert canary.connections == 0
    await client.close()


async def test_redirect_to_an_allowed_address_is_followed() -> None:
    client = client_with()
    async with serving(replying_kept(response(b"there"))) as there:
        location = f"http://127.0.0.2:{there.port}/x"
        async with serving(redirecting(lambda _: location)) as here:
            answer = await client.get(f"http://peer.test:{here.port}/", accept="*/*")
    assert (answer.body, answer.url) == (b"there", location)
    await client.close()


def test_last_check_stands_where_the_socket_is_made() -> None:
    guard = AddressGuard([ALLOWED])
    with pytest.raises(ForbiddenAddress):
        open_socket(guard, "http", (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    open_socket(guard, "http", (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.2", 80))).close()


async def test_missing_name_and_silent_resolver_are_told_apart() -> None:
    async def missing(host: str, port: int) -> list[str]:
        raise NoSuchName(f"no {host}")

    async def failing(host: str, port: int) -> list[str]:
        raise OSError("the resolver does not answer")

    async def empty(host: str, port: int) -> list[str]:
        return []

    for resolve, error in ((missing, NameNotFound), (empty, NameNotFound), (failing, RemoteUnreachable)):
        client = HttpClient(user_agent="t", resolve=resolve)
        with pytest.raises(error) as caught:
            await client.get("https://peer.test/", accept="*/*")
        assert type(caught.value) is error
        assert caught.value.is_permanent == (error is NameNotFound)
        await client.close()


@pytest.mark.parametrize("host", ["office.internal", "printer.local"])
async def test_a_name_of_a_private_network_is_asked_only_where_addresses_of_it_are_allowed(host: str) -> None:
    async with serving(replying_kept(response()), "127.0.0.2") as server:
        url = f"http://{host}:{server.port}/"
        inside = client_with(["127.0.0.2"])
        assert (await inside.get(url, accept="*/*")).status == 200
        outside = HttpClient(user_agent="Tertulia-Test", allow_http=True, resolve=Names(["127.0.0.2"]))
        with pytest.raises(AddressRefused):
            await outside.get(url, accept="*/*")
        await inside.close()
        await outside.close()
    assert server.connections == 1
