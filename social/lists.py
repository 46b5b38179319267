"""Lists: timelines of their own for some of those whom somebody follows. Who is on them: `social.list_members`."""

from typing import Final

from models import UnitOfWork
from models.accounts import Account
from models.feeds import AccountList
from policy.limits import LISTS
from social.list_members import become_exclusive, member_ids, return_home
from social.quotas import require_room

REPLIES_POLICIES: Final = ("followed", "list", "none")


async def create_list(
    unit: UnitOfWork, owner: Account, title: str, *, replies_policy: str = "list", is_exclusive: bool = False
) -> AccountList:
    """Make an empty list. Raises QuotaReached."""
    await require_room(unit, AccountList, AccountList.account_id == owner.id, LISTS, "lists")
    made = AccountList(
        id=unit.new_id(),
        account_id=owner.id,
        title=title,
        replies_policy=replies_policy,
        is_exclusive=is_exclusive,
        created_at=unit.now,
    )
    unit.session.add(made)
    return made


async def change_list(
    unit: UnitOfWork,
    owned: AccountList,
    *,
    title: str | None = None,
    replies_policy: str | None = None,
    is_exclusive: bool | None = None,
) -> None:
    """Change what is given; what is in its timeline already stays as it is, home follows `is_exclusive`."""
    owned.title = owned.title if title is None else title
    owned.replies_policy = owned.replies_policy if replies_policy is None else replies_policy
    was_exclusive, owned.is_exclusive = owned.is_exclusive, owned.is_exclusive if is_exclusive is None else is_exclusive
    await unit.session.flush()
    if owned.is_exclusive and not was_exclusive:
        await become_exclusive(unit, owned)
    elif was_exclusive and not owned.is_exclusive:
        for account_id in await member_ids(unit, owned):
            await return_home(unit, owned.account_id, account_id)


async def delete_list(unit: UnitOfWork, owned: AccountList) -> None:
    """Remove a list with its timeline; members of an exclusive one are shown at home again."""
    members = await member_ids(unit, owned) if owned.is_exclusive else []
    await unit.session.delete(owned)
    await unit.session.flush()
    for account_id in members:
        await return_home(unit, owned.account_id, account_id)
