"""Digests of what an office has told a peer, as JSON, written and read strictly (docs/decisions/0025-digests.md).

    GET /sync/digests?from=2026-11-01&until=2026-11-28
    {"from": "2026-11-01", "until": "2026-11-28", "kinds": ["posts", "topics", …],
     "follows": {"digest": "<64 hex>", "count": 3}, "standings": {…},
     "days": {"2026-11-05": {"posts": {"digest": "…", "count": 12}, "topics": {…}}}}
    GET /sync/items?kind=posts&day=2026-11-05&after=0
    {"items": [{"number": "117…", "id": "https://…", "version": 0}, …], "next": "117…" | null}
    GET /sync/items?kind=follows&after=0
    {"items": [{"number": "…", "id": "https://… (follower)", "of": "https://…", "state": "accepted"}, …], "next": null}
    GET /sync/items?kind=communities&day=2026-11-05&after=0
    {"items": [{"number": "…", "id": "https://…", "version": 0, "of": "https://… (community)", "state": "locked"}], …}
    GET /sync/items?kind=standings&after=0
    {"items": [{"number": "…", "id": "https://… (person)", "version": 0, "of": "https://…", "state": "owner"}, …], …}
    GET /sync/posts?numbers=117…,118…
    {"posts": [{"number": "117…", "activity": "{…}"}, …]}

`until` in an answer is the last day that it is about, which may be earlier than the one asked for. A day or kind that
isn't there has nothing, if it is among the `kinds` that the office tells of (without them: posts and topics). Numbers
are the office's own; they order the items of a kind. Everything here comes from a peer that may be hostile: what is too
much, too long, out of order or of another origin makes the answer unreadable.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from federation.sync.marks import MAX_NUMBER
from federation.sync.pages import PageUnreadable
from federation.trust.origins import same_origin
from models.values import dataclass
from policy.limits import DIGEST_DAYS_AT_ONCE, DIGEST_ITEMS, DIGEST_POSTS_AT_ONCE
from social.digests import MARKS, NOTHING, Digest

DIGESTS_PATH: Final = "/sync/digests"
ITEMS_PATH: Final = "/sync/items"
POSTS_PATH: Final = "/sync/posts"
POSTS, TOPICS, COMMUNITIES, SUBMISSIONS = "posts", "topics", "communities", "submissions"
FOLLOWS, STANDINGS = "follows", "standings"
DAILY: Final = (POSTS, TOPICS, COMMUNITIES, SUBMISSIONS)
KINDS: Final = (*DAILY, FOLLOWS, STANDINGS)
FIRST_KINDS: Final = frozenset({POSTS, TOPICS, FOLLOWS})
"""What every office tells of that tells of anything."""
MAX_COUNT: Final = 10_000_000
MAX_URI_CHARACTERS: Final = 2_000
MAX_VERSION: Final = 2**53
Days = Mapping[date, Mapping[str, Digest]]


@dataclass(frozen=True, slots=True)
class DigestPage:
    """What an office has told us on some days, who of us follows whom there, and who is what in communities there."""

    first: date
    last: date
    follows: Digest
    days: Days
    standings: Digest = NOTHING
    kinds: frozenset[str] = frozenset(KINDS)

    def of(self, day: date, kind: str) -> Digest:
        """The digest of a kind on a day."""
        return self.days.get(day, {}).get(kind, NOTHING)


@dataclass(frozen=True, slots=True)
class Item:
    """A post (`version`: `social.digests.version_of`), a follow (who, of whom, in which state), a post in a community
    (`of` it, in the state of `social.digests.marks_of`), or somebody's standing in one (`inbox.sync.standings`)."""

    number: int
    uri: str
    version: int = 0
    of: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items in the order of their numbers, and after which number there are more."""

    items: Sequence[Item]
    following: int | None


def digests_url(origin: str, first: date, last: date) -> str:
    return f"{origin}{DIGESTS_PATH}?{urlencode({'from': first.isoformat(), 'until': last.isoformat()})}"


def items_url(origin: str, kind: str, day: date | None, after: int) -> str:
    query = {"kind": kind, **({} if day is None else {"day": day.isoformat()}), "after": after}
    return f"{origin}{ITEMS_PATH}?{urlencode(query)}"


def posts_url(origin: str, numbers: Sequence[int]) -> str:
    return f"{origin}{POSTS_PATH}?numbers={','.join(map(str, numbers))}"


def digests_document(page: DigestPage) -> bytes:
    return orjson.dumps(
        {
            "from": page.first,
            "until": page.last,
            "kinds": sorted(page.kinds),
            "follows": _digest_object(page.follows),
            "standings": _digest_object(page.standings),
            "days": {
                day.isoformat(): {kind: _digest_object(digest) for kind, digest in found.items() if digest.count}
                for day, found in sorted(page.days.items())
                if any(digest.count for digest in found.values())
            },
        }
    )


def items_document(page: ItemPage) -> bytes:
    def item_object(item: Item) -> dict[str, Any]:
        more = {"of": item.of, "state": item.state} if item.of else {}
        return {"number": str(item.number), "id": item.uri, "version": item.version, **more}

    following = None if page.following is None else str(page.following)
    return orjson.dumps({"items": [item_object(item) for item in page.items], "next": following})


def posts_document(bodies: Mapping[int, bytes]) -> bytes:
    return orjson.dumps(
        {"posts": [{"number": str(number), "activity": body.decode()} for number, body in bodies.items()]}
    )


def parse_digests(body: bytes, first: date, last: date) -> DigestPage:
    """Read the answer to a question about these days. Raises PageUnreadable."""
    document = _object(body)
    until = parse_day(document.get("until"))
    if parse_day(document.get("from")) != first or until is None or not first <= until <= last:
        raise PageUnreadable("the answer is about other days")
    said = document.get("days")
    if not isinstance(said, dict) or len(said) > DIGEST_DAYS_AT_ONCE:
        raise PageUnreadable("no days, or too many")
    days: dict[date, dict[str, Digest]] = {}
    for text, found in said.items():
        day = parse_day(text)
        if day is None or not first <= day <= until or not isinstance(found, dict):
            raise PageUnreadable("a day is none of those that were asked for")
        days[day] = {kind: _digest(found.get(kind)) for kind in DAILY}
    follows, standings = _digest(document.get("follows")), _digest(document.get("standings"))
    return DigestPage(first, until, follows, days, standings, _kinds(document.get("kinds")))


def parse_items(body: bytes, kind: str, after: int, host_origin: str) -> ItemPage:
    """Read a page. Items of another origin than the peer's make it unreadable. Raises PageUnreadable."""
    document = _object(body)
    said, following = document.get("items"), document.get("next")
    if not isinstance(said, list) or len(said) > DIGEST_ITEMS:
        raise PageUnreadable("no items, or too many")
    items = [_item(one, kind, host_origin) for one in said]
    numbers = [item.number for item in items]
    if numbers != sorted(set(numbers)) or (numbers and numbers[0] <= after):
        raise PageUnreadable("the items are in no order")
    if following is None:
        return ItemPage(items, None)
    if not items or _number(following) != numbers[-1]:
        raise PageUnreadable("the next page doesn't follow")
    return ItemPage(items, numbers[-1])


def parse_posts(body: bytes, asked: Sequence[int]) -> dict[int, bytes]:
    """The activities that were asked for, as far as they came, by number. Raises PageUnreadable."""
    said = _object(body).get("posts")
    if not isinstance(said, list) or len(said) > DIGEST_POSTS_AT_ONCE:
        raise PageUnreadable("no posts, or too many")
    found: dict[int, bytes] = {}
    for one in said:
        if not isinstance(one, dict) or not isinstance(one.get("activity"), str):
            raise PageUnreadable("a post is none")
        number = _number(one.get("number"))
        if number not in asked or number in found:
            raise PageUnreadable("a post wasn't asked for")
        found[number] = one["activity"].encode("utf-8", "replace")
    return found


def parse_day(value: object) -> date | None:
    """`2026-11-28`, and nothing else that Python takes for a date."""
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.isoformat() == value else None


def parse_numbers(text: str | None) -> list[int]:
    """Numbers separated by commas; nothing when there is anything else, or there are too many."""
    words = (text or "").split(",")
    if len(words) > DIGEST_POSTS_AT_ONCE or not all(_is_number(word) for word in words):
        return []
    return sorted({int(word) for word in words})


_STATES: Final = {
    FOLLOWS: re.compile("accepted|pending"),
    COMMUNITIES: re.compile("|".join(MARKS)),
    STANDINGS: re.compile("[a-z_.]{1,80}"),
}
"""Of what is `of` somebody or something at the peer."""


def _kinds(value: object) -> frozenset[str]:
    if value is None:
        return FIRST_KINDS
    if not isinstance(value, list):
        raise PageUnreadable("the kinds are none")
    return FIRST_KINDS | {kind for kind in KINDS if kind in value}


def _item(value: object, kind: str, host_origin: str) -> Item:
    if not isinstance(value, dict):
        raise PageUnreadable("an item is no object")
    number, uri = _number(value.get("number")), _uri(value.get("id"))
    version = value.get("version", 0 if kind == FOLLOWS else None)
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version <= MAX_VERSION:
        raise PageUnreadable("a version is none")
    if kind in _STATES:
        of, state = _uri(value.get("of")), value.get("state")
        if not isinstance(state, str) or _STATES[kind].fullmatch(state) is None or not same_origin(of, host_origin):
            raise PageUnreadable("that isn't the peer's to tell")
        return Item(number, uri, version, of, state)
    if not same_origin(uri, host_origin):
        raise PageUnreadable("a post isn't the peer's")
    return Item(number, uri, version)


def _uri(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_URI_CHARACTERS:
        raise PageUnreadable("an id is none")
    return value


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PageUnreadable("not JSON") from error
    if not isinstance(document, dict):
        raise PageUnreadable("no object")
    return document


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20


def _number(value: object) -> int:
    if not _is_number(value) or int(str(value)) > MAX_NUMBER:
        raise PageUnreadable("a number is none")
    return int(str(value))


def _digest(value: object) -> Digest:
    if value is None:
        return NOTHING
    if not isinstance(value, dict):
        raise PageUnreadable("a digest is none")
    digest, count = value.get("digest"), value.get("count")
    if not isinstance(digest, str) or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise PageUnreadable("a digest is none")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_COUNT:
        raise PageUnreadable("a digest counts nothing")
    return Digest(int(digest, 16), count)


def _digest_object(digest: Digest) -> dict[str, Any]:
    return {"digest": digest.hexadecimal, "count": digest.count}
