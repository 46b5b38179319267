"""A reader's filters against the text of a status: which of them it meets, by which of their words.

`match` is pure. A filter meets a status that it names, or whose text (words, warning, options of its poll, descriptions
of its media) has one of the filter's keywords: without regard to case and accents' spelling, and, for a whole word,
only where no letter, digit, mark or underscore touches it, if the keyword itself begins or ends with one of these.

Keywords are looked for as they are, never as patterns, so that none can take long; how many somebody may have is in
`policy.limits`. Expired filters do nothing. What happens with a match (warn, hide, blur) and in which contexts is
said to the client, which decides with its own page in mind; `is_hidden` says what a server's list leaves out.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.filters import Filter, FilterKeyword, FilterStatus
from models.values import dataclass

CONTEXTS: Final = ("home", "notifications", "public", "thread", "account")
ACTIONS: Final = ("warn", "hide", "blur")
SEARCHED_CHARACTERS: Final = 50_000
_BREAKS = re.compile(r"<(?:br|/p|/li|/h[1-6]|/div|/blockquote|/pre)\b[^>]*>", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]*>")
# Made once: building a statement costs more than SQLite needs for running it.
_KEYWORDS = (
    select(Filter, FilterKeyword)
    .outerjoin(FilterKeyword, FilterKeyword.filter_id == Filter.id)
    .where(Filter.account_id == bindparam("account"))
    .where(or_(Filter.expires_at.is_(None), Filter.expires_at > bindparam("now")))
    .order_by(Filter.id, FilterKeyword.id)
)
_STATUSES = select(FilterStatus.filter_id, FilterStatus.status_id).where(
    FilterStatus.filter_id.in_(bindparam("filters", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word or phrase, folded for comparison."""

    text: str
    folded: str
    starts_at_boundary: bool
    ends_at_boundary: bool


@dataclass(slots=True)
class ActiveFilter:
    """A filter with everything that it looks for; named like the row that it comes from."""

    id: int
    title: str
    contexts: Sequence[str]
    action: str
    expires_at: datetime | None
    keywords: list[Keyword] = field(default_factory=list)
    status_ids: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class FilterMatch:
    """A filter that a status meets: by which keywords, and by which of the statuses that it names."""

    filter: ActiveFilter
    keywords: tuple[str, ...] = ()
    status_ids: tuple[int, ...] = ()


async def load_filters(session: AsyncSession, account_id: int, *, now: datetime) -> list[ActiveFilter]:
    """The unexpired filters of somebody: one query for who has none, two for who has some."""
    filters: dict[int, ActiveFilter] = {}
    for row, keyword in await session.execute(_KEYWORDS, {"account": account_id, "now": now}):
        made = filters.get(row.id)
        if made is None:
            made = filters[row.id] = ActiveFilter(row.id, row.title, row.contexts, row.action, row.expires_at)
        if keyword is not None:
            made.keywords.append(fold_keyword(keyword.keyword, keyword.is_whole_word))
    if filters:
        for filter_id, status_id in await session.execute(_STATUSES, {"filters": list(filters)}):
            filters[filter_id].status_ids.add(status_id)
    return list(filters.values())


def match(filters: Iterable[ActiveFilter], texts: Iterable[str], status_ids: Sequence[int] = ()) -> list[FilterMatch]:
    """What of `filters` a status meets.

    `texts` are its parts as plain text (`text_of` makes it of HTML); `status_ids` its own id and that of what it
    boosts. No keyword reaches from one part into the next.
    """
    folded: list[str] | None = None
    found = []
    for each in filters:
        if each.keywords and folded is None:
            folded = [fold(text) for text in texts if text]
        words = tuple(word.text for word in each.keywords if any(occurs(word, text) for text in folded or ()))
        named = tuple(status_id for status_id in status_ids if status_id in each.status_ids)
        if words or named:
            found.append(FilterMatch(each, words, named))
    return found


def is_hidden(matches: Iterable[FilterMatch], context: str | None) -> bool:
    """Whether a list of this context leaves out what has these matches."""
    return any(found.filter.action == "hide" and context in found.filter.contexts for found in matches)


def text_of(content_html: str) -> str:
    """The plain text of sanitised HTML; ends of lines and paragraphs become line breaks."""
    if "<" not in content_html and "&" not in content_html:
        return content_html
    return html.unescape(_TAGS.sub("", _BREAKS.sub("\n", content_html)))


@lru_cache(maxsize=4096)
def fold_keyword(text: str, is_whole_word: bool) -> Keyword:
    """A keyword ready for comparison; kept, because the same ones are used for every page."""
    folded = fold(text)
    return Keyword(
        text,
        folded,
        starts_at_boundary=is_whole_word and folded != "" and _is_word_character(folded[0]),
        ends_at_boundary=is_whole_word and folded != "" and _is_word_character(folded[-1]),
    )


def fold(text: str) -> str:
    """Text without its differences of case, of composed and decomposed letters, and of white space."""
    return " ".join(unicodedata.normalize("NFC", text[:SEARCHED_CHARACTERS].casefold()).split())


def occurs(keyword: Keyword, folded_text: str) -> bool:
    """Whether a folded text has the keyword, at the boundaries that it asks for."""
    word = keyword.folded
    if not word:
        return False
    start = folded_text.find(word)
    while start >= 0:
        end = start + len(word)
        touches_before = keyword.starts_at_boundary and start > 0 and _is_word_character(folded_text[start - 1])
        touches_after = keyword.ends_at_boundary and end < len(folded_text) and _is_word_character(folded_text[end])
        if not touches_before and not touches_after:
            return True
        start = folded_text.find(word, start + 1)
    return False


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"
