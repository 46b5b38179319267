"""One person wants nothing of a whole domain: its people aren't shown, and follows in both directions end.

Ending the follows, which their servers have to be told, is the business of `outbox.domain_blocks`. Lifting the block
brings nothing back.
"""

from sqlalchemy import delete, select

from models import UnitOfWork
from models.accounts import Account
from models.feeds import AccountList, FeedEntry, ListEntry, Notification
from models.insertion import insert_ignoring
from models.relations import DomainBlock
from models.statuses import Status
from policy.limits import DOMAIN_BLOCKS
from social.home_feed import boosts_of
from social.quotas import require_room


async def block_domain(unit: UnitOfWork, account: Account, domain: str) -> bool:
    """Block a normalised domain; False when it was blocked before. Raises QuotaReached."""
    await unit.session.flush()
    query = select(DomainBlock.id).where(DomainBlock.account_id == account.id, DomainBlock.domain == domain)
    if await unit.session.scalar(query) is not None:
        return False
    await require_room(unit, DomainBlock, DomainBlock.account_id == account.id, DOMAIN_BLOCKS, "blocked domains")
    row = {"id": unit.new_id(), "account_id": account.id, "domain": domain, "created_at": unit.now}
    await unit.session.execute(insert_ignoring(unit.session, DomainBlock).values(**row))
    await _clear(unit, account, domain)
    return True


async def unblock_domain(unit: UnitOfWork, account: Account, domain: str) -> bool:
    """Lift the block of a domain; False when there was none."""
    await unit.session.flush()
    statement = (
        delete(DomainBlock)
        .where(DomainBlock.account_id == account.id, DomainBlock.domain == domain)
        .returning(DomainBlock.id)
        .execution_options(synchronize_session=False)
    )
    return (await unit.session.scalar(statement)) is not None


async def _clear(unit: UnitOfWork, account: Account, domain: str) -> None:
    """Take the domain's people out of feeds, lists and notifications."""
    people = select(Account.id).where(Account.domain == domain)
    written = select(Status.id).where(Status.account_id.in_(people))
    is_sqlite = unit.session.get_bind().dialect.name == "sqlite"
    gone = written.union_all(boosts_of(written, is_sqlite=is_sqlite))
    lists = select(AccountList.id).where(AccountList.account_id == account.id)
    for table, mine in ((FeedEntry, FeedEntry.account_id == account.id), (ListEntry, ListEntry.list_id.in_(lists))):
        await unit.session.execute(
            delete(table).where(mine, table.status_id.in_(gone)).execution_options(synchronize_session=False)
        )
    await unit.session.execute(
        delete(Notification)
        .where(Notification.account_id == account.id, Notification.from_account_id.in_(people))
        .execution_options(synchronize_session=False)
    )
