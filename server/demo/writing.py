"""What an employee's client posts to the outbox: what was written, in which language, and for whom.

The text goes as plain text, and the office makes the HTML with its mentions and hashtags. `to` and `cc` say who gets
it, in the words that every server reads (ActivityPub §5.1, §6.1).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from content.compose import PLAIN
from federation.json_ld.terms import PUBLIC
from server.demo.employee import Document, Employee

__all__ = ["Document", "edited", "note", "to_everybody", "vote"]

POLL_IS_OPEN_FOR = timedelta(days=2)


def note(
    author: Employee,
    text: str,
    mentioned: Sequence[Employee] = (),
    *,
    audience: str = "public",
    in_reply_to: str | None = None,
    quote: str | None = None,
    poll: Sequence[str] = (),
) -> Document:
    """A post; `audience` is public, followers or mentioned. `mentioned` are called @name in the text."""
    document: Document = {
        "type": "Question" if poll else "Note",
        **_content(author, text, mentioned),
        **_addressing(author, audience, [person.uri for person in mentioned]),
    }
    if in_reply_to is not None:
        document["inReplyTo"] = in_reply_to
    if quote is not None:
        document["quote"] = quote
    if poll:
        document["oneOf"] = [{"type": "Note", "name": option} for option in poll]
        document["endTime"] = (datetime.now(UTC) + POLL_IS_OPEN_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
    return document


def edited(author: Employee, document: Document, uri: str, text: str) -> Document:
    """What replaces a post's text by another one, which mentions nobody (§6.3: what isn't said stays)."""
    return {"id": uri, "type": document["type"], **_content(author, text, ())}


def vote(poll_author: Employee, poll_uri: str, choice: str) -> Document:
    """A vote: a Note with the option's name that answers the poll, for its author only (Mastodon; FEP-9967)."""
    return {"type": "Note", "name": choice, "inReplyTo": poll_uri, "to": [poll_author.uri], "cc": []}


def to_everybody(author: Employee) -> Document:
    """The addressing of something public."""
    return _addressing(author, "public", [])


def _addressing(author: Employee, audience: str, named: list[str]) -> Document:
    match audience:
        case "public":
            return {"to": [PUBLIC], "cc": [author.followers_url, *named]}
        case "followers":
            return {"to": [author.followers_url], "cc": named}
        case "mentioned":
            return {"to": named, "cc": []}
    raise ValueError(f"{audience} is no audience")


def _content(author: Employee, text: str, mentioned: Sequence[Employee]) -> Document:
    for person in mentioned:
        text = text.replace(f"@{person.person.name}", f"@{person.handle}")
    return {"content": text, "contentMap": {author.office.plan.language: text}, "mediaType": PLAIN}
