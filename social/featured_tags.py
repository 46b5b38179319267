"""Hashtags that somebody features on their profile."""

from sqlalchemy import delete, select

from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_ignoring
from models.relations import FeaturedTag
from models.statuses import Tag
from policy.limits import FEATURED_TAGS
from social.quotas import require_room


async def find_featured_tag(unit: UnitOfWork, account: Account, tag: Tag) -> FeaturedTag | None:
    """The tag as the account features it."""
    await unit.session.flush()
    query = select(FeaturedTag).where(FeaturedTag.account_id == account.id, FeaturedTag.tag_id == tag.id)
    return (await unit.session.scalars(query)).first()


async def feature_tag(unit: UnitOfWork, account: Account, tag: Tag) -> bool:
    """Show a hashtag on the profile; False when it was there before. Raises QuotaReached."""
    if await find_featured_tag(unit, account, tag) is not None:
        return False
    await require_room(unit, FeaturedTag, FeaturedTag.account_id == account.id, FEATURED_TAGS, "featured hashtags")
    row = {"id": unit.new_id(), "account_id": account.id, "tag_id": tag.id, "created_at": unit.now}
    await unit.session.execute(insert_ignoring(unit.session, FeaturedTag).values(**row))
    return True


async def unfeature_tag(unit: UnitOfWork, account: Account, tag_id: int) -> bool:
    """Take a hashtag off the profile; False when it wasn't there."""
    await unit.session.flush()
    statement = (
        delete(FeaturedTag)
        .where(FeaturedTag.account_id == account.id, FeaturedTag.tag_id == tag_id)
        .returning(FeaturedTag.id)
        .execution_options(synchronize_session=False)
    )
    return (await unit.session.scalar(statement)) is not None
