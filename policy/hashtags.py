"""Which hashtags exist for somebody: the only place that decides it.

A name says much (`#layoffs`), so a hashtag is there for who may see a post that carries it, for who follows it, and for
everybody when somebody shows it on their profile or a steward looks after it. For all others it is like one that nobody
has ever written.
"""

from typing import Any

from sqlalchemy import ColumnElement, or_, select

from models.aliases import alias_of
from models.questions import looked_up
from models.relations import FeaturedTag, TagFollow
from models.statuses import Status, StatusTag, Tag
from policy.visibility import ViewerId, visible_to

_merged, _carrier = alias_of(Tag), alias_of(Status)


def tag_known_to(viewer_id: ViewerId | None, tag: Any = Tag) -> ColumnElement[bool]:
    """The condition on `Tag` or an alias of it; None is the public."""
    # A value and no join: one that goes from posts to their hashtags reads all posts for a hashtag that few carry.
    is_visible = looked_up(_carrier().id, _carrier().id == StatusTag.status_id, visible_to(viewer_id, _carrier()))
    seen = select(StatusTag.tag_id).where(StatusTag.tag_id == tag.id, is_visible).correlate(tag).exists()
    looked_after = or_(
        tag.canonical_id.is_not(None),
        tag.kept_since.is_not(None),
        select(_merged().id).where(_merged().canonical_id == tag.id).correlate(tag).exists(),
        select(FeaturedTag.id).where(FeaturedTag.tag_id == tag.id).correlate(tag).exists(),
    )
    if viewer_id is None:
        return or_(seen, looked_after)
    follows = (
        select(TagFollow.id)
        .where(TagFollow.tag_id == tag.id, TagFollow.account_id == viewer_id)
        .correlate(tag)
        .exists()
    )
    return or_(seen, looked_after, follows)
