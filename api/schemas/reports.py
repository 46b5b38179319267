"""The contract of Report, and what a request to report may say."""

from marshmallow import fields, validate

from api.schemas.accounts import AccountEntity
from api.schemas.fields import (
    Args,
    Entity,
    Flag,
    Id,
    IdString,
    Text,
    Timestamp,
    ids,
    list_of,
    nested,
    nullable,
    one_of,
    required,
)

CATEGORIES = ("spam", "legal", "violation", "other")
COMMENT_CHARACTERS = 1_000


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


class ReportArgs(Args):
    """Whom, for which statuses, why, and whether their own office shall hear of it.

    `community` false: posts in a community are for the moderators of this office, not for those of the community.
    """

    account_id = Id(required=True)
    status_ids = ids(most=100, load_default=list)
    comment = Text(COMMENT_CHARACTERS, load_default="")
    forward = Flag(load_default=False)
    community = Flag(load_default=True)
    category = one_of(*CATEGORIES)
    rule_ids = ids(most=50, load_default=list)
