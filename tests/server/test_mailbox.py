"""Letters that are taken before aiohttp does its part: judged, answered, counted and logged as on the long way.

Requests are bytes on a connection of the test's own, since a client would write most of these for nobody.
"""

import asyncio
import io
import json
from typing import Any

import orjson
import pytest
from aiohttp import web

from keys.signing import Scheme, sign_request
from models.activities import InboundActivity
from server.app import make_app
from server.drain import Drain
from server.listener import Runner
from server.logs import configure_logs
from server.mailbox import MAILBOX
from server.traffic import Traffic
from tests.fixtures_offices import OpenOffice
from tests.graph import count, follower_uris, journal
from tests.peers import Office
from tests.remote_peers import ACTIVITY_JSON, RemoteActor, RemoteServer
from tests.wire import Wire, stable, wire_to

SHARED = "/inbox"


def letter(wire: Wire, carol: RemoteActor, activity: Any, *lines: str, path: str = SHARED) -> bytes:
    """An activity as a peer posts it; `lines` come before what is signed."""
    body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
    scheme = Scheme.RFC9421_ED25519
    signed = sign_request(
        method="POST", url=f"{wire.office.origin}{path}", body=body, key_id=carol.key_id(scheme),
        key=carol.ed25519, scheme=scheme, now=carol.server.clock(), content_type=ACTIVITY_JSON,
    )  # fmt: skip
    head = [f"POST {path} HTTP/1.1", *lines, *(f"{name}: {value}" for name, value in signed.items())]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


async def test_a_letter_gets_the_answer_the_headers_the_figures_and_the_log_of_the_long_way(
    office: Office, remote: RemoteServer
) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    mailbox, stream = office.app[MAILBOX], io.StringIO()
    configure_logs(level="info", output_format="json", stream=stream)
    path = f"/users/{alice.id}/inbox"
    async with wire_to(office) as wire:
        for expected, make in (
            (202, lambda: letter(wire, carol, carol.follow(alice.uri), path=path)),
            (202, lambda: letter(wire, carol, carol.create(carol.note()))),
            (401, lambda: letter(wire, carol, carol.follow(alice.uri)).replace(b"Follow", b"Block!")),
            (400, lambda: letter(wire, carol, b'{"type": "Follow"')),
            (404, lambda: letter(wire, carol, carol.follow(alice.uri), path="/users/5/inbox")),
        ):
            answers, lines = [], []
            for mailbox.is_open in (False, True):
                taken = mailbox.letters
                answers.append(await wire.ask(make()))
                assert mailbox.letters - taken == mailbox.is_open
                lines.append(orjson.loads(stream.getvalue().splitlines()[-1]))
                assert lines[-1]["request_id"] == answers[-1][1]["x-request-id"]
            long_way, answer = map(stable, answers)
            assert answer == long_way
            assert answer[0] == expected
            for line in lines:
                del line["at"], line["request_id"], line["milliseconds"]
            assert lines[0] == lines[1]
            assert (lines[0]["status"], lines[0]["remote"], lines[0]["method"]) == (expected, "127.0.0.1", "POST")
    refusals = [json.loads(line) for line in stream.getvalue().splitlines() if "inbox.refused" in line]
    assert len(refusals) == 6
    assert all(line["request_id"] for line in refusals)
    await office.run_until_idle()
    assert await follower_uris(office, alice.uri) == [carol.uri]


async def test_a_letter_counts_in_the_figures(office: Office, remote: RemoteServer) -> None:
    carol, traffic = await remote.actor("carol"), Traffic()
    app = make_app(office.services, office.settings, journal=office.journal, traffic=traffic)
    runner = Runner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with wire_to(office, runner.addresses[0][1]) as wire:
        for app[MAILBOX].is_open in (False, True):
            assert (await wire.ask(letter(wire, carol, carol.create(carol.note()))))[0] == 202
            assert (await wire.ask(letter(wire, carol, b"{}")))[0] == 400
    await runner.cleanup()
    assert traffic.requests == {("inbox", 202): 2, ("inbox", 400): 2}
    assert app[MAILBOX].letters == 2


def pieces(wire: Wire, carol: RemoteActor) -> dict[str, bytes]:
    """What scripts are made of: fresh letters, since a copy is refused."""

    def fresh(*lines: str, path: str = SHARED) -> bytes:
        return letter(wire, carol, carol.create(carol.note()), *lines, path=path)

    half, whole = fresh(), fresh()
    head, body = whole.split(b"\r\n\r\n", 1)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    get = wire.request("/.well-known/webfinger")
    length = b"Content-Length: %d" % len(body)
    return {
        "one": fresh(), "two": fresh(), "three": fresh(), "first": half[:200], "second": half[200:],
        "head": head + b"\r\n\r\n", "body": body, "get": get,
        "chunked": head.replace(length, b"Transfer-Encoding: chunked") + b"\r\n\r\n" + chunked,
        "both": whole.replace(b"\r\nHost", b"\r\nTransfer-Encoding: chunked\r\nHost", 1),
        "longer": whole.replace(length, b"Content-Length: %d" % (len(body) - 9)),
        "twice": whole.replace(length, length + b"\r\n" + length),
        "signed length": whole.replace(length, b"Content-Length: +%d" % len(body)),
        "gzip": fresh("Content-Encoding: gzip"), "expecting": fresh("Expect: 100-continue"),
        "expecting more": fresh("Expect: more"), "upgrade": fresh("Connection: Upgrade", "Upgrade: websocket"),
        "old": fresh().replace(b"HTTP/1.1", b"HTTP/1.0"), "query": fresh().replace(b"/inbox", b"/inbox?a=1", 1),
        "absolute": fresh().replace(b" /inbox", b" http://x/inbox", 1), "put": fresh().replace(b"POST", b"PUT", 1),
        "elsewhere": fresh().replace(wire.office.domain.encode(), b"evil.example", 1),
        "two hosts": fresh("Host: evil.example"), "no host": fresh().replace(b"Host:", b"X-Host:", 1),
        "folded": fresh("X-Folded: a\r\n b"), "blank": fresh("X-Blank : a"), "nameless": fresh(": a"),
        "high": fresh("X-High: \xe9"), "nul": fresh("X-Nul: \0"), "bare": fresh("X-Bare: a\nX-Other: b"),
        "many": fresh(*(f"X-{number}: 1" for number in range(140))), "long": fresh("X-Long: " + "x" * 9_000),
        "topic": fresh(path="/tags/calidad/inbox"), "actor": fresh(path="/actor/inbox"),
        "nobody": fresh(path="/users/99999999999999999999/inbox"), "other": fresh(path="/users/x/inbox"),
        "nonsense": b"\x16\x03\x01\x00\r\n\r\n", "last": fresh("Connection: close"),
        "alive": fresh("Connection: Keep-Alive"), "large": letter(wire, carol, b" " * 1_100_000),
    }  # fmt: skip


SCRIPTS = (
    "one, two, three", "one+two+three", "one+two, three", "one, first, second, two", "first, second", "head, body",
    "one, head, body+two", "one+head, body", "one, get, two", "get, one", "one+get", "chunked, one", "alive, one",
    "expecting, one", "query, one", "put, one", "elsewhere, one", "topic, one", "actor, one",
    "other, one", "nobody, one", "high, one", "many", "upgrade, one", "absolute, one",
)  # fmt: skip
ENDS = (
    "one, last", "gzip", "old", "both", "longer", "twice", "signed length", "expecting more", "two hosts, last",
    "no host, last", "folded", "blank", "nameless", "nul", "bare, last", "long", "nonsense", "one+nonsense",
    "large, last",
)  # fmt: skip


async def test_whatever_is_sent_is_answered_as_without_it(office: Office, remote: RemoteServer) -> None:
    carol, mailbox = await remote.actor("carol"), office.app[MAILBOX]
    for script in (*(f"{script}, last" for script in SCRIPTS), *ENDS):
        answered, stored = [], []
        for mailbox.is_open in (False, True):
            async with wire_to(office) as wire:
                parts = pieces(wire, carol)
                steps = [b"".join(parts[name] for name in step.split("+")) for step in script.split(", ")]
                before = await count(office, InboundActivity)
                answered.append(await wire.rest(steps))
                stored.append(await count(office, InboundActivity) - before)
        assert answered[0] == answered[1], script
        assert stored[0] == stored[1], script
    assert mailbox.letters > 10


def hold_up(office: Office, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Have letters wait: an event that tells of one, and one that lets it go on."""
    is_judged, may_end, append = asyncio.Event(), asyncio.Event(), office.journal.append

    async def slowly(*given: Any, **more: Any) -> None:
        is_judged.set()
        await may_end.wait()
        await append(*given, **more)

    monkeypatch.setattr(office.journal, "append", slowly)
    return is_judged, may_end


async def test_what_comes_while_a_letter_is_judged_waits_for_its_turn(
    office: Office, remote: RemoteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol, mailbox = await remote.actor("carol"), office.app[MAILBOX]
    is_judged, may_end = hold_up(office, monkeypatch)
    async with wire_to(office) as wire:
        letters = [letter(wire, carol, carol.create(carol.note())) for _ in range(4)]
        nonsense = letter(wire, carol, b"[]")
        wire.write(letters[0])
        await is_judged.wait()
        for data in (letters[1] + nonsense[:100], nonsense[100:] + letters[2], letters[3]):
            wire.write(data)
            await asyncio.sleep(0)
        assert mailbox.letters == 1
        may_end.set()
        assert [(await wire.answer())[0] for _ in range(5)] == [202, 202, 400, 202, 202]
    assert await count(office, InboundActivity) == 4


async def test_a_proxy_of_ours_says_for_whom_it_asks_and_nobody_else_does(
    open_office: OpenOffice, remote: RemoteServer
) -> None:
    for name, trusted, believed in (("madrid", "127.0.0.1/32", True), ("lisbon", "10.0.0.0/8", False)):
        office = await open_office(name, federation="open", trusted_proxies=trusted)
        carol, mailbox = await remote.actor(f"carol{name}"), office.app[MAILBOX]
        configure_logs(level="info", output_format="json", stream=(stream := io.StringIO()))
        async with wire_to(office) as wire:
            told = ("X-Forwarded-For: 203.0.113.7", "X-Request-Id: abc")
            answer = await wire.ask(letter(wire, carol, carol.create(carol.note()), *told))
            assert (answer[0], answer[1]["x-request-id"] == "abc", mailbox.letters) == (202, believed, 1)
            line = orjson.loads(stream.getvalue().splitlines()[-1])
            assert line["remote"] == ("203.0.113.7" if believed else "127.0.0.1")
            elsewhere = letter(wire, carol, carol.create(carol.note()), "X-Forwarded-Host: evil.example")
            assert (await wire.ask(elsewhere))[0] == (421 if believed else 202)


async def test_a_letter_whose_sender_has_gone_is_kept(
    office: Office, remote: RemoteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol = await remote.actor("carol")
    is_judged, may_end = hold_up(office, monkeypatch)
    async with wire_to(office) as wire:
        wire.write(letter(wire, carol, carol.create(carol.note())))
        await is_judged.wait()
    may_end.set()
    await office.app[MAILBOX].until_empty()
    assert [row[1] for row in await journal(office)] == ["queued"]


async def test_what_nobody_foresaw_is_a_500_without_details(
    office: Office, remote: RemoteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol, mailbox = await remote.actor("carol"), office.app[MAILBOX]
    configure_logs(level="info", output_format="json", stream=(stream := io.StringIO()))

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("our insides")

    monkeypatch.setattr(office.journal, "append", fail)
    async with wire_to(office) as wire:
        answers = [
            await wire.ask(letter(wire, carol, carol.create(carol.note()))) for mailbox.is_open in (False, True)
        ]  # fmt: skip
    assert [answer[0] for answer in answers] == [500, 500]
    assert all(b"insides" not in answer[2] for answer in answers)
    assert answers[0][1].keys() == answers[1][1].keys()
    assert stream.getvalue().count("RuntimeError: our insides") == 2


async def test_who_is_about_to_stop_answers_letters_and_lets_go_of_connections(
    office: Office, remote: RemoteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol = await remote.actor("carol")
    app = make_app(office.services, office.settings, journal=office.journal)
    drain, runner = Drain(app), Runner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with wire_to(office, runner.addresses[0][1]) as wire:
        await wire.ask(letter(wire, carol, carol.create(carol.note())))
        is_judged, may_end = hold_up(office, monkeypatch)
        wire.write(letter(wire, carol, carol.create(carol.note())))
        await is_judged.wait()
        closing = asyncio.create_task(drain.close(runner, 30))
        await asyncio.sleep(0)
        assert not closing.done()
        may_end.set()
        status, headers, _ = await wire.answer()
        await closing
        assert (status, headers["connection"]) == (202, "close")
        assert await wire.rest([]) == b""
    await runner.cleanup()
    assert app[MAILBOX].letters == 2
