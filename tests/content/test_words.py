"""What is written and what is looked for become the same words."""

import pytest

from content.words import folded_words, plain_words


@pytest.mark.parametrize(
    ("text", "plain", "folded"),
    [
        ("¡La  Innovación!", "la innovación", "la innovacion"),
        ("Größe, GROẞ", "größe groß", "grosse gross"),
        ("São-Paulo/œuvre", "são paulo œuvre", "sao paulo oeuvre"),
        ("ﬁn ＡＢＣ e\u0301", "fin abc é", "fin abc e"),
        ("हिन्दी में", "हिन्दी में", "हिन्दी में"),
        ("東京 office", "東 京 office", "東 京 office"),
        ('"=a1" OR x:* \0', "a1 or x", "a1 or x"),
        ("\ud800 ok", "ok", "ok"),
        ("", "", ""),
    ],
)
def test_words(text: str, plain: str, folded: str) -> None:
    assert (plain_words(text), folded_words(text)) == (plain, folded)
