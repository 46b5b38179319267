"""Queries as people type them: what is read as an operator, and that nothing fails."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ids import SEQUENCE_BITS, milliseconds
from social.search.find import fts_expression
from social.search.query import MAX_TERMS, Named, Phrase, Search, Tokens, parse

NO_END = Search().before_id


def first(year: int, month: int = 1, day: int = 1) -> int:
    return milliseconds(datetime(year, month, day, tzinfo=UTC)) << SEQUENCE_BITS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Informes", Search(phrases=(Phrase(("informes",), "informes"),))),
        ('-"Día  Uno"', Search(phrases=(Phrase(("dia", "uno"), is_negated=True),))),
        ("semi-final", Search(phrases=(Phrase(("semi", "final")),))),
        ("inno*", Search(phrases=(Phrase(("inno",), "inno", is_prefix=True),))),
        ("inn*", Search(phrases=(Phrase(("inn",), "inn"),))),
        ("#Año", Search(named=(Named("tag", "Año"),))),
        ("in:#año", Search(named=(Named("tag", "año"),))),
        ("-in:@Club@lisbon.test", Search(named=(Named("community", "club@lisbon.test", True),))),
        ("FROM:@Ana", Search(named=(Named("account", "ana"),))),
        ("has:image -is:reply", Search(tokens=(Tokens(("=himage",)), Tokens(("=ireply",), True)))),
        ("language:ES-mx in:public", Search(tokens=(Tokens(("=les",)), Tokens(("=vpublic",))))),
        ("in:library", Search(library=True)),
        ("-in:library", Search(library=False)),
        ("after:2026-02-28", Search(after_id=first(2026, 3, 1))),
        ("before:2026-12", Search(before_id=first(2026, 12))),
        ("during:2026", Search(after_id=first(2026), before_id=first(2027))),
        ("-before:2026", Search(after_id=first(2026))),
        ("-after:2026-12-31", Search(before_id=first(2027))),
        ("has:wings", Search(phrases=(Phrase(("has", "wings")),))),
        ("before:2026-02-30", Search(phrases=(Phrase(("before", "2026", "02", "30")),))),
        ("after:9999", Search(phrases=(Phrase(("after", "9999")),))),
        ('"unclosed', Search(phrases=(Phrase(("unclosed",), "unclosed"),))),
        ('- "" () :*', Search()),
        ("#", Search()),
    ],
)  # fmt: skip
def test_a_query_is_read(text: str, expected: Search) -> None:
    assert parse(text) == expected


def test_many_terms_are_too_many() -> None:
    assert len(parse("wort " * 5_000).phrases) == MAX_TERMS


@given(st.text(max_size=300) | st.text(alphabet="ab\"'-*:()=#@^{}\0 ", max_size=300))
def test_no_text_brings_syntax_into_the_expression(text: str) -> None:
    search = parse(text)
    words = [word for phrase in search.phrases for word in phrase.words]
    assert all(character.isalnum() or ord(character) > 127 for word in words for character in word)
    expression = fts_expression(search)
    assert expression.count('"') % 2 == 0


def test_negation_alone_is_from_everything() -> None:
    assert fts_expression(parse("-secret -has:poll")) == '("=post") NOT ("secret" OR ("=hpoll"))'
    assert fts_expression(parse("after:2026")) == '"=post"'
