"""What the form for writing takes: a text within the limits, and one of the audiences. The rest is `outbox`'s."""

from typing import Final

from content.lengths import counted_length
from models.visibility import Visibility
from policy.limits import RAW_TEXT_CHARACTERS, STATUS_CHARACTERS

# What is for the office alone is public there.
OFFICE: Final = "office"
CHOICES: Final = (Visibility.PUBLIC, OFFICE, Visibility.UNLISTED, Visibility.PRIVATE, Visibility.DIRECT)


class TextRefused(Exception):
    """The text can't be published; `text` is a key of the texts."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def chosen_audience(name: str) -> tuple[Visibility, bool]:
    """The visibility of a form, and whether it is for the office alone; what can't be understood reaches the fewest."""
    if name == OFFICE:
        return Visibility.PUBLIC, True
    return (Visibility(name) if name in CHOICES else Visibility.DIRECT), False


def audience_name(visibility: str, *, is_local_only: bool) -> str:
    """The choice of the form for an audience; of what stays in the office and is for fewer there, those fewer."""
    return OFFICE if is_local_only and Visibility(visibility).is_public else visibility


def check_text(text: str) -> str:
    """The text with line breaks as we keep them. Raises TextRefused when there is none or too much."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise TextRefused("compose_empty")
    if len(text) > RAW_TEXT_CHARACTERS or counted_length(text) > STATUS_CHARACTERS:
        raise TextRefused("compose_long")
    return text
