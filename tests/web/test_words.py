"""Texts, languages, times, paths and initials: what needs no server."""

import string
from datetime import UTC, datetime, timedelta

import pytest

from models.accounts import Account
from web.faces import HUES, hue, initials
from web.languages import accepted_language
from web.messages import used_keys
from web.paths import safe_path
from web.sign_in_limits import SignInLimits
from web.statics import Statics
from web.texts import LANGUAGES, Texts, read_catalogue
from web.times import long_time, short_time

NOW = datetime(2026, 11, 7, 9, 5, tzinfo=UTC)


def texts_of(language: str) -> dict[str, tuple[str, ...]]:
    """The texts of a catalogue by key: one, or as many as the language has plural forms."""
    found = {}
    for message in read_catalogue(language):
        if message.id:
            is_counted = not isinstance(message.id, str)
            key = message.id[0] if is_counted else str(message.id)
            found[key] = tuple(message.string) if is_counted else (str(message.string),)
    return found


def test_every_text_is_there_in_every_language_with_the_same_blanks() -> None:
    english, spanish = (texts_of(language) for language in LANGUAGES)
    assert list(spanish) == list(english)
    for key, texts in (*english.items(), *spanish.items()):
        assert all(text.strip() for text in texts), key
        blanks = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts]
        wanted = {name for _, name, _, _ in string.Formatter().parse(english[key][0]) if name}
        assert all(found == wanted for found in blanks), key


def test_templates_and_code_use_only_texts_that_are_there() -> None:
    known = texts_of("es")
    used = {key if isinstance(key, str) else key[0] for key in used_keys()}
    assert len(used) > 100
    assert used - set(known) == set()


def test_a_key_without_a_text_is_an_error() -> None:
    texts = Texts("es")
    assert "sign_in" in texts
    assert "no_such_key" not in texts
    for ask in (lambda: texts("no_such_key"), lambda: texts.count("no_such_key", 2)):
        with pytest.raises(KeyError):
            ask()


def test_counts_have_a_singular_and_a_plural() -> None:
    texts = Texts("en")
    assert [texts.count("replies", n) for n in (0, 1, 2, 12345)] == [
        "0 replies",
        "1 reply",
        "2 replies",
        "12,345 replies",
    ]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"), ("", "en"), ("es", "es"), ("es-MX,es;q=0.9", "es"), ("pt,es;q=0.5", "es"),
        ("en;q=0.4,es;q=0.5", "es"),
        ("es;q=0,en", "en"), ("es;q=x", "en"), ("*", "en"), ("ES_es", "es"), ("," * 5000, "en"), ("es;q=-1", "en"),
    ],
)  # fmt: skip
def test_the_language_of_a_browser(header: str | None, language: str) -> None:
    assert accepted_language(header) == language


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=5), "now"), (timedelta(minutes=5), "5 min"), (timedelta(hours=23), "23 h"),
        (timedelta(days=6, hours=23), "6 d"), (timedelta(days=8), "30 Oct 2026"), (timedelta(seconds=-30), "now"),
        (timedelta(hours=-2), "7 Nov 2026, 11:05 UTC"),
    ],
)  # fmt: skip
def test_how_long_ago(ago: timedelta, shown: str) -> None:
    assert short_time(NOW - ago, NOW, Texts("en")) == shown
    assert long_time(NOW, Texts("es")) == "7 nov 2026, 09:05 UTC"


@pytest.mark.parametrize("path", ["/", "/@ana", "/@ana@lisbon.test:80?max_id=1#s1", "/tags/caf%C3%A9", "/a:b"])
def test_paths_of_ours(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    [None, "", "x", "//x", "///x", "/\\x", "\\/x", "/\r\nx", "/\tx", " /x", "/é", "http:/x", "/" + "x" * 8000],
)
def test_everything_else_leads_home(path: str | None) -> None:
    assert safe_path(path) == "/"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana García", "AG"),
        ("Ana María de la O", "AO"),
        ("ana", "A"),
        ("", "J"),
        ("🎉", "J"),
        ("王 小明", "王小"),
        ("~ x", "X"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    account = Account(username="joao", display_name=name, uri="https://lisbon.test/1")
    assert initials(account) == letters
    assert 0 <= hue(account) < HUES


def test_one_subscriber_has_one_limit_whatever_the_last_half_of_the_address() -> None:
    limits = SignInLimits(is_on=True)
    waits = [limits.seconds_to_wait(f"2001:db8::{number:x}", f"name{number}", NOW) for number in range(61)]
    assert waits[:60] == [None] * 60
    assert waits[60]
    assert limits.seconds_to_wait("2001:db8:0:1::1", "other", NOW) is None
    assert limits.seconds_to_wait(None, "other", NOW) is None


def test_addresses_of_files_change_with_their_content() -> None:
    statics = Statics()
    assert statics.url("tertulia.css").startswith("/static/")
    assert statics.url("tertulia.css").endswith("/tertulia.css")
