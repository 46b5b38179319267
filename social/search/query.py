"""What people type into a search, read: words, phrases, operators as in Mastodon, each with `-` for its contrary.

| typed | means |
|---|---|
| `word`, `"some words"`, `wor*` | has the word, the words in this order, a word that begins so (four letters or more) |
| `#tag`, `in:#tag` | under this hashtag |
| `from:me`, `from:ana@lisbon.example` | by this account |
| `in:public`, `in:library`, `in:@club@lisbon.example` | public; my own, to me, kept by me; in this community |
| `has:media`, `image`, `video`, `audio`, `poll`, `link`, `embed` | has one |
| `is:reply`, `is:sensitive` | is one |
| `language:es` | in this language |
| `before:D`, `after:D`, `during:D` | published before, after, in D: a day, a month or a year of UTC (`2026-11-28`) |

`parse` is pure, takes time in proportion to the text, and fails for nothing: what is no operator is words, what is
neither is nothing. At most `MAX_TERMS` of them count.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from content.words import folded_words, plain_words
from models.ids import SEQUENCE_BITS, milliseconds
from models.values import dataclass
from social.search.index import EVERYTHING

MAX_CHARACTERS: Final = 1_000
MAX_TERMS: Final = 16
# Shorter beginnings are shared by so many words that SQLite would join most of its index first.
MIN_PREFIX: Final = 4
_HAS: Final = frozenset({"media", "image", "video", "audio", "poll", "link", "embed"})
_IS: Final = frozenset({"reply", "sensitive"})
_TERM = re.compile(r'(-?)(?:([A-Za-z]{2,8}):)?(?:["“”„«]([^"“”„«»]*)["“”»]|(\S+))')
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-[a-z0-9-]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Folded words that follow each other; `plain` is a single word as it was written, for its stem."""

    words: tuple[str, ...]
    plain: str = ""
    is_prefix: bool = False
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """At least one of these tokens of the index; without any, nothing has it."""

    tokens: tuple[str, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """An `account`, a `community` or a `tag` by its name: to be looked up."""

    kind: str
    name: str
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """A query: every one of its terms, and ids within bounds (`after_id` ≤ id < `before_id`)."""

    phrases: tuple[Phrase, ...] = ()
    tokens: tuple[Tokens, ...] = ()
    named: tuple[Named, ...] = ()
    after_id: int = 0
    before_id: int = 2**63 - 1
    library: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing: it finds nothing then."""
        return self == Search()


def parse(text: str) -> Search:
    """A query as it was typed."""
    search = Search()
    for number, found in enumerate(_TERM.finditer(text[:MAX_CHARACTERS])):
        if number == MAX_TERMS:
            break
        minus, operator, quoted, word = found.groups()
        search = _with_term(search, bool(minus), (operator or "").lower(), quoted, word or "")
    return search


def _with_term(search: Search, is_negated: bool, operator: str, quoted: str | None, word: str) -> Search:
    if quoted is None and operator:
        read = _operator(search, operator, word, is_negated)
        if read is not None:
            return read
        word = f"{operator} {word}"
    if quoted is None and word.startswith("#") and len(word) > 1:
        return replace(search, named=(*search.named, Named("tag", word[1:], is_negated)))
    text = word if quoted is None else quoted
    words = tuple(folded_words(text).split())
    if not words:
        return search
    is_one = quoted is None and len(words) == 1
    phrase = Phrase(
        words,
        plain=plain_words(text) if is_one else "",
        is_prefix=is_one and word.endswith("*") and len(words[0]) >= MIN_PREFIX,
        is_negated=is_negated,
    )
    return replace(search, phrases=(*search.phrases, phrase))


def _operator(search: Search, operator: str, value: str, is_negated: bool) -> Search | None:
    """The search with this operator; None when it isn't one."""
    small = value.lower()
    if operator == "from":
        return replace(search, named=(*search.named, Named("account", small.removeprefix("@"), is_negated)))
    if operator == "in":
        return _place(search, small, is_negated)
    if operator in ("before", "after", "during"):
        return _period(search, operator, value, is_negated)
    token = _token(operator, small)
    return None if token is None else replace(search, tokens=(*search.tokens, Tokens((token,), is_negated)))


def _place(search: Search, value: str, is_negated: bool) -> Search | None:
    if value == "library":
        return replace(search, library=not is_negated)
    if value in ("all", "public"):
        token = EVERYTHING if value == "all" else "=vpublic"
        return replace(search, tokens=(*search.tokens, Tokens((token,), is_negated)))
    kind = {"#": "tag", "@": "community"}.get(value[:1])
    if kind is None or len(value) < 2:
        return None
    return replace(search, named=(*search.named, Named(kind, value[1:], is_negated)))


def _token(operator: str, value: str) -> str | None:
    if operator == "has" and value in _HAS:
        return f"=h{value}"
    if operator == "is" and value in _IS:
        return f"=i{value}"
    language = _LANGUAGE.fullmatch(value) if operator == "language" else None
    return f"=l{language[1].lower()}" if language else None


def _period(search: Search, operator: str, value: str, is_negated: bool) -> Search | None:
    bounds = _bounds(value)
    if bounds is None or (is_negated and operator == "during"):
        return None
    start, end = bounds
    if is_negated:  # not before it is from it on, not after it is up to its end
        operator, start, end = ("after", start, start) if operator == "before" else ("before", end, end)
    after = {"after": end, "during": start}.get(operator, 0)
    before = {"before": start, "during": end}.get(operator, search.before_id)
    return replace(search, after_id=max(search.after_id, after), before_id=min(search.before_id, before))


def _bounds(value: str) -> tuple[int, int] | None:
    """The first id of a day, month or year, and the first one after it."""
    found = _DAY.fullmatch(value)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        start = datetime(year or 1, month or 1, day or 1, tzinfo=UTC)
        if day is not None:
            end = datetime.fromtimestamp(start.timestamp() + 86_400, UTC)
        elif month is not None:
            end = datetime(start.year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        else:
            end = datetime(start.year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return _first_id(start), _first_id(end)


def _first_id(moment: datetime) -> int:
    return min(milliseconds(moment) << SEQUENCE_BITS, 2**63 - 1)
