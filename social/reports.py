"""Reports (Flag): kept for the moderators of this office, who are told."""

from collections.abc import Sequence

from content.html import plain_text
from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_ignoring
from models.relations import Report
from policy.limits import REPORT_COMMENT_CHARACTERS
from social.moderation import tell_staff


async def file_report(
    unit: UnitOfWork,
    reporter: Account,
    target: Account,
    *,
    status_uris: Sequence[str] = (),
    comment: str = "",
    uri: str | None = None,
    category: str = "other",
    rule_ids: Sequence[int] = (),
    is_forwarded: bool = False,
) -> int | None:
    """Keep a report and tell the moderators; its id, or None when it came before. The comment is plain text.

    `category` is spam, legal, violation or other; `rule_ids` are the rules of this office that were broken.
    """
    report_id = await keep_report(
        unit,
        reporter,
        target,
        status_uris=status_uris,
        comment=comment,
        uri=uri,
        category=category,
        rule_ids=rule_ids,
        is_forwarded=is_forwarded,
    )
    if report_id is not None:
        await tell_staff(unit, "admin.report", reporter, subject_id=report_id)
    return report_id


async def keep_report(
    unit: UnitOfWork,
    reporter: Account,
    target: Account,
    *,
    status_uris: Sequence[str] = (),
    comment: str = "",
    uri: str | None = None,
    category: str = "other",
    rule_ids: Sequence[int] = (),
    is_forwarded: bool = False,
    community_id: int | None = None,
) -> int | None:
    """The same without telling anybody; `community_id` names the community whose moderators look after it."""
    await unit.session.flush()
    report_id = unit.new_id()
    statement = (
        insert_ignoring(unit.session, Report)
        .values(
            id=report_id,
            uri=uri,
            account_id=reporter.id,
            target_id=target.id,
            status_uris=list(status_uris),
            comment=plain_text(comment)[:REPORT_COMMENT_CHARACTERS],
            category=category,
            rule_ids=list(rule_ids),
            is_forwarded=is_forwarded,
            community_id=community_id,
            created_at=unit.now,
        )
        .returning(Report.id)
    )
    return report_id if (await unit.session.scalar(statement)) is not None else None
