"""Reports of our people: to our own moderators, and to those of the account's server when that is asked for."""

from collections.abc import Sequence

from federation.documents import flag_activity
from federation.services import Services
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.relations import Report
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
