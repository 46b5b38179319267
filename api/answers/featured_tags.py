"""Featured hashtags (Mastodon 4.5 `FeaturedTag`)."""

from marshmallow import fields, validate

from api.answers.fields import Address, DateString, Entity, IdString, nullable, required


class FeaturedTagEntity(Entity):
    """FeaturedTag; the count is a string."""

    id = required(IdString)
    name = required(fields.String)
    url = required(Address)
    statuses_count = required(fields.String, validate=validate.Regexp(r"^\d+\Z"))
    last_status_at = nullable(DateString)
