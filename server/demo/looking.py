"""What an employee sees: the questions that expectations ask, each put to the employee's own office.

A post has arrived at an office when somebody there finds it in their inbox collection (ActivityPub §5.2, owner's view);
what its author's office counts and serves is read by the author.
"""

import html
import re
from functools import partial
from typing import Any

from server.demo.checks import until
from server.demo.employee import Document, Employee, StoryBroken
from server.demo.scene import Scene

_TAG = re.compile(r"<[^>]*>")


async def has(reader: Employee, kind: str, object_uri: str, *, by: str | None = None) -> bool:
    """Whether the reader's inbox has an activity of this kind about the object, and, if given, by this actor."""
    async for activity in reader.received():
        is_by = by is None or id_of(activity.get("actor")) == by
        if is_by and activity.get("type") == kind and id_of(activity.get("object")) == object_uri:
            return True
    return False


async def has_text(reader: Employee, object_uri: str, text: str) -> bool:
    """Whether the newest activity in the reader's inbox that carries the post has it with this text."""
    async for activity in reader.received():
        found = activity.get("object")
        if isinstance(found, dict) and found.get("id") == object_uri and "content" in found:
            return plain_text(found["content"]) == plain_text(text)
    return False


async def has_votes(reader: Employee, poll_uri: str, counts: dict[str, int]) -> bool:
    """Whether the newest activity in the reader's inbox that carries the poll has these votes."""
    async for activity in reader.received():
        found = activity.get("object")
        if isinstance(found, dict) and found.get("id") == poll_uri:
            return votes(found) == counts
    return False


async def is_gone(reader: Employee, object_uri: str) -> bool:
    """Whether nothing in the reader's inbox carries the post any more."""
    async for activity in reader.received():
        if activity.get("type") in ("Create", "Update", "Announce") and id_of(activity.get("object")) == object_uri:
            return False
    return True


async def says(author: Employee, uri: str, text: str) -> bool:
    """Whether the author's office serves the post with this text."""
    return plain_text((await author.read(uri)).get("content", "")) == plain_text(text)


async def is_tombstone(author: Employee, uri: str) -> bool:
    """Whether the post has been deleted where it was published (ActivityPub §6.4)."""
    status, document = await author.look(uri)
    return status == 410 and document.get("type") == "Tombstone"


async def is_refused(stranger: Employee, uri: str) -> bool:
    """Whether another office says that there is no such post for somebody who asks through it."""
    return (await stranger.look_elsewhere(uri))[0] == 404


async def is_among_replies(parent_author: Employee, parent_uri: str, uri: str) -> bool:
    """Whether a post is listed among the answers to another one, where that was published."""
    replies = (await parent_author.read(parent_uri)).get("replies")
    return uri in await members(parent_author, replies)


async def members(reader: Employee, collection: Any) -> set[str]:
    """The ids in a collection of the reader's office, as far as its first page goes."""
    document = await _document(reader, collection)
    page = await _document(reader, document["first"]) if "first" in document else document
    return {id_of(item) for item in page.get("orderedItems") or page.get("items") or []}


async def total(reader: Employee, uri: str, name: str) -> int:
    """`totalItems` of the `likes` or `shares` of a post of the reader's office."""
    return int((await _document(reader, (await reader.read(uri)).get(name))).get("totalItems", 0))


async def object_of(author: Employee, location: str) -> str:
    """The id of what one's own activity is about: for a Create, of what was created."""
    document = await author.read(location)
    found = id_of(document.get("object")) if "actor" in document else id_of(document)
    if not found:
        raise StoryBroken(f"{location} doesn't say what it made")
    return found


async def until_known(employee: Employee, uri: str) -> None:
    """Wait until an employee can know of a post: it is theirs, or in their inbox."""
    await until(f"{employee.label} sees {uri}", partial(_knows, employee, uri))


async def until_everywhere(scene: Scene, key: str) -> None:
    """Wait until a reader at each other office has the post as it is now."""
    made = scene.made[key]
    for reader in scene.readers_elsewhere(key).values():
        await until(f"{reader.label} sees {made.uri}", partial(has_text, reader, made.uri, made.text))


async def _knows(employee: Employee, uri: str) -> bool:
    async for activity in employee.received():
        if uri in (id_of(activity.get("object")), id_of(activity)):
            return True
    return (await employee.look(uri))[0] == 200 if uri.startswith(employee.office.origin) else False


def votes(question: Document) -> dict[str, int]:
    """The votes for each option of a poll (Mastodon's use of Question, FEP-9967)."""
    options = question.get("oneOf") or question.get("anyOf") or []
    return {option["name"]: option.get("replies", {}).get("totalItems", 0) for option in options}


def id_of(thing: Any) -> str:
    """The id of an object that may be embedded; empty when it has none."""
    found = thing.get("id") if isinstance(thing, dict) else thing
    return found if isinstance(found, str) else ""


def plain_text(content_html: str) -> str:
    """HTML (or text) as it reads, with single spaces."""
    return " ".join(html.unescape(_TAG.sub("", content_html.replace("</p>", "\n").replace("<br", "\n<br"))).split())


async def _document(reader: Employee, thing: Any) -> Document:
    if isinstance(thing, str):
        return await reader.read(thing)
    return thing if isinstance(thing, dict) else {}
