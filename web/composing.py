"""What the form for writing takes: a text within the limits, and one of the visibilities. The rest is `outbox`'s."""

from content.lengths import counted_length
from models.visibility import Visibility
from policy.limits import RAW_TEXT_CHARACTERS, STATUS_CHARACTERS

CHOICES = (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.PRIVATE, Visibility.DIRECT)


class TextRefused(Exception):
    """The text can't be published; `text` is a key of the texts."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def chosen_visibility(name: str) -> Visibility:
    """The visibility of a form; what can't be understood reaches the fewest people."""
    return Visibility(name) if name in CHOICES else Visibility.DIRECT


def check_text(text: str) -> str:
    """The text with line breaks as we keep them. Raises TextRefused when there is none or too much."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise TextRefused("compose_empty")
    if len(text) > RAW_TEXT_CHARACTERS or counted_length(text) > STATUS_CHARACTERS:
        raise TextRefused("compose_long")
    return text
