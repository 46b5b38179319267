"""Who may see a status: the only place that decides it, once in Python and once in SQL.

One table of cases in `tests/policy/test_visibility.py` holds the two forms together. The rules, in order:

1. The author sees it.
2. A status of a suspended or deleted author is seen by nobody else.
3. Where either side has blocked the other, it is not seen.
4. Public and unlisted: everybody.
5. Private: followers of the author (accepted), and who is mentioned.
6. Private in a community (`group_id`): its members, and nobody else, mentioned or not; removed from it: nobody else.
   The server of a member reads it for them, where `policy.communities` trusts it with that.
7. Direct and limited: who is mentioned.
8. A boost is as visible as what it boosts is, and no more than its own addressing says.
9. What stays in the office (`is_local_only`) is seen by people of this office, as far as the rules above let them, and
   by nobody else: neither by the public nor by an account of another server, whatever its addressing says.

A viewer is a local account, or a remote one that signed its request; None is the public.
"""

from sqlalchemy import BindParameter, ColumnElement, SQLColumnExpression, and_, or_, select

from models.accounts import Account
from models.aliases import narrow_alias
from models.relations import Block, Follow
from models.statuses import Mention, Status
from models.visibility import Visibility
from policy.communities import belongs_to

# An id, or the place of one in a statement that is built once.
ViewerId = int | BindParameter[int]
PUBLIC_KINDS = (Visibility.PUBLIC.value, Visibility.UNLISTED.value)
_author = narrow_alias(Account, "id", "suspended_at", "gone_at")
_viewer = narrow_alias(Account, "id", "domain")


def can_see(
    viewer: Account | None,
    status: Status,
    author: Account,
    *,
    is_follower: bool = False,
    is_mentioned: bool = False,
    is_blocked: bool = False,
    is_member: bool = False,
) -> bool:
    """Whether `viewer` may see `status`, given the facts between them.

    `is_blocked`: in either direction; `is_member`: the viewer belongs to the community of the status, or reads for
    somebody who does.
    """
    if status.is_local_only and (viewer is None or not viewer.is_local):
        return False
    if viewer is not None and viewer.id == status.account_id:
        return True
    if not author.is_active or is_blocked:
        return False
    match Visibility(status.visibility):
        case Visibility.PUBLIC | Visibility.UNLISTED:
            return True
        case Visibility.PRIVATE if status.group_id is not None:
            return is_member and status.removed_at is None
        case Visibility.PRIVATE:
            return is_follower or is_mentioned
        case Visibility.DIRECT | Visibility.LIMITED:
            return is_mentioned


def visible_to(viewer_id: ViewerId | None, status: type[Status] = Status) -> ColumnElement[bool]:
    """The same as a condition on `status` (an entity or an alias of it), to be added to a query's WHERE."""
    is_active = (
        select(_author.c.id)
        .where(_author.c.id == status.account_id, _author.c.suspended_at.is_(None), _author.c.gone_at.is_(None))
        .correlate_except(_author)
        .exists()
    )
    is_public = status.visibility.in_(PUBLIC_KINDS)
    if viewer_id is None:
        return and_(is_active, is_public, status.is_local_only.is_(False))
    is_inside = (
        select(_viewer.c.id)
        .where(_viewer.c.id == viewer_id, _viewer.c.domain.is_(None))
        .correlate_except(_viewer)
        .exists()
    )
    follows = (
        select(Follow.id)
        .where(Follow.follower_id == viewer_id, Follow.followee_id == status.account_id, Follow.state == "accepted")
        .exists()
    )
    mentioned = (
        select(Mention.status_id).where(Mention.status_id == status.id, Mention.account_id == viewer_id).exists()
    )
    is_private = status.visibility == Visibility.PRIVATE.value
    return and_(
        or_(status.is_local_only.is_(False), is_inside),
        or_(
            status.account_id == viewer_id,
            and_(
                is_active,
                ~blocked_between(viewer_id, status.account_id),
                or_(
                    is_public,
                    and_(~for_members(status), or_(mentioned, and_(is_private, follows))),
                    and_(for_members(status), status.removed_at.is_(None), belongs_to(viewer_id, status.group_id)),
                ),
            ),
        ),
    )


def for_members(status: type[Status] = Status) -> ColumnElement[bool]:
    """The condition that a status is for the members of its community alone."""
    return and_(status.visibility == Visibility.PRIVATE.value, status.group_id.is_not(None))


def visible_in(is_member: ColumnElement[bool], status: type[Status] = Status) -> ColumnElement[bool]:
    """Rule 6 for the server of members, on its own; `is_member` is the condition that the community is one of theirs.

    Besides the community's posts these are its boosts of them.
    """
    is_active = (
        select(_author.c.id)
        .where(_author.c.id == status.account_id, _author.c.suspended_at.is_(None), _author.c.gone_at.is_(None))
        .correlate_except(_author)
        .exists()
    )
    is_private = status.visibility == Visibility.PRIVATE.value
    return and_(is_private, is_active, status.removed_at.is_(None), status.is_local_only.is_(False), is_member)


def is_for_members(status: Status) -> bool:
    """The same of a row."""
    return status.visibility == Visibility.PRIVATE and status.group_id is not None


def blocked_between(viewer_id: ViewerId, account_id: SQLColumnExpression[int] | int) -> ColumnElement[bool]:
    """Whether one of the two has blocked the other."""
    return (
        select(Block.id)
        .where(
            or_(
                and_(Block.account_id == viewer_id, Block.target_id == account_id),
                and_(Block.account_id == account_id, Block.target_id == viewer_id),
            )
        )
        .exists()
    )
