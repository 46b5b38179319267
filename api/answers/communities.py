"""Communities: entities of our own."""

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity
from api.answers.fields import Entity, IdString, Timestamp, list_of, nested, nullable, required
from api.answers.statuses import StatusEntity
from api.schemas.communities import KINDS, ROLES, STATES
from api.schemas.reports import CATEGORIES
from communities.changes import Action
from communities.groups import POSTING
from policy.communities import Entry


class CommunityRuleEntity(Entity):
    """Community.rules[]."""

    id = required(IdString)
    text = required(fields.String)


class CommunitySourceEntity(Entity):
    """Community.source: the description and the rules as they were typed, for owners."""

    note = required(fields.String)
    rules = required(fields.String)


class CommunityRelationshipEntity(Entity):
    """Where the viewer stands in a community; `entry` is what joining comes to (`join`, `request`, null: nothing)."""

    id = required(IdString)
    state = nullable(fields.String, validate=validate.OneOf(STATES))
    role = nullable(fields.String, validate=validate.OneOf(ROLES))
    banned_until = nullable(Timestamp)
    entry = nullable(fields.String, validate=validate.OneOf((Entry.JOIN.value, Entry.REQUEST.value)))
    may_leave = required(fields.Boolean)
    may_read = required(fields.Boolean)
    may_read_log = required(fields.Boolean)
    may_post = required(fields.Boolean)
    may_reply = required(fields.Boolean)
    may_moderate = required(fields.Boolean)
    may_edit = required(fields.Boolean)


class CommunityEntity(Entity):
    """A community; its id is that of its account. Counts of what waits are there for its moderators."""

    id = required(IdString)
    account = nested(AccountEntity)
    kind = required(fields.String, validate=validate.OneOf(KINDS))
    private = required(fields.Boolean)
    posting = required(fields.String, validate=validate.OneOf(POSTING))
    rules = list_of(CommunityRuleEntity)
    default_for = nullable(fields.String, validate=validate.OneOf(("office", "network")))
    created_at = required(Timestamp)
    archived_at = nullable(Timestamp)
    members_count = required(fields.Integer)
    threads_count = required(fields.Integer)
    requests_count = nullable(fields.Integer)
    reports_count = nullable(fields.Integer)
    source = nested(CommunitySourceEntity, allow_none=True)
    relationship = nested(CommunityRelationshipEntity)


class CommunityMemberEntity(Entity):
    """Somebody's place in a community; the last three are there for bans and invitations."""

    account = nested(AccountEntity)
    state = required(fields.String, validate=validate.OneOf(STATES))
    role = required(fields.String, validate=validate.OneOf(ROLES))
    since = required(Timestamp)
    banned_until = nullable(Timestamp)
    reason = nullable(fields.String)
    invited_by = nested(AccountEntity, allow_none=True)


class CommunityActEntity(Entity):
    """An entry of a community's log."""

    id = required(IdString)
    action = required(fields.String, validate=validate.OneOf([action.value for action in Action]))
    created_at = required(Timestamp)
    account = nested(AccountEntity)
    target_account = nested(AccountEntity, allow_none=True)
    status_id = nullable(IdString)
    report_id = nullable(IdString)
    reason = required(fields.String)
    role = nullable(fields.String, validate=validate.OneOf(ROLES))
    until = nullable(fields.String)
    removes_posts = required(fields.Boolean)


class CommunityReportEntity(Entity):
    """A report to the moderators of a community."""

    id = required(IdString)
    action_taken = required(fields.Boolean)
    action_taken_at = nullable(Timestamp)
    action_taken_by_account = nested(AccountEntity, allow_none=True)
    category = required(fields.String, validate=validate.OneOf(CATEGORIES))
    comment = required(fields.String)
    created_at = required(Timestamp)
    account = nested(AccountEntity)
    target_account = nested(AccountEntity)
    statuses = list_of(StatusEntity)
