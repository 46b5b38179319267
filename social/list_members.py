"""Who is on a list. Members are followed, or asked to be, by the list's owner, or are the owner.

Whoever joins brings their newest statuses, whoever leaves takes theirs along; what members of an exclusive list write
leaves the home feed and comes back with the last such list.
"""

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from models import UnitOfWork
from models.accounts import Account
from models.feeds import AccountList, ListMember
from models.insertion import insert_missing
from models.relations import Follow
from policy.limits import LIST_MEMBERS
from social.home_feed import backfill_feed, backfill_list, remove_from_list, remove_home_entries
from social.quotas import QuotaReached


class NotFollowed(Exception):
    """Somebody can't be on the list: its owner doesn't follow them, or there is no such account."""


class AlreadyListed(Exception):
    """Somebody is on the list already."""


async def add_members(unit: UnitOfWork, owned: AccountList, account_ids: Sequence[int]) -> None:
    """Put accounts on a list, all or none. Raises NotFollowed, AlreadyListed, QuotaReached."""
    await unit.session.flush()
    wanted = list(dict.fromkeys(account_ids))
    followed = select(Follow.followee_id).where(Follow.follower_id == owned.account_id, Follow.followee_id.in_(wanted))
    allowed = {*await unit.session.scalars(followed), owned.account_id}
    if not allowed.issuperset(wanted):
        raise NotFollowed
    if await _members_among(unit, owned, wanted):
        raise AlreadyListed
    count = select(func.count()).select_from(ListMember).where(ListMember.list_id == owned.id)
    if (await unit.session.scalar(count) or 0) + len(wanted) > LIST_MEMBERS:
        raise QuotaReached(f"A list can have {LIST_MEMBERS} members at most")
    rows = [{"id": unit.new_id(), "list_id": owned.id, "account_id": account_id} for account_id in wanted]
    await insert_missing(unit.session, ListMember, rows)
    for account_id in wanted:
        await backfill_list(unit, owned.id, account_id)
        if owned.is_exclusive:
            await _leave_home(unit, owned.account_id, account_id)


async def remove_members(unit: UnitOfWork, owned: AccountList, account_ids: Sequence[int]) -> None:
    """Take accounts off a list; who isn't on it is passed over."""
    await unit.session.flush()
    for account_id in await _members_among(unit, owned, account_ids):
        await _delete(unit, [owned.id], account_id)
        await remove_from_list(unit, owned.id, account_id)
        if owned.is_exclusive:
            await return_home(unit, owned.account_id, account_id)


async def member_ids(unit: UnitOfWork, owned: AccountList) -> list[int]:
    """Everybody on a list."""
    query = select(ListMember.account_id).where(ListMember.list_id == owned.id).order_by(ListMember.id)
    return list(await unit.session.scalars(query))


async def become_exclusive(unit: UnitOfWork, owned: AccountList) -> None:
    """From now on members are read in the list alone."""
    for account_id in await member_ids(unit, owned):
        await _leave_home(unit, owned.account_id, account_id)


async def return_home(unit: UnitOfWork, owner_id: int, account_id: int) -> None:
    """Show somebody at home again who isn't on an exclusive list any more; the feeds' own rules say whether."""
    owner = await unit.session.get_one(Account, owner_id)
    account = await unit.session.get(Account, account_id)
    if account is not None and account.id != owner_id:
        await backfill_feed(unit, owner, account)


async def leave_lists(unit: UnitOfWork, owner: Account, account: Account) -> None:
    """Take somebody off all lists of an owner who doesn't follow them any more; feeds are the caller's."""
    lists = select(AccountList.id).where(AccountList.account_id == owner.id)
    await _delete(unit, list(await unit.session.scalars(lists)), account.id)


async def _leave_home(unit: UnitOfWork, owner_id: int, account_id: int) -> None:
    if account_id != owner_id:
        await remove_home_entries(unit, owner_id, account_id)


async def _members_among(unit: UnitOfWork, owned: AccountList, account_ids: Sequence[int]) -> list[int]:
    query = select(ListMember.account_id).where(
        ListMember.list_id == owned.id, ListMember.account_id.in_(list(account_ids))
    )
    return list(await unit.session.scalars(query))


async def _delete(unit: UnitOfWork, list_ids: Sequence[int], account_id: int) -> None:
    if list_ids:
        await unit.session.execute(
            delete(ListMember)
            .where(ListMember.list_id.in_(list_ids), ListMember.account_id == account_id)
            .execution_options(synchronize_session=False)
        )
