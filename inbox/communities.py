"""Where a post from elsewhere belongs: in which community, and to whom it is visible there."""

from sqlalchemy import select

from communities.moderation import lock, unlock
from communities.posts import check_submission
from communities.standings import CommunityError, CommunityRefused
from federation.trust.origins import same_origin
from models import UnitOfWork
from models.accounts import Account
from models.communities import Membership
from models.statuses import Status
from models.values import dataclass
from models.visibility import Visibility
from policy.communities import banned_now
from policy.visibility import is_for_members
from social.accounts import preload_accounts
from social.drafts import StatusDraft
from social.statuses import status_by_uri


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a post belongs; `refused_by` is a community of ours that doesn't take it, and `reason` says why."""

    group: Account | None
    visibility: Visibility
    refused_by: Account | None = None
    reason: str = ""


async def placed(
    unit: UnitOfWork, author: Account, draft: StatusDraft, visibility: Visibility, *, brought_by: str | None = None
) -> tuple[Account | None, Visibility]:
    """The community and the visibility of `placement`, where nobody is told of a refusal."""
    found = await placement(unit, author, draft, visibility, brought_by=brought_by)
    return found.group, found.visibility


async def placement(
    unit: UnitOfWork, author: Account, draft: StatusDraft, visibility: Visibility, *, brought_by: str | None = None
) -> Placement:
    """The community that it was posted in, and the visibility that it has there; None and as it was for the others.

    The author says so in `audience` or by addressing it (FEP-1b12); naming it in what is for one's own followers, or
    for single people, posts nothing there: that takes the public, or the community's followers. In a community of ours
    only who may post does; from anybody else it is no post of the community, and what was meant for its members is for
    nobody. In a community of another server what is for its members must come from it (`brought_by` is its id): an
    author can't reach them past their own community, and who is banned there is in it no more.

    A public reply belongs where its thread is, when that is a community of ours, whatever it says of it.
    """
    parent = await status_by_uri(unit, draft.in_reply_to_uri) if draft.in_reply_to_uri else None
    group = await _addressed(unit, draft) or await _of_thread(unit, parent, visibility)
    if group is None:
        return Placement(None, visibility)
    if not visibility.is_public:
        if group.followers_url not in (*draft.to, *draft.cc, *draft.audience):
            return Placement(None, visibility)
        visibility = Visibility.PRIVATE
    if not group.is_local:
        is_in = visibility.is_public or group.uri == brought_by
        if not is_in or (group.uri != brought_by and await is_banned(unit, group.id, author)):
            return Placement(None, visibility if visibility.is_public else Visibility.DIRECT)
        return Placement(group, visibility)
    try:
        found = await check_submission(unit.session, group, author, parent=parent, visibility=visibility, now=unit.now)
    except CommunityError as refused:
        # Of a community that isn't there for the author nothing is said.
        refused_by = group if isinstance(refused, CommunityRefused) else None
        outside = visibility if visibility.is_public else Visibility.DIRECT
        return Placement(None, outside, refused_by, str(refused))
    return Placement(group, found.visibility)


async def _of_thread(unit: UnitOfWork, parent: Status | None, visibility: Visibility) -> Account | None:
    if parent is None or parent.group_id is None or not visibility.is_public or is_for_members(parent):
        return None
    group = await unit.session.get(Account, parent.group_id)
    return group if group is not None and group.is_local and group.is_active else None


async def _addressed(unit: UnitOfWork, draft: StatusDraft) -> Account | None:
    uris = [uri for uri in (*draft.audience, *draft.to, *draft.cc) if not uri.endswith("#Public")]
    await preload_accounts(unit, uris)
    accounts = (unit.accounts.get(uri) for uri in uris)
    return next((account for account in accounts if account and account.is_group and account.is_active), None)


async def is_banned(unit: UnitOfWork, group_id: int, account: Account) -> bool:
    """Whether somebody is banned from a community, as far as is known here."""
    query = select(Membership.id).where(
        Membership.community_id == group_id, Membership.account_id == account.id, banned_now(unit.now)
    )
    return await unit.session.scalar(query) is not None


async def lock_as_told(unit: UnitOfWork, status: Status, draft: StatusDraft) -> bool:
    """Lock a post, or unlock it, as the server says that hosts it and its community; whether that changed anything.

    Before there was a Lock, Lemmy said so in the post (`commentsEnabled`). Of posts that live elsewhere it would be the
    word of an author, who locks nothing.
    """
    if draft.takes_replies is None or status.group_id is None or status.removed_at is not None:
        return False
    group = await unit.session.get(Account, status.group_id)
    if group is None or group.is_local or not same_origin(status.uri, group.uri):
        return False
    change = await (unlock if draft.takes_replies else lock)(unit, group, group, status, trusted=True)
    return change.is_new
