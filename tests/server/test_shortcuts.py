"""Kept answers that are sent before aiohttp does its part: the same bytes, the same refusals, and nothing besides.

Requests are bytes on a connection of the test's own, since a client would write most of these for nobody.
"""

import io
from datetime import UTC, datetime

import orjson
import pytest
from aiohttp import web
from sqlalchemy import select, update

from access.tokens import REMEMBERED_SECONDS, create_token
from api.call import API
from models.accounts import User
from models.oauth import AccessToken
from server.app import make_app
from server.drain import Drain
from server.listener import Runner
from server.logs import configure_logs
from server.shortcuts import SHORTCUT
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person
from tests.wire import Wire, stable, wire_to

HOME, ACTIVITY = "/api/v1/timelines/home", "application/activity+json"


class Stopped(Clock):
    """A clock that stands still until it is moved: what is remembered for seconds is remembered however slow we are."""

    def __init__(self) -> None:
        super().__init__()
        self._start = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._start + self.offset


@pytest.fixture
def clock() -> Clock:
    return Stopped()


async def cast(office: Office) -> tuple[Person, str]:
    ana = await office.create_person("ana")
    made = await office.api(ana).post("/api/v1/statuses", {"status": "Hola #calidad"})
    return ana, f"/api/v1/statuses/{made.json()['id']}"


async def test_the_shortcut_gives_the_answer_the_headers_the_figures_and_the_log_of_the_long_way(
    office: Office,
) -> None:
    ana, status = await cast(office)
    asked = {
        HOME: ana.token, f"{HOME}?limit=3": ana.token, status: ana.token,
        f"/users/{ana.id}": "", f"/.well-known/webfinger?resource=acct:{ana.acct}": "",
    }  # fmt: skip
    shortcut, stream = office.app[SHORTCUT], io.StringIO()
    async with wire_to(office) as wire:
        configure_logs(level="info", output_format="json", stream=stream)
        for path, token in asked.items():
            data = wire.request(path, f"Accept: {ACTIVITY}", "User-Agent: é", token=token)
            shortcut.is_open = False
            long_way = await wire.ask(data)
            shortcut.is_open, given = True, set()
            for _ in range(4):  # by the request as it was read, then by its bytes
                answer = await wire.ask(data)
                assert stable(answer) == stable(long_way)
                given.add(answer[1]["x-request-id"])
                line = orjson.loads(stream.getvalue().splitlines()[-1])
                assert (line["request_id"], line["path"]) == (answer[1]["x-request-id"], path.partition("?")[0])
                assert (line["status"], line["remote"], line["method"]) == (200, "127.0.0.1", "GET")
            assert len(given) == 4
    assert ana.token not in stream.getvalue()
    assert shortcut.answers > 0


async def test_who_may_ask_is_decided_each_time(office: Office, clock: Clock) -> None:
    ana, status = await cast(office)
    ben = await office.create_person("ben")
    async with office.services.database.unit_of_work() as unit:
        user = (await unit.session.scalars(select(User).where(User.account_id == ana.id))).one()
        narrow = create_token(unit, user, "read:accounts")
    async with wire_to(office) as wire:
        mine, theirs = wire.request(status, token=ana.token), wire.request(status, token=ben.token)
        for _ in range(4):
            assert ((await wire.ask(mine))[0], (await wire.ask(theirs))[0]) == (200, 200)
            assert (await wire.ask(wire.request(status, token=narrow)))[0] == 403
            for stranger in (wire.request(status), wire.request(status, token="x" * 43)):
                assert (await wire.ask(stranger))[0] == 401
        assert office.app[SHORTCUT].answers > 0
        await office.api(ana).put(status, {"status": "Adiós"})
        assert b"Adi" in (await wire.ask(mine))[2]
        await office.api(ana).post(f"/api/v1/accounts/{ben.id}/block")
        assert ((await wire.ask(theirs))[0], (await wire.ask(mine))[0]) == (404, 200)
        async with office.services.database.unit_of_work() as unit:
            await unit.session.execute(update(AccessToken).values(revoked_at=unit.now))
        clock.advance(seconds=REMEMBERED_SECONDS)
        assert (await wire.ask(mine))[0] == 401


async def test_limits_count_what_is_answered_at_once(office: Office, clock: Clock) -> None:
    ana, status = await cast(office)
    async with wire_to(office) as wire:
        data = wire.request(status, token=ana.token)
        left = int((await wire.ask(data))[1]["x-ratelimit-remaining"])
        for number in range(1, 5):
            assert int((await wire.ask(data))[1]["x-ratelimit-remaining"]) == left - number
        api = office.app[API]
        bearer = await api.bearers.find(ana.token)
        assert bearer is not None
        while int(api.limits.take("person", str(bearer.token_id), clock())["X-RateLimit-Remaining"]) > 1:
            pass
        answers = [await wire.ask(data) for _ in range(3)]
        assert [answer[0] for answer in answers] == [200, 429, 429]
        assert int(answers[-1][1]["retry-after"]) > 0


async def test_a_proxy_of_ours_says_for_whom_it_asks_and_nobody_else_does(open_office: OpenOffice) -> None:
    believed = [await remotes(await open_office(name, trusted_proxies=trusted))
                for name, trusted in (("madrid", "127.0.0.1/32"), ("lisbon", "10.0.0.0/8"))]  # fmt: skip
    assert believed == [{"203.0.113.7", "203.0.113.8"}, {"127.0.0.1"}]


async def remotes(office: Office) -> set[str]:
    """Whom the log tells of when two ask through a proxy."""
    ana, status = await cast(office)
    configure_logs(level="info", output_format="json", stream=(stream := io.StringIO()))
    async with wire_to(office) as wire:
        for _ in range(4):
            for number in (7, 8):
                data = wire.request(
                    status, f"X-Forwarded-For: 203.0.113.{number}", "X-Request-Id: abc", token=ana.token
                )
                _, headers, _ = await wire.ask(data)
                other = wire.request(status, "X-Forwarded-Host: evil.example", token=ana.token)
                expected = 421 if headers["x-request-id"] == "abc" else 200
                assert (await wire.ask(other))[0] == expected
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert office.app[SHORTCUT].answers > 0
    return {line["remote"] for line in lines if line["event"] == "request" and line["status"] == 200}


def pieces(wire: Wire, path: str, token: str) -> dict[str, bytes]:
    """What scripts are made of; `get` is what is kept, `first` and `second` are its halves."""
    get = wire.request(path, token=token)
    posted = b'{"id": ["0"]}' + b" " * 40
    post = wire.request("/api/v1/statuses/0/favourite", f"Content-Length: {len(posted)}", method="POST", token=token)
    hidden = wire.request(path, f"Content-Length: {len(get)}", token=token)
    chunked = wire.request(path, "Transfer-Encoding: chunked", token=token)
    return {
        "get": get, "first": get[:40], "second": get[40:], "posted": post + posted, "post": post, "body": posted,
        "hidden": hidden, "chunked": chunked, "chunk": b"5\r\nhello\r\n", "no more": b"0\r\n\r\n",
        "head": wire.request(path, token=token, method="HEAD"), "old": wire.request(path, token=token, version="1.0"),
        "options": wire.request(path, token=token, method="OPTIONS"),
        "condition": wire.request(path, 'If-None-Match: W/"0"', token=token),
        "last": wire.request(path, "Connection: close", token=token),
        "other lines": get.replace(b"\r\n", b"\n"), "a line": b"\r\n", "tail": get + get[:40],
        "expecting": wire.request(path, "Expect: 100-continue", token=token),
        "elsewhere": get.replace(wire.office.domain.encode(), b"evil.example"),
        "two hosts": wire.request(path, "Host: evil.example", token=token),
        "absolute": get.replace(b"/", b"http://x/", 1),
        "nonsense": b"\x16\x03\x01\x00\r\n\r\n",
        "upgrade": wire.request(path, "Upgrade: websocket", "Connection: Upgrade", token=token),
    }  # fmt: skip


# After what stands at the end of the second kind, the office hangs up by itself.
SCRIPTS = (
    "get, get, get", "get+get+get", "tail, second, get", "first, second, get, get", "posted, get, get",
    "post, body, get, get", "post, body+get, get", "hidden, get, get", "hidden+get, get", "hidden+first, second, get",
    "chunked, chunk, no more, get", "chunked+chunk+no more, get", "head, get, head, get", "options, get",
    "a line+get, get", "condition, get, condition", "expecting, get", "elsewhere, get", "absolute, get", "upgrade, get",
)  # fmt: skip
ENDS = ("get, last", "old", "other lines", "other lines+get", "two hosts", "nonsense", "get+nonsense", "post, get")


async def test_whatever_is_sent_is_answered_as_without_it(office: Office) -> None:
    ana, status = await cast(office)
    shortcut = office.app[SHORTCUT]
    for script in (*(f"{script}, last" for script in SCRIPTS), *ENDS):
        answered = []
        for shortcut.is_open in (False, True):
            async with wire_to(office) as wire:
                parts = pieces(wire, status, ana.token)
                for _ in range(3):
                    assert (await wire.ask(parts["get"]))[0] == 200
                steps = [b"".join(parts[name] for name in step.split("+")) for step in script.split(", ")]
                answered.append(await wire.rest(steps))
        assert answered[0] == answered[1], script
    assert shortcut.answers > len(SCRIPTS)


async def test_who_is_about_to_stop_lets_go_of_connections(office: Office) -> None:
    ana, status = await cast(office)
    app = make_app(office.services, office.settings)
    drain, runner = Drain(app), Runner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with wire_to(office, runner.addresses[0][1]) as wire:
        data = wire.request(status, token=ana.token)
        for _ in range(4):
            assert "connection" not in (await wire.ask(data))[1]
        drain.begin()
        given = app[SHORTCUT].answers
        assert ((await wire.ask(data))[1]["connection"], app[SHORTCUT].answers) == ("close", given)
    await runner.cleanup()
