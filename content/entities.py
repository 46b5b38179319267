"""Links, mentions and hashtags in text that people write, found where Mastodon finds them.

Owns the grammar of the three. Promises one left-to-right pass in linear time whatever the text: every repetition is
either consumed for good or bounded. Of two entities that overlap the first one counts, so a `#` or an `@` inside a
link is part of the link. Pure; nothing fails.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from models.values import dataclass

MAX_HASHTAG_CHARACTERS = 100
MAX_LINK_CHARACTERS = 2_000


class EntityKind(StrEnum):
    LINK = "link"
    MENTION = "mention"
    HASHTAG = "hashtag"


@dataclass(frozen=True, slots=True)
class Entity:
    """`text[start:end]` is one entity; `value` is the URL, `name` or `name@host`, or the hashtag without `#`."""

    kind: EntityKind
    start: int
    end: int
    value: str


# The classes before the entities keep e-mail addresses, paths and HTML references out. A host has dots or not, may be
# an address, and may have a port: offices on one machine are told apart by it.
_HOST = r"(?:\[[0-9a-fA-F:.]{2,45}\]|\w+(?:-+\w+)*(?:\.\w+(?:-+\w+)*)*)(?::[0-9]{1,5}(?![0-9]))?"
_TRIGGER = re.compile(
    r"(?<![\w@#$/.])(?P<link>(?i:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://[^\s<>\"「」\x00-\x1f\x7f]+"
    r"|(?i:xmpp:[^\s<>\"@]{1,256}@|magnet:\?)[^\s<>\"「」\x00-\x1f\x7f]+)"
    rf"|(?<![=/\w])@(?P<mention>[a-zA-Z0-9_]+(?:[.-]+[a-zA-Z0-9_]+)*(?:@{_HOST})?)"
    r"|(?<![=/)\w&])[#＃](?P<hashtag>)"
)
# Without one of these there is no entity, which tells twenty times as fast.
_MARK = re.compile(r"[@#＃:]")
_LINK_HOST = re.compile(
    r"(?i)https?://(?:\[[0-9a-f:.]+\]|localhost|[^/?#:\s]+\.[^/?#:\s.]+)\.?(?::[0-9]{1,5})?(?:[/?#]|$)"
)
_NEVER_LAST = frozenset(".,;:!?'\"*$%~|@[、。！？…」』")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_SEPARATORS = frozenset("·・")
_COMBINING = frozenset({"Mn", "Mc"})


def scan(text: str) -> Iterator[Entity]:
    """Every entity, from left to right."""
    if _MARK.search(text) is None:
        return
    position = 0
    while (found := _TRIGGER.search(text, position)) is not None:
        entity = _entity(text, found)
        if entity is not None:
            yield entity
            position = entity.end
        else:
            position = found.end()


def _entity(text: str, found: re.Match[str]) -> Entity | None:
    kind = found.lastgroup
    if kind == EntityKind.MENTION:
        return Entity(EntityKind.MENTION, found.start(), found.end(), found["mention"])
    if kind == EntityKind.LINK:
        url = _without_punctuation(found["link"])
        return Entity(EntityKind.LINK, found.start(), found.start() + len(url), url) if _is_link(url) else None
    name = _hashtag_at(text, found.end())
    return Entity(EntityKind.HASHTAG, found.start(), found.end() + len(name), name) if is_hashtag(name) else None


def _is_link(url: str) -> bool:
    if len(url) > MAX_LINK_CHARACTERS:
        return False
    return url[:4].lower() != "http" or _LINK_HOST.match(url) is not None


def _without_punctuation(url: str) -> str:
    """What closes the sentence or the bracket around a link is not part of it."""
    surplus = {bracket: url.count(bracket) - url.count(opening) for bracket, opening in _BRACKETS.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _NEVER_LAST:
            break
        end -= 1
    return url[:end]


def _hashtag_at(text: str, start: int) -> str:
    end = start
    while end < len(text) and _is_hashtag_character(text[end]):
        end += 1
    while end > start and text[end - 1] in _SEPARATORS:
        end -= 1
    return text[start:end]


def _is_hashtag_character(character: str) -> bool:
    # str.isalnum leaves out combining marks, without which Hindi, Thai or decomposed Spanish fall apart.
    return (
        character.isalnum()
        or character == "_"
        or character in _SEPARATORS
        or unicodedata.category(character) in _COMBINING
    )


def is_hashtag(name: str) -> bool:
    """Whether this is a hashtag's name: letters, digits and `_`, not digits alone, within the length."""
    return (
        0 < len(name) <= MAX_HASHTAG_CHARACTERS
        and all(_is_hashtag_character(character) for character in name)
        and any(character.isalnum() for character in name)
        and not all(character.isnumeric() for character in name)
    )
