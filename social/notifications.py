"""Telling people that something happened: collected in the unit, judged for all at once, written once.

`notify` says that something concerns somebody, `retract` that it was taken back. Before the commit everything that a
unit collected is settled together: one query gathers what lies between each recipient and each sender, the pure rules
of `policy.notifications` judge it, one INSERT writes what is left, and one query tells what of it is new. What is held
back opens a request of the sender. The same thing is told once (unique on recipient, kind, sender and subject); of
edits the newest takes the place.

A unit in which nobody is told costs nothing. Otherwise the number of statements doesn't depend on how many are told:
facts, insert and what is new, and only where there is a reason for them erasure, requests, and jobs that push.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from sqlalchemy import bindparam, delete, select, tuple_

from models import UnitOfWork
from models.accounts import Account
from models.bulk import Bulk
from models.events import Event
from models.events import Kind as EventKind
from models.feeds import Notification
from models.insertion import ignoring
from models.questions import Question, among
from models.values import dataclass
from policy.notifications import ASKING, FROM_ONESELF, REPLACING, Answer, decide
from social.notification_facts import Known, load_facts
from social.notification_requests import ask_to_be_heard
from social.push_subscriptions import Told, queue_pushes

_OF_STATUSES = delete(Notification).where(
    Notification.status_id.in_(bindparam("status_ids", expanding=True)),
    tuple_(Notification.kind, Notification.from_account_id, Notification.subject_id).in_(
        bindparam("gone", expanding=True)
    ),
)
_OF_ACCOUNTS = delete(Notification).where(
    tuple_(
        Notification.account_id, Notification.kind, Notification.from_account_id, Notification.subject_id
    ).in_(bindparam("gone", expanding=True))
)  # fmt: skip
_WRITTEN = Question(select(Notification.id).where(among(Notification.id, "ids")))
_UNIQUE = ("account_id", "kind", "from_account_id", "subject_id")


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is one of `policy.notifications.Kind` (or `move`, which only our own pages show)."""

    account_id: int
    kind: str
    from_account_id: int
    status_id: int | None
    subject_id: int


@dataclass(frozen=True, slots=True)
class Retraction:
    """What was told is so no more; found by its status where there is one, else by its recipient."""

    kind: str
    from_account_id: int
    subject_id: int
    status_id: int | None = None
    account_id: int | None = None


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
    if recipient.is_local and (recipient.id != sender.id or kind in FROM_ONESELF):
        notify_each(unit, [recipient.id], kind, sender.id, status_id=status_id, subject_id=subject_id)


def notify_each(
    unit: UnitOfWork,
    account_ids: Iterable[int],
    kind: str,
    sender_id: int,
    *,
    status_id: int | None = None,
    subject_id: int = 0,
) -> None:
    """Tell all of these of the same thing; who isn't a person of this office is passed over when it is written."""
    for account_id in () if unit.is_quiet or unit.is_restoring else account_ids:
        unit.defer(_settle, Notice(account_id, kind, sender_id, status_id, subject_id or status_id or 0))


def retract(
    unit: UnitOfWork, kind: str, sender_id: int, *, status_id: int | None = None, account_id: int | None = None,
    subject_id: int = 0,
) -> None:  # fmt: skip
    """Take back what `sender_id` did to a status, or towards a local account (`subject_id`: the follow)."""
    unit.defer(_settle, Retraction(kind, sender_id, subject_id or status_id or 0, status_id, account_id))


async def _settle(unit: UnitOfWork, items: list[Notice | Retraction]) -> None:
    """Write what holds in the end; the last word on the same thing counts."""
    last: dict[tuple[int | None, str, int, int], Notice] = {}
    gone: list[Retraction] = []
    for item in items:
        if isinstance(item, Notice):
            last[item.account_id, item.kind, item.from_account_id, item.subject_id] = item
            if item.kind in REPLACING:
                gone.append(Retraction(item.kind, item.from_account_id, item.subject_id, account_id=item.account_id))
        else:
            gone.append(item)
            same = (item.kind, item.from_account_id, item.subject_id)
            last = {key: notice for key, notice in last.items() if key[1:] != same}
    await _erase(unit, gone)
    if last:
        await _write(unit, list(last.values()))


async def _erase(unit: UnitOfWork, gone: Sequence[Retraction]) -> None:
    of_statuses = [item for item in gone if item.status_id is not None]
    if of_statuses:
        keys = {(item.kind, item.from_account_id, item.subject_id) for item in of_statuses}
        ids = sorted({item.status_id for item in of_statuses if item.status_id is not None})
        await unit.session.execute(_OF_STATUSES, {"status_ids": ids, "gone": sorted(keys)})
    of_accounts = {
        (item.account_id, item.kind, item.from_account_id, item.subject_id)
        for item in gone
        if item.account_id is not None
    }
    if of_accounts:
        await unit.session.execute(_OF_ACCOUNTS, {"gone": sorted(of_accounts)})


async def _write(unit: UnitOfWork, notices: Sequence[Notice]) -> None:
    known = await load_facts(
        unit.session, [(one.account_id, one.from_account_id, one.status_id) for one in notices], now=unit.now
    )
    judged: dict[int, tuple[Notice, Known, Answer]] = {}
    for notice in notices:
        between = known.get((notice.account_id, notice.from_account_id, notice.status_id or 0))
        if between is None:
            continue  # nobody of ours, or the status is gone already
        answer = decide(notice.kind, between.facts, between.policy, unit.now)
        if answer != Answer.DROP:
            judged[unit.new_small_id()] = (notice, between, answer)
    if not judged:
        return
    rows = [
        {
            "id": number,
            "account_id": notice.account_id,
            "kind": notice.kind,
            "from_account_id": notice.from_account_id,
            "status_id": notice.status_id,
            "subject_id": notice.subject_id,
            "is_filtered": answer == Answer.FILTER,
            "created_at": unit.now,
        }
        for number, (notice, _, answer) in judged.items()
    ]
    await _insertion(unit.session.get_bind().dialect.name == "sqlite", tuple(rows[0])).write(unit.session, rows)
    written = sorted(number for (number,) in await unit.session.ask(_WRITTEN, {"ids": list(judged)}))
    asking = [
        (notice.account_id, notice.from_account_id, notice.status_id)
        for notice, _, answer in (judged[number] for number in written)
        if answer == Answer.FILTER and notice.kind in ASKING
    ]
    if asking:
        await ask_to_be_heard(unit, asking)
    await _tell(unit, [number for number in written if judged[number][2] == Answer.ACCEPT], judged)


@cache
def _insertion(is_sqlite: bool, columns: tuple[str, ...]) -> Bulk:
    return Bulk(ignoring(is_sqlite, Notification, _UNIQUE), columns)


async def _tell(unit: UnitOfWork, told: Sequence[int], judged: dict[int, tuple[Notice, Known, Answer]]) -> None:
    """Let what was written leave: to whoever is connected after the commit, and to those who want a push."""
    pushes = []
    for number in told:
        notice, between, _ = judged[number]
        unit.emit(Event(EventKind.NOTIFIED, number, notice.account_id, word=notice.kind))
        if between.has_push:
            pushes.append(Told(number, notice.account_id, notice.kind, between.facts))
    if pushes:
        await queue_pushes(unit, pushes)
