"""What trends: hashtags and links with their use in the last week (Mastodon 4.5 `Tag`, `Trends::Link`)."""

from marshmallow import fields, validate

from api.answers.fields import Address, Entity, IdString, required
from api.answers.statuses import CardEntity


class DayOfUseEntity(Entity):
    """history[]: a day (seconds since 1970) and how much, as strings."""

    day = required(fields.String, validate=validate.Regexp(r"^\d+\Z"))
    uses = required(fields.String, validate=validate.Regexp(r"^\d+\Z"))
    accounts = required(fields.String, validate=validate.Regexp(r"^\d+\Z"))


def history() -> fields.List:  # type: ignore[type-arg]
    """The last seven days, newest first."""
    return fields.List(fields.Nested(DayOfUseEntity), required=True, validate=validate.Length(equal=7))


class TrendTagEntity(Entity):
    """Tag; `following` and `featuring` are there for a viewer."""

    id = required(IdString)
    name = required(fields.String)
    url = required(Address)
    history = history()
    following = fields.Boolean()
    featuring = fields.Boolean()


class TrendLinkEntity(CardEntity):
    """Trends::Link."""

    history = history()
