"""One person wants nothing of a whole domain: its people aren't shown, and follows in both directions end.

Ending the follows, which their servers have to be told, is the business of `outbox.domain_blocks`. Lifting the block
brings nothing back.
"""

import asyncio
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, String, bindparam, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from jobs.queue import enqueue_job
from models import Database, UnitOfWork
from models.accounts import Account
from models.aliases import narrow_alias
from models.feeds import AccountList, FeedEntry, ListEntry, Notification
from models.insertion import insert_ignoring
from models.questions import among
from models.relations import DomainBlock
from models.statuses import Status
from policy.limits import DOMAIN_BLOCKS
from social.quotas import require_room

CLEAR_DOMAIN: Final = "clear_domain"
# On SQLite nobody else gets a turn while a portion is looked through: 10 ms.
ENTRIES_AT_ONCE: Final = 1_000
BREATH_SECONDS: Final = 0.02
_ABOVE_ALL: Final = 2**63 - 1
Feed = tuple[type[FeedEntry] | type[ListEntry], ColumnElement[bool]]


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


async def clear_domain(database: Database, payload: dict[str, Any]) -> None:
    """Take a domain's people out of all of somebody's feeds, portion by portion, as long as the block is there."""
    account_id, domain = int(payload["account_id"]), str(payload["domain"])
    is_blocked = select(DomainBlock.id).where(DomainBlock.account_id == account_id, DomainBlock.domain == domain)
    async with database.reading() as session:
        feeds = await _feeds(session, account_id)
    for feed in feeds:
        below: int | None = _ABOVE_ALL
        while below is not None:
            async with database.unit_of_work() as unit:
                if await unit.session.scalar(is_blocked) is None:
                    return
                below = await _clear_portion(unit, feed, domain, below)
            await asyncio.sleep(BREATH_SECONDS)


async def _clear(unit: UnitOfWork, account: Account, domain: str) -> None:
    """Take the domain's people out of what is new in feeds and lists, and out of notifications; the rest, which nobody
    is shown meanwhile, goes by a job."""
    for feed in await _feeds(unit.session, account.id):
        await _clear_portion(unit, feed, domain, _ABOVE_ALL)
    payload = {"account_id": account.id, "domain": domain}
    await enqueue_job(unit, CLEAR_DOMAIN, payload, unique_key=f"{CLEAR_DOMAIN}:{account.id}:{domain}")
    people = select(Account.id).where(Account.domain == domain)
    await unit.session.execute(
        delete(Notification)
        .where(Notification.account_id == account.id, Notification.from_account_id.in_(people))
        .execution_options(synchronize_session=False)
    )


async def _feeds(session: AsyncSession, account_id: int) -> list[Feed]:
    """The home timeline of an account and its lists: the table, and which of its rows."""
    lists = await session.scalars(select(AccountList.id).where(AccountList.account_id == account_id))
    return [
        (FeedEntry, FeedEntry.account_id == account_id),
        *((ListEntry, ListEntry.list_id == list_id) for list_id in lists),
    ]


async def _clear_portion(unit: UnitOfWork, feed: Feed, domain: str, below: int) -> int | None:
    """Clear the newest of a feed below an id; the last id that was looked at, or None at the end."""
    table, mine = feed
    status_id: SQLColumnExpression[int] = table.status_id
    newest = select(status_id).where(mine, status_id < below).order_by(status_id.desc()).limit(ENTRIES_AT_ONCE)
    ids = (await unit.session.scalars(newest)).all()
    if ids:
        await unit.session.execute(
            delete(table).where(mine, status_id.in_(_said_there())).execution_options(synchronize_session=False),
            {"ids": ids, "domain": domain},
        )
    return ids[-1] if len(ids) == ENTRIES_AT_ONCE else None


@cache
def _said_there() -> Select[int]:
    """Which of these `ids` are of people of the `domain`, or boosts of what they said."""
    author, boosted_author = (narrow_alias(Account, "id", "domain") for _ in range(2))
    boosted = narrow_alias(Status, "id", "account_id")
    domain = bindparam("domain", type_=String)
    return (
        select(Status.id)
        .join(author, author.c.id == Status.account_id)
        .outerjoin(boosted, boosted.c.id == Status.boost_of_id)
        .outerjoin(boosted_author, boosted_author.c.id == boosted.c.account_id)
        .where(among(Status.id, "ids"), or_(author.c.domain == domain, boosted_author.c.domain == domain))
    )
