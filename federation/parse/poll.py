"""Polls: a Question with `oneOf` or `anyOf` (ActivityStreams 2.0; Mastodon's use of it, FEP-9967)."""

from datetime import datetime
from typing import Any

from federation.json_ld.dates import clamp, parse_time
from federation.json_ld.strict_json import JsonObject
from social.drafts import PollDraft

MAX_OPTIONS = 20
_MAX_TITLE = 500
_MOST_VOTES = 2**31 - 1


def poll_of(document: JsonObject, *, now: datetime) -> PollDraft | None:
    """Return the poll in a Question, or None where there is none; `closed` may be a date, or just true."""
    if document.get("type") != "Question":
        return None
    options: dict[str, int] = {}
    for node in document.get("anyOf") or document.get("oneOf") or ():
        title = node.get("name")
        if isinstance(title, str) and title.strip() and len(options) < MAX_OPTIONS:
            options.setdefault(title.strip()[:_MAX_TITLE], _votes(node.get("replies")))
    if not options:
        return None
    return PollDraft(
        options=tuple(options.items()),
        is_multiple=bool(document.get("anyOf")),
        closes_at=parse_time(document.get("endTime")),
        closed_at=_closed_at(document, now),
        voters_count=_bounded(document.get("votersCount")),
    )


def _closed_at(document: JsonObject, now: datetime) -> datetime | None:
    closed = document.get("closed")
    if closed is True:
        closed = document.get("endTime") or document.get("updated") or document.get("published")
        return clamp(parse_time(closed), now=now) or now
    return clamp(parse_time(closed), now=now)


def _votes(replies: Any) -> int:
    return (_bounded(replies.get("totalItems")) if isinstance(replies, dict) else None) or 0


def _bounded(number: Any) -> int | None:
    return number if isinstance(number, int) and 0 <= number <= _MOST_VOTES else None
