"""The same event for many: loaded once, shared by all who see the same, and still everybody's own."""

import json

from sqlalchemy import update

from api.answers.instance import AnnouncementEntity
from api.answers.statuses import StatusEntity
from api.streaming.rendering import FilterCache, status_messages
from api.streaming.watch import STREAMING
from models.relations import Bookmark, Favourite, Follow
from models.statuses import Status
from social.announcements import make_announcement, react, withdraw_announcement
from tests.api.contract import check
from tests.api.counting import counted
from tests.api.streams import watching
from tests.api.test_streaming import add, say
from tests.outbox.clients import done
from tests.peers import Office, Person


async def followers(office: Office, author: Person, *names: str) -> list[Person]:
    """People who follow the author, made without any request."""
    made = [await office.create_person(name) for name in names]
    async with office.services.database.unit_of_work() as unit:
        unit.session.add_all(
            Follow(id=unit.new_id(), uri=f"https://x.test/{one.id}", follower_id=one.id, followee_id=author.id,
                   state="accepted", created_at=unit.now)
            for one in made
        )  # fmt: skip
    return made


async def test_everybody_gets_their_own_flags(office: Office) -> None:
    ana = await office.create_person("ana")
    bob, eva, gil, dan = await followers(office, ana, "bob", "eva", "gil", "dan")
    answer = await office.api(gil).post("/api/v2/filters", {
        "title": "Noise", "context": ["home"], "filter_action": "warn", "keywords_attributes": [{"keyword": "secret"}],
    })  # fmt: skip
    assert answer.status == 200
    said = await say(ana, "Hello")
    await add(bob, Favourite, status_id=said.id)
    await add(eva, Bookmark, status_id=said.id)
    async with (
        watching(office, ana, "public") as anas,
        watching(office, bob, "public") as bobs,
        watching(office, eva, "public") as evas,
        watching(office, gil, "public") as gils,
        watching(office, dan, "public") as dans,
    ):
        note = {"id": said.uri, "type": "Note", "content": "<p>A secret</p>"}
        await done(ana, {"type": "Update", "object": note})
        told = [await socket.next() for socket in (anas, bobs, evas, gils, dans)]
        payloads = [check(StatusEntity, one.payload) for one in told]
        assert {one.event for one in told} == {"status.update"}
        assert [one["favourited"] for one in payloads] == [False, True, False, False, False]
        assert [one["bookmarked"] for one in payloads] == [False, False, True, False, False]
        assert [len(one["filtered"]) for one in payloads] == [0, 0, 0, 1, 0]
        assert ["pinned" in one for one in payloads] == [True, False, False, False, False]
        filter_id = (await office.api(gil).get("/api/v2/filters")).json()[0]["id"]
        assert (await office.api(gil).delete(f"/api/v2/filters/{filter_id}")).status == 200
        await done(ana, {"type": "Update", "object": {**note, "content": "<p>Another secret</p>"}})
        assert (await gils.next()).payload["filtered"] == []  # what is kept of filters was forgotten


async def test_many_viewers_cost_the_same_queries_and_share_what_is_alike(office: Office) -> None:
    ana = await office.create_person("ana")
    crowd = await followers(office, ana, *(f"reader{number}" for number in range(12)))
    said, quoted = await say(ana, "Hello"), await say(crowd[0], "For me", crowd[0].followers_url)
    api, database = office.app[STREAMING].api, office.services.database
    ids = [one.id for one in crowd]
    async with database.reading() as session:
        filters = FilterCache()
        await status_messages(api, session, "update", said.id, ids, filters)
        with counted(office) as few:
            await status_messages(api, session, "update", said.id, ids[:3], filters)
        with counted(office) as many:
            messages = await status_messages(api, session, "update", said.id, ids, filters)
        assert len(few) == len(many)
        assert len({id(message) for message in messages.values()}) == 1
        assert messages.keys() == set(ids)
    async with database.unit_of_work() as unit:
        quote = {"quote_of_id": quoted.id, "quote_uri": quoted.uri, "quote_state": "accepted"}
        await unit.session.execute(update(Status).where(Status.id == said.id).values(**quote))
    async with database.reading() as session:
        messages = await status_messages(api, session, "update", said.id, ids, FilterCache())
    states = {number: json.loads(message.payload or "")["quote"]["state"] for number, message in messages.items()}
    assert states == {number: "accepted" if number == crowd[0].id else "unauthorized" for number in ids}


async def test_announcements_are_told_to_everybody(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    database = office.services.database
    async with watching(office, ana, "user") as anas, watching(office, bob, "user") as bobs:
        async with database.unit_of_work() as unit:
            await make_announcement(unit, "Later", is_published=False)
            made = await make_announcement(unit, "The canteen is closed")
        for told in (await anas.next(), await bobs.next()):
            assert (told.stream, told.event) == (["user"], "announcement")
            assert told.payload["id"] == str(made.id)
            check(AnnouncementEntity, {**told.payload, "read": False})
        async with database.unit_of_work() as unit:
            assert await react(unit, made, ana.account, "🎉")
        for told in (await anas.next(), await bobs.next()):
            assert told.event == "announcement.reaction"
            assert told.payload == {"name": "🎉", "count": 1, "announcement_id": str(made.id)}
        async with database.unit_of_work() as unit:
            assert await withdraw_announcement(unit, made.id)
        for told in (await anas.next(), await bobs.next()):
            assert (told.event, told.raw) == ("announcement.delete", str(made.id))
