"""Emoji: what is one, and which custom ones a text names."""

import pytest

from content.emojis import find_shortcodes, is_emoji, is_shortcode


@pytest.mark.parametrize("text", ["👍", "❤️", "❤", "👩‍💻", "👍🏽", "🇪🇸", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👨‍👩‍👧‍👦", "🫠", "☕"])
def test_an_emoji_is_known_by_its_shape(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize(
    "text", ["", "a", "👍👍", "1", "#", "👍 ", ":party:", "<b>", "🇪", "\u200d", "👍" * 40, "\ufe0f"]
)
def test_other_text_is_none(text: str) -> None:
    assert not is_emoji(text)


def test_shortcodes_stand_apart() -> None:
    text = ":party: and :blob_cat:, but not a:b:, ::x:: or 12:30:15; (:party:) <p>:ana:</p> ñ:no:"
    assert find_shortcodes([text, ":last:"]) == ["party", "blob_cat", "ana", "last"]
    assert find_shortcodes([" ".join(f":e{number}:" for number in range(10, 300))])[-1] == "e109"


def test_names_of_custom_emoji() -> None:
    assert [is_shortcode(name) for name in ("ok", "Blob_2", "x", "a-b", "", "ñu", "x" * 65)] == [True, True] + [
        False
    ] * 5
