"""Community and what is inside it, an entity of Tertulia's own in the manner of Mastodon's."""

from collections.abc import Mapping
from typing import Any

from api.call import Json
from api.times import timestamp, timestamp_or_none
from communities.groups import rules_of
from communities.listing import Known
from models.communities import CommunityAct
from models.relations import Report
from policy.communities import (
    Entry,
    entry,
    may_answer,
    may_know,
    may_leave,
    may_moderate,
    may_open_thread,
    may_own,
    may_read,
    may_read_log,
)


def community_entity(known: Known, account: Json) -> Json:
    """A community; `account` is the entity of its account."""
    community, group = known.community, known.group
    is_owner = may_own(known.standing)
    return {
        "id": str(group.id),
        "account": account,
        "kind": community.kind,
        "private": community.is_private,
        "posting": community.posting,
        "rules": [{"id": str(number), "text": text} for number, text in enumerate(rules_of(community), 1)],
        "default_for": community.default_for,
        "created_at": timestamp(community.created_at),
        "archived_at": timestamp_or_none(community.archived_at),
        "members_count": group.followers_count,
        "threads_count": group.statuses_count,
        "requests_count": known.requests,
        "reports_count": known.reports,
        "source": {"note": group.note_source, "rules": community.rules} if is_owner else None,
        "relationship": relationship_entity(known),
    }


def relationship_entity(known: Known) -> Json:
    """Where the viewer stands in it, and what they may do."""
    community, who = known.community, known.standing
    comes_to = entry(community, who)
    return {
        "id": str(known.group.id),
        "state": who.state.value if who.state is not None and may_know(community, who) else None,
        "role": who.role.value if who.is_member else None,
        "banned_until": timestamp_or_none(who.banned_until),
        "entry": None if who.is_member or comes_to is Entry.REFUSE else comes_to.value,
        "may_leave": who.is_member and may_leave(community, who),
        "may_read": may_read(community, who),
        "may_read_log": may_read_log(who),
        "may_post": may_open_thread(community, who),
        "may_reply": may_answer(community, who),
        "may_moderate": may_moderate(community, who),
        "may_edit": may_own(who),
    }


def member_entity(row: Any, accounts: Mapping[int, Json]) -> Json:
    """Somebody's place in a community, by a row of `communities.listing`."""
    return {
        "account": accounts[row.account_id],
        "state": row.state,
        "role": row.role,
        "since": timestamp(row.since),
        "banned_until": timestamp_or_none(row.banned_until) if row.state == "banned" else None,
        "reason": row.ban_reason or None if row.state == "banned" else None,
        "invited_by": accounts.get(row.invited_by_id or 0) if row.state == "invited" else None,
    }


def act_entity(act: CommunityAct, accounts: Mapping[int, Json]) -> Json:
    """An entry of the log."""
    details = act.details
    return {
        "id": str(act.id),
        "action": act.action,
        "created_at": timestamp(act.created_at),
        "account": accounts[act.actor_id],
        "target_account": accounts.get(act.target_id or 0),
        "status_id": None if act.status_id is None else str(act.status_id),
        "report_id": details.get("report_id"),
        "reason": act.reason,
        "role": details.get("role"),
        "until": details.get("until"),
        "removes_posts": bool(details.get("removes_posts")),
    }


def community_report_entity(report: Report, accounts: Mapping[int, Json], statuses: Mapping[str, Json]) -> Json:
    """A report as the moderators of the community get it."""
    return {
        "id": str(report.id),
        "action_taken": report.resolved_at is not None,
        "action_taken_at": timestamp_or_none(report.resolved_at),
        "action_taken_by_account": accounts.get(report.resolved_by_id or 0),
        "category": report.category,
        "comment": report.comment,
        "created_at": timestamp(report.created_at),
        "account": accounts[report.account_id],
        "target_account": accounts[report.target_id],
        "statuses": [statuses[uri] for uri in report.status_uris if uri in statuses],
    }


def status_community_entity(row: Any, acct: str) -> Json:
    """In which community a status was posted, and what its moderators decided about it."""
    return {
        "id": str(row.group_id),
        "username": row.username,
        "acct": acct,
        "display_name": row.display_name,
        "url": row.url or row.uri,
        "locked": bool(row.is_locked),
        "removed": bool(row.is_removed),
        "pinned": bool(row.is_pinned),
    }
