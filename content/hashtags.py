"""When two hashtags are the same: compatibility forms and case don't matter, accents do (until one asks)."""

import unicodedata

from content.entities import is_hashtag

# Letters that Unicode doesn't decompose although people type them without the stroke.
PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_LATIN_MARKS = range(0x0300, 0x0370)


def normalise_hashtag(name: str) -> str:
    """The form under which a hashtag is stored and compared: NFKC and case-folded, without `#`.

    `Größe` → `grösse`, `＃ＡＢＣ` → `abc`. Empty when the name is no hashtag.
    """
    name = unicodedata.normalize("NFKC", name[:1_000]).lstrip("#").casefold()
    name = unicodedata.normalize("NFKC", name)
    return name if is_hashtag(name) else ""


def fold_hashtag(name: str) -> str:
    """The normal form without accents, for search: `innovación` and `innovacion` meet. Marks of other scripts stay."""
    decomposed = unicodedata.normalize("NFD", normalise_hashtag(name))
    folded = "".join(character for character in decomposed if ord(character) not in _LATIN_MARKS)
    return unicodedata.normalize("NFC", folded).translate(PLAIN_LETTERS)
