"""Writing down what came of many deliveries in one transaction.

Rows that ended (done, gone, dead) stay as the delivery report; rows to be tried again go back with the next time.
Whatever waits for the same object at the same host waits as long, and whatever waits for a host that is left alone
waits until the host may be asked again. A row that somebody dropped meanwhile stays dropped.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import bindparam, or_, select, update

from jobs.leases import is_queued, put_back
from models import UnitOfWork
from models.accounts import Account
from models.bulk import Bulk
from models.questions import among
from models.relations import Follow
from models.values import dataclass
from outbox.claim import DELIVERIES_TABLE
from outbox.outcome import Verdict, next_due
from outbox.work import Attempt, Work
from social.follows import end_follow

# One that has been finished or dropped meanwhile stays as it is.
_SET_DONE: Final = Bulk(
    update(DELIVERIES_TABLE)
    .where(among(DELIVERIES_TABLE.c.id, "ids"), is_queued(DELIVERIES_TABLE))
    .values(state=Verdict.DONE, lease_until=None, finished_at=bindparam("at"), last_status=bindparam("status"),
            last_error=None, attempts=DELIVERIES_TABLE.c.attempts + 1),
    ("ids", "status", "at"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a delivery is tried, and the random part (0…1) of the delays."""

    give_up_hours: float
    jitter: float

    def deadline(self, created_at: datetime) -> datetime:
        return created_at + timedelta(hours=self.give_up_hours)


async def record(
    unit: UnitOfWork, attempts: Sequence[Attempt], held: Mapping[str, datetime], patience: Patience
) -> set[str]:
    """Write the outcomes. `held` are hosts to be left alone, each with the time until when.

    Returns the hosts whose shared inbox is gone.
    """
    done = [attempt for attempt in attempts if attempt.outcome.verdict is Verdict.DONE]
    await _finish_done(unit, done)
    ended: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for attempt in attempts:
        if attempt.outcome.verdict is not Verdict.DONE:
            _judge(attempt, unit.now, held, patience, ended, again)
    await _finish_with_error(unit, ended)
    await put_back(unit, DELIVERIES_TABLE, again)
    await _hold_back_followers(unit, attempts, again)
    gone = [attempt.work for attempt in attempts if attempt.outcome.verdict is Verdict.GONE]
    return await drop_gone_followers(unit, gone)


async def _finish_done(unit: UnitOfWork, done: Sequence[Attempt]) -> None:
    def status(attempt: Attempt) -> int:
        return attempt.outcome.status or 0

    for code, group in groupby(sorted(done, key=status), key=status):
        ids = [attempt.work.id for attempt in group]
        await _SET_DONE.write(unit.session, [{"ids": ids, "status": code, "at": unit.now}])


def _judge(
    attempt: Attempt,
    now: datetime,
    held: Mapping[str, datetime],
    patience: Patience,
    ended: list[dict[str, Any]],
    again: list[dict[str, Any]],
) -> None:
    work, outcome = attempt.work, attempt.outcome
    row: dict[str, Any] = {
        "id": work.id,
        "attempts": work.attempts + 1,
        "last_status": outcome.status,
        "last_error": outcome.error,
    }
    if outcome.verdict is not Verdict.RETRY:
        ended.append(row | {"state": outcome.verdict})
        return
    deadline = patience.deadline(work.created_at)
    due_at = next_due(outcome, attempts=work.attempts + 1, now=now, deadline=deadline, jitter=patience.jitter)
    if due_at is None:
        ended.append(row | {"state": Verdict.DEAD})
    else:
        again.append(row | {"due_at": max(due_at, held.get(work.host, due_at))})


async def _finish_with_error(unit: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    columns = ("state", "attempts", "last_status", "last_error")
    statement = (
        update(DELIVERIES_TABLE)
        .where(DELIVERIES_TABLE.c.id == bindparam("row_id"), is_queued(DELIVERIES_TABLE))
        .values({"lease_until": None, "finished_at": unit.now} | {name: bindparam(f"new_{name}") for name in columns})
    )
    parameters = [{"row_id": row["id"]} | {f"new_{name}": row[name] for name in columns} for row in rows]
    await unit.session.execute(statement, parameters)


async def _hold_back_followers(
    unit: UnitOfWork, attempts: Sequence[Attempt], again: Sequence[Mapping[str, Any]]
) -> None:
    """Let what must not overtake a row that failed wait as long as it does, out of the way of those who claim."""
    if not again:
        return
    works = {attempt.work.id: attempt.work for attempt in attempts}
    table = DELIVERIES_TABLE
    statement = (
        update(table)
        .where(table.c.host == bindparam("at_host"), table.c.ordering_key == bindparam("of_key"))
        .where(is_queued(table), table.c.lease_until.is_(None), table.c.due_at < bindparam("until"))
        .values(due_at=bindparam("until"))
    )
    parameters = [
        {"at_host": works[row["id"]].host, "of_key": works[row["id"]].ordering_key, "until": row["due_at"]}
        for row in again
    ]
    await unit.session.execute(statement, parameters)


async def leave_alone(
    unit: UnitOfWork, held: Mapping[str, datetime], claimed: Collection[Work], patience: Patience
) -> None:
    """Let everything for these hosts wait until the times given; what is too old by now is a dead letter.

    `claimed` are rows of these hosts that were leased and not tried.
    """
    await put_back(unit, DELIVERIES_TABLE, [{"id": work.id, "due_at": held[work.host]} for work in claimed])
    if not held:
        return
    table = DELIVERIES_TABLE
    hosts = [{"at_host": host, "until": until} for host, until in sorted(held.items())]
    waiting = (table.c.host == bindparam("at_host"), is_queued(table), table.c.lease_until.is_(None))
    born_before = unit.now - timedelta(hours=patience.give_up_hours)
    await unit.session.execute(
        update(table)
        .where(*waiting, table.c.created_at <= born_before)
        .values(state=Verdict.DEAD, finished_at=unit.now, last_error="the host did not answer in time"),
        [{"at_host": host["at_host"]} for host in hosts],
    )
    await unit.session.execute(
        update(table).where(*waiting, table.c.due_at < bindparam("until")).values(due_at=bindparam("until")), hosts
    )


async def drop_gone_followers(unit: UnitOfWork, gone: Collection[Work]) -> set[str]:
    """End the follows of those whose personal inbox is gone; the hosts whose shared inbox is gone are returned.

    A missing shared inbox is the host's trouble, and no reason to forget everybody there (see
    docs/decisions/0006-delivery.md). A URL that several followers read at is shared, whatever it is called.
    """
    troubled = set()
    for account_id, inbox_url, host in sorted({(work.account_id, work.inbox_url, work.host) for work in gone}):
        readers = (
            await unit.session.execute(
                select(Follow, Account)
                .join(Account, Account.id == Follow.follower_id)
                .where(Follow.followee_id == account_id, Account.domain.is_not(None))
                .where(or_(Account.inbox_url == inbox_url, Account.shared_inbox_url == inbox_url))
                .order_by(Follow.id)
                .limit(2)
            )
        ).all()
        if len(readers) == 1 and readers[0].Account.inbox_url == inbox_url:
            followee = await unit.session.get_one(Account, account_id)
            await end_follow(unit, readers[0].Follow, readers[0].Account, followee)
        elif readers:
            troubled.add(host)
    return troubled
