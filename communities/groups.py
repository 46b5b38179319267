"""Communities themselves: made, changed, archived."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from communities.changes import Action, Change, record
from communities.standings import CommunityRefused, owning
from content.html import plain_text
from content.names import sanitize_name
from models import UnitOfWork
from models.accounts import Account
from models.communities import Community, Kind, Membership, Role, State
from policy.limits import COMMUNITIES_OF_ONE, COMMUNITY_RULES_CHARACTERS, DISPLAY_NAME_CHARACTERS, NOTE_CHARACTERS
from social.accounts import account_by_handle, new_local_account
from social.follows import accept_follow, request_follow
from social.quotas import require_room
from social.uploads import forget_files

COMMUNITIES: Final = "urn:tertulia:communities"
"""The capability (FEP-844e) of servers that understand what communities announce, and our terms in it."""
NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.ASCII | re.IGNORECASE)
NAME_CHARACTERS: Final = 30
POSTING: Final = ("members", "publishers")
MakeKeys = Callable[[UnitOfWork, Account], Awaitable[None]]
Compose = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a community should be; None leaves a thing as it is. `description` and `rules` are plain text."""

    display_name: str | None = None
    description: str | None = None
    rules: str | None = None
    kind: Kind | None = None
    is_private: bool | None = None
    posting: str | None = None
    is_discoverable: bool | None = None
    avatar_url: str | None = None
    avatar_description: str | None = None


async def create(
    unit: UnitOfWork,
    name: str,
    wish: Wish,
    *,
    make_keys: MakeKeys,
    compose: Compose,
    owner: Account | None = None,
    default_for: str | None = None,
) -> Change:
    """Make a community of this office with `owner` in it.

    Raises CommunityRefused for a bad or taken name, QuotaReached for one too many of `owner`. `make_keys` gives the
    account its keys, `compose` makes HTML of a description. A name is never given twice.
    """
    if len(name) > NAME_CHARACTERS or not NAME.fullmatch(name):
        raise CommunityRefused("The name of a community consists of up to 30 letters, digits, dots, hyphens and _.")
    if owner is not None:
        made = Community.created_by_id == owner.id
        await require_room(unit, Community, made, COMMUNITIES_OF_ONE, "communities made by one person")
    if await account_by_handle(unit.session, name, None) is not None:
        raise CommunityRefused(f"The name {name} is taken, or was: choose another one.")
    group = new_local_account(unit, name, display_name=sanitize_name(wish.display_name or name), actor_type="Group")
    group.moderators_url = unit.addresses.part(group.uri, "collections/moderators")
    await unit.session.flush()
    kind = wish.kind or Kind.OPEN
    community = Community(
        account_id=group.id,
        kind=kind.value,
        is_private=kind is not Kind.OPEN if wish.is_private is None else wish.is_private,
        posting="members",
        rules="",
        default_for=default_for,
        created_by_id=owner.id if owner is not None else None,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(community)
    _apply(community, group, wish, compose)
    await make_keys(unit, group)
    if owner is not None:
        await _take_in(unit, group, owner, Role.OWNER)
    change = Change(action=Action.CREATE, group=group, actor=owner or group)
    return record(unit, change)


async def _take_in(unit: UnitOfWork, group: Account, account: Account, role: Role) -> None:
    follow = await request_follow(unit, account, group)
    await accept_follow(unit, follow, account, group)
    unit.session.add(
        Membership(
            id=unit.new_id(),
            community_id=group.id,
            account_id=account.id,
            role=role.value,
            state=State.MEMBER.value,
            joined_at=unit.now,
            created_at=unit.now,
            updated_at=unit.now,
        )
    )


def _apply(community: Community, group: Account, wish: Wish, compose: Compose) -> None:
    if wish.posting is not None:
        if wish.posting not in POSTING:
            raise CommunityRefused("Posting is for members, or for publishers.")
        community.posting = wish.posting
    if wish.display_name is not None:
        group.display_name = sanitize_name(wish.display_name, DISPLAY_NAME_CHARACTERS) or group.username
    if wish.description is not None:
        group.note_source = wish.description[:NOTE_CHARACTERS]
        group.note_html = compose(group.note_source)
    if wish.rules is not None:
        community.rules = wish.rules.strip()[:COMMUNITY_RULES_CHARACTERS]
    if wish.kind is not None:
        community.kind = wish.kind.value
    if wish.is_private is not None:
        community.is_private = wish.is_private
    group.avatar_url = wish.avatar_url or group.avatar_url
    if wish.avatar_description is not None:
        group.avatar_description = wish.avatar_description
    if wish.is_discoverable is not None:
        group.is_discoverable = wish.is_discoverable
    if community.kind == Kind.HIDDEN and not community.is_private:
        raise CommunityRefused("What is posted in a hidden community is private.")
    _reflect(community, group)


def _reflect(community: Community, group: Account) -> None:
    """What the kind means for the account: whether a Follow waits, and who finds it (Lemmy reads both)."""
    group.is_locked = community.kind != Kind.OPEN
    group.is_posting_restricted = community.posting == "publishers"
    group.hides_collections = community.is_private
    group.is_indexable = False
    if community.kind == Kind.HIDDEN or community.default_for == "office":
        group.is_discoverable = False


async def update(
    unit: UnitOfWork, group: Account, actor: Account, wish: Wish, *, compose: Compose, trusted: bool = False
) -> Change:
    """Change what a community is. A private one doesn't become public: what was said in it was said to its members.

    Raises NotAllowed for who isn't an owner, CommunityRefused for what doesn't go.
    """
    place = await owning(unit, group, actor, trusted=trusted)
    community = place.community
    if community.is_private and wish.is_private is False:
        raise CommunityRefused("A private community stays private: make a new one for everybody.")
    if community.default_for is not None and (wish.kind is not None or wish.is_private is not None):
        raise CommunityRefused("Who belongs to this community is given: its kind can't be changed.")
    before = group.avatar_url
    _apply(community, group, wish, compose)
    if before is not None and before != group.avatar_url:
        await forget_files(unit, [unit.addresses.media_key(before)])
    group.updated_at = community.updated_at = unit.now
    return record(unit, Change(action=Action.UPDATE, group=group, actor=actor))


async def archive(
    unit: UnitOfWork, group: Account, actor: Account, *, reason: str = "", trusted: bool = False
) -> Change:
    """Close a community: it is read by whom it was read, and nothing else. Raises NotAllowed."""
    place = await owning(unit, group, actor, trusted=trusted)
    is_new = place.community.archived_at is None
    if is_new:
        place.community.archived_at = place.community.updated_at = group.updated_at = unit.now
    return record(unit, Change(action=Action.ARCHIVE, group=group, actor=actor, reason=reason, is_new=is_new))


async def unarchive(unit: UnitOfWork, group: Account, actor: Account, *, trusted: bool = False) -> Change:
    """Open an archived community again. Raises NotAllowed."""
    place = await owning(unit, group, actor, trusted=trusted)
    is_new = place.community.archived_at is not None
    if is_new:
        place.community.archived_at = None
        place.community.updated_at = group.updated_at = unit.now
    return record(unit, Change(action=Action.UNARCHIVE, group=group, actor=actor, is_new=is_new))


def rules_of(community: Community) -> list[str]:
    """The rules, one a line of what was written."""
    return [rule for line in community.rules.splitlines() if (rule := plain_text(line).strip())]
