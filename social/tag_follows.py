"""Following hashtags: what is public and carries one, or a synonym of it, comes home, whoever wrote it.

Costs one INSERT … SELECT for all new statuses of a unit that carry tags, and nothing for the others. Boosts and the
reader's own statuses bring nothing; who is muted or blocked is left out (`policy.timelines`).
"""

from functools import cache
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import aliased

from models import UnitOfWork
from models.accounts import Account
from models.base import UtcDateTime
from models.bulk import Bulk
from models.feeds import FeedEntry
from models.insertion import ignoring, insert_ignoring
from models.questions import among
from models.relations import TagFollow
from models.statuses import Status, StatusTag, Tag
from models.visibility import Visibility
from policy.limits import FOLLOWED_TAGS
from policy.timelines import unwanted_by
from social.quotas import require_room
from social.tag_families import is_of_family, root_of

_NOW: Final = bindparam("now", type_=UtcDateTime())


async def follow_tag(unit: UnitOfWork, account: Account, tag: Tag) -> bool:
    """Follow a hashtag from now on; False when it was followed before. Raises QuotaReached."""
    await unit.session.flush()
    query = select(TagFollow.id).where(TagFollow.tag_id == tag.id, TagFollow.account_id == account.id)
    if await unit.session.scalar(query) is not None:
        return False
    await require_room(unit, TagFollow, TagFollow.account_id == account.id, FOLLOWED_TAGS, "followed hashtags")
    row = {"id": unit.new_id(), "account_id": account.id, "tag_id": tag.id, "created_at": unit.now}
    await unit.session.execute(insert_ignoring(unit.session, TagFollow).values(**row))
    return True


async def unfollow_tag(unit: UnitOfWork, account: Account, tag: Tag) -> bool:
    """Stop following a hashtag; what came by it stays. False when it wasn't followed."""
    await unit.session.flush()
    statement = (
        delete(TagFollow)
        .where(TagFollow.tag_id == tag.id, TagFollow.account_id == account.id)
        .returning(TagFollow.id)
        .execution_options(synchronize_session=False)
    )
    return (await unit.session.scalar(statement)) is not None


async def fan_out_to_tag_followers(unit: UnitOfWork, status_ids: list[int]) -> None:
    """Deferred by `social.tags`, once the tags of new statuses are written."""
    is_sqlite = unit.session.get_bind().dialect.name == "sqlite"
    await _statement(is_sqlite).write(unit.session, [{"status_ids": status_ids, "now": unit.now}])


@cache
def _statement(is_sqlite: bool) -> Bulk:
    carried, followed = aliased(Tag), aliased(Tag)
    query = (
        select(TagFollow.account_id, StatusTag.status_id)
        .select_from(StatusTag)
        .join(carried, carried.id == StatusTag.tag_id)
        .join(followed, is_of_family(followed, root_of(carried)))
        .join(TagFollow, TagFollow.tag_id == followed.id)
        .join(Status, Status.id == StatusTag.status_id)
        .where(
            among(StatusTag.status_id, "status_ids"),
            Status.visibility == Visibility.PUBLIC.value,
            Status.boost_of_id.is_(None),
            Status.account_id != TagFollow.account_id,
            ~unwanted_by(TagFollow.account_id, Status.account_id, now=_NOW),
        )
    )
    inserting = ignoring(is_sqlite, FeedEntry).from_select(["account_id", "status_id"], query)
    return Bulk(inserting, ("status_ids", "now"))
