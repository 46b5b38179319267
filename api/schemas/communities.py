"""Communities: entities of our own, and what requests say about them."""

from datetime import UTC
from typing import Final

from marshmallow import fields, validate

from api.schemas.accounts import AccountEntity
from api.schemas.credentials import DESCRIPTION_CHARACTERS
from api.schemas.fields import (
    AccountPageArgs,
    Args,
    Entity,
    Flag,
    Id,
    IdString,
    PageArgs,
    Several,
    Text,
    Timestamp,
    Upload,
    Whole,
    list_of,
    nested,
    nullable,
    one_of,
    required,
)
from api.schemas.reports import CATEGORIES
from api.schemas.statuses import StatusEntity
from communities.changes import REASON_CHARACTERS, Action
from communities.groups import NAME_CHARACTERS, POSTING
from models.communities import Kind, Role, State
from policy.communities import Entry
from policy.limits import COMMUNITY_RULES_CHARACTERS, DISPLAY_NAME_CHARACTERS, NOTE_CHARACTERS

KINDS: Final = tuple(kind.value for kind in Kind)
ROLES: Final = tuple(role.value for role in Role)
STATES: Final = tuple(state.value for state in State)
MOST_RULES: Final = 100
BAN_SECONDS: Final = 10 * 366 * 24 * 3600


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


class CommunitiesArgs(AccountPageArgs):
    """Which communities: `joined` one's own (false: the others that may be found), `q` words of the name."""

    joined = Flag()
    q = Text(200, load_default="")


class CommunityArgs(Args):
    """What a community shall be; what isn't given stays as it is. A rule is a line."""

    KEEPS_EMPTY = frozenset({"description", "rules"})

    title = Text(DISPLAY_NAME_CHARACTERS)
    description = Text(NOTE_CHARACTERS)
    rules = Several(Text(COMMUNITY_RULES_CHARACTERS), most=MOST_RULES)
    kind = one_of(*KINDS)
    private = Flag()
    posting = one_of(*POSTING)
    discoverable = Flag()


class ChangedCommunityArgs(CommunityArgs):
    """The same for one that is there, with its picture, as a file of a multipart form, and what that shows."""

    KEEPS_EMPTY = CommunityArgs.KEEPS_EMPTY | {"avatar_description"}

    avatar = Upload()
    avatar_description = Text(DESCRIPTION_CHARACTERS)


class NewCommunityArgs(CommunityArgs):
    """A new one with its name, which it keeps."""

    name = Text(NAME_CHARACTERS, required=True)


class ReasonArgs(Args):
    """Why: for the log, and for whom it concerns."""

    reason = Text(REASON_CHARACTERS, load_default="")


class MembersArgs(AccountPageArgs):
    """Members of a role; or who asks, is invited or banned, for moderators."""

    role = one_of(*ROLES)
    state = one_of(*(state for state in STATES if state != State.LEFT), load_default=State.MEMBER.value)


class RoleArgs(Args):
    """The role that a member gets."""

    role = one_of(*ROLES, required=True)


class InvitationArgs(Args):
    """Whom to invite, and as what they get in."""

    account_id = Id(required=True)
    role = one_of(*ROLES, load_default=Role.MEMBER.value)


class BanArgs(ReasonArgs):
    """Whom to ban, why, until when (`until`, or `expires_in` seconds; neither: for good), and what of their posts."""

    account_id = Id(required=True)
    until = fields.AwareDateTime(format="iso", default_timezone=UTC)
    expires_in = Whole(1, BAN_SECONDS)
    remove_posts = Flag(load_default=False)


class CommunityTimelineArgs(PageArgs):
    """Threads; `replies` brings answers, `pinned` what moderators show first, `removed` what they took out."""

    replies = Flag(load_default=False)
    pinned = Flag(load_default=False)
    removed = Flag(load_default=False)


class CommunityReportsArgs(PageArgs):
    """Open reports, or those that were dealt with."""

    resolved = Flag(load_default=False)
