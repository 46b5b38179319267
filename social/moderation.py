"""What moderators do about accounts and reports, and what it means; each act leaves an audit entry that never goes.

| act | effect | taken back by |
|---|---|---|
| none | a warning, nothing else | |
| sensitive | media that the account posts from now on is marked sensitive | lift |
| disable | the person can't sign in, tokens and sessions are refused while it lasts; people of ours only | lift |
| silence | hidden from public timelines, trends and search except for followers | lift |
| suspend | hidden from everybody; ours can't sign in, of others nothing is taken any more | lift |

A suspension says nothing on the wire: our account's addresses answer 404 while it lasts, peers keep what they have.
Only a deletion of the account sends a Delete. Who may act on whom is decided by `policy.roles`.
"""

from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account, User
from models.events import Event, Kind
from models.office import AccountWarning, AuditEntry
from models.relations import Report
from policy.roles import STAFF, may_act_on
from social.digests import digests_changed
from social.notifications import notify

ACTIONS: Final = ("none", "sensitive", "disable", "silence", "suspend")
# What is done to an account of another server: nobody there reads our warnings, or signs in here.
REMOTE_ACTIONS: Final = ("sensitive", "silence", "suspend")
_COLUMNS: Final = {"sensitive": "sensitized_at", "silence": "limited_at", "suspend": "suspended_at"}
_LIFTED: Final = {
    "sensitive": "unsensitive", "disable": "enable", "silence": "unsilence", "suspend": "unsuspend",
}  # fmt: skip
MAX_WARNING_CHARACTERS: Final = 10_000


class ModerationRefused(Exception):
    """This moderator may not do this to this account."""


async def user_of(session: AsyncSession, account: Account) -> User | None:
    """The person behind an account of ours."""
    if not account.is_local:
        return None
    return (await session.scalars(select(User).where(User.account_id == account.id))).first()


def check_authority(role: str | None, moderator: Account, target: Account, user: User | None) -> None:
    """Raises ModerationRefused: for oneself, the office's own account, and everybody of the same rank or above."""
    target_role = user.role if user is not None else None
    if target.id in (moderator.id, INSTANCE_ACTOR_ID) or not may_act_on(role, target_role):
        raise ModerationRefused("This action is not allowed")


async def act(
    unit: UnitOfWork,
    moderator: Account,
    target: Account,
    action: str,
    *,
    user: User | None = None,
    report: Report | None = None,
    text: str = "",
) -> AccountWarning:
    """Do one of `ACTIONS` to `target` (`user` is the person behind it, None for others' accounts).

    People of ours are told by a notification. `report` is resolved by it; whatever is more than a warning resolves
    all open reports about the account. `check_authority` comes before.
    """
    _put(unit, target, user, action)
    warning = AccountWarning(
        id=unit.new_id(),
        moderator_id=moderator.id,
        target_id=target.id,
        report_id=report.id if report is not None else None,
        action=action,
        text=text[:MAX_WARNING_CHARACTERS],
        created_at=unit.now,
    )
    unit.session.add(warning)
    audit(unit, moderator, action, "Account", target.id, {"warning_id": str(warning.id), "acct": target.acct})
    await _resolve_reports(unit, moderator, target, action, report)
    speaker = await unit.session.get(Account, INSTANCE_ACTOR_ID)
    if target.is_local and user is not None and speaker is not None:
        notify(unit, target, "moderation_warning", speaker, subject_id=warning.id)
    await unit.session.flush()
    return warning


async def lift(unit: UnitOfWork, moderator: Account, target: Account, action: str, user: User | None = None) -> None:
    """Take one of the acts back; one that isn't in force is fine."""
    if action == "disable":
        if user is not None:
            user.disabled_at = None
    else:
        setattr(target, _COLUMNS[action], None)
        target.updated_at = unit.now
        digests_changed(unit)
    audit(unit, moderator, _LIFTED[action], "Account", target.id, {"acct": target.acct})
    await unit.session.flush()


def audit(
    unit: UnitOfWork, actor: Account, action: str, kind: str, target_id: int, detail: dict[str, Any] | None = None
) -> None:
    """Write down who did what to what: `kind` is Account, Report, Peer …"""
    entry = AuditEntry(
        id=unit.new_id(), account_id=actor.id, action=action, target_kind=kind, target_id=target_id,
        detail=detail or {}, created_at=unit.now,
    )  # fmt: skip
    unit.session.add(entry)


def resolve_report(unit: UnitOfWork, moderator: Account, report: Report) -> None:
    """Say that a report is dealt with, and by whom."""
    if report.resolved_at is None:
        report.resolved_at = report.updated_at = unit.now
        report.resolved_by_id = moderator.id
        audit(unit, moderator, "resolve", "Report", report.id)


def reopen_report(unit: UnitOfWork, moderator: Account, report: Report) -> None:
    """Take up a report again."""
    report.resolved_at = report.resolved_by_id = None
    report.updated_at = unit.now
    audit(unit, moderator, "reopen", "Report", report.id)


def assign_report(unit: UnitOfWork, moderator: Account, report: Report, *, to: Account | None) -> None:
    """Say who looks after a report; None: nobody."""
    report.assigned_id = to.id if to is not None else None
    report.updated_at = unit.now
    audit(unit, moderator, "assigned_to_self" if to is not None else "unassigned", "Report", report.id)


async def tell_staff(unit: UnitOfWork, kind: str, sender: Account, *, subject_id: int = 0) -> None:
    """Notify every moderator and administrator; the sender is left out."""
    await unit.session.flush()
    staff = await unit.session.scalars(
        select(Account)
        .join(User, User.account_id == Account.id)
        .where(User.role.in_(STAFF), User.disabled_at.is_(None), Account.suspended_at.is_(None))
    )
    for account in staff:
        notify(unit, account, kind, sender, subject_id=subject_id)


def _put(unit: UnitOfWork, target: Account, user: User | None, action: str) -> None:
    if action in _COLUMNS:
        column = _COLUMNS[action]
        if getattr(target, column) is None:
            setattr(target, column, unit.now)
            target.updated_at = unit.now
            digests_changed(unit)
    elif action == "disable" and user is not None:
        user.disabled_at = user.disabled_at or unit.now
    if action in ("disable", "suspend") and user is not None:
        unit.emit(Event(Kind.ACCESS_ENDED, account_id=target.id))


async def _resolve_reports(
    unit: UnitOfWork, moderator: Account, target: Account, action: str, report: Report | None
) -> None:
    if report is not None:
        resolve_report(unit, moderator, report)
    if action == "none":
        return
    await unit.session.flush()
    resolved = await unit.session.scalars(
        update(Report)
        .where(Report.target_id == target.id, Report.resolved_at.is_(None))
        .values(resolved_at=unit.now, updated_at=unit.now, resolved_by_id=moderator.id)
        .returning(Report.id)
        .execution_options(synchronize_session=False)
    )
    for report_id in resolved.all():
        audit(unit, moderator, "resolve", "Report", report_id)
