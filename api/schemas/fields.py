"""The words that requests are described in, for marshmallow.

`Args` are lenient in form (`"true"`, `1`, `id[]=1`, empty strings as absent) and strict in content.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

MAX_ID: Final = 2**63 - 1
TRUE: Final = frozenset({"1", "true", "t", "on", "yes", "y"})
FALSE: Final = frozenset({"0", "false", "f", "off", "no", "n"})


_NUMBER_IN_TEXT: Final = {"type": "string", "pattern": "^-?[0-9]{1,18}$"}


class Args(Schema):
    """What a request may say. What isn't known is ignored; null and, unless kept, empty strings count as absent."""

    KEEPS_EMPTY: frozenset[str] = frozenset()
    KEEPS_NULL: frozenset[str] = frozenset()

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def leave_out_nothing(self, data: Any, **_: Any) -> Any:
        """Clients send `"poll": null`, `in_reply_to_id=` and the like for what they don't want."""
        if not isinstance(data, Mapping):
            return data
        return {
            name: value
            for name, value in data.items()
            if (value is not None or name in self.KEEPS_NULL) and (value != "" or name in self.KEEPS_EMPTY)
        }


class Flag(fields.Field[bool]):
    """A boolean in any of the forms that clients use."""

    json_schema: Final = {"anyOf": [{"type": "boolean"}, {"enum": [0, 1, *sorted(TRUE | FALSE)]}]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        word = str(value).lower() if isinstance(value, bool | int | str) else ""
        if word in TRUE or word in FALSE:
            return word in TRUE
        raise ValidationError("is not true or false")


class Id(fields.Field[int]):
    """An id as clients have it: a decimal string, or a number."""

    json_schema: Final = {
        "anyOf": [{"type": "string", "pattern": "^[0-9]{1,18}$"}, {"type": "integer", "minimum": 0, "maximum": MAX_ID}]
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > MAX_ID:
            raise ValidationError("is not an id")
        return int(text)


class Several(fields.List[Any]):
    """A list, which clients also send as one value or as `{"0": …, "1": …}`. At most `most` items."""

    def __init__(self, inner: fields.Field[Any], *, most: int = 100, **kwargs: Any) -> None:
        super().__init__(inner, validate=validate.Length(max=most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, Mapping) and value and all(str(key).isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=lambda key: (len(str(key)), str(key)))]
        elif not isinstance(value, list):
            value = [value]
        return super()._deserialize(value, attr, data, **kwargs)


class Upload(fields.Raw):
    """A file of a multipart form; what came instead of one is the handler's to refuse."""

    json_schema: Final = {"type": "string", "format": "binary"}


def ids(most: int = 100, **kwargs: Any) -> Several:
    """`id[]=1&id[]=2`, `id=1`, `[1, "2"]`."""
    return Several(Id(), most=most, **kwargs)


class Text(fields.String):
    """Text of at most `most` characters."""

    def __init__(self, most: int = 500, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(max=most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Whole(fields.Field[int]):
    """A whole number; one outside the range is moved to its nearest end, as Mastodon does with limits."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most
        self.json_schema: Final = {
            "anyOf": [{"type": "integer", "minimum": least, "maximum": most}, _NUMBER_IN_TEXT],
            "description": f"From {least} to {most}; what is outside is moved to the nearest end.",
        }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
            raise ValidationError("is not a whole number")
        return min(max(int(text), self.least), self.most)


def one_of(*words: str, **kwargs: Any) -> fields.String:
    """One of these words."""
    return fields.String(validate=validate.OneOf(words), **kwargs)


class PageArgs(Args):
    """A page of statuses or the like: 20 by default, 40 at most."""

    limit = Whole(1, 40, load_default=20)
    max_id = Id()
    since_id = Id()
    min_id = Id()


class AccountPageArgs(PageArgs):
    """A page of accounts: 40 by default, 80 at most."""

    limit = Whole(1, 80, load_default=40)
