"""The acts of stewards with what follows from them: what was merged or kept is subscribed to at the other offices."""

from communities.stewards import keep_tag
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Tag
from outbox.subscriptions import request_subscriptions
from social.tag_families import merge_tags, unmerge_tag


async def merge(unit: UnitOfWork, steward: Account, tag: Tag, into: Tag) -> None:
    """Read two hashtags as one. Raises MergeRefused."""
    await merge_tags(unit, steward, tag, into)
    await request_subscriptions(unit, into)


async def unmerge(unit: UnitOfWork, steward: Account, tag: Tag) -> None:
    """Take a hashtag apart from the one that it was merged into. Raises MergeRefused."""
    await unmerge_tag(unit, steward, tag)
    await request_subscriptions(unit)


async def keep(unit: UnitOfWork, steward: Account, tag: Tag, *, is_kept: bool) -> None:
    """Keep the archives of all offices, whether somebody here follows the hashtag or not; or no longer."""
    if keep_tag(unit, steward, tag, is_kept=is_kept):
        await request_subscriptions(unit, tag)
