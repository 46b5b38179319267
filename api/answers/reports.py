"""Report (Mastodon 4.5)."""

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity
from api.answers.fields import Entity, IdString, Timestamp, list_of, nested, nullable, required
from api.schemas.reports import CATEGORIES


class ReportEntity(Entity):
    """Report, as whoever reported gets it."""

    id = required(IdString)
    action_taken = required(fields.Boolean)
    action_taken_at = nullable(Timestamp)
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    comment = required(fields.String)
    forwarded = required(fields.Boolean)
    created_at = required(Timestamp)
    status_ids = list_of(IdString())
    rule_ids = list_of(fields.String())
    collection_ids = list_of(fields.String())
    target_account = nested(AccountEntity)
