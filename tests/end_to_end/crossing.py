"""What crosses between two offices, one function a kind: somebody here does it, and it must be seen over there.

Everything is done and seen as an app does and sees it: POST to one's outbox, GET of one's inbox and of the documents
that one's own office serves. `there` are people of the other office.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.end_to_end.instance import Instance, JsonObject, Person
from tests.end_to_end.waiting import eventually
from tests.remote_peers import PUBLIC


@dataclass(frozen=True)
class Somebody:
    """A person at their office."""

    office: Instance
    person: Person

    @property
    def uri(self) -> str:
        return self.person.uri

    async def say(self, kind: str, about: Any, *, to: list[str] | None = None, **more: Any) -> str:
        """Have the own office do it; the id of the activity."""
        to = [PUBLIC, self.person.followers_url] if to is None else to
        return await self.office.say(self.person, {"type": kind, "object": about, "to": to, **more})

    async def write(self, content: str, **more: Any) -> str:
        """A public note, or what `more` makes of it, posted as a bare object; its id."""
        note = {"type": "Note", "content": content, "to": [PUBLIC], "cc": [self.person.followers_url], **more}
        location = await self.office.say(self.person, note)
        made = (await self.read(location))["object"]
        return str(made["id"] if isinstance(made, dict) else made)

    async def read(self, uri: str) -> JsonObject:
        """A document of one's own office."""
        answer = await self.office.get(uri, token=self.person.token)
        assert answer.status == 200, f"{uri}: {answer.status} {answer.text[:300]}"
        found: JsonObject = answer.json
        return found

    async def members(self, collection: str | JsonObject) -> set[str]:
        """The ids in a collection of one's own office."""
        return {str(id_of(item)) for item in await self._items(collection)}

    async def inbox(self) -> list[JsonObject]:
        """The activities that were received, newest first."""
        return await self._items(self.person.inbox_url)

    async def _items(self, collection: str | JsonObject) -> list[Any]:
        page = await self.read(collection) if isinstance(collection, str) else collection
        items = list(page.get("orderedItems") or page.get("items") or [])
        following = page.get("first")
        while following is not None:
            page = await self.read(following) if isinstance(following, str) else following
            items += page.get("orderedItems") or page.get("items") or []
            following = page.get("next")
        return items

    async def sees(self, is_it: Callable[[JsonObject], bool]) -> JsonObject:
        """Wait until the inbox has an activity of which this is true."""

        async def found() -> JsonObject | None:
            return next((activity for activity in await self.inbox() if is_it(activity)), None)

        activity = await eventually(found)
        assert activity is not None
        return activity

    async def sees_about(self, kind: str, uri: str) -> JsonObject:
        return await self.sees(lambda activity: activity["type"] == kind and id_of(activity["object"]) == uri)

    async def until_total(self, uri: str, name: str, number: int) -> None:
        """Wait until a collection of a document of one's own office has so many items."""

        async def total() -> int:
            collection = (await self.read(uri))[name]
            found = await self.read(collection) if isinstance(collection, str) else collection
            return int(found["totalItems"])

        await eventually(total, lambda found: found == number)

    async def until_replies(self, uri: str, replies: set[str]) -> None:
        """Wait until these are the answers that a post of one's own office lists."""

        async def listed() -> set[str]:
            return await self.members((await self.read(uri))["replies"])

        await eventually(listed, lambda found: found == replies)

    async def until_members(self, name: str, holds: Callable[[set[str]], bool]) -> None:
        """Wait until it is true of one's followers, or of those whom one follows."""
        await eventually(lambda: self.members(str(self.person.document[name])), holds)


def id_of(thing: Any) -> Any:
    return thing.get("id") if isinstance(thing, dict) else thing


async def a_follow(here: Somebody, there: Somebody) -> None:
    """`here` follows `there`, whose office accepts."""
    await eventually(lambda: _try_to_follow(here, there))  # a peer that was added just now is noticed within seconds
    await here.until_members("following", lambda found: there.uri in found)
    await there.until_members("followers", lambda found: here.uri in found)


async def _try_to_follow(here: Somebody, there: Somebody) -> bool:
    document = {"type": "Follow", "object": there.uri, "to": [there.uri]}
    return (await here.office.post(here.person.outbox_url, document, token=here.person.token)).status == 201


async def a_post_with_everything_that_answers_it(here: Somebody, there: Somebody) -> None:
    """A post; then a reply, a favourite and a boost from the other office; then edits; then deletions."""
    post = await here.write("<p>The coffee machine works again</p>")
    await there.sees_about("Create", post)
    reply = await there.write("<p>At last</p>", inReplyTo=post, cc=[here.uri, there.person.followers_url])
    await here.sees_about("Create", reply)
    await here.until_replies(post, {reply})
    like = await there.say("Like", post, to=[here.uri])
    await here.until_total(post, "likes", 1)
    boost = await there.say("Announce", post)
    await here.sees_about("Announce", post)
    await here.until_total(post, "shares", 1)
    await _edited(here, there, post, "<p>The coffee machine works again, on the third floor</p>")
    await _edited(there, here, reply, "<p>At long last</p>")
    await there.say("Undo", like, to=[here.uri])
    await here.until_total(post, "likes", 0)
    await there.say("Undo", boost)
    await here.until_total(post, "shares", 0)
    await _deleted(there, here, reply)
    await here.until_replies(post, set())
    await _deleted(here, there, post)


async def _edited(author: Somebody, reader: Somebody, uri: str, content: str) -> None:
    await author.say("Update", {"id": uri, "type": "Note", "content": content})
    await reader.sees(lambda activity: activity["type"] == "Update" and id_of(activity["object"]) == uri
                      and activity["object"]["content"] == content)  # fmt: skip
    assert (await author.read(uri))["content"] == content


async def _deleted(author: Somebody, reader: Somebody, uri: str) -> None:
    """Gone at home, with a tombstone, and out of the reader's inbox."""
    await author.say("Delete", uri)

    async def shown() -> list[str]:
        return [str(activity["type"]) for activity in await reader.inbox() if id_of(activity.get("object")) == uri]

    await eventually(shown, lambda found: not {"Create", "Update"} & set(found))
    answer = await author.office.get(uri, token=author.person.token)
    assert (answer.status, answer.json["type"]) == (410, "Tombstone")


async def a_poll_with_votes(here: Somebody, there: Somebody) -> None:
    """A poll of `here`, a vote of `there`."""
    end = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    options = [{"type": "Note", "name": name} for name in ("Paella", "Caldo verde")]
    poll = await here.write("<p>Lunch?</p>", type="Question", oneOf=options, endTime=end)
    await there.sees_about("Create", poll)
    vote = {"type": "Note", "name": "Caldo verde", "inReplyTo": poll, "to": [here.uri]}
    await there.office.say(there.person, vote)

    async def votes() -> dict[str, int]:
        found = (await here.read(poll))["oneOf"]
        return {option["name"]: option["replies"]["totalItems"] for option in found}

    await eventually(votes, lambda found: found == {"Paella": 0, "Caldo verde": 1})


async def a_block(here: Somebody, there: Somebody) -> None:
    """`here` blocks `there`, which ends that one's following and keeps replies out; then all is forgiven."""
    block = await here.say("Block", there.uri, to=[there.uri])
    await there.until_members("following", lambda found: here.uri not in found)
    await here.until_members("followers", lambda found: there.uri not in found)
    unheard = await here.write("<p>Not for everybody</p>")
    assert not await _try_to_follow(there, here) or here.uri not in await there.members(
        str(there.person.document["following"])
    )
    await here.say("Undo", block, to=[there.uri])
    await eventually(lambda: _follows_again(there, here))
    assert unheard not in {id_of(activity.get("object")) for activity in await there.inbox()}


async def _follows_again(here: Somebody, there: Somebody) -> bool:
    await _try_to_follow(here, there)
    return there.uri in await here.members(str(here.person.document["following"]))


async def a_move(leaving: Somebody, arriving: Somebody, followers: list[Somebody]) -> None:
    """An account of one office becomes one of the other, and its followers go along."""
    for follower in followers:
        await a_follow(follower, leaving)
    await arriving.say("Update", {"id": arriving.uri, "type": "Person", "alsoKnownAs": [leaving.uri]})
    await leaving.say("Move", leaving.uri, target=arriving.uri)
    for follower in followers:
        await follower.until_members("following", lambda found: arriving.uri in found and leaving.uri not in found)
    await arriving.until_members("followers", lambda found: {follower.uri for follower in followers} <= found)
    assert (await leaving.read(leaving.uri))["movedTo"] == arriving.uri
