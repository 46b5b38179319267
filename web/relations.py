"""How the viewer stands to an account: what a profile's button offers."""

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.relations import Follow
from models.values import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """`state` is empty, `pending` or `accepted`; `can_follow` whether there is a button at all."""

    state: str = ""
    follows_viewer: bool = False
    is_self: bool = False
    can_follow: bool = False


async def relation_to(session: AsyncSession, viewer: Account | None, account: Account) -> Relation:
    """One query, none without a viewer."""
    if viewer is None:
        return Relation()
    if viewer.id == account.id:
        return Relation(is_self=True)
    found = await session.execute(
        select(Follow.follower_id, Follow.state).where(
            or_(
                and_(Follow.follower_id == viewer.id, Follow.followee_id == account.id),
                and_(Follow.follower_id == account.id, Follow.followee_id == viewer.id),
            )
        )
    )
    states = {row.follower_id: row.state for row in found}
    return Relation(
        state=states.get(viewer.id, ""),
        follows_viewer=states.get(account.id) == "accepted",
        can_follow=account.is_active and account.moved_to_uri is None,
    )
