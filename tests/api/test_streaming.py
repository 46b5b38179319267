"""Streaming: who is told what, in which order and under which stream."""

from typing import Any

import pytest

from api.answers.statuses import StatusEntity
from models.relations import DomainBlock, Mute
from models.statuses import Status
from social.streams import NEWS_FOR
from tests.api.contract import check
from tests.api.streams import Told, watching
from tests.conftest import Clock
from tests.graph import status
from tests.outbox.clients import done
from tests.peers import Office, Person, run_until_idle
from tests.remote_peers import PUBLIC

Cast = tuple[Person, Person, Person]


@pytest.fixture
async def cast(office: Office) -> Cast:
    """ana writes, bob follows her, eva doesn't."""
    ana, bob, eva = [await office.create_person(name) for name in ("ana", "bob", "eva")]
    await follow(bob, ana)
    return ana, bob, eva


async def follow(follower: Person, followee: Person) -> None:
    await done(follower, {"type": "Follow", "object": followee.uri})
    await run_until_idle(follower.office)


async def say(person: Person, text: str, *to: str, **more: Any) -> Status:
    """Publish a note; it is public unless `to` says otherwise."""
    note = {"type": "Note", "content": f"<p>{text}</p>", "to": [*to] or [PUBLIC], **more}
    return await found(person.office, (await done(person, note)).removesuffix("/activity"))


async def found(office: Office, uri: str) -> Status:
    row = await status(office, uri)
    assert row is not None
    return row


async def add(person: Person, row: type[Any], **columns: Any) -> None:
    async with person.office.services.database.unit_of_work() as unit:
        unit.session.add(row(id=unit.new_id(), account_id=person.id, created_at=unit.now, **columns))


def ids(told: list[Told]) -> list[tuple[str, str, str]]:
    """Stream, event and the id that it is about."""
    return [(*one.what, str(one.raw) if one.event == "delete" else one.payload["id"]) for one in told]


async def test_home_hears_new_edited_and_deleted_statuses_in_their_order(office: Office, cast: Cast) -> None:
    ana, bob, eva = cast
    async with (
        watching(office, ana, "user") as anas,
        watching(office, bob, "user", token_in="protocol") as bobs,
        watching(office, eva, token_in="query", slash="/") as evas,
    ):
        await evas.subscribe("user")
        said = await say(ana, "Hello")
        for socket in (anas, bobs):
            made = await socket.next()
            assert made.what == ("user", "update")
            assert check(StatusEntity, made.payload)["content"] == "<p>Hello</p>"
            assert made.payload["id"] == str(said.id)
        boost = await done(bob, {"type": "Announce", "object": said.uri, "to": [PUBLIC]})
        await anas.next()  # that somebody boosted is a notification for ana, and no status of her home
        shared = await bobs.next()
        assert (shared.event, shared.payload["reblog"]["id"]) == ("update", str(said.id))
        await done(ana, {"type": "Update", "object": {"id": said.uri, "type": "Note", "content": "<p>Better</p>"}})
        edited = [await socket.next() for socket in (anas, bobs)]
        assert {one.event for one in edited} == {"status.update"}
        assert [one.payload["reblogged"] for one in edited] == [False, True]
        assert check(StatusEntity, edited[0].payload)["content"] == "<p>Better</p>"
        await bobs.next()  # and that what he boosted was edited is a notification for bob
        await done(ana, {"type": "Delete", "object": said.uri})
        own = await say(eva, "For me", eva.followers_url)
        assert ids([await anas.next()]) == [("user", "delete", str(said.id))]
        gone = {one.raw for one in await bobs.take(2)}
        assert gone == {str(said.id), shared.payload["id"]}
        assert boost
        assert ids([await evas.next()]) == [("user", "update", str(own.id))]


async def test_public_streams_and_hashtags_get_what_belongs_there(office: Office, cast: Cast) -> None:
    ana, bob, eva = cast
    streams = ("public", "public:local", "public:remote", "public:media", "public:local:media", "public:remote:media")
    async with watching(office, eva) as evas, watching(office, bob) as bobs:
        for stream in streams:
            await evas.subscribe(stream)
        await bobs.subscribe("hashtag", tag="Fiestas")
        await bobs.subscribe("hashtag:local", tag="fiestas")
        await bobs.subscribe("hashtag", tag="other")
        tag = {"type": "Hashtag", "name": "#FIESTAS", "href": "https://x.test/tags/fiestas"}
        said = await say(ana, "#FIESTAS", tag=[tag])
        expected = str(said.id)
        assert sorted(ids(await evas.take(2))) == [("public", "update", expected), ("public:local", "update", expected)]
        assert sorted(ids(await bobs.take(2))) == [
            ("hashtag,Fiestas", "update", expected), ("hashtag:local,fiestas", "update", expected),
        ]  # fmt: skip
        await bobs.unsubscribe("hashtag", tag="Fiestas")
        await say(bob, "to somebody else", inReplyTo=said.uri)  # an answer to others isn't for everybody
        await say(ana, "unlisted", ana.followers_url, cc=[PUBLIC])
        await say(ana, "private", ana.followers_url)
        await done(bob, {"type": "Announce", "object": said.uri, "to": [PUBLIC]})
        await done(ana, {"type": "Delete", "object": said.uri})
        assert sorted(ids(await evas.take(6))) == sorted((stream, "delete", expected) for stream in streams)
        assert ids([await bobs.next()]) == [("hashtag:local,fiestas", "delete", expected)]


async def test_nobody_hears_what_they_may_not_see_or_do_not_want(office: Office, cast: Cast) -> None:
    ana, bob, eva = cast
    dan, fay, gil = [await office.create_person(name) for name in ("dan", "fay", "gil")]
    for person in (dan, fay, gil):
        await follow(person, ana)
    await done(dan, {"type": "Block", "object": ana.uri})
    await done(ana, {"type": "Block", "object": fay.uri})
    await add(gil, Mute, target_id=ana.id)
    async with (
        watching(office, bob, "user") as bobs,
        watching(office, eva, "user") as evas,
        watching(office, dan, "public") as dans,
        watching(office, fay, "public") as fays,
        watching(office, gil, "public") as gils,
        watching(office, eva, "public") as evas_public,
    ):
        for socket in (dans, fays, gils):
            await socket.subscribe("user")
        private = await say(ana, "for followers", ana.followers_url)
        direct = await say(ana, "for eva", eva.uri)
        public = await say(ana, "for all")
        assert ids(await bobs.take(2)) == [("user", "update", str(private.id)), ("user", "update", str(public.id))]
        assert ids([await evas_public.next()]) == [("public", "update", str(public.id))]
        for one in (private, direct, public):
            await done(ana, {"type": "Delete", "object": one.uri})
        assert [one.raw for one in await bobs.take(2)] == [str(private.id), str(public.id)]
        assert (await evas_public.next()).raw == str(public.id)
        heard = [await evas.next()]
        while heard[-1].event != "delete":
            heard.append(await evas.next())
        assert heard[-1].raw == str(direct.id)
        # What each of the others hears next is their own: nothing came before but the bare id of what is gone.
        for person, socket in ((dan, dans), (fay, fays), (gil, gils)):
            own = await say(person, "mine", person.followers_url)
            heard = [await socket.next()]
            while heard[-1].event == "delete":
                assert heard[-1].raw in {str(public.id), *([str(private.id)] if person is gil else [])}
                heard.append(await socket.next())
            assert ids(heard[-1:]) == [("user", "update", str(own.id))]


async def test_what_comes_from_elsewhere_is_news_only_when_it_is_new(
    two_offices: tuple[Office, Office], clock: Clock
) -> None:
    madrid, lisbon = two_offices
    ana, rui = await madrid.create_person("ana"), await lisbon.create_person("rui")
    await done(ana, {"type": "Follow", "object": rui.uri})
    await run_until_idle(madrid, lisbon)
    async with watching(madrid, ana, "public:remote") as remotes, watching(madrid, ana, "user") as homes:
        await say(rui, "long ago")
        clock.advance(seconds=NEWS_FOR.total_seconds() + 60)
        await run_until_idle(madrid, lisbon)
        now = await say(rui, "now")
        await run_until_idle(madrid, lisbon)
        for socket in (remotes, homes):
            told = await socket.next()
            assert (told.event, told.payload["uri"]) == ("update", now.uri)
        await add(ana, DomainBlock, domain=lisbon.domain)
        await say(rui, "not wanted any more")
        await run_until_idle(madrid, lisbon)
        own = await say(ana, "mine")
        assert (await homes.next()).payload["id"] == str(own.id)
        await done(rui, {"type": "Delete", "object": now.uri})
        await run_until_idle(madrid, lisbon)
        assert (await remotes.next()).event == "delete"
