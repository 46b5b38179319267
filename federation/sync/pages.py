"""A page of a log as JSON: what the peer that was asked says, read strictly.

    {"generation": "…", "after": 16, "until": 18, "newest": 40, "cut": false, "at": "…",
     "heard": {"generation": "…", "number": 57},
     "entries": [{"number": 17, "inbox": "https://…/inbox", "activity": "{…}"}, …]}

`after` is where the page begins, which is less than what was asked for when generations part there; `until` is the
number up to which nothing is missing once the entries are taken in; `heard` is how far the peer has heard *us* out.
An activity is the text that was delivered, so that its proofs hold. The pages of an *echo*, what the peer has received
from us, look the same; their numbers are the peer's own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from federation.json_ld.dates import parse_time
from federation.sync.marks import MAX_NUMBER, Mark, is_generation
from models.values import dataclass

LOG_PATH: Final = "/sync/log"
ECHO_PATH: Final = "/sync/echo"
PAGE_ENTRIES: Final = 100
PAGE_BYTES: Final = 1_048_576
# What a reader takes: the texts of a page with every character escaped that can be, and one activity beyond the limit.
MAX_PAGE_BYTES: Final = 8 * PAGE_BYTES


class PageUnreadable(Exception):
    """What the peer answered is no page of a log."""


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One delivery as the peer's log has it."""

    number: int
    inbox_url: str
    body: bytes


@dataclass(frozen=True, slots=True)
class LogPage:
    """See the top of this module; `at` is the peer's time."""

    generation: str
    after: int
    until: int
    newest: int
    is_cut: bool
    heard: Mark | None
    at: datetime | None
    entries: Sequence[PageEntry]


def log_url(origin: str, mark: Mark | None) -> str:
    """Where to ask an office for what comes after a mark; None asks from the beginning."""
    query = {} if mark is None else {"generation": mark.generation, "after": mark.number}
    return f"{origin}{LOG_PATH}{'?' + urlencode(query) if query else ''}"


def echo_url(origin: str, since: datetime, after: int) -> str:
    """Where to ask an office for what it has from us since a time; `after` is the `until` of the page before."""
    return f"{origin}{ECHO_PATH}?{urlencode({'since': since.isoformat(), 'after': after})}"


def page_document(page: LogPage) -> bytes:
    """The page as JSON."""
    return orjson.dumps(
        {
            "generation": page.generation,
            "after": page.after,
            "until": page.until,
            "newest": page.newest,
            "cut": page.is_cut,
            "heard": None if page.heard is None else {"generation": page.heard.generation, "number": page.heard.number},
            "at": page.at,
            "entries": [
                {"number": entry.number, "inbox": entry.inbox_url, "activity": entry.body.decode()}
                for entry in page.entries
            ],
        }
    )


def parse_page(body: bytes) -> LogPage:
    """Read a page. Raises PageUnreadable."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PageUnreadable("not JSON") from error
    if not isinstance(document, dict) or not is_generation(document.get("generation")):
        raise PageUnreadable("no generation")
    after, until, newest = (_number(document, name) for name in ("after", "until", "newest"))
    entries = _entries(document.get("entries"))
    numbers = [entry.number for entry in entries]
    if numbers != sorted(set(numbers)) or not after <= until <= newest:
        raise PageUnreadable("the numbers are in no order")
    if numbers and not (after < numbers[0] and numbers[-1] <= until):
        raise PageUnreadable("the entries are not those of the page")
    return LogPage(
        generation=document["generation"],
        after=after,
        until=until,
        newest=newest,
        is_cut=document.get("cut") is True,
        heard=_mark(document.get("heard")),
        at=parse_time(document.get("at")),
        entries=entries,
    )


def _entries(value: object) -> list[PageEntry]:
    if not isinstance(value, list) or len(value) > PAGE_ENTRIES:
        raise PageUnreadable("no entries, or too many")
    return [_entry(item) for item in value]


def _entry(item: object) -> PageEntry:
    if not isinstance(item, dict):
        raise PageUnreadable("an entry is no object")
    inbox_url, activity = item.get("inbox"), item.get("activity")
    if not isinstance(inbox_url, str) or not isinstance(activity, str):
        raise PageUnreadable("an entry lacks its inbox or its activity")
    return PageEntry(_number(item, "number"), inbox_url, activity.encode("utf-8", "replace"))


def _number(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
        raise PageUnreadable(f"{name} is no number")
    return value


def _mark(value: object) -> Mark | None:
    if not isinstance(value, dict) or not is_generation(value.get("generation")):
        return None
    return Mark(value["generation"], _number(value, "number"))
