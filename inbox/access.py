"""Gates: the only way by which handlers get at statuses and local accounts. Absent and forbidden look alike: None."""

from sqlalchemy import bindparam, select

from communities.standings import stays_inside
from inbox.incoming import Scene
from models.accounts import Account
from models.relations import Follow
from models.statuses import Mention, Status
from models.visibility import Visibility
from policy.visibility import can_see, is_for_members
from social.accounts import account_by_uri
from social.blocks import is_blocked_between
from social.statuses import status_by_uri

# Made once: building a statement costs more than SQLite needs for running it.
_FOLLOWS = select(Follow.id).where(
    Follow.follower_id == bindparam("reader"), Follow.followee_id == bindparam("whom"), Follow.state == "accepted"
)
_MENTIONED = select(Mention.status_id).where(
    Mention.status_id == bindparam("status"), Mention.account_id == bindparam("reader")
)


async def visible_status(scene: Scene, uri: str | None) -> Status | None:
    """The status with this URI if the sender may see it; a boost stands for what it boosts."""
    if uri is None:
        return None
    status = await status_by_uri(scene.unit, uri)
    if status is not None and status.boost_of_id is not None:
        status = await scene.unit.session.get(Status, status.boost_of_id)
    if status is None or not await sender_can_see(scene, status):
        return None
    return status


async def sender_can_see(scene: Scene, status: Status) -> bool:
    """Whether the sender of the activity may see `status`."""
    author = await author_of(scene, status)
    if author.id == scene.sender.id:
        return True
    if not author.is_local and not scene.services.peers.allows_url(author.uri):
        return False  # what came from a server before it was suspended isn't spread any further (O19)
    is_public = Visibility(status.visibility).is_public
    return can_see(
        scene.sender,
        status,
        author,
        is_member=is_for_members(status)
        and (scene.sender.id == status.group_id or await _follows(scene, status.group_id)),
        is_follower=not is_public and await _follows(scene, author.id),
        is_mentioned=not is_public and await _is_mentioned(scene, status),
        is_blocked=await is_blocked_between(scene.unit, scene.sender, author),
    )


async def _follows(scene: Scene, whom: int | None) -> bool:
    found = await scene.unit.session.scalar(_FOLLOWS, {"reader": scene.sender.id, "whom": whom})
    return found is not None


async def _is_mentioned(scene: Scene, status: Status) -> bool:
    found = await scene.unit.session.scalar(_MENTIONED, {"status": status.id, "reader": scene.sender.id})
    return found is not None


async def author_of(scene: Scene, status: Status) -> Account:
    """The account that wrote it."""
    if status.account_id == scene.sender.id:
        return scene.sender
    return await scene.unit.session.find_one(Account, status.account_id)


async def local_account(scene: Scene, uri: str | None) -> Account | None:
    """One of our accounts, active."""
    if uri is None or not scene.unit.addresses.is_local(uri):
        return None
    account = await account_by_uri(scene.unit, uri)
    if account is None or not account.is_local or not account.is_active:
        return None
    if account.is_group and not scene.policy.has_community(account.id):
        return None
    return None if await stays_inside(scene.unit.session, account) else account
