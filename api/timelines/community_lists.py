"""Communities as lists: each that somebody belongs to is one more list, which is read and never edited.

Nothing is stored: the id of such a list is the id of the community (ids are never given twice in an office, so it isn't
any list's), and it is there as long as its reader is a member.
"""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.entities.list import community_list_entity
from api.errors import NotFound, Unprocessable
from communities.listing import joined_by
from models.accounts import Account

# Far more than anybody reads; a list of lists has no pages.
MOST: Final = 500


async def community_lists(session: AsyncSession, viewer_id: int) -> list[Json]:
    """The communities that somebody belongs to, the oldest first."""
    rows = await session.execute(joined_by(viewer_id).order_by(Account.id).limit(MOST))
    return [community_list_entity(row) for row in rows]


async def community_list(session: AsyncSession, viewer_id: int, list_id: int) -> Any:
    """The row of one of them. Raises NotFound."""
    row = (await session.execute(joined_by(viewer_id).where(Account.id == list_id))).first()
    if row is None:
        raise NotFound
    return row


async def refuse_community_list(call: Call, session: AsyncSession, list_id: int) -> None:
    """Raises Unprocessable for a list that is a community of the viewer's."""
    try:
        await community_list(session, call.me.id, list_id)
    except NotFound:
        return
    raise Unprocessable("This list is a community: join or leave the community instead of changing the list")
