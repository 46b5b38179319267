"""Telling people that something happened: collected in the unit, checked against blocks, written once.

Nobody is told by an account that they blocked or that they are; nobody is told of their own doing; the same thing is
told once (unique on recipient, kind, sender and subject).
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from models import UnitOfWork
from models.accounts import Account
from models.events import Event, Kind
from models.feeds import Notification
from models.insertion import insert_missing
from models.relations import Block

_BLOCKS = select(Block.account_id, Block.target_id).where(
    Block.account_id.in_(bindparam("ids", expanding=True)), Block.target_id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` in the words of the Mastodon API: mention, follow, follow_request, favourite, reblog, poll, update, …"""

    account_id: int
    kind: str
    from_account_id: int
    status_id: int | None
    subject_id: int


def notify(
    unit: UnitOfWork,
    recipient: Account,
    kind: str,
    sender: Account,
    *,
    status_id: int | None = None,
    subject_id: int = 0,
) -> None:
    """Tell a local account; remote recipients and one's own doings are passed over."""
    if not recipient.is_local or recipient.id == sender.id:
        return
    unit.defer(_write, Notice(recipient.id, kind, sender.id, status_id, subject_id or status_id or 0))


async def _write(unit: UnitOfWork, notices: list[Notice]) -> None:
    ids = {number for notice in notices for number in (notice.account_id, notice.from_account_id)}
    blocked = {frozenset(pair) for pair in await unit.session.execute(_BLOCKS, {"ids": sorted(ids)})}
    rows: list[dict[str, Any]] = [
        {
            "id": unit.new_id(),
            "account_id": notice.account_id,
            "kind": notice.kind,
            "from_account_id": notice.from_account_id,
            "status_id": notice.status_id,
            "subject_id": notice.subject_id,
            "created_at": unit.now,
        }
        for notice in notices
        if frozenset((notice.account_id, notice.from_account_id)) not in blocked
    ]
    await insert_missing(unit.session, Notification, rows)
    for row in rows:  # of one that was told before there is no row with this id: nobody will find it
        unit.emit(Event(Kind.NOTIFIED, row["id"], row["account_id"], word=row["kind"]))
