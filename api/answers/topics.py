"""Topics: how complete a hashtag is."""

from marshmallow import fields

from api.answers.admin import AdminTagEntity
from api.answers.fields import Address, Entity, list_of, required


class OfficeShareEntity(Entity):
    """One office: `since` is null where it sends what it writes to somebody here by chance only."""

    domain = required(fields.String)
    since = fields.String(required=True, allow_none=True)
    complete = required(fields.Boolean)
    posts = required(fields.Integer)


class TopicEntity(Entity):
    """A hashtag over all offices."""

    name = required(fields.String)
    url = required(Address)
    canonical = required(fields.String)
    synonyms = fields.List(fields.String(), required=True)
    kept = required(fields.Boolean)
    offices = list_of(OfficeShareEntity)


class StewardedTagEntity(AdminTagEntity):
    """Admin::Tag; `canonical` is the hashtag that it was merged into, `kept` whether the office keeps the archives."""

    canonical = fields.String(required=True, allow_none=True)
    kept = required(fields.Boolean)
    following = fields.Boolean(required=True)
    featuring = fields.Boolean(required=True)
