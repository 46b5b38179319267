"""Following: asked for, accepted, refused, ended. Every verb is idempotent and keeps the counts.

A local account that isn't locked accepts by itself; a remote one answers in its own time, until when the follow is
`pending`. Whoever is blocked by the followee can't follow.
"""

from sqlalchemy import bindparam, select

from models import UnitOfWork
from models.accounts import Account
from models.relations import Block, Follow
from social.counters import count
from social.home_feed import backfill_feed, remove_from_feed
from social.notifications import notify

PENDING, ACCEPTED = "pending", "accepted"
# Made once: building a statement costs more than SQLite needs for running it.
_BETWEEN = select(Follow).where(
    Follow.follower_id == bindparam("follower"), Follow.followee_id == bindparam("followee")
)
_BLOCKED = select(Block.id).where(Block.account_id == bindparam("blocker"), Block.target_id == bindparam("blocked"))


class FollowRefused(Exception):
    """The followee doesn't want it: blocked, gone, or suspended."""


async def find_follow(unit: UnitOfWork, follower: Account, followee: Account) -> Follow | None:
    """The follow between two accounts, in whatever state."""
    await unit.session.flush()
    return (await unit.session.scalars(_BETWEEN, {"follower": follower.id, "followee": followee.id})).first()


async def follow_by_uri(unit: UnitOfWork, uri: str) -> Follow | None:
    """The follow whose Follow activity has this id."""
    await unit.session.flush()
    return (await unit.session.scalars(select(Follow).where(Follow.uri == uri))).first()


async def request_follow(
    unit: UnitOfWork, follower: Account, followee: Account, *, uri: str | None = None, shows_boosts: bool = True
) -> Follow:
    """Ask to follow; what is there already is returned as it is. Raises FollowRefused."""
    if not followee.is_active or follower.id == followee.id or await _is_blocked(unit, follower, followee):
        raise FollowRefused
    follow = await find_follow(unit, follower, followee)
    if follow is not None:
        follow.shows_boosts = shows_boosts
        if uri is not None:
            follow.uri = uri  # the newest Follow is the one that an Accept will name
        return follow
    follow_id = unit.new_id()
    follow = Follow(
        id=follow_id,
        uri=uri or unit.addresses.follow(follow_id),
        follower_id=follower.id,
        followee_id=followee.id,
        state=PENDING,
        shows_boosts=shows_boosts,
        created_at=unit.now,
    )
    unit.session.add(follow)
    if followee.is_local and not followee.is_locked:
        await accept_follow(unit, follow, follower, followee)
        notify(unit, followee, "follow", follower, subject_id=follow_id)
    else:
        notify(unit, followee, "follow_request", follower, subject_id=follow_id)
    return follow


async def accept_follow(unit: UnitOfWork, follow: Follow, follower: Account, followee: Account) -> bool:
    """The followee agrees; False when it had agreed before. A local follower sees what was written lately."""
    if follow.state == ACCEPTED:
        return False
    follow.state = ACCEPTED
    follow.accepted_at = unit.now
    count(unit, Account, "followers_count", followee.id)
    count(unit, Account, "following_count", follower.id)
    if follower.is_local:
        await backfill_feed(unit, follower, followee)
    return True


async def end_follow(unit: UnitOfWork, follow: Follow, follower: Account, followee: Account) -> None:
    """Undo, reject, or remove: the follow is gone, whatever it was."""
    if follow.state == ACCEPTED:
        count(unit, Account, "followers_count", followee.id, -1)
        count(unit, Account, "following_count", follower.id, -1)
    await unit.session.delete(follow)
    await unit.session.flush()
    if follower.is_local:
        await remove_from_feed(unit, follower, followee)


async def _is_blocked(unit: UnitOfWork, follower: Account, followee: Account) -> bool:
    return (await unit.session.scalar(_BLOCKED, {"blocker": followee.id, "blocked": follower.id})) is not None


async def is_following(unit: UnitOfWork, follower: Account, followee_id: int) -> bool:
    """Whether an accepted follow exists."""
    await unit.session.flush()
    query = select(Follow.id).where(
        Follow.follower_id == follower.id, Follow.followee_id == followee_id, Follow.state == ACCEPTED
    )
    return (await unit.session.scalar(query)) is not None
