"""What stewards (moderators who may manage taxonomies) do about topics: merge, take apart, keep. All of it audited."""

from models import UnitOfWork
from models.accounts import Account
from models.statuses import Tag
from social.moderation import audit


def keep_tag(unit: UnitOfWork, steward: Account, tag: Tag, *, is_kept: bool) -> bool:
    """Have the office itself keep the archives of a hashtag, or no longer; False when it was so before."""
    if (tag.kept_since is not None) == is_kept:
        return False
    tag.kept_since = unit.now if is_kept else None
    audit(unit, steward, "subscribe" if is_kept else "unsubscribe", "Tag", tag.id, {"name": tag.name})
    return True
