"""When two hashtags are the same: compatibility forms, case and accents don't matter. One form for every surface."""

import unicodedata
from functools import lru_cache

from content.entities import is_hashtag

# Letters that Unicode doesn't decompose although people type them without the stroke.
PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_LATIN_MARKS = range(0x0300, 0x0370)


@lru_cache(maxsize=2048)  # the same few are written all day
def normalise_hashtag(name: str) -> str:
    """The form under which a hashtag is stored and compared: NFKC, case-folded and without accents, without `#`.

    `Größe` → `grosse`, `Innovación` → `innovacion`, `＃ＡＢＣ` → `abc`. Marks that are letters of their script (Thai,
    Devanagari, kana) stay; the joiner that Persian writes within words doesn't count. Applied twice it changes nothing.
    Empty when the name is no hashtag.
    """
    name = unicodedata.normalize("NFKC", name[:1_000]).lstrip("#").casefold().replace("\u200c", "")
    decomposed = unicodedata.normalize("NFKD", name)
    bare = "".join(character for character in decomposed if ord(character) not in _LATIN_MARKS)
    name = unicodedata.normalize("NFKC", bare).translate(PLAIN_LETTERS)
    return name if is_hashtag(name) else ""
