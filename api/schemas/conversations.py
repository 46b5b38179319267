"""Conversations (Mastodon 4.5 `Conversation`)."""

from marshmallow import fields

from api.schemas.accounts import AccountEntity
from api.schemas.fields import Entity, IdString, list_of, nested, required
from api.schemas.statuses import StatusEntity


class ConversationEntity(Entity):
    """Conversation; one without a last status is left out, because clients take its absence badly."""

    id = required(IdString)
    unread = required(fields.Boolean)
    accounts = list_of(AccountEntity)
    last_status = nested(StatusEntity)
