"""How long a post is, counted as Mastodon counts: by what a reader sees as one character.

A link counts as 23 whatever its length, a mention without the domain, and a cluster of code points that is drawn as
one (a letter with its marks, a family of emoji, a flag) as one. Clients count the same way before they send, so that
what they let through is not refused here. Pure; linear; nothing fails.
"""

import unicodedata
from typing import Final

from content.compose import PLAIN, text_parts
from content.entities import EntityKind, scan

LINK_CHARACTERS: Final = 23

_JOINER: Final = "\u200d"
_EXTENDING: Final = frozenset({"Mn", "Me", "Mc"})
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)
_TAGS: Final = range(0xE0020, 0xE0080)


def counted_length(text: str, content_type: str = PLAIN) -> int:
    """The length of a text with its links and mentions shortened; Markdown counts with its marks, as it is typed."""
    return visible_length(text) - sum(_saved(part) for part in text_parts(text, content_type))


def _saved(text: str) -> int:
    """By how much links and mentions count less than they are long."""
    saved = 0
    for entity in scan(text):
        written = text[entity.start : entity.end]
        if entity.kind is EntityKind.LINK:
            saved += visible_length(written) - LINK_CHARACTERS
        elif entity.kind is EntityKind.MENTION:
            saved += len(written) - len("@" + entity.value.partition("@")[0])
    return saved


def visible_length(text: str) -> int:
    """The number of clusters that are drawn as one, near enough to Unicode's extended grapheme clusters."""
    if text.isascii():
        return len(text)
    length = 0
    is_joined = is_half_flag = False
    for character in text:
        number = ord(character)
        is_flag_letter = number in _FLAG_LETTERS
        continues = (
            is_joined or character == _JOINER or _extends(character, number) or (is_flag_letter and is_half_flag)
        )
        length += not continues or length == 0
        is_half_flag = is_flag_letter and not is_half_flag
        is_joined = character == _JOINER
    return length


def _extends(character: str, number: int) -> bool:
    return number >= 0x300 and (
        number in _SKIN_TONES or number in _TAGS or unicodedata.category(character) in _EXTENDING
    )
