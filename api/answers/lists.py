"""Lists (Mastodon 4.5 `List`)."""

from marshmallow import fields

from api.answers.fields import Entity, IdString, required
from api.schemas.fields import one_of
from social.lists import REPLIES_POLICIES


class ListEntity(Entity):
    """List."""

    id = required(IdString)
    title = required(fields.String)
    replies_policy = one_of(*REPLIES_POLICIES, required=True)
    exclusive = required(fields.Boolean)
