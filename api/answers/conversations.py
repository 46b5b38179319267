"""Conversations (Mastodon 4.5 `Conversation`)."""

from marshmallow import fields

from api.answers.accounts import AccountEntity
from api.answers.fields import Entity, IdString, list_of, nested, required
from api.answers.statuses import StatusEntity


class ConversationEntity(Entity):
    """Conversation; one without a last status is left out, because clients take its absence badly."""

    id = required(IdString)
    unread = required(fields.Boolean)
    accounts = list_of(AccountEntity)
    last_status = nested(StatusEntity)
