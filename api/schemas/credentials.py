"""What a request may change of one's own account."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, fields

from api.schemas.fields import Args, Flag, Several, Text, Upload, one_of
from policy.limits import (
    ATTRIBUTION_DOMAINS,
    DISPLAY_NAME_CHARACTERS,
    NOTE_CHARACTERS,
    PROFILE_FIELD_CHARACTERS,
    PROFILE_FIELDS,
)

DESCRIPTION_CHARACTERS = 1_500


_TEXT: Final = {"type": ["string", "integer", "null"], "maxLength": PROFILE_FIELD_CHARACTERS}
_ROW: Final = {"type": "object", "properties": {"name": _TEXT, "value": _TEXT}}


class ProfileFields(fields.Field[list[tuple[str, str]]]):
    """The table of a profile: `[{"name", "value"}]`, or the same by index, as forms send it; no empty rows."""

    json_schema: Final = {
        "anyOf": [
            {"type": "array", "items": _ROW},
            {"type": "object", "additionalProperties": _ROW},
        ]
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[tuple[str, str]]:
        if isinstance(value, Mapping):
            value = [value[key] for key in sorted(value, key=lambda key: (len(str(key)), str(key)))]
        if value == "":
            value = []
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            raise ValidationError("has to be a list of rows with a name and a value")
        rows = [(_line(row.get("name")), _line(row.get("value"))) for row in value]
        rows = [row for row in rows if any(row)]
        if len(rows) > PROFILE_FIELDS:
            raise ValidationError(f"may have {PROFILE_FIELDS} rows at most")
        if any(len(text) > PROFILE_FIELD_CHARACTERS for row in rows for text in row):
            raise ValidationError(f"names and values may have {PROFILE_FIELD_CHARACTERS} characters at most")
        if any(not name for name, _ in rows):
            raise ValidationError("every row with a value has to have a name")
        return rows


def _line(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValidationError("names and values have to be text")
    return " ".join(str(value).split())


class SourceArgs(Args):
    """How one posts when one doesn't say otherwise."""

    KEEPS_EMPTY = frozenset({"language"})

    privacy = one_of("public", "unlisted", "private", "direct")
    local_only = Flag()
    sensitive = Flag()
    language = Text(35)
    quote_policy = one_of("public", "followers", "nobody")


class CredentialsArgs(Args):
    """What may be changed; what isn't named stays. Pictures are files of a multipart form."""

    KEEPS_EMPTY = frozenset(
        ("display_name", "note", "fields_attributes", "attribution_domains", "avatar_description", "header_description")
    )

    display_name = Text(DISPLAY_NAME_CHARACTERS)
    note = Text(NOTE_CHARACTERS)
    avatar = Upload()
    header = Upload()
    avatar_description = Text(DESCRIPTION_CHARACTERS)
    header_description = Text(DESCRIPTION_CHARACTERS)
    locked = Flag()
    bot = Flag()
    discoverable = Flag()
    indexable = Flag()
    hide_collections = Flag()
    fields_attributes = ProfileFields()
    source = fields.Nested(SourceArgs)
    attribution_domains = Several(Text(255), most=ATTRIBUTION_DOMAINS)
