"""What requests say about communities; not in Mastodon."""

from datetime import UTC
from typing import Final

from marshmallow import fields

from api.schemas.credentials import DESCRIPTION_CHARACTERS
from api.schemas.fields import AccountPageArgs, Args, Flag, Id, PageArgs, Several, Text, Upload, Whole, one_of
from communities.changes import REASON_CHARACTERS
from communities.groups import NAME_CHARACTERS, POSTING
from models.communities import Kind, Role, State
from policy.limits import COMMUNITY_RULES_CHARACTERS, DISPLAY_NAME_CHARACTERS, NOTE_CHARACTERS

KINDS: Final = tuple(kind.value for kind in Kind)
ROLES: Final = tuple(role.value for role in Role)
STATES: Final = tuple(state.value for state in State)
MOST_RULES: Final = 100
BAN_SECONDS: Final = 10 * 366 * 24 * 3600


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
