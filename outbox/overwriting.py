"""What an import ends that replaces a list: whatever is there and isn't named in the file. One unit for each."""

from sqlalchemy import select

from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.feeds import AccountList
from models.imports import AccountImport
from models.statuses import Status
from outbox.follows import publish_unblock, publish_unfollow
from social.bookmarks import unbookmark
from social.domain_blocks import unblock_domain
from social.exports import Exported, exported_rows
from social.imports import BLOCKS, BOOKMARKS, DOMAIN_BLOCKS, FOLLOWS, LISTS, MUTES
from social.list_members import remove_members
from social.lists import delete_list
from social.mutes import unmute


async def end_the_rest(services: Services, found: AccountImport) -> None:
    """Unfollow, unblock, unmute, take off lists and so on, what the rows of the import don't name."""
    width = 2 if found.kind == LISTS else 1
    named = {tuple(_key(found.kind, cells[1 : 1 + width])) for cells in found.rows}
    async with services.database.reading() as session:
        account = await session.get_one(Account, found.account_id)
        present = await exported_rows(session, services.addresses, account, found.kind)
    for row in present:
        if tuple(_key(found.kind, row.cells[:width])) not in named:
            async with services.database.unit_of_work() as unit:
                await _end(services, unit, await unit.session.get_one(Account, account.id), found.kind, row)
    if found.kind == LISTS:
        await _delete_lists(services, account, {cells[1] for cells in found.rows})


def _key(kind: str, cells: list[str]) -> list[str]:
    return [*cells[:-1], cells[-1] if kind == BOOKMARKS else cells[-1].lower()]


async def _end(services: Services, unit: UnitOfWork, account: Account, kind: str, row: Exported) -> None:
    if kind == DOMAIN_BLOCKS:
        await unblock_domain(unit, account, row.cells[0])
    elif kind == BOOKMARKS:
        await unbookmark(unit, account, await unit.session.get_one(Status, row.id))
    else:
        other = await unit.session.get_one(Account, row.id)
        if kind == FOLLOWS:
            await publish_unfollow(services, unit, account, other)
        elif kind == BLOCKS:
            await publish_unblock(services, unit, account, other)
        elif kind == MUTES:
            await unmute(unit, account, other)
        else:
            for owned in await unit.session.scalars(
                select(AccountList).where(AccountList.account_id == account.id, AccountList.title == row.cells[0])
            ):
                await remove_members(unit, owned, [other.id])


async def _delete_lists(services: Services, account: Account, titles: set[str]) -> None:
    async with services.database.unit_of_work() as unit:
        query = select(AccountList).where(AccountList.account_id == account.id, AccountList.title.not_in(titles))
        for owned in (await unit.session.scalars(query)).all():
            await delete_list(unit, owned)
