"""What the roles of an office allow, as Mastodon's permission bits; the only place that decides it.

Three roles, each above the one before: user, moderator, admin. Clients read the bits from `role.permissions` (a decimal
number in a string) to know which buttons to show; we ask `may`. Whoever looks after people acts only on those below:
never on their own rank, never on themselves. An unknown role is one without any permission.
"""

from enum import IntFlag
from typing import Final

from models.values import dataclass


class Permission(IntFlag):
    """The bits that Mastodon 4.5 defines (`UserRole::FLAGS`); their values are part of the API."""

    ADMINISTRATOR = 1 << 0
    VIEW_DEVOPS = 1 << 1
    VIEW_AUDIT_LOG = 1 << 2
    VIEW_DASHBOARD = 1 << 3
    MANAGE_REPORTS = 1 << 4
    MANAGE_FEDERATION = 1 << 5
    MANAGE_SETTINGS = 1 << 6
    MANAGE_BLOCKS = 1 << 7
    MANAGE_TAXONOMIES = 1 << 8
    MANAGE_APPEALS = 1 << 9
    MANAGE_USERS = 1 << 10
    MANAGE_INVITES = 1 << 11
    MANAGE_RULES = 1 << 12
    MANAGE_ANNOUNCEMENTS = 1 << 13
    MANAGE_CUSTOM_EMOJIS = 1 << 14
    MANAGE_WEBHOOKS = 1 << 15
    INVITE_USERS = 1 << 16
    MANAGE_ROLES = 1 << 17
    MANAGE_USER_ACCESS = 1 << 18
    DELETE_USER_DATA = 1 << 19
    VIEW_FEEDS = 1 << 20


NOTHING: Final = Permission(0)
EVERYTHING: Final = Permission((1 << 21) - 1)


@dataclass(frozen=True, slots=True)
class Role:
    """`rank` orders the roles, `number` is the id that clients see, `title` and `is_highlighted` are for profiles."""

    name: str
    rank: int
    number: int
    title: str
    permissions: Permission
    is_highlighted: bool


USER: Final = Role("user", 0, -99, "", NOTHING, is_highlighted=False)
MODERATOR: Final = Role(
    "moderator",
    10,
    1,
    "Moderator",
    Permission.VIEW_DASHBOARD
    | Permission.VIEW_AUDIT_LOG
    | Permission.MANAGE_REPORTS
    | Permission.MANAGE_USERS
    | Permission.MANAGE_TAXONOMIES
    | Permission.VIEW_FEEDS,
    is_highlighted=True,
)
ADMIN: Final = Role("admin", 100, 2, "Admin", EVERYTHING, is_highlighted=True)
ROLES: Final = {role.name: role for role in (USER, MODERATOR, ADMIN)}
STAFF: Final = ("moderator", "admin")


def role_named(name: str | None) -> Role:
    """The role of a `User.role`; one without permissions for None (nobody of ours) and for what is no role."""
    return ROLES.get(name or "", USER)


def permissions_of(name: str | None) -> int:
    """The bits of a role as a number: what clients get, as a string, in `role.permissions`."""
    return int(role_named(name).permissions)


def may(name: str | None, permission: Permission) -> bool:
    """Whether this role allows everything in `permission`."""
    return permission in role_named(name).permissions


def is_staff(name: str | None) -> bool:
    """Whether this is a role that looks after others."""
    return name in STAFF


def may_act_on(name: str | None, target_name: str | None) -> bool:
    """Whether somebody of one role may moderate somebody of another: only those below, so never a peer or oneself.

    Accounts of other servers have no role (None) and are below every moderator. An administrator has nobody above and
    may act on moderators, not on other administrators.
    """
    role = role_named(name)
    return Permission.MANAGE_USERS in role.permissions and role.rank > role_named(target_name).rank


def role_entity(name: str | None) -> dict[str, str | bool]:
    """A Role of the API: `permissions` is a decimal number in a string, `color` is empty (none of ours has one)."""
    role = role_named(name)
    return {
        "id": str(role.number),
        "name": role.title,
        "permissions": str(int(role.permissions)),
        "color": "",
        "highlighted": role.is_highlighted,
    }
