"""Private conversations: one row for each local participant, written with the direct statuses that make them up.

The row knows the other participants, the newest status that its owner sees, and whether it was read. When that status
is deleted, the one before takes its place; with the last one the row goes. A message from somebody whom the recipient
muted or blocked doesn't reach the recipient's row (`policy.timelines`). Each change is an event for who is looking.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from models import UnitOfWork
from models.accounts import Account, User
from models.base import BigInt, UtcDateTime
from models.events import Event, Kind
from models.feeds import Conversation
from models.statuses import Mention, Status
from models.visibility import Visibility
from policy.timelines import unwanted_by

_PARTICIPANTS: Final = (
    select(
        Mention.status_id,
        Mention.account_id,
        User.id.is_not(None),
        unwanted_by(Mention.account_id, Status.account_id, now=bindparam("now", type_=UtcDateTime())),
    )
    .join(Status, Status.id == Mention.status_id)
    .outerjoin(User, User.account_id == Mention.account_id)
    .where(Mention.status_id.in_(bindparam("status_ids", expanding=True, type_=BigInt)))
    .order_by(Mention.status_id, Mention.account_id)
)


def add_to_conversations(unit: UnitOfWork, status: Status, author: Account) -> None:
    """Have a new direct status appear in the conversations of those it is between."""
    if status.visibility == Visibility.DIRECT.value:
        unit.defer(_add, (status, author.is_local))


async def _add(unit: UnitOfWork, items: list[tuple[Status, bool]]) -> None:
    by_id = {status.id: status for status, _ in items}
    rows = await unit.session.execute(_PARTICIPANTS, {"status_ids": list(by_id), "now": unit.now})
    everybody: dict[int, set[int]] = {status.id: {status.account_id} for status in by_id.values()}
    owners: dict[int, list[int]] = defaultdict(list)
    for status, is_local in items:
        if is_local:
            owners[status.id].append(status.account_id)
    for status_id, account_id, is_person, is_unwanted in rows:
        everybody[status_id].add(account_id)
        if is_person and not is_unwanted and account_id != by_id[status_id].account_id:
            owners[status_id].append(account_id)
    keys = [(owner, by_id[status_id].conversation_id) for status_id, found in owners.items() for owner in found]
    known = await _known(unit, keys)
    for status_id in sorted(owners):
        for owner in owners[status_id]:
            _reach(unit, known, by_id[status_id], owner, sorted(everybody[status_id] - {owner}))
    await unit.session.flush()


async def _known(unit: UnitOfWork, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Conversation]:
    if not keys:
        return {}
    query = select(Conversation).where(tuple_(Conversation.account_id, Conversation.conversation_id).in_(set(keys)))
    return {(row.account_id, row.conversation_id): row for row in await unit.session.scalars(query)}


def _reach(
    unit: UnitOfWork,
    known: dict[tuple[int, int], Conversation],
    status: Status,
    owner: int,
    participants: list[int],
) -> None:
    """Bring the owner's row up to date; what comes late and is older than what is there only makes it unread."""
    is_own = status.account_id == owner
    row = known.get((owner, status.conversation_id))
    if row is None:
        row = Conversation(
            id=unit.new_id(), account_id=owner, conversation_id=status.conversation_id, participant_ids=participants,
            last_status_id=status.id, is_unread=not is_own, created_at=unit.now,
        )  # fmt: skip
        known[owner, status.conversation_id] = row
        unit.session.add(row)
    elif status.id > row.last_status_id:
        row.last_status_id, row.participant_ids, row.is_unread = status.id, participants, not is_own
    elif not is_own:
        row.is_unread = True
    unit.emit(Event(Kind.CONVERSATION_CHANGED, row.id, owner))


async def last_status_is_gone(unit: UnitOfWork, status: Status) -> None:
    """Called after a status was deleted: rows that showed it show the one before, or go."""
    if status.visibility != Visibility.DIRECT.value:
        return
    query = select(Conversation).where(Conversation.last_status_id == status.id)
    for row in (await unit.session.scalars(query)).all():
        await _show_newest(unit, row)


async def _show_newest(unit: UnitOfWork, row: Conversation) -> None:
    mention = aliased(Mention)
    is_mentioned = select(mention.status_id).where(mention.status_id == Status.id, mention.account_id == row.account_id)
    newest = await unit.session.scalar(
        select(func.max(Status.id)).where(
            Status.conversation_id == row.conversation_id,
            Status.visibility == Visibility.DIRECT.value,
            or_(Status.account_id == row.account_id, is_mentioned.exists()),
        )
    )
    if newest is None:
        await unit.session.delete(row)
    else:
        row.last_status_id = newest


async def conversation_is_joined(unit: UnitOfWork, old_id: int, new_id: int) -> None:
    """A conversation turned out to be part of another: its rows follow, and where both are, the newer one counts."""
    await unit.session.flush()
    moving = (await unit.session.scalars(select(Conversation).where(Conversation.conversation_id == old_id))).all()
    known = await _known(unit, [(row.account_id, new_id) for row in moving])
    for row in moving:
        other = known.get((row.account_id, new_id))
        if other is None:
            row.conversation_id = new_id
            continue
        if row.last_status_id > other.last_status_id:
            other.last_status_id, other.participant_ids = row.last_status_id, row.participant_ids
        other.is_unread = other.is_unread or row.is_unread
        await unit.session.delete(row)
    await unit.session.flush()


def set_unread(conversation: Conversation, *, is_unread: bool) -> None:
    """Mark a conversation as read or unread."""
    conversation.is_unread = is_unread


async def remove_conversation(unit: UnitOfWork, conversation: Conversation) -> None:
    """Take a conversation off its owner's list; the next message brings it back. The statuses stay."""
    await unit.session.execute(
        delete(Conversation).where(Conversation.id == conversation.id).execution_options(synchronize_session=False)
    )
