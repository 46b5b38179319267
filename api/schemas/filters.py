"""What requests say about filters, version 2 and 1."""

from typing import Any, Final

from marshmallow import ValidationError, fields, validate

from api.schemas.fields import Args, Flag, Id, Several, Text
from policy.filters import ACTIONS, CONTEXTS
from policy.limits import FILTER_KEYWORD_CHARACTERS, FILTER_KEYWORDS, TITLE_CHARACTERS

MOST_SECONDS: Final = 100 * 365 * 24 * 3600


class Seconds(fields.Field[int | None]):
    """After how many seconds something ends; null, an empty string and 0 mean never."""

    json_schema: Final = {
        "anyOf": [
            {"type": "integer", "minimum": -MOST_SECONDS, "maximum": MOST_SECONDS},
            {"type": "string", "pattern": "^[0-9]{0,17}$"},
            {"type": "null"},
        ]
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else "-"
        if not text.removeprefix("-").isascii() or not (text or "0").removeprefix("-").isdigit() or len(text) > 18:
            raise ValidationError("is not a number of seconds")
        return max(-MOST_SECONDS, min(int(text or 0), MOST_SECONDS)) or None


class KeywordArgs(Args):
    """A keyword: a new one, or, with `id`, what becomes of one that is there."""

    id = Id()
    keyword = Text(FILTER_KEYWORD_CHARACTERS)
    whole_word = Flag()
    destroy = Flag(data_key="_destroy", load_default=False)


class FilterChangeArgs(Args):
    """What of a filter may be changed; `expires_in` counts when it is there at all, even if it is empty."""

    KEEPS_EMPTY = frozenset({"expires_in"})
    KEEPS_NULL = frozenset({"expires_in"})

    title = Text(TITLE_CHARACTERS)
    context = Several(fields.String(validate=validate.OneOf(CONTEXTS)), most=len(CONTEXTS))
    filter_action = fields.String(validate=validate.OneOf(ACTIONS))
    expires_in = Seconds(allow_none=True)
    keywords_attributes = Several(fields.Nested(KeywordArgs), most=2 * FILTER_KEYWORDS)


class FilterArgs(FilterChangeArgs):
    """A new filter."""

    title = Text(TITLE_CHARACTERS, required=True)
    context = Several(fields.String(validate=validate.OneOf(CONTEXTS)), most=len(CONTEXTS), required=True)


class FilterStatusArgs(Args):
    """The status that a filter shall catch."""

    status_id = Id(required=True)


class FilterV1Args(Args):
    """A filter of version 1: one phrase."""

    KEEPS_EMPTY = frozenset({"expires_in"})
    KEEPS_NULL = frozenset({"expires_in"})

    phrase = Text(TITLE_CHARACTERS, required=True)
    context = Several(fields.String(validate=validate.OneOf(CONTEXTS)), most=len(CONTEXTS), required=True)
    irreversible = Flag()
    whole_word = Flag()
    expires_in = Seconds(allow_none=True)


class FilterV1ChangeArgs(FilterV1Args):
    """What of it may be changed."""

    phrase = Text(TITLE_CHARACTERS)
    context = Several(fields.String(validate=validate.OneOf(CONTEXTS)), most=len(CONTEXTS))
