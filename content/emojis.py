"""Emoji in what people write: what is one, and which custom ones (`:shortcode:`) a text names. Pure; nothing fails.

An emoji is told by its shape (Unicode Technical Standard 51: pictographs, joined or toned, flags, keycaps), not by a
list of names, so that those of next year are known too.
"""

import re
from collections.abc import Iterable
from typing import Final

MAX_SHORTCODES: Final = 100

_PICTOGRAPH: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030"
    "\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f201-\U0001f251\U0001f300-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f7e0-\U0001f7f0\U0001f900-\U0001faff]"
)
_TONED: Final = f"{_PICTOGRAPH}(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
_EMOJI: Final = re.compile(
    f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|\U0001f3f4[\U000e0020-\U000e007e]{{2,6}}\U000e007f"
    f"|{_TONED}(?:\u200d{_TONED}){{0,8}}"
)
_SHORTCODE: Final = re.compile(r"[a-zA-Z0-9_]{2,64}", re.ASCII)
_NAMED: Final = re.compile(r"(?<![^\W_]|:):([a-zA-Z0-9_]{2,64}):(?![^\W_]|:)")


def is_emoji(text: str) -> bool:
    """Whether the text is one emoji and nothing else."""
    return len(text) <= 32 and _EMOJI.fullmatch(text) is not None


def is_shortcode(text: str) -> bool:
    """Whether a custom emoji may be called so: 2 to 64 letters of ASCII, digits and underscores."""
    return _SHORTCODE.fullmatch(text) is not None


def find_shortcodes(texts: Iterable[str]) -> list[str]:
    """The `:shortcodes:` that the texts name, each once and without colons, in order; at most `MAX_SHORTCODES`."""
    found = (match[1] for text in texts for match in _NAMED.finditer(text))
    return list(dict.fromkeys(found))[:MAX_SHORTCODES]
