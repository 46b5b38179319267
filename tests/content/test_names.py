"""Names are one line of visible text that leaves its surroundings alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.names import sanitize_name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("<b>Bob</b><script>", "Bob"),
        ("<img src=x onerror=alert(1)>Bob", "Bob"),
        ("<scr<b>ipt>alert(1)", "scriptalert(1)"),
        ("<!--x-->Bob", "Bob"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("\u2066\u2067Bob\u2069", "Bob"),
        ("a\x00\x07b\x1b[31m", "ab[31m"),
        ("line\none\r\n\ttwo\u2028three", "line one two three"),
        ("  Bob  ", "Bob"),
        ("ad\u200bmin\ufeff", "admin"),
        ("\u200b \u3164\u200f", ""),
        ("\u200d\ufe0f", ""),
        ("x\ud800y", "xy"),
        ("", ""),
    ],
)
def test_what_disturbs_is_taken_out(raw: str, name: str) -> None:
    assert sanitize_name(raw) == name


@pytest.mark.parametrize(
    "name",
    [
        "Ana García",
        "I <3 you > me",
        "Tom & Jerry",
        "مرحبا",
        "नमस्ते",
        "👨‍👩‍👧 family",
        "می‌خواهم",
        "a < b",
        "日本 太郎",
        "O'Neil",
    ],
)
def test_honest_name_is_left_as_it_is(name: str) -> None:
    assert sanitize_name(name) == name


def test_name_is_cut_to_its_length() -> None:
    assert sanitize_name("x" * 1_000_000) == "x" * 200
    assert sanitize_name("ab cd", 3) == "ab"


def test_letters_are_composed() -> None:
    assert sanitize_name("Garci\u0301a") == "García"


@given(st.text())
def test_result_is_one_clean_line(text: str) -> None:
    name = sanitize_name(text)
    assert name == name.strip()
    assert len(name.splitlines()) <= 1
    assert sanitize_name(name) == name
    assert not any("\ud800" <= character <= "\udfff" for character in name)


def test_unclosed_tags_cost_nothing() -> None:
    assert len(sanitize_name("<a " * 100_000, 100_000)) <= 100_000
