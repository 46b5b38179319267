"""The words that entities are described in, for marshmallow.

`Entity` is strict altogether: `unknown=RAISE`, so that an entity that grew or lost a field fails its test.
"""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

_TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Entity(Schema):
    """What an answer holds: every key, and no other."""

    class Meta:
        unknown = RAISE


class IdString(fields.String):
    """An id: a non-empty decimal string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(r"^[0-9]{1,19}$"), **kwargs)


class Timestamp(fields.String):
    """`2026-11-23T16:05:06.123Z`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(_TIMESTAMP), **kwargs)


class DateString(fields.String):
    """`2026-11-23`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(_DATE), **kwargs)


class Address(fields.String):
    """An absolute URL that is not empty. No validator of the net's grammar: peers' addresses are as they are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(r"^[A-Za-z][A-Za-z0-9+.-]*:"), **kwargs)


def nullable(field: type[fields.Field[Any]], **kwargs: Any) -> fields.Field[Any]:
    """A field that is always there and may be null."""
    return field(required=True, allow_none=True, **kwargs)


def required(field: type[fields.Field[Any]], **kwargs: Any) -> fields.Field[Any]:
    """A field that is always there and never null."""
    return field(required=True, **kwargs)


def list_of(schema: type[Entity] | fields.Field[Any], **kwargs: Any) -> fields.List[Any]:
    """A list that is always there, of entities or of plain values."""
    inner = schema if isinstance(schema, fields.Field) else fields.Nested(schema)
    return fields.List(inner, required=True, **kwargs)


def nested(schema: Any, **kwargs: Any) -> fields.Nested:
    """An entity inside another; give a callable for one that holds itself."""
    return fields.Nested(schema, **{"required": True, **kwargs})
