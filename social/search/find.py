"""Finding statuses: candidates from the index, newest first, and of these what the viewer may see and wants to see.

The index knows who is named in what is for the named alone, and leaves out the mail of others. Beyond that it knows
nothing of who may see what: it is asked in portions that grow, and the rules of `policy` sift each in the database. No
search looks at more than `MAX_CANDIDATES`: a word that everybody uses ends as soon as the page is full, one that is
full of what the viewer may not see ends at the bound. A portion is one statement; on SQLite the loop breathes between
them, because statements run in place (`models.sqlite_driver`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Integer, String, and_, bindparam, cast, column, func, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from content.hashtags import normalise_hashtag
from models.base import BigInt, UtcDateTime
from models.insertion import AnySelect
from models.postgresql import TSQUERY, planned_for_its_values
from models.search import VIRTUAL_TABLE, StatusText
from models.statuses import Status, Tag
from models.values import dataclass
from policy.searching import has_to_do_with, may_be_found_by
from policy.timelines import not_limited_for, wanted_by
from policy.visibility import visible_to
from social.search.index import CLOSED, EVERYTHING, STEMMED
from social.search.query import Named, Phrase, Search, Tokens
from social.tag_families import is_of_family, root_of

MAX_CANDIDATES: Final = 10_000
_FIRST_PORTION: Final = 100
_LARGEST_PORTION: Final = 2_000
_VIEWER: Final = bindparam("viewer", type_=BigInt)
_ROWID: Final[Any] = column("rowid", BigInt)
_MATCH: Final = bindparam("match", type_=String)


def _candidates(query: Any, status_id: Any) -> AnySelect:
    """The newest of what a query of the index finds within the bounds."""
    bounds = (status_id < bindparam("below", type_=BigInt), status_id > bindparam("above", type_=BigInt))
    portion: AnySelect = query.where(*bounds).order_by(status_id.desc()).limit(bindparam("portion", type_=Integer))
    return portion


_CANDIDATES_OF_SQLITE: Final = _candidates(
    select(_ROWID.label("id"))
    .select_from(table(VIRTUAL_TABLE, _ROWID))
    .where(literal_column(VIRTUAL_TABLE).op("MATCH")(_MATCH)),
    _ROWID,
)
_CANDIDATES_OF_POSTGRESQL: Final = _candidates(
    select(StatusText.status_id.label("id")).where(StatusText.words.op("@@")(cast(_MATCH, TSQUERY))),
    StatusText.status_id,
)
_PREFIX: Final = {"account": "a", "community": "g", "tag": "t"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who searches, when, and whether the network is closed."""

    account_id: int
    now: datetime
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Range:
    """Which of what is found is wanted: below `max_id`, above `min_id`, `limit` of them after the first `offset`."""

    limit: int
    offset: int = 0
    max_id: int | None = None
    min_id: int | None = None


async def find_statuses(session: AsyncSession, search: Search, reader: Reader, wanted: Range) -> list[int]:
    """The ids of the statuses that `search` finds for `reader`, newest first. Names must have been looked up before."""
    if search.is_empty or any(not one.tokens and not one.is_negated for one in search.tokens):
        return []
    # What a word is worth to an index differs from word to word: no plan for all of them.
    async with planned_for_its_values(session):
        return await _find(session, search, reader, wanted)


async def _find(session: AsyncSession, search: Search, reader: Reader, wanted: Range) -> list[int]:
    below = min(search.before_id, wanted.max_id if wanted.max_id is not None else search.before_id)
    above = max(search.after_id - 1, wanted.min_id if wanted.min_id is not None else -1)
    needed = wanted.offset + wanted.limit
    found: list[int] = []
    looked_at, portion = 0, min(max(_FIRST_PORTION, needed + needed // 2), _LARGEST_PORTION)
    statement = _statement(_is_sqlite(session), reader.is_closed, search.library)
    values = {
        "viewer": reader.account_id,
        "now": reader.now,
        "above": above,
        "match": await _match(session, search, reader),
    }
    while len(found) < needed and looked_at < MAX_CANDIDATES:
        rows = (await session.execute(statement, {**values, "below": below, "portion": portion})).all()
        found += [status_id for status_id, is_shown in rows if is_shown]
        looked_at += len(rows)
        if len(rows) < portion:
            break
        below = rows[-1][0]
        portion = min(portion * 2, _LARGEST_PORTION)
        await asyncio.sleep(0)
    return found[wanted.offset : needed]


def by_account(search: Search, account_id: int) -> Search:
    """The same search among the statuses of one account."""
    return replace(search, tokens=(*search.tokens, Tokens((f"={_PREFIX['account']}{account_id}",))))


async def look_up(session: AsyncSession, search: Search, accounts: Mapping[str, int]) -> Search:
    """The search with tokens instead of names. `accounts` has the ids of those named, as they were typed."""
    names = {normalise_hashtag(one.name) for one in search.named if one.kind == "tag"} - {""}
    tags: dict[str, list[int]] = defaultdict(list)
    if names:
        named, member = aliased(Tag), aliased(Tag)
        query = select(named.name, member.id).join(member, is_of_family(member, root_of(named)))
        for name, tag_id in await session.execute(query.where(named.name.in_(names)).order_by(member.id)):
            tags[name].append(tag_id)
    tokens = tuple(_named_tokens(one, accounts, tags) for one in search.named)
    return replace(search, tokens=(*search.tokens, *tokens), named=())


def _named_tokens(one: Named, accounts: Mapping[str, int], tags: Mapping[str, list[int]]) -> Tokens:
    """A hashtag stands for its synonyms too."""
    if one.kind == "tag":
        found = tags.get(normalise_hashtag(one.name), [])
    else:
        found = [accounts[one.name]] if one.name in accounts else []
    return Tokens(tuple(f"={_PREFIX[one.kind]}{number}" for number in found), one.is_negated)


async def _match(session: AsyncSession, search: Search, reader: Reader) -> str:
    """The search in the language of the database. PostgreSQL finds the stems itself, with one SELECT."""
    mine = (f"={_PREFIX['account']}{reader.account_id}", f"=m{reader.account_id}")
    if _is_sqlite(session):
        return f'({fts_expression(search)}) NOT ("{CLOSED}" NOT {_fts_term(Tokens(mine))})'
    forms = [_ts_forms(phrase) for phrase in search.phrases]
    columns = [cast(form, String) for of_phrase in forms for form in of_phrase]
    found = iter((await session.execute(select(*columns))).one() if columns else ())
    words = [[next(found) for _ in of_phrase] for of_phrase in forms]
    return f"{ts_expression(search, words)} & !({_quoted((CLOSED,))} & !{_quoted(mine)})"


@cache
def _statement(is_sqlite: bool, is_closed: bool, library: bool | None) -> AnySelect:
    """The next portion of candidates: (id, whether the viewer is shown it), newest first. Built once of each form."""
    candidates = (_CANDIDATES_OF_SQLITE if is_sqlite else _CANDIDATES_OF_POSTGRESQL).subquery()
    conditions = [
        visible_to(_VIEWER),
        wanted_by(_VIEWER, now=bindparam("now", type_=UtcDateTime())),
        not_limited_for(_VIEWER),
        may_be_found_by(_VIEWER, is_closed=is_closed),
    ]
    if library is not None:
        conditions.append(has_to_do_with(_VIEWER) if library else ~has_to_do_with(_VIEWER))
    return (
        select(Status.id, and_(*conditions).label("is_shown"))
        .join(candidates, candidates.c.id == Status.id)
        .order_by(Status.id.desc())
    )


def _is_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def fts_expression(search: Search) -> str:
    """The search in the language of FTS5. Words have no quotation mark in them, so nothing can end a string early."""
    terms: Sequence[Phrase | Tokens] = (*search.phrases, *search.tokens)
    having = [_fts_term(one) for one in terms if not one.is_negated] or [f'"{EVERYTHING}"']
    lacking = [_fts_term(one) for one in terms if one.is_negated and not (isinstance(one, Tokens) and not one.tokens)]
    expression = " AND ".join(having)
    return f"({expression}) NOT ({' OR '.join(lacking)})" if lacking else expression


def _fts_term(term: Phrase | Tokens) -> str:
    if isinstance(term, Tokens):
        return "(" + " OR ".join(f'"{token}"' for token in term.tokens) + ")"
    return f'"{" ".join(term.words)}"' + ("*" if term.is_prefix else "")


def ts_expression(search: Search, words: Sequence[Sequence[str]]) -> str:
    """The search in the language of PostgreSQL; `words` are the forms of each phrase as PostgreSQL writes them.

    Each form stands in it once: the planner takes every repetition for another chance to be found.
    """
    terms: list[tuple[str, bool]] = []
    for phrase, forms in zip(search.phrases, words, strict=True):
        distinct = [f"({form})" for form in dict.fromkeys(forms) if form]
        if distinct:
            terms.append((f"({' | '.join(distinct)})", phrase.is_negated))
    terms += [(_quoted(one.tokens), one.is_negated) for one in search.tokens if one.tokens]
    if all(is_negated for _, is_negated in terms):
        terms.append((_quoted((EVERYTHING,)), False))
    return " & ".join(f"!{term}" if is_negated else term for term, is_negated in terms)


def _quoted(tokens: Sequence[str]) -> str:
    """Any of these tokens, which are made of `=`, ASCII letters and digits: quoting them is enough."""
    return "(" + " | ".join(f"'{token}'" for token in tokens) + ")"


def _ts_forms(phrase: Phrase) -> list[Any]:
    """The words in their order as they are folded; a single word also by its stem in each language."""
    words = " ".join(phrase.words)
    if phrase.is_prefix:
        return [func.to_tsquery(_configuration("simple"), f"'{phrase.words[0]}':*")]
    forms: list[Any] = [func.phraseto_tsquery(_configuration("simple"), words)]
    if phrase.plain:
        forms += [
            func.plainto_tsquery(_configuration(configuration), form)
            for configuration in STEMMED.values()
            for form in dict.fromkeys((phrase.plain, words))
        ]
    return forms


def _configuration(name: str) -> Any:
    return literal_column(f"'{name}'::regconfig")
