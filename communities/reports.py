"""Reports to a community: its moderators are told, and resolve them; the office's own moderators have theirs."""

from collections.abc import Sequence

from sqlalchemy import select

from communities.changes import Action, Change, record
from communities.notices import REPORTED, tell_moderators
from communities.standings import CommunityRefused, community_of, moderating
from models import UnitOfWork
from models.accounts import Account
from models.relations import Report
from models.statuses import Status
from social.reports import keep_report


async def report(
    unit: UnitOfWork,
    group: Account,
    reporter: Account,
    target: Account,
    statuses: Sequence[Status] = (),
    *,
    comment: str = "",
    category: str = "other",
    uri: str | None = None,
) -> Change:
    """Report somebody to a community's moderators, for posts in it; who may see these was asked before.

    Raises CommunityRefused for posts that aren't theirs, or aren't in it.
    """
    await community_of(unit.session, group)
    if any(status.group_id != group.id or status.account_id != target.id for status in statuses):
        raise CommunityRefused("This post isn't in this community.")
    report_id = await keep_report(
        unit,
        reporter,
        target,
        status_uris=[status.uri for status in statuses],
        comment=comment,
        category=category,
        uri=uri,
        community_id=group.id,
    )
    if report_id is not None:
        await tell_moderators(unit, group, REPORTED, reporter, subject_id=report_id)
    return Change(
        action=Action.REPORT,
        group=group,
        actor=reporter,
        target=target,
        status=statuses[0] if statuses else None,
        reason=comment,
        report_id=report_id,
        is_new=report_id is not None,
    )


async def resolve(
    unit: UnitOfWork, group: Account, actor: Account, report_id: int, *, is_resolved: bool = True, trusted: bool = False
) -> Change:
    """Close a report, or open it again. Raises NotAllowed, and CommunityRefused when there is none."""
    await moderating(unit, group, actor, trusted=trusted)
    query = select(Report).where(Report.id == report_id, Report.community_id == group.id)
    found = (await unit.session.scalars(query)).first()
    if found is None:
        raise CommunityRefused("There is no such report.")
    action = Action.RESOLVE if is_resolved else Action.REOPEN
    is_new = (found.resolved_at is not None) != is_resolved
    if is_new:
        found.resolved_at, found.resolved_by_id = (unit.now, actor.id) if is_resolved else (None, None)
        found.updated_at = unit.now
    return record(unit, Change(action=action, group=group, actor=actor, report_id=report_id, is_new=is_new))
