"""Text as the words that a search compares: one folding for what is written and for what is looked for.

Promises that a text and a query that mean the same letters become the same tokens on both databases: compatibility
forms and case are folded, accents of Latin letters are gone, everything that is no letter, digit or mark is a blank,
and the characters of scripts that don't separate words stand alone (a query for several of them is a phrase). What
comes out has no character that means anything to a full-text engine. Any string has a result.
"""

import unicodedata
from typing import Final

from content.hashtags import PLAIN_LETTERS

_LATIN_MARKS: Final = range(0x0300, 0x0370)
# Scripts written without blanks: hiragana and katakana, Han with its extensions, compatibility ideographs.
_UNSPACED: Final = (range(0x3041, 0x3100), range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00),
                    range(0x20000, 0x32000))  # fmt: skip


class _Characters(dict[int, str]):
    """What becomes of each character; filled as characters are met, of which there are few thousand in use."""

    def __init__(self, *, has_accents: bool) -> None:
        super().__init__()
        self._has_accents = has_accents

    def __missing__(self, code: int) -> str:
        self[code] = found = self._become(code)
        return found

    def _become(self, code: int) -> str:
        character = chr(code)
        if code in _LATIN_MARKS:
            return character if self._has_accents else ""
        if any(code in script for script in _UNSPACED):
            return f" {character} "
        if unicodedata.category(character)[0] not in "LNM":
            return " "
        return character if self._has_accents else PLAIN_LETTERS.get(code, character)


_PLAIN, _FOLDED = _Characters(has_accents=True), _Characters(has_accents=False)


def plain_words(text: str) -> str:
    """Lower-case words separated by single blanks, with their accents: what a stemmer wants."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().translate(_PLAIN).split())


def folded_words(text: str) -> str:
    """The same without accents: `¡La Innovación!` → `la innovacion`, `Größe` → `grosse`."""
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(unicodedata.normalize("NFC", decomposed.translate(_FOLDED)).split())
