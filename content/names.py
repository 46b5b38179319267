"""Names that strangers give to people and things, made fit for one line of plain text.

Display names, usernames and titles are text, not HTML; whoever shows them escapes them. What is taken out here are
characters that change how the text *around* them is read, and markup that some servers send anyway.
"""

import re
import unicodedata

MAX_NAME_CHARACTERS = 200

_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_WHITE = re.compile(r"\s+")
# C0 and C1 controls, bidirectional embeddings, overrides and isolates, zero-width characters that join nothing,
# interlinear annotation, and lone surrogates, which no database takes.
_REMOVED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff]"
)
_INVISIBLE = frozenset("\u115f\u1160\u200c\u200d\u200e\u200f\u2800\u3164\uffa0\ufe0e\ufe0f")


def sanitize_name(text: str, max_characters: int = MAX_NAME_CHARACTERS) -> str:
    """One line of visible text, NFC, at most `max_characters` long; empty when nothing visible is left."""
    text = _without_tags(text[: max_characters * 20])
    text = unicodedata.normalize("NFC", _REMOVED.sub("", text))
    text = _WHITE.sub(" ", text).strip()[:max_characters].strip()
    return "" if all(character in _INVISIBLE or character == " " for character in text) else text


def _without_tags(text: str) -> str:
    stripped = _TAG.sub("", text)
    if stripped is text or not _TAG.search(stripped):
        return stripped
    # Taking tags out made new ones: that was no accident.
    return stripped.replace("<", "").replace(">", "")
