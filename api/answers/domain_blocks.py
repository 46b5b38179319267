"""What there is to know before a domain is blocked; not in Mastodon."""

from marshmallow import fields

from api.answers.fields import Entity, required


class DomainBlockPreviewEntity(Entity):
    """What a block would end."""

    following_count = required(fields.Integer)
    followers_count = required(fields.Integer)
