"""What a verb of this floor gives back, and the community's log.

Every verb changes rows in the caller's unit and returns a `Change`: who did what, to whom or what, and why. It is all
that the wire needs to tell the others; nothing here sends anything. `is_new` is False when the verb found its work
done: then nothing changed, nothing was logged, and nobody needs to be told.

The log keeps what moderators and owners do. Members read it, except for what is about requests, invitations and
reports: that is between moderators and whom it concerns.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from models import UnitOfWork
from models.accounts import Account
from models.communities import CommunityAct, Role
from models.relations import Follow
from models.statuses import Status


class Action(StrEnum):
    """The verbs; also the words of the log and of the client API."""

    CREATE = "create"
    UPDATE = "update"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    JOIN = "join"
    REQUEST = "request"
    LEAVE = "leave"
    INVITE = "invite"
    UNINVITE = "uninvite"
    APPROVE = "approve"
    REJECT = "reject"
    ROLE = "role"
    BAN = "ban"
    UNBAN = "unban"
    REMOVE = "remove"
    RESTORE = "restore"
    LOCK = "lock"
    UNLOCK = "unlock"
    PIN = "pin"
    UNPIN = "unpin"
    ANNOUNCE = "announce"
    REPORT = "report"
    RESOLVE = "resolve"
    REOPEN = "reopen"


# What people do for themselves isn't anybody's business in a log.
UNLOGGED: Final = frozenset({Action.JOIN, Action.REQUEST, Action.LEAVE, Action.ANNOUNCE, Action.REPORT})
FOR_MODERATORS: Final = frozenset(
    {Action.APPROVE, Action.REJECT, Action.INVITE, Action.UNINVITE, Action.RESOLVE, Action.REOPEN}
)
REASON_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened in a community; empty fields don't belong to the verb.

    `follow` is the membership on the wire (join, request, leave: the follow as it was; approve, reject likewise).
    `shared` is the community's own boost of `status` that was made or is gone.
    """

    action: Action
    group: Account
    actor: Account
    is_new: bool = True
    target: Account | None = None
    status: Status | None = None
    shared: Status | None = None
    follow: Follow | None = None
    reason: str = ""
    role: Role | None = None
    former_role: Role | None = None
    until: datetime | None = None
    removes_posts: bool = False
    report_id: int | None = None


def record(unit: UnitOfWork, change: Change) -> Change:
    """Write the change into the log, where it belongs there, and give it back."""
    if change.is_new and change.action not in UNLOGGED:
        details: dict[str, Any] = {}
        if change.role is not None:
            details["role"] = change.role.value
        if change.until is not None:
            details["until"] = change.until.isoformat()
        if change.removes_posts:
            details["removes_posts"] = True
        if change.report_id is not None:
            details["report_id"] = str(change.report_id)
        unit.session.add(
            CommunityAct(
                id=unit.new_id(),
                community_id=change.group.id,
                actor_id=change.actor.id,
                action=change.action.value,
                target_id=change.target.id if change.target is not None else None,
                status_id=change.status.id if change.status is not None else None,
                reason=change.reason[:REASON_CHARACTERS],
                details=details,
                created_at=unit.now,
            )
        )
    return change
