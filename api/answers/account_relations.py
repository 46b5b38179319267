"""What is between accounts: Relationship, FamiliarFollowers, Suggestion."""

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity
from api.answers.fields import Entity, IdString, Timestamp, list_of, nested, nullable, required


class RelationshipEntity(Entity):
    """What is between the viewer and an account."""

    id = required(IdString)
    following = required(fields.Boolean)
    showing_reblogs = required(fields.Boolean)
    notifying = required(fields.Boolean)
    languages = nullable(fields.List, cls_or_instance=fields.String())
    followed_by = required(fields.Boolean)
    blocking = required(fields.Boolean)
    blocked_by = required(fields.Boolean)
    muting = required(fields.Boolean)
    muting_notifications = required(fields.Boolean)
    muting_expires_at = nullable(Timestamp)
    requested = required(fields.Boolean)
    requested_by = required(fields.Boolean)
    domain_blocking = required(fields.Boolean)
    endorsed = required(fields.Boolean)
    note = required(fields.String)


class FamiliarFollowersEntity(Entity):
    """Whom the viewer follows among the followers of an account."""

    id = required(IdString)
    accounts = list_of(AccountEntity)


class SuggestionEntity(Entity):
    """An account that the viewer might want to follow, and why."""

    source = fields.String(required=True, validate=validate.OneOf(("staff", "past_interactions", "global")))
    sources = list_of(
        fields.String(
            validate=validate.OneOf(
                ("featured", "most_followed", "most_interactions", "similar_to_recently_followed", "friends_of_friends")
            )
        )
    )
    account = nested(AccountEntity)
