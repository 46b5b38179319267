"""Topics: how complete a hashtag is, and what stewards do about it."""

from marshmallow import fields

from api.schemas.admin import AdminTagEntity
from api.schemas.fields import Address, Args, Entity, PageArgs, Text, list_of, required


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


class AdminTagsArgs(PageArgs):
    """Hashtags, those that begin with `q` where it is given."""

    q = Text(200)


class MergeArgs(Args):
    """The hashtag that another is merged into, by its name."""

    into = Text(200, required=True)
