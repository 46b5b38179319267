"""Which words a filter finds, and which it leaves alone."""

import re
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Database
from models.filters import Filter, FilterKeyword, FilterStatus
from models.visibility import Visibility
from policy.filters import ActiveFilter, fold_keyword, is_hidden, load_filters, match, text_of
from tests.policy.test_visibility import new_account, new_status

WORDS = [
    # keyword, whole word, text, found
    ("cat", True, "A cat sat", True),
    ("cat", True, "CAT!", True),
    ("cat", True, "concatenate", False),
    ("cat", False, "concatenate", True),
    ("cat", True, "cat_food", False),
    ("cat", True, "concat, then a cat", True),
    ("#cat", True, "so #cat", True),
    ("#cat", True, "so#cats", False),
    ("c++", True, "I write c++11", True),
    ("año", True, "El AÑO nuevo", True),
    ("año", True, unicodedata.normalize("NFD", "año nuevo"), True),
    ("ano", True, "año", False),
    ("straße", True, "STRASSE", True),
    ("हिन", True, "हिन्दी", False),
    ("हिन्दी", True, "यह हिन्दी है", True),
    ("東京", True, "東京 です", True),
    ("東京", True, "東京都", False),
    ("bad  word", True, "a bad\nword", True),
    (".*", False, "anything", False),
    ("(a+)+$", False, "aaaa", False),
    ("", True, "anything", False),
    ("   ", False, "a b", False),
]


def found(keyword: str, is_whole_word: bool, *texts: str) -> bool:
    made = ActiveFilter(1, "f", ["home"], "warn", None, [fold_keyword(keyword, is_whole_word)])
    return match([made], texts) != []


@pytest.mark.parametrize(("keyword", "is_whole_word", "text", "wanted"), WORDS)
def test_a_keyword_is_found_where_a_reader_would_find_it(
    keyword: str, is_whole_word: bool, text: str, wanted: bool
) -> None:
    assert found(keyword, is_whole_word, text) is wanted


def test_every_part_is_searched_and_no_keyword_reaches_across_two() -> None:
    assert found("cat", True, "a dog", "", "the cat")
    assert not found("dog the", True, "a dog", "the cat")


def test_html_is_searched_as_it_reads() -> None:
    text = text_of('<p>One&amp;two <a href="https://cat.test">#<span>dogs</span></a></p><p>three<br>four</p>')
    assert text == "One&two #dogs\nthree\nfour\n"
    assert found("#dogs", True, text)
    assert not found("cat", True, text)
    assert not found("threefour", True, text)


def test_a_match_names_the_words_and_the_statuses_and_hides_only_in_its_contexts() -> None:
    hides = ActiveFilter(1, "f", ["home", "public"], "hide", None, [fold_keyword("Cat", True)], {7, 9})
    warns = ActiveFilter(2, "g", ["home"], "warn", None, [fold_keyword("cat", True), fold_keyword("dog", True)])
    matches = match([hides, warns], ["cat and dog"], (7, 8))
    assert [(one.filter.id, one.keywords, one.status_ids) for one in matches] == [
        (1, ("Cat",), (7,)),
        (2, ("cat", "dog"), ()),
    ]
    assert is_hidden(matches, "home")
    assert not is_hidden(matches, "thread")
    assert not is_hidden(matches[1:], "home")
    assert not is_hidden(matches, None)


@settings(max_examples=150, deadline=None)
@given(keyword=st.text(max_size=40), before=st.text(max_size=20), after=st.text(max_size=20), whole=st.booleans())
def test_any_keyword_is_found_in_a_text_that_has_it_as_a_word(
    keyword: str, before: str, after: str, whole: bool
) -> None:
    # Composing across the seam may change letters: a full stop between keeps them apart.
    assert found(keyword, whole, f"{before}. {keyword} .{after}") is (keyword.strip() != "" and keyword.split() != [])


@settings(max_examples=100, deadline=None)
@given(keyword=st.text("abc.* ", min_size=1, max_size=5), text=st.text("abc.* ", max_size=30))
def test_a_whole_word_is_what_a_regular_expression_says_it_is(keyword: str, text: str) -> None:
    keyword, text = " ".join(keyword.split()), " ".join(text.split())
    start = r"\b" if keyword[:1].isalnum() else ""
    end = r"\b" if keyword[-1:].isalnum() else ""
    expected = keyword != "" and re.search(start + re.escape(keyword) + end, text) is not None
    assert found(keyword, True, text) is expected


async def test_filters_are_loaded_with_words_and_statuses_until_they_expire(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana, bob = new_account(unit, "ana"), new_account(unit, "bob")
        await unit.session.flush()
        status = new_status(unit, bob, Visibility.PUBLIC)
        made = [
            Filter(id=unit.new_id(), account_id=account.id, title=title, contexts=["home"], action="hide",
                   expires_at=expires_at, created_at=unit.now, updated_at=unit.now)
            for account, title, expires_at in (
                (ana, "words", None),
                (ana, "empty", unit.now + timedelta(hours=1)),
                (ana, "over", unit.now - timedelta(seconds=1)),
                (bob, "somebody else's", None),
            )
        ]  # fmt: skip
        unit.session.add_all(made)
        await unit.session.flush()
        for one, word in ((made[0], "cat"), (made[0], "dog"), (made[2], "cat"), (made[3], "cat")):
            unit.session.add(FilterKeyword(id=unit.new_id(), filter_id=one.id, keyword=word, is_whole_word=True))
        unit.session.add(FilterStatus(id=unit.new_id(), filter_id=made[1].id, status_id=status.id))
        now = unit.now
    async with database.reading() as session:
        loaded = await load_filters(session, ana.id, now=now)
        assert [(one.title, [word.text for word in one.keywords], one.status_ids) for one in loaded] == [
            ("words", ["cat", "dog"], set()),
            ("empty", [], {status.id}),
        ]
        assert await load_filters(session, 12345, now=now) == []
