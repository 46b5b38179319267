"""Blocking a domain, as our accounts do it: follows in both directions end, and the other servers are told."""

import asyncio

from sqlalchemy import select

from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from outbox.follows import publish_reject, publish_unfollow
from social.domain_blocks import block_domain
from social.severances import tell_severed


async def publish_domain_block(services: Services, unit: UnitOfWork, account: Account, domain: str) -> bool:
    """Block a normalised domain; False when it was blocked before. Raises QuotaReached."""
    if not await block_domain(unit, account, domain):
        return False
    followed = select(Account).join(Follow, Follow.followee_id == Account.id).where(Account.domain == domain)
    others = (await unit.session.scalars(followed.where(Follow.follower_id == account.id))).all()
    for other in others:
        await publish_unfollow(services, unit, account, other)
        await asyncio.sleep(0)  # on SQLite statements run in place: between them others get a turn
    following = select(Follow, Account).join(Account, Account.id == Follow.follower_id)
    rows = await unit.session.execute(following.where(Follow.followee_id == account.id, Account.domain == domain))
    theirs = rows.all()
    for follow, other in theirs:
        await publish_reject(services, unit, account, other, follow_uri=follow.uri, follow=follow)
    await tell_severed(unit, account, "user_domain_block", domain, followers=len(theirs), following=len(others))
    return True
