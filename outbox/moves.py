"""An account continues elsewhere: its followers at this office go along, wherever it left from (Mastodon; FEP-7628)."""

from sqlalchemy import select

from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from outbox.follows import publish_follow, publish_unfollow
from social.blocks import is_blocked_between
from social.follows import FollowRefused
from social.notifications import notify


async def take_followers_along(services: Services, unit: UnitOfWork, moved: Account, target: Account) -> None:
    """Have the local followers of `moved` follow `target` instead, and tell them.

    Followers at other offices are led by their own servers. Who can't follow the target, because one of the two has
    blocked the other or is the other, goes on following the old account.
    """
    followers = await unit.session.scalars(
        select(Account)
        .join(Follow, Follow.follower_id == Account.id)
        .where(Follow.followee_id == moved.id, Follow.state == "accepted", Account.domain.is_(None))
    )
    for follower in followers.all():
        notify(unit, follower, "move", moved, subject_id=target.id)
        if await is_blocked_between(unit, follower, target):
            continue
        try:
            await publish_follow(services, unit, follower, target)
        except FollowRefused:
            continue
        await publish_unfollow(services, unit, follower, moved)
