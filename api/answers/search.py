"""What a search finds (Mastodon 4.5 `Search`)."""

from marshmallow import fields

from api.answers.accounts import AccountEntity
from api.answers.fields import Entity, list_of
from api.answers.statuses import StatusEntity
from api.answers.trends import TrendTagEntity


class SearchEntity(Entity):
    """What was found; all three lists are always there."""

    accounts = list_of(AccountEntity)
    statuses = list_of(StatusEntity)
    hashtags = list_of(TrendTagEntity)


class SearchV1Entity(Entity):
    """The same for older apps: hashtags are only their names."""

    accounts = list_of(AccountEntity)
    statuses = list_of(StatusEntity)
    hashtags = list_of(fields.String())
