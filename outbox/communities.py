"""Communities as our accounts use them: joining and leaving, posting, and what the others are told of it.

The verbs of the floor `communities` change the rows; `tell` is where each `Change` leaves for the other servers. Every
caller (client API, pages, command line, inbox) goes through it in the same unit of work.
"""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select

from communities.changes import Change
from communities.groups import Compose
from communities.membership import join, leave
from communities.posts import announce, check_submission
from communities.standings import CommunityError, CommunityRefused, stays_inside
from content.compose import PLAIN, render
from federation.json_ld.strict_json import JsonObject
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from models.statuses import Status
from models.values import dataclass
from models.visibility import Visibility
from outbox.community_tellers import TELLERS
from policy.communities import known_to
from social.accounts import preload_accounts
from social.drafts import StatusDraft
from social.follows import FollowRefused, find_follow


async def tell(services: Services, unit: UnitOfWork, change: Change, *, said: JsonObject | None = None) -> Change:
    """Queue what other servers have to hear of a change in a community of ours, and give it back.

    `said` is the activity that it came by, as its author sent it; without one it was somebody here.
    """
    is_told = change.is_new and change.group.is_local and not await stays_inside(unit.session, change.group)
    if is_told:
        await TELLERS[change.action](services, unit, change, said)
    return change


def composer(services: Services) -> Compose:
    """How the description of a community becomes HTML: as a plain text, with its links and hashtags."""
    return partial(render, content_type=PLAIN, mention_links={}, tag_url=services.addresses.tag)


async def publish_join(
    services: Services,
    unit: UnitOfWork,
    account: Account,
    group: Account,
    *,
    shows_boosts: bool | None = None,
    notifies: bool | None = None,
    languages: Sequence[str] | None = None,
) -> Follow:
    """Join a community of this office, ask to, or accept its invitation. Raises FollowRefused, with the reason."""
    try:
        change = await join(unit, group, account, shows_boosts=shows_boosts, notifies=notifies, languages=languages)
    except CommunityError as refused:
        raise FollowRefused(str(refused)) from refused
    await tell(services, unit, change)
    follow = await find_follow(unit, account, group)
    assert follow is not None
    return follow


async def publish_leave(services: Services, unit: UnitOfWork, account: Account, group: Account) -> bool:
    """Leave a community of this office; False when there was nothing. Raises CommunityRefused."""
    return (await tell(services, unit, await leave(unit, group, account))).is_new


@dataclass(frozen=True, slots=True)
class Place:
    """Where a post goes besides the followers of its author; `group` is None for what isn't posted in a community."""

    group: Account | None
    visibility: Visibility
    is_local_only: bool


async def place_for(
    unit: UnitOfWork, author: Account, draft: StatusDraft, parent: Status | None, group: Account | None, *,
    visibility: Visibility, is_local_only: bool,
) -> Place:  # fmt: skip
    """The community of a new post: that of the thread it answers, the one it was made for, or the first one it names.

    A private message is never posted in a community, nor is a followers-only answer in a public one. Raises
    CommunityRefused with a sentence for the author.
    """
    if group is not None:
        check_placement(group, parent, visibility)
    outside = Place(None, visibility, is_local_only)
    if not (visibility.is_public or visibility is Visibility.PRIVATE):
        return outside
    if parent is not None:
        group = await unit.session.get(Account, parent.group_id) if parent.group_id is not None else None
        if group is not None and parent.visibility != Visibility.PRIVATE and not visibility.is_public:
            return outside
    elif group is None:
        group = await _named(unit, author, draft)
    if group is None or not group.is_active:
        return outside
    found = await check_submission(
        unit.session,
        group,
        author,
        parent=parent,
        visibility=visibility,
        is_local_only=is_local_only,
        now=unit.now,
    )
    return Place(group, found.visibility, found.is_local_only)


def check_placement(group: Account, parent: Status | None, visibility: Visibility) -> None:
    """Raises CommunityRefused when what was made for `group` can't be in it, whoever posts."""
    if not (visibility.is_public or visibility is Visibility.PRIVATE):
        raise CommunityRefused("A private message isn't posted in a community.")
    if parent is not None and parent.group_id != group.id:
        raise CommunityRefused("An answer stays where its thread is, and that isn't this community.")


async def _named(unit: UnitOfWork, author: Account, draft: StatusDraft) -> Account | None:
    """The first community among the mentions that exists for the author."""
    hrefs = [mention.href for mention in draft.mentions]
    await preload_accounts(unit, hrefs)
    groups = [account for href in hrefs if (account := unit.accounts.get(href)) is not None and account.is_group]
    if not groups:
        return None
    known = select(Account.id).where(Account.id.in_([group.id for group in groups]), known_to(author.id))
    ids = set(await unit.session.scalars(known))
    return next((group for group in groups if group.id in ids), None)


async def publish_in_community(
    services: Services, unit: UnitOfWork, group: Account | None, status: Status, author: Account, *,
    said: JsonObject | None = None,
) -> None:  # fmt: skip
    """Pass a new post on to the members, when the community is hosted here; `said` is how it came from elsewhere."""
    if group is not None and group.is_local:
        await tell(services, unit, await announce(unit, group, status, author), said=said)
