"""Featured hashtags (Mastodon 4.5 `FeaturedTag`) and what requests say about them."""

from marshmallow import fields, validate

from api.schemas.fields import Address, Args, DateString, Entity, IdString, Text, nullable, required


class FeaturedTagArgs(Args):
    """The hashtag to feature, with or without `#`."""

    name = Text(200, required=True)


class FeaturedTagEntity(Entity):
    """FeaturedTag; the count is a string."""

    id = required(IdString)
    name = required(fields.String)
    url = required(Address)
    statuses_count = required(fields.String, validate=validate.Regexp(r"^\d+\Z"))
    last_status_at = nullable(DateString)
