"""Which of the statuses that somebody may see they may also find by searching: the only place that decides it.

In a closed network everybody is a colleague: what one may see, one may find. In an open network an account says of
itself whether its public posts may be searched (`is_indexable`, `indexable` on the wire); those of one that doesn't are
found by who has to do with them: the author, who is mentioned, who favourited, bookmarked or boosted them. Visibility
(`policy.visibility`) and what somebody doesn't want to read (`policy.timelines`) come on top.
"""

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import aliased

from models.accounts import Account
from models.relations import Bookmark, Favourite
from models.statuses import Mention, Status
from models.visibility import Visibility
from policy.visibility import ViewerId


def has_to_do_with(viewer_id: ViewerId, status: type[Status] = Status) -> ColumnElement[bool]:
    """Written by the viewer, addressed to them, or favourited, bookmarked or boosted by them: their library."""
    boost = aliased(Status)
    return or_(
        status.account_id == viewer_id,
        select(Mention.status_id).where(Mention.status_id == status.id, Mention.account_id == viewer_id).exists(),
        select(Favourite.id).where(Favourite.status_id == status.id, Favourite.account_id == viewer_id).exists(),
        select(Bookmark.id).where(Bookmark.status_id == status.id, Bookmark.account_id == viewer_id).exists(),
        select(boost.id).where(boost.boost_of_id == status.id, boost.account_id == viewer_id).exists(),
    )


def may_be_found_by(viewer_id: ViewerId, status: type[Status] = Status, *, is_closed: bool) -> ColumnElement[bool]:
    """Whether a search of the viewer may show a status that they may see."""
    if is_closed:
        return true()
    author = aliased(Account)
    is_indexable = select(author.id).where(author.id == status.account_id, author.is_indexable.is_(True)).exists()
    is_public = status.visibility.in_([Visibility.PUBLIC.value, Visibility.UNLISTED.value])
    return or_(~is_public, is_indexable, has_to_do_with(viewer_id, status))
