"""Keeping the index of search: every status that isn't a boost has its words there from the transaction that writes it.

`index_later` has the statuses of a unit written into the index before it commits: two SELECTs and one statement for
all of them. `index_new` needs no SELECT for a new status that has nothing but hashtags beside its row to be found by.
Deleting needs nothing: the row goes with the status. What is indexed: title, warning, text without markup,
options of a poll and descriptions of media, as folded words (`content.words`); on PostgreSQL also their stems in the
status' language. Facts that people filter by are tokens among the words:

| token | means |
|---|---|
| `=post` | every status |
| `=a…` `=g…` `=t…` | written by this account, in this community, under this hashtag (ids) |
| `=v…` `=l…` | its visibility, its language (the part before a hyphen) |
| `=h…` | has media, image, video, audio, poll, link or embed |
| `=i…` | is a reply, or sensitive |
| `=closed` `=m…` | for those alone whom it names: these accounts |
"""

import typing
from collections import namedtuple
from collections.abc import Iterable, Sequence
from dataclasses import field
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, Select, String, Table, bindparam, cast, func, literal_column, select, true, union_all

from content.html import text_of_sanitized
from content.words import folded_words, plain_words
from models import UnitOfWork
from models.base import BigInt, Json
from models.bulk import Bulk
from models.insertion import insert_of
from models.new_rows import WritingSession
from models.postgresql import REGCONFIG
from models.questions import Question, among
from models.search import StatusText
from models.statuses import Attachment, Mention, Poll, PreviewCard, Status, StatusTag
from models.values import dataclass
from models.visibility import Visibility
from social.drafts import StatusDraft

# Of what is longer, the beginning can be found.
MAX_CHARACTERS: Final = 50_000
# The languages whose stems PostgreSQL knows and we use; of all others only the words themselves are found.
STEMMED: Final = {"es": "spanish", "en": "english", "de": "german", "fr": "french", "pt": "portuguese"}
EVERYTHING: Final = "=post"
CLOSED: Final = "=closed"
CLOSED_KINDS: Final = (Visibility.DIRECT.value, Visibility.LIMITED.value)
_TABLE = typing.cast(Table, StatusText.__table__)
_KINDS: Final = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}
_COLUMNS: Final = (
    *(Status.id, Status.account_id, Status.group_id, Status.title, Status.summary, Status.content_html),
    *(Status.language, Status.visibility, Status.is_sensitive, Status.in_reply_to_uri, Status.in_reply_to_id),
    *(Poll.options, PreviewCard.card_type),
)
_Indexed = namedtuple("_Indexed", [column.key for column in _COLUMNS])  # type: ignore[misc]
_STATUSES: Final = Question(
    select(*_COLUMNS)
    .select_from(Status)
    .outerjoin(Poll, Poll.status_id == Status.id)
    .outerjoin(PreviewCard, PreviewCard.id == Status.card_id)
    .where(among(Status.id, "ids"), Status.boost_of_id.is_(None))
)
_NOTHING: Any = literal_column("NULL")
# (status, letter of a token, number in it; kind of media, its description)
_PARTS: Final = Question(
    union_all(
        select(StatusTag.status_id, literal_column("'t'"), StatusTag.tag_id, _NOTHING, _NOTHING).where(
            among(StatusTag.status_id, "ids")
        ),
        select(Mention.status_id, literal_column("'m'"), Mention.account_id, _NOTHING, _NOTHING)
        .join(Status, Status.id == Mention.status_id)
        .where(among(Mention.status_id, "ids"), Status.visibility.in_(CLOSED_KINDS)),
        select(Attachment.status_id, literal_column("'h'"), _NOTHING, Attachment.kind, Attachment.description).where(
            among(Attachment.status_id, "ids")
        ),
    )
)


@dataclass(slots=True)
class Words:
    """What one status is found by."""

    status_id: int
    texts: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    language: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.texts)[:MAX_CHARACTERS]


class _New(NamedTuple):
    """A new status that is found by nothing but its row and hashtags, which the unit knows once they are attached."""

    status: Status
    tags: list[str]


def index_later(unit: UnitOfWork, status_id: int) -> None:
    """Have a new or changed status written into the index before this unit commits."""
    unit.defer(_after_the_others, (status_id, None), is_gathered=True)


def index_new(unit: UnitOfWork, status: Status, draft: StatusDraft, uploads: Sequence[Attachment]) -> None:
    """The same for a status that this unit makes of a draft and files of its author's own."""
    has_more = draft.attachments or uploads or draft.poll is not None
    is_at_hand = not has_more and status.visibility not in CLOSED_KINDS
    new = _New(status, [tag.name for tag in draft.tags]) if is_at_hand else None
    unit.defer(_after_the_others, (status.id, new), is_gathered=True)


async def _after_the_others(unit: UnitOfWork, items: list[tuple[int, _New | None]]) -> None:
    """Hashtags are deferred too: what is deferred from here runs when they are all written."""
    for item in items:
        unit.defer(_index, item, is_gathered=True)


async def _index(unit: UnitOfWork, items: list[tuple[int, _New | None]]) -> None:
    """Items are the id of a status, and the new status where all of its words are at hand."""
    at_hand = {number: new for number, new in items if new is not None and number not in unit.deleted}
    others = [number for number, new in items if new is None]
    for number in others:  # something has come to it since
        at_hand.pop(number, None)
    found = await _read(unit, others)
    for new in at_hand.values():
        words = _words(new.status, None, None)
        words.tokens += [f"=t{unit.tag_ids[name]}" for name in new.tags]
        found.append(words)
    await _write(unit, sorted(found, key=lambda words: words.status_id))


async def index_statuses(unit: UnitOfWork, ids: Sequence[int]) -> None:
    """Write these statuses into the index, instead of what was there."""
    await _write(unit, await _read(unit, ids))


async def _read(unit: UnitOfWork, ids: Sequence[int]) -> list[Words]:
    if not ids:
        return []
    await unit.session.flush()
    return await words_of(unit.session, list(dict.fromkeys(ids)))


async def _write(unit: UnitOfWork, found: Sequence[Words]) -> None:
    if not found:
        return
    if unit.session.get_bind().dialect.name == "sqlite":
        lines = {str(each.status_id): _line(each) for each in found}
        await _on_sqlite().write(unit.session, [{"lines": lines}])
    else:
        await _on_postgresql().write(unit.session, [_lists(found)])


async def words_of(session: WritingSession, ids: Sequence[int]) -> list[Words]:
    """The words of those statuses that are there and aren't boosts, by their ids: two SELECTs."""
    rows: Iterable[Any] = map(_Indexed._make, await session.ask(_STATUSES, {"ids": ids}))
    found = {row.id: _words(row, row.options, row.card_type) for row in rows}
    for status_id, letter, number, kind, description in await session.ask(_PARTS, {"ids": ids}):
        words = found.get(status_id)
        if words is None:
            continue
        if number is not None:
            words.tokens.append(f"={letter}{number}")
        else:
            words.tokens += [f"=h{one}" for one in ("media", _KINDS.get(kind)) if one]
            words.texts += [description] if description else []
    return [found[status_id] for status_id in sorted(found)]


def _words(row: Any, options: Any, card_type: str | None) -> Words:
    """What a status, or its row, is found by so far; `options` are those of its poll, the card that of its link."""
    language = (row.language or "").partition("-")[0].lower()
    texts = [row.title or "", row.summary, text_of_sanitized(row.content_html)]
    texts += [option["title"] for option in options or ()]
    tokens = [EVERYTHING, f"=a{row.account_id}", f"=v{row.visibility}"]
    facts = {
        f"=g{row.group_id}": row.group_id is not None,
        f"=l{language}": language.isascii() and language.isalpha(),
        CLOSED: row.visibility in CLOSED_KINDS,
        "=hpoll": options is not None,
        "=hlink": card_type is not None,
        "=hembed": card_type in ("video", "rich"),
        "=ireply": row.in_reply_to_uri is not None or row.in_reply_to_id is not None,
        "=isensitive": row.is_sensitive,
    }
    tokens += [token for token, is_so in facts.items() if is_so]
    return Words(row.id, [text for text in texts if text], tokens, language)


def _line(words: Words) -> str:
    return " ".join([folded_words(words.text), *_unique(words.tokens)])


def _lists(found: Sequence[Words]) -> dict[str, list[Any]]:
    texts = [words.text for words in found]
    folded = [folded_words(text) for text in texts]
    stemmers = [STEMMED.get(words.language) for words in found]
    return {
        "statuses": [words.status_id for words in found],
        "folded": folded,
        "stemmed": [
            _to_be_stemmed(text, words) if stemmer else ""
            for text, words, stemmer in zip(texts, folded, stemmers, strict=True)
        ],
        "configurations": [stemmer or "simple" for stemmer in stemmers],
        "tokens": [" ".join(_unique(words.tokens)) for words in found],
    }


def _to_be_stemmed(text: str, folded: str) -> str:
    """Its words as they are written, and as they are folded where that makes others of them.

    PostgreSQL stems word by word, and stemming is most of what a row costs it: what has no accents isn't stemmed twice.
    """
    if text.isascii():
        return folded
    plain = plain_words(text)
    known = frozenset(plain.split())
    return " ".join([plain, *(word for word in folded.split() if word not in known)])


def _unique(tokens: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tokens))


@cache
def _on_postgresql() -> Bulk:
    """Writes the words, their stems, and the tokens of several statuses, each there once: a list of each. Made once."""
    lists: dict[str, Any] = {
        "statuses": BigInt,
        **dict.fromkeys(("folded", "stemmed", "configurations", "tokens"), String),
    }
    places = (cast(bindparam(name), ARRAY(kind)) for name, kind in lists.items())
    given = func.unnest(*places).table_valued(*lists, name="given").render_derived()
    simple: Any = literal_column("'simple'::regconfig")
    vector = (
        func.to_tsvector(simple, given.c.folded)
        .op("||")(func.to_tsvector(cast(given.c.configurations, REGCONFIG), given.c.stemmed))
        .op("||")(func.array_to_tsvector(func.string_to_array(given.c.tokens, " ")))
    )
    return Bulk(_instead(False, select(given.c.statuses, vector)), tuple(lists), is_apart=True)


@cache
def _on_sqlite() -> Bulk:
    """Writes the lines of several statuses, by their ids in rising order. Made once.

    One statement for all of them: FTS5 gathers what is written to it, and puts it into its tables whenever another
    statement begins or an id is lower than the one before. A statement for each costs two and a half times as much.
    """
    given = func.json_each(bindparam("lines", type_=Json)).table_valued("key", "value")
    rows = select(cast(given.c.key, BigInt), given.c.value).where(true())  # or SQLite takes ON CONFLICT for a join's ON
    return Bulk(_instead(True, rows), ("lines",))


def _instead(is_sqlite: bool, rows: Select[Any]) -> Any:
    """Have these words of statuses written, instead of what was there."""
    statement = insert_of(is_sqlite)(_TABLE).from_select(["status_id", "words"], rows)
    return statement.on_conflict_do_update(index_elements=["status_id"], set_={"words": statement.excluded.words})
