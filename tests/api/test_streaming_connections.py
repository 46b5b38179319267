"""Connections for streaming: who is let in and how, what is refused, and how each of them ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from structlog.testing import capture_logs

from access.grants import revoke_token
from api.errors import ApiError
from api.streaming import hub
from api.streaming.clients import GOING_AWAY, MAX_WAITING, POLICY_VIOLATION, SCOPES, EventSource, Message
from api.streaming.frames import MAX_FRAMES, obey
from api.streaming.hub import MAX_STREAMS, Streaming
from api.streaming.streams import STREAMS
from api.streaming.watch import STREAMING
from jobs.bus import Bus
from models import Database
from models.accounts import Account, User
from models.events import Event, Kind
from models.feeds import AccountList, ListMember
from models.oauth import AccessToken
from models.relations import Follow
from models.visibility import Visibility
from server.app import make_app
from server.drain import Drain
from social.drafts import StatusDraft
from social.statuses import create_status
from tests.api.streams import Refused, events_of, watching
from tests.api.test_streaming import follow, say
from tests.outbox.clients import done
from tests.peers import Office
from tests.remote_peers import PUBLIC

ALL = "user user/notification public public/local public/remote hashtag?tag=x hashtag/local?tag=x list?list=1 direct"


async def test_the_token_is_taken_from_three_places_and_needed(office: Office) -> None:
    ana = await office.create_person("ana")
    for place in ("header", "protocol", "query"):
        async with watching(office, ana, "user", token_in=place):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with watching(office, None, "user", token_in=place):
                pass
        assert refused.value.status == 401
    api = office.api()
    assert (await api.get("/api/v1/streaming/health")).body == b"OK"
    for path in ("", "/", *(f"/{path}" for path in ALL.split())):
        answer = await api.get(f"/api/v1/streaming{path}")
        assert (answer.status, list(answer.json())) == (401, ["error"])
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    answer = await office.api(ana).get("/api/v1/streaming")
    assert (answer.status, answer.json()["error"]) == (400, "This address speaks WebSocket")


async def test_streams_need_their_scopes_and_lists_their_owner(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    silent = await office.create_person("silent", scopes="read:statuses")
    curious = await office.create_person("curious", scopes="read:notifications")
    stranger = await office.create_person("stranger", scopes="write read:accounts")
    async with office.services.database.unit_of_work() as unit:
        owned = AccountList(id=unit.new_id(), account_id=bob.id, title="Mine", created_at=unit.now)
        unit.session.add(owned)
        unit.session.add(Follow(id=unit.new_id(), uri="https://x.test/1", follower_id=silent.id, followee_id=ana.id,
                                state="accepted", created_at=unit.now))  # fmt: skip
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with watching(office, stranger):
            pass
    assert refused.value.status == 403
    async with watching(office, ana) as anas, watching(office, silent) as silents, watching(office, curious) as ones:
        for wrong, sentence in (
            ({"stream": "made:up"}, "Unknown stream"),
            ({"stream": ""}, "Unknown stream"),
            ({"stream": "hashtag"}, "A hashtag stream needs a tag"),
            ({"stream": "hashtag", "tag": " "}, "A hashtag stream needs a tag"),
            ({"stream": "list"}, "A list stream needs the id of a list"),
            ({"stream": "list", "list": "all"}, "A list stream needs the id of a list"),
            ({"stream": "list", "list": str(owned.id)}, "Record not found"),
            ({"stream": "list", "list": "1"}, "Record not found"),
        ):
            await anas.socket.send_json({"type": "subscribe", **wrong})
            assert (await anas.next()).error == sentence
            await anas.settle()
        for socket, stream in ((silents, "user:notification"), (ones, "user"), (ones, "public"), (ones, "direct")):
            with pytest.raises(Refused, match="scopes"):
                await socket.subscribe(stream)
            await socket.next()
        await silents.subscribe("user")
        await ones.subscribe("user:notification")
        mention = {"type": "Mention", "href": silent.uri, "name": "@silent"}
        said = await say(ana, "@silent", PUBLIC, silent.uri, tag=[mention])
        again = await say(ana, "Once more")
        assert [one.payload["id"] for one in await silents.take(2)] == [str(said.id), str(again.id)]
    with pytest.raises(Refused, match="needs a tag"):
        async with watching(office, ana, "hashtag"):
            pass
    for person, path, status in (
        (silent, "user/notification", 403),
        (ana, "hashtag", 400),
        (ana, f"list?list={owned.id}", 404),
        (ana, "list?list=x", 422),
    ):
        assert (await office.api(person).get(f"/api/v1/streaming/{path}")).status == status
    assert len(office.app[STREAMING].clients) == 0


async def test_a_list_hears_its_members_and_ends_with_its_own_streams(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    await follow(bob, ana)
    async with office.services.database.unit_of_work() as unit:
        owned = AccountList(id=unit.new_id(), account_id=bob.id, title="Mine", created_at=unit.now)
        unit.session.add(owned)
        await unit.session.flush()
        unit.session.add(ListMember(id=unit.new_id(), list_id=owned.id, account_id=ana.id))
    async with watching(office, bob, "list", list=str(owned.id)) as bobs:
        said = await say(ana, "Hello")
        told = await bobs.next()
        assert (told.stream, told.event, told.payload["id"]) == (["list", str(owned.id)], "update", str(said.id))
        await done(ana, {"type": "Delete", "object": said.uri})
        assert (await bobs.next()).event == "delete"


async def test_notifications_conversations_and_what_has_no_payload(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    await follow(ana, bob)  # else a private mention of a stranger is held back
    publish = office.services.database.events.publish
    async with (
        watching(office, ana, "user") as homes,
        watching(office, ana, "user:notification") as notices,
        watching(office, ana, "direct") as directs,
        events_of(office, ana, "user/notification") as events,
        events_of(office, ana, "user") as home_events,
    ):
        said = await say(bob, "@ana", ana.uri, tag=[{"type": "Mention", "href": ana.uri, "name": "@ana"}])
        for source in (homes, notices, events):
            told = await source.next()
            while told.event == "update":
                told = await source.next()
            assert (told.event, told.payload["type"], told.payload["status"]["id"]) == (
                "notification", "mention", str(said.id),
            )  # fmt: skip
        conversation = await directs.next()
        assert (conversation.stream, conversation.event) == (["direct"], "conversation")
        assert conversation.payload["last_status"]["id"] == str(said.id)
        publish([Event(Kind.NOTIFICATIONS_MERGED, account_id=ana.id), Event(Kind.FILTERS_CHANGED, account_id=ana.id)])
        publish([Event(Kind.FILTERS_CHANGED, account_id=bob.id), Event(Kind.ANNOUNCEMENT_DELETED, 7)])
        merged, changed, gone = await homes.take(3)
        assert [one.event for one in (merged, changed, gone)] == [
            "notifications_merged", "filters_changed", "announcement.delete",
        ]  # fmt: skip
        assert (changed.raw, gone.raw) == (None, "7")
        assert (await notices.next()).event == "notifications_merged"
        told = await home_events.next()
        while told.event != "filters_changed":
            told = await home_events.next()
        assert told.raw == "undefined"
        assert ":)" in events.comments


async def test_connections_end_with_their_token(office: Office) -> None:
    ana, bob, eva = [await office.create_person(name) for name in ("ana", "bob", "eva")]
    database, streaming = office.services.database, office.app[STREAMING]
    async with (
        watching(office, ana, "user") as anas,
        events_of(office, ana, "user") as events,
        watching(office, bob, "user") as bobs,
        watching(office, eva, "user") as evas,
    ):
        async with database.unit_of_work() as unit:
            mine = select(AccessToken.id).join(User, User.id == AccessToken.user_id).where(User.account_id == ana.id)
            for token_id in (await unit.session.scalars(mine)).all():
                assert await revoke_token(unit, token_id)
        assert await anas.closed() == POLICY_VIOLATION
        await events.ended()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with watching(office, ana):
                pass
        # Nobody tells of this one: it is found when all tokens are looked at.
        async with database.unit_of_work() as unit:
            await unit.session.execute(update(Account).where(Account.id == bob.id).values(suspended_at=unit.now))
        await streaming.check_tokens()
        assert await bobs.closed() == POLICY_VIOLATION
        await evas.settle()
        database.events.publish([Event(Kind.ACCESS_ENDED, account_id=eva.id)])
        assert await evas.closed() == POLICY_VIOLATION
    assert streaming.clients == set()


async def test_floods_and_nonsense_are_answered_and_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await office.create_person("ana")
    async with watching(office, ana) as one:
        for number in range(MAX_STREAMS):
            await one.socket.send_json({"type": "subscribe", "stream": "hashtag", "tag": f"tag{number}"})
        await one.socket.send_json({"type": "subscribe", "stream": "public"})
        assert (await one.next()).error == "Too many streams"
        for _ in range(MAX_FRAMES):
            await one.socket.send_json({"type": "subscribe", "stream": "hashtag", "tag": "tag1"})
        assert await one.closed() == POLICY_VIOLATION
    async with watching(office, ana) as two:
        await two.socket.send_bytes(b"\0\1")
        assert (await two.next()).error == "A message must be text"
        await two.socket.send_str("x" * 5_000)
        assert await two.closed() == 1009
    async with AsyncExitStack() as stack:
        monkeypatch.setattr(hub, "MAX_CONNECTIONS", 5)
        for _ in range(5):
            await stack.enter_async_context(watching(office, ana))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stack.enter_async_context(watching(office, ana))
        assert refused.value.status == 429
        await stack.enter_async_context(watching(office, await office.create_person("bob"), "user"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FRAMES = st.text(max_size=50) | st.fixed_dictionaries(
    {"type": st.sampled_from(["subscribe", "unsubscribe"]) | JSON},
    optional={"stream": st.sampled_from(sorted(STREAMS)) | JSON, "tag": JSON | st.text(), "list": JSON},
).map(json.dumps)  # fmt: skip


@example(frames=[json.dumps({"type": "subscribe", "stream": "list", "list": "0"})])
@given(frames=st.lists(FRAMES, min_size=1, max_size=30))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_malformed_frames_are_errors_and_nothing_else(frames: list[str]) -> None:
    """Whatever is in a frame, it is obeyed or answered with a sentence; lists are asked of a database that has none."""

    class Nowhere:
        @asynccontextmanager
        async def reading(self) -> AsyncIterator[Any]:
            yield self

        async def scalar(self, _query: Any) -> None:
            return None

        async def execute(self, _query: Any) -> Any:
            return SimpleNamespace(first=lambda: None)

    streaming = Streaming(SimpleNamespace(services=SimpleNamespace(database=Nowhere())))  # type: ignore[arg-type]
    client = EventSource(1, 1, frozenset(SCOPES), None)
    streaming.connect(client)

    async def send() -> None:
        for frame in frames:
            answer = await obey(streaming, client, frame)
            assert answer is None or isinstance(json.loads(answer)["error"], str)

    asyncio.run(send())
    streaming.disconnect(client)
    assert client.listens == {}


async def test_messages_of_every_length_come_whole_and_in_order(office: Office) -> None:
    ana = await office.create_person("ana")
    lengths = (1, 20, 200, 60_000, 70_000, 2, 80_000, 3)  # some wait for those before them, some don't
    async with watching(office, ana, "user") as socket:
        (client,) = office.app[STREAMING].clients
        for length in lengths:
            client.put(Message("update", json.dumps("x" * length)), ("user",))
        assert [len(told.payload) for told in await socket.take(len(lengths))] == list(lengths)
        client.put(Message("update", '"later"'), ("user",))
        assert (await socket.next()).payload == "later"


async def test_who_does_not_read_is_cut_off_and_holds_up_nobody(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    streaming = office.app[STREAMING]
    message = Message("update", '"' + "x" * 1_000_000 + '"')
    async with watching(office, ana, "user") as slow, watching(office, bob, "user") as quick:
        (stuck,) = [client for client in streaming.clients if client.account_id == ana.id]
        transport: Any = slow.socket._response.connection.transport  # type: ignore[union-attr]
        transport.pause_reading()
        while stuck in streaming.clients and not stuck.is_closing:
            for _ in range(MAX_WAITING // 4):
                stuck.put(message, ("user",))
            await asyncio.sleep(0)
        said = await say(bob, "Still here")
        assert (await quick.next()).payload["id"] == str(said.id)
        transport.resume_reading()
    async with events_of(office, ana, "user") as events:
        (source,) = [client for client in streaming.clients if isinstance(client, EventSource)]
        for _ in range(MAX_WAITING + 1):
            source.put(message, ("user",))
        assert source.is_closing
        with pytest.raises(aiohttp.ClientPayloadError):
            await events.ended()


async def test_the_end_of_the_server_is_said_and_waits_for_nobody(office: Office) -> None:
    ana = await office.create_person("ana")
    app = make_app(office.services, office.settings)
    drain, runner = Drain(app), web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served = replace(office, app=app, port=runner.addresses[0][1])
    async with watching(served, ana, "user") as socket, events_of(served, ana, "public") as events:
        ending = asyncio.create_task(drain.close(runner, 10_000))  # it would wait for whoever stays
        assert await socket.closed() == GOING_AWAY
        await events.ended()
        await ending
    assert app[STREAMING].clients == set()
    with pytest.raises(ApiError, match="about to stop"):
        app[STREAMING].connect(EventSource(1, 1, frozenset(), None))
    await runner.cleanup()


async def test_heartbeats_come_when_nothing_does(office: Office) -> None:
    ana = await office.create_person("ana")
    office.app[STREAMING].thump_seconds = 0.01
    async with events_of(office, ana, "public") as events, events_of(office, ana, "public", only_media="true"):
        while ":thump" not in events.comments:
            events.comments.append((await events.response.content.readline()).decode().strip())
        said = await say(ana, "Hello")
        told = await events.next()
        assert (told.event, told.payload["id"]) == ("update", str(said.id))


async def test_another_process_tells_the_same(office: Office, backend: str) -> None:
    if backend == "sqlite":
        return  # one process
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    await follow(bob, ana)
    there = Database(office.services.database.url, addresses=office.services.addresses)
    stop = asyncio.Event()
    bus = Bus(office.services.database)
    listening = asyncio.create_task(bus.run(stop))
    await bus.is_listening.wait()
    async with watching(office, bob, "user") as bobs:
        async with there.unit_of_work() as unit:
            author = await unit.session.get_one(Account, ana.id)
            draft = StatusDraft(uri=None, type="Note", attributed_to=ana.uri, content_html="<p>From there</p>",
                                to=(PUBLIC,), visibility=Visibility.PUBLIC)  # fmt: skip
            made = await create_status(unit, author, draft)
        with pytest.raises(ZeroDivisionError):
            async with there.unit_of_work() as unit:
                author = await unit.session.get_one(Account, ana.id)
                await create_status(unit, author, draft)
                _ = 1 / 0
        said = await say(ana, "From here")
        assert [(one.event, one.payload["id"]) for one in await bobs.take(2)] == [
            ("update", str(made.id)), ("update", str(said.id)),
        ]  # fmt: skip
    stop.set()
    await listening
    await there.close()


async def test_an_event_that_fails_costs_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await office.create_person("ana")

    async def fail(_streaming: Streaming, session: Any, _event: Event) -> None:
        await session.execute(text("SELECT nonsense FROM nowhere"))

    monkeypatch.setitem(hub._TELLERS, Kind.FILTERS_CHANGED, fail)
    async with watching(office, ana, "user") as anas:
        events = [Event(Kind.FILTERS_CHANGED, account_id=ana.id), Event(Kind.STATUS_DELETED, 7, ana.id, word="public")]
        with capture_logs() as logged:
            office.services.database.events.publish(events)
            assert (await anas.next()).raw == "7"
        assert "an event was not told" in [line["event"] for line in logged]
