"""Reports of our people: to our own moderators, and to those of the account's server when that is asked for."""

from collections.abc import Sequence

from communities.groups import COMMUNITIES
from communities.standings import knows
from federation.documents import flag_activity
from federation.services import Services
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.relations import Report
from models.statuses import Status
from outbox import community_acts as acts
from outbox.publish import activity_uri, send_to
from social.reports import file_report


async def publish_report(
    services: Services,
    unit: UnitOfWork,
    reporter: Account,
    target: Account,
    *,
    status_uris: Sequence[str],
    comment: str,
    is_forwarded: bool,
    category: str = "other",
    rule_ids: Sequence[int] = (),
) -> Report:
    """Report an account; its own server, when told, doesn't learn by whom, nor anything of our rules."""
    is_told = is_forwarded and not target.is_local
    report_id = await file_report(
        unit, reporter, target, status_uris=status_uris, comment=comment, category=category, rule_ids=rule_ids,
        is_forwarded=is_told,
    )  # fmt: skip
    if is_told:
        instance = await unit.session.get_one(Account, INSTANCE_ACTOR_ID)
        document = flag_activity(
            activity_uri(unit),
            instance_actor_uri=instance.uri,
            target_uri=target.uri,
            status_uris=status_uris,
            comment=comment,
        )
        await send_to(services, unit, instance, document, target)
    return await unit.session.get_one(Report, report_id)


async def community_reported_to(
    unit: UnitOfWork, reporter: Account, statuses: Sequence[Status], *, category: str, rule_ids: Sequence[int]
) -> Account | None:
    """The community whose moderators look after a report of these posts; None when it is the office's own business.

    That takes posts which are all in one community that the reporter knows of, and neither the law nor rules of the
    office: these are for those who answer for the office.
    """
    group_ids = {status.group_id for status in statuses}
    group_id = group_ids.pop() if len(group_ids) == 1 else None
    if group_id is None or category == "legal" or rule_ids:
        return None
    group = await unit.session.get(Account, group_id)
    if group is None or not group.is_active or not await knows(unit.session, reporter.id, group):
        return None
    if not group.is_local and COMMUNITIES not in group.implements:
        return None  # its software may have no moderators who would hear of it
    return group


async def publish_community_report(
    services: Services,
    unit: UnitOfWork,
    reporter: Account,
    group: Account,
    target: Account,
    statuses: Sequence[Status],
    *,
    comment: str,
    category: str,
) -> Report:
    """Report posts to the moderators of their community. Raises CommunityRefused."""
    change = await acts.report(services, unit, group, reporter, target, statuses, comment=comment, category=category)
    return await unit.session.get_one(Report, change.report_id)
