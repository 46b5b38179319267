"""What happens around every request: the host check, proxies, request ids, problem documents, headers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import aiohttp
import pytest
from aiohttp import test_utils, web

from server.app import front_of
from server.middlewares import add_security_headers, around_requests
from server.problems import Problem
from server.proxies import Front
from tests.peers import Office
from tests.remote_peers import Answer

DOMAIN = "madrid.example"
Get = Callable[..., Awaitable[Answer]]
OUR_PROXY = "127.0.0.1/32"


async def show(request: web.Request) -> web.Response:
    """What a handler sees of the request."""
    seen = {"remote": request.remote, "scheme": request.scheme, "host": request.host}
    return web.json_response({**seen, "raw_host": dict(request.raw_headers)[b"Host"].decode()})


async def echo_length(request: web.Request) -> web.Response:
    return web.json_response(len(await request.read()))


async def fail(_request: web.Request) -> web.Response:
    raise RuntimeError("password=hunter2 in /srv/tertulia/secret.py")


async def refuse(_request: web.Request) -> web.Response:
    raise Problem(429, "Come back later.", {"Retry-After": "7"})


async def redirect(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/elsewhere")


@asynccontextmanager
async def served(*trusted: str, scheme: str = "https") -> AsyncIterator[Get]:
    """A few handlers behind the middleware; gives a function that asks them, by default under our own host."""
    front = Front(hosts=[DOMAIN], scheme=scheme, trusted=[ip_network(network) for network in trusted])
    app = web.Application(middlewares=[around_requests(front)], client_max_size=1000)
    for path, handler in {"/show": show, "/fail": fail, "/refuse": refuse, "/redirect": redirect}.items():
        app.router.add_get(path, handler)
    app.router.add_post("/length", echo_length)
    app.router.add_get("/healthz", show)
    app.on_response_prepare.append(add_security_headers)
    server = test_utils.TestServer(app)
    await server.start_server(access_log=None)

    async def ask(path: str, method: str = "GET", data: bytes | None = None, **headers: str) -> Answer:
        sent = {"Host": DOMAIN, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{server.port}{path}"
            response = await client.request(method, url, headers=sent, data=data, allow_redirects=False)
            return Answer(response.status, response.headers.copy(), await response.read())

    try:
        yield ask
    finally:
        await server.close()


@pytest.fixture
async def ask() -> AsyncIterator[Get]:
    async with served() as get:
        yield get


@pytest.fixture
async def ask_through_proxy() -> AsyncIterator[Get]:
    async with served(OUR_PROXY) as get:
        yield get


@pytest.mark.parametrize("host", ["madrid.example", "MADRID.example", "madrid.example.", "madrid.example:443"])
async def test_a_request_for_us_is_answered(ask: Get, host: str) -> None:
    assert (await ask("/show", Host=host)).status == 200


@pytest.mark.parametrize("host", ["evil.example", "madrid.example:8443", "a.madrid.example", "127.0.0.1"])
async def test_a_request_for_another_host_is_misdirected(ask: Get, host: str) -> None:
    answer = await ask("/show", Host=host)
    assert answer.status == 421
    assert DOMAIN in answer.json["detail"]


@pytest.mark.parametrize("host", ["a b", "user@madrid.example", "madrid.example:99999", "madrid.example/x"])
async def test_a_host_that_is_none_is_refused(ask: Get, host: str) -> None:
    assert (await ask("/show", Host=host)).status == 400


async def test_health_is_told_under_any_host(ask: Get) -> None:
    assert (await ask("/healthz", Host="10.0.0.7:8080")).status == 200


async def test_a_forwarded_host_of_a_stranger_is_ignored(ask: Get) -> None:
    assert (await ask("/show", X_Forwarded_Host="evil.example")).status == 200
    assert (await ask("/show", Host="evil.example", X_Forwarded_Host=DOMAIN)).status == 421


async def test_a_forwarded_host_of_our_proxy_is_what_handlers_and_signatures_see(ask_through_proxy: Get) -> None:
    answer = await ask_through_proxy("/show", Host="inside:8080", X_Forwarded_Host=DOMAIN)
    assert (answer.json["host"], answer.json["raw_host"]) == (DOMAIN, DOMAIN)
    assert (await ask_through_proxy("/show", X_Forwarded_Host="evil.example")).status == 421


@pytest.mark.parametrize("forwarded", ["http", "https", "ftp"])
async def test_the_scheme_is_that_of_our_origin(ask: Get, ask_through_proxy: Get, forwarded: str) -> None:
    for get in (ask, ask_through_proxy):
        assert (await get("/show", X_Forwarded_Proto=forwarded)).json["scheme"] == "https"


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 127.0.0.1", "203.0.113.9"),
        ("2001:db8::7", "2001:db8::7"),
        ("not-an-address", "127.0.0.1"),
        ("6.6.6.6, nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
async def test_the_client_is_the_last_address_that_no_proxy_of_ours_has(
    ask_through_proxy: Get, forwarded: str, seen: str
) -> None:
    assert (await ask_through_proxy("/show", X_Forwarded_For=forwarded)).json["remote"] == seen


async def test_addresses_that_a_stranger_forwards_are_ignored(ask: Get) -> None:
    assert (await ask("/show", X_Forwarded_For="6.6.6.6")).json["remote"] == "127.0.0.1"


async def test_a_body_survives_what_the_proxy_changed(ask_through_proxy: Get) -> None:
    answer = await ask_through_proxy("/length", "POST", b"x" * 999, X_Forwarded_For="203.0.113.9")
    assert answer.json == 999


async def test_a_request_id_is_made_and_a_stranger_cannot_choose_it(ask: Get) -> None:
    assert len((await ask("/show", X_Request_Id="chosen")).headers["X-Request-Id"]) == 16


async def test_our_proxy_chooses_the_request_id(ask_through_proxy: Get) -> None:
    answer = await ask_through_proxy("/nothing", X_Request_Id="from-the-proxy")
    assert answer.headers["X-Request-Id"] == "from-the-proxy"
    assert answer.json["instance"] == "urn:request:from-the-proxy"
    odd = await ask_through_proxy("/nothing", X_Request_Id="<script>")
    assert len(odd.headers["X-Request-Id"]) == 16


async def test_nothing_there_is_a_problem_document_for_servers(ask: Get) -> None:
    answer = await ask("/nothing", Accept="application/activity+json")
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert (problem["status"], problem["title"]) == (404, "Not Found")
    assert problem["detail"]
    assert problem["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"


async def test_nothing_there_is_a_page_for_browsers(ask: Get) -> None:
    answer = await ask("/nothing", Accept="text/html,application/xhtml+xml;q=0.9")
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<h1>404 Not Found</h1>" in answer.text


async def test_a_wrong_method_says_which_are_right(ask: Get) -> None:
    answer = await ask("/show", "DELETE")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json["status"] == 405


async def test_a_body_beyond_the_limit_is_refused(ask: Get) -> None:
    assert (await ask("/length", "POST", b"x" * 1001)).status == 413


async def test_a_redirect_stays_one(ask: Get) -> None:
    answer = await ask("/redirect")
    assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")


async def test_a_refusal_keeps_its_sentence_and_headers(ask: Get) -> None:
    answer = await ask("/refuse")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json["detail"] == "Come back later."


@pytest.mark.parametrize("accept", ["application/activity+json", "text/html"])
async def test_an_unforeseen_error_tells_nothing_of_our_insides(ask: Get, accept: str) -> None:
    answer = await ask("/fail", Accept=accept)
    assert answer.status == 500
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


async def test_every_answer_is_safe_for_browsers(ask: Get) -> None:
    for path in ("/show", "/nothing", "/fail", "/healthz"):
        headers = (await ask(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"]
        assert "aiohttp" not in headers["Server"]


async def test_an_office_answers_under_its_origin_and_its_domain_only(office: Office) -> None:
    assert (await office.get("/actor")).status == 200
    assert (await office.get("/actor", headers={"Host": "evil.example"})).status == 421
    front = front_of(office.settings)
    assert front.is_trusted("127.0.0.1") is False
