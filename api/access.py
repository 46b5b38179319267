"""The gates: the only way for a handler to get at a status or an account. Each raises NotFound.

What is absent, gone, and not for this viewer's eyes can't be told apart. The decisions are those of `policy`.
"""

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call
from api.errors import NotFound
from communities.standings import knows
from models.accounts import Account
from models.statuses import Status
from policy.visibility import visible_to


async def visible_status(call: Call, session: AsyncSession, status_id: int) -> Status:
    """The status with this id, if the viewer may see it; a boost stands for what it boosts, if that may be seen."""
    viewer_id = call.viewer.id if call.viewer is not None else None
    query = select(Status).where(Status.id == bindparam("status_id"), visible_to(viewer_id))
    status = (await session.scalars(query, {"status_id": status_id})).first()
    if status is None:
        raise NotFound
    return status


async def visible_original(call: Call, session: AsyncSession, status_id: int) -> Status:
    """The same, but of a boost what it boosts: what one favourites, answers or boosts is never the wrapper."""
    status = await visible_status(call, session, status_id)
    return status if status.boost_of_id is None else await visible_status(call, session, status.boost_of_id)


async def known_account(call: Call, session: AsyncSession, account_id: int) -> Account:
    """The account with this id; one that is gone is not found, a suspended one is (clients show it as such).

    A hidden community is there for its members and whom it invited.
    """
    viewer_id = call.viewer.id if call.viewer is not None else None
    account = await session.get(Account, account_id)
    if account is None or account.gone_at is not None or not await knows(session, viewer_id, account):
        raise NotFound
    return account
