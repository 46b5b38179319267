"""Requests of those whose notifications were held back: opened by a mention or a quote, accepted or dismissed.

Accepting lets the sender through from now on and shows what waited, in one transaction: nothing is merged later, so
whoever asks is always told that all is merged. Dismissing throws away what waited; the sender may ask again. How many
wait is counted when somebody looks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.events import Event, Kind
from models.feeds import Notification, NotificationPermission, NotificationPolicy, NotificationRequest
from models.insertion import insert_missing, updating
from policy.notifications import ASKING, DEFAULT, POLICY_FIELDS, Policy

MOST_COUNTED = 100
# Spelled out: SQLite doesn't see that `= 1` is the condition of the partial index.
IS_FILTERED = text("notifications.is_filtered")


async def ask_to_be_heard(unit: UnitOfWork, held_back: Iterable[tuple[int, int, int | None]]) -> None:
    """Open a request for each recipient and sender, or bring it up to date with the newest status."""
    newest = {(account_id, sender_id): status_id for account_id, sender_id, status_id in held_back}
    await unit.session.execute(
        updating(
            unit.session.get_bind().dialect.name == "sqlite",
            NotificationRequest,
            ("account_id", "from_account_id"),
            ("last_status_id", "updated_at"),
        ),
        [
            {
                "id": unit.new_id(),
                "account_id": account_id,
                "from_account_id": sender_id,
                "last_status_id": status_id,
                "created_at": unit.now,
                "updated_at": unit.now,
            }
            for (account_id, sender_id), status_id in newest.items()
        ],
    )


async def accept_requests(unit: UnitOfWork, account_id: int, sender_ids: Sequence[int]) -> None:
    """Let these senders through, whatever the policy says, and show what waited of them."""
    if not sender_ids:
        return
    rows = [{"account_id": account_id, "from_account_id": sender, "created_at": unit.now} for sender in sender_ids]
    await insert_missing(unit.session, NotificationPermission, rows)
    await unit.session.execute(
        update(Notification)
        .where(Notification.account_id == account_id, Notification.from_account_id.in_(sender_ids), IS_FILTERED)
        .values(is_filtered=False)
        .execution_options(synchronize_session=False)
    )
    await _close(unit, account_id, sender_ids)
    unit.emit(Event(Kind.NOTIFICATIONS_MERGED, account_id=account_id))


async def dismiss_requests(unit: UnitOfWork, account_id: int, sender_ids: Sequence[int]) -> None:
    """Throw away what waited of these senders."""
    await unit.session.execute(
        delete(Notification)
        .where(Notification.account_id == account_id, Notification.from_account_id.in_(sender_ids), IS_FILTERED)
        .execution_options(synchronize_session=False)
    )
    await _close(unit, account_id, sender_ids)


async def _close(unit: UnitOfWork, account_id: int, sender_ids: Sequence[int]) -> None:
    await unit.session.execute(
        delete(NotificationRequest)
        .where(NotificationRequest.account_id == account_id, NotificationRequest.from_account_id.in_(sender_ids))
        .execution_options(synchronize_session=False)
    )


async def waiting_counts(session: AsyncSession, account_id: int, sender_ids: Sequence[int]) -> dict[int, int]:
    """How many mentions and quotes of each sender wait."""
    query = (
        select(Notification.from_account_id, func.count())
        .where(Notification.account_id == account_id, Notification.from_account_id.in_(sender_ids))
        .where(IS_FILTERED, Notification.kind.in_(ASKING))
        .group_by(Notification.from_account_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def pending_counts(session: AsyncSession, account_id: int) -> tuple[int, int]:
    """How many requests and how many notifications of theirs wait, at most `MOST_COUNTED` each."""
    requests = select(NotificationRequest.id).where(NotificationRequest.account_id == account_id).limit(MOST_COUNTED)
    waiting = (
        select(Notification.id)
        .where(Notification.account_id == account_id, IS_FILTERED, Notification.kind.in_(ASKING))
        .limit(MOST_COUNTED)
    )
    row = (
        await session.execute(
            select(
                select(func.count()).select_from(requests.subquery()).scalar_subquery(),
                select(func.count()).select_from(waiting.subquery()).scalar_subquery(),
            )
        )
    ).one()
    return row[0], row[1]


async def load_policy(session: AsyncSession, account_id: int) -> Policy:
    """What somebody wants to be told of whom."""
    row = await session.get(NotificationPolicy, account_id)
    return DEFAULT if row is None else Policy(*(getattr(row, name) for name in POLICY_FIELDS))


async def change_policy(unit: UnitOfWork, account_id: int, changes: dict[str, str]) -> Policy:
    """Change some parts of the policy; it holds for what happens from now on."""
    row = await unit.session.get(NotificationPolicy, account_id)
    if row is None:
        row = NotificationPolicy(account_id=account_id, **asdict(DEFAULT), updated_at=unit.now)
        unit.session.add(row)
    for name, value in changes.items():
        setattr(row, name, value)
    row.updated_at = unit.now
    await unit.session.flush()
    return Policy(*(getattr(row, name) for name in POLICY_FIELDS))
