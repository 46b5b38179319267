"""Notification, NotificationGroup and what belongs to them, as clients get them (Mastodon 4.5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, field
from typing import Any

from api.call import Json
from api.times import timestamp
from communities.notices import APPROVED, REJECTED, REMOVED, REPORTED
from models.feeds import NotificationRequest, RelationshipSeverance
from models.oauth import PushSubscription
from models.office import AccountWarning
from models.values import dataclass
from policy.notifications import COMMUNITY_KINDS, KINDS, Kind, Policy
from social.notification_requests import MOST_COUNTED

WITH_STATUS = frozenset(
    {
        Kind.MENTION,
        Kind.STATUS,
        Kind.REBLOG,
        Kind.FAVOURITE,
        Kind.POLL,
        Kind.UPDATE,
        Kind.QUOTE,
        Kind.QUOTED_UPDATE,
    }
)
SMALL_ID = 0x7FFF_FFFF
_PARTIAL = ("id", "acct", "locked", "bot", "url", "avatar", "avatar_static")


@dataclass(slots=True)
class Parts:
    """What the notifications of a page are about, by id: entities of accounts, statuses, reports, events, warnings."""

    accounts: Mapping[int, Json] = field(default_factory=dict)
    statuses: Mapping[int, Json] = field(default_factory=dict)
    reports: Mapping[int, Json] = field(default_factory=dict)
    severances: Mapping[int, Json] = field(default_factory=dict)
    warnings: Mapping[int, Json] = field(default_factory=dict)
    # Of reports to the moderators of a community: which.
    reported_to: Mapping[int, int] = field(default_factory=dict)


def is_complete(row: Any, parts: Parts) -> bool:
    """Whether everything is there: clients die of a mention without its status."""
    if row.from_account_id not in parts.accounts:
        return False
    if row.kind in WITH_STATUS:
        return row.status_id in parts.statuses
    needed = {
        Kind.ADMIN_REPORT: parts.reports,
        Kind.SEVERED_RELATIONSHIPS: parts.severances,
        Kind.MODERATION_WARNING: parts.warnings,
    }.get(row.kind)
    return needed is None or row.subject_id in needed


def notification_entity(row: Any, parts: Parts, group_key: str) -> Json:
    """One notification; call it for what `is_complete`."""
    entity: Json = {
        "id": str(row.id),
        "type": row.kind,
        "created_at": timestamp(row.created_at),
        "group_key": group_key,
        "account": parts.accounts[row.from_account_id],
        **_subject(row, parts),
    }
    if row.kind in WITH_STATUS:
        entity["status"] = parts.statuses[row.status_id]
    if row.is_filtered:
        entity["filtered"] = True
    return entity


def group_entity(
    newest: Any, parts: Parts, group_key: str, *, count: int, sample_ids: Sequence[int], page: Json | None = None
) -> Json:
    """A group by its newest notification; `page` says which part of it lies on this page."""
    entity: Json = {
        "group_key": group_key,
        "notifications_count": count,
        "type": newest.kind,
        "most_recent_notification_id": newest.id,
        **(page or {}),
        "sample_account_ids": [str(number) for number in sample_ids],
        **_subject(newest, parts),
    }
    if newest.kind in WITH_STATUS:
        entity["status_id"] = str(newest.status_id)
    return entity


def _subject(row: Any, parts: Parts) -> Json:
    match row.kind:
        case Kind.ADMIN_REPORT:
            return {"report": parts.reports[row.subject_id]}
        case Kind.SEVERED_RELATIONSHIPS:
            return {"event": parts.severances[row.subject_id]}
        case Kind.MODERATION_WARNING:
            return {"moderation_warning": parts.warnings[row.subject_id]}
        case kind if kind in COMMUNITY_KINDS:
            number = _community_id(row, parts)
            return {} if number is None else {"community_id": str(number)}
    return {}


def _community_id(row: Any, parts: Parts) -> int | None:
    """The community that a notification is about: it is told by it, or about it, or by who reports something in it."""
    if row.kind in (APPROVED, REJECTED, REMOVED):
        return int(row.from_account_id)
    return parts.reported_to.get(row.subject_id) if row.kind == REPORTED else int(row.subject_id)


def severance_entity(event: RelationshipSeverance) -> Json:
    """RelationshipSeveranceEvent."""
    return {
        "id": str(event.id),
        "type": event.kind,
        "purged": False,
        "target_name": event.target_name,
        "followers_count": event.followers_count,
        "following_count": event.following_count,
        "created_at": timestamp(event.created_at),
    }


def warning_entity(warning: AccountWarning, target: Json) -> Json:
    """AccountWarning as its target gets it; there are no appeals here, and no statuses are taken down by it."""
    return {
        "id": str(warning.id),
        "action": warning.action,
        "text": warning.text,
        "status_ids": [],
        "target_account": target,
        "appeal": None,
        "created_at": timestamp(warning.created_at),
    }


def partial_account(account: Json) -> Json:
    """What a row of avatars needs of an account."""
    return {name: account[name] for name in _PARTIAL}


def policy_entity(policy: Policy, pending: tuple[int, int]) -> Json:
    """NotificationPolicy of 4.3 and later."""
    return {**asdict(policy), "summary": _summary(pending)}


def old_policy_entity(policy: Policy, pending: tuple[int, int]) -> Json:
    """The same as the first betas of 4.3 had it: whether anything is held back or dropped."""
    return {
        **{name.replace("for_", "filter_"): value != "accept" for name, value in asdict(policy).items()},
        "summary": _summary(pending),
    }


def _summary(pending: tuple[int, int]) -> Json:
    return {"pending_requests_count": pending[0], "pending_notifications_count": pending[1]}


def request_entity(request: NotificationRequest, account: Json, status: Json | None, waiting: int) -> Json:
    """NotificationRequest; the count is a string, and ends at a hundred."""
    return {
        "id": str(request.id),
        "created_at": timestamp(request.created_at),
        "updated_at": timestamp(request.updated_at),
        "notifications_count": str(min(waiting, MOST_COUNTED)),
        "account": account,
        "last_status": status,
    }


def subscription_entity(subscription: PushSubscription, server_key: str) -> Json:
    """WebPushSubscription; every alert is said, also the ones that are off.

    Its id leads nowhere in the API, and apps read it as a number of 32 bits: they get the low bits of ours.
    """
    return {
        "id": subscription.id & SMALL_ID,
        "endpoint": subscription.endpoint,
        "standard": subscription.is_standard,
        "alerts": {kind: subscription.alerts.get(kind, False) for kind in KINDS},
        "policy": subscription.policy,
        "server_key": server_key,
    }


def distinct(numbers: Iterable[int]) -> list[int]:
    """Without repetitions, in order."""
    return list(dict.fromkeys(numbers))
