"""Posts for later: kept as they were asked for, published by a job at their time.

Promises that a post is published once: the transaction that publishes it deletes its row, and whoever comes second
finds none. A job is queued for each time that a post is set to; one that finds its post moved away or cancelled does
nothing. Jobs are rows under leases (`jobs.queue`), so a restart or a crash delays a post and never loses it.

What a post refers to may be gone by then: it then goes out without it. A post that can't be published at all (it is
empty without its files, its author is suspended) is dropped and logged.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import delete, func, select, update

from communities.standings import CommunityError
from federation.services import Services
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Attachment, ScheduledStatus
from outbox.posting import (
    Post,
    PostRefused,
    ReadyPost,
    ReferenceMissing,
    check_post,
    check_uploads,
    own_uploads,
    params_of,
    post_of,
    prepare_post,
    publish_post,
)
from policy.limits import SCHEDULED_A_DAY, SCHEDULED_AHEAD_DAYS, SCHEDULED_AHEAD_SECONDS, SCHEDULED_STATUSES

PUBLISH_SCHEDULED: Final = "publish_scheduled"

log = structlog.get_logger(__name__)


def check_time(scheduled_at: datetime, now: datetime) -> None:
    """Raises PostRefused for a time that is past or almost here, or so far away that nobody means it."""
    if scheduled_at < now + timedelta(seconds=SCHEDULED_AHEAD_SECONDS):
        minutes = SCHEDULED_AHEAD_SECONDS // 60
        raise PostRefused("scheduled_at", f"must be at least {minutes} minutes in the future")
    if scheduled_at > now + timedelta(days=SCHEDULED_AHEAD_DAYS):
        raise PostRefused("scheduled_at", f"must be at most {SCHEDULED_AHEAD_DAYS} days in the future")


async def schedule_post(
    unit: UnitOfWork, author: Account, post: Post, scheduled_at: datetime, *, idempotency_key: str | None = None
) -> ScheduledStatus:
    """Keep a checked post until its time. Raises PostRefused when there are too many, or a file isn't free."""
    await _check_numbers(unit, author, scheduled_at)
    uploads = await own_uploads(unit.session, author, post.media_ids)
    check_uploads(uploads, post.media_ids)
    row = ScheduledStatus(
        id=unit.new_id(),
        account_id=author.id,
        application_id=post.application_id,
        params=params_of(post, idempotency_key=idempotency_key),
        scheduled_at=scheduled_at,
        created_at=unit.now,
    )
    unit.session.add(row)
    for upload in uploads:
        upload.scheduled_id = row.id
    await _queue(unit, row)
    return row


async def move_scheduled(unit: UnitOfWork, row: ScheduledStatus, scheduled_at: datetime) -> None:
    """Set another time. Raises PostRefused."""
    check_time(scheduled_at, unit.now)
    row.scheduled_at = scheduled_at
    await _queue(unit, row)


async def cancel_scheduled(unit: UnitOfWork, row: ScheduledStatus) -> None:
    """It won't be said; its files can be attached to something else."""
    await _free_uploads(unit, row.id)
    await unit.session.delete(row)


async def _check_numbers(unit: UnitOfWork, author: Account, scheduled_at: datetime) -> None:
    day = scheduled_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    is_that_day = (ScheduledStatus.scheduled_at >= day) & (ScheduledStatus.scheduled_at < day + timedelta(days=1))
    total, on_day = (
        await unit.session.execute(
            select(func.count(), func.count().filter(is_that_day)).where(ScheduledStatus.account_id == author.id)
        )
    ).one()
    if total >= SCHEDULED_STATUSES:
        raise PostRefused("scheduled_at", f"limit exceeded: {SCHEDULED_STATUSES} scheduled posts")
    if on_day >= SCHEDULED_A_DAY:
        raise PostRefused("scheduled_at", f"limit exceeded: {SCHEDULED_A_DAY} scheduled posts for that day")


async def _queue(unit: UnitOfWork, row: ScheduledStatus) -> None:
    """One job a time: an earlier one that finds the time changed does nothing."""
    key = f"scheduled:{row.id}:{row.scheduled_at.timestamp()}"
    due_in = max(0.0, (row.scheduled_at - unit.now).total_seconds())
    await enqueue_job(unit, PUBLISH_SCHEDULED, {"scheduled_id": row.id}, unique_key=key, due_in=due_in)


async def _free_uploads(unit: UnitOfWork, scheduled_id: int) -> None:
    row = await unit.session.get_one(ScheduledStatus, scheduled_id)
    media_ids = [int(number) for number in row.params["media_ids"]]
    if media_ids:
        await unit.session.execute(
            update(Attachment)
            .where(Attachment.id.in_(media_ids), Attachment.scheduled_id == scheduled_id)
            .values(scheduled_id=None, created_at=unit.now)
        )


async def publish_scheduled(services: Services, payload: dict[str, Any]) -> None:
    """The job: publish a scheduled post if its time has come and nobody has published it."""
    scheduled_id = int(payload["scheduled_id"])
    async with services.database.reading() as session:
        row = await session.get(ScheduledStatus, scheduled_id)
        author = await session.get(Account, row.account_id) if row is not None else None
    if row is None or author is None or row.scheduled_at > services.clock():
        return
    try:
        if not author.is_active:
            raise PostRefused("base", "its author is suspended")
        ready = await _prepare_leniently(services, author, post_of(row.params), scheduled_id)
    except PostRefused as refused:
        await _drop(services, scheduled_id, str(refused))
        return
    try:
        async with services.database.unit_of_work() as unit:
            if await _take(unit, scheduled_id):
                author = await unit.session.get_one(Account, author.id)
                await publish_post(services, unit, author, ready, scheduled_id=scheduled_id)
    except CommunityError as refused:
        await _drop(services, scheduled_id, str(refused))


async def _prepare_leniently(services: Services, author: Account, post: Post, scheduled_id: int) -> ReadyPost:
    """The post without what isn't there any more. Raises PostRefused when nothing is left of it."""
    async with services.database.reading() as session:
        uploads = await own_uploads(session, author, post.media_ids, scheduled_id=scheduled_id)
    post = replace(post, media_ids=tuple(upload.id for upload in uploads if upload.state == "ready"))
    without_quote = replace(post, quoted_status_id=None)
    for attempt in (post, without_quote, replace(without_quote, in_reply_to_id=None)):
        check_post(attempt)
        try:
            return await prepare_post(services, author, attempt, scheduled_id=scheduled_id)
        except ReferenceMissing:
            continue
        except PostRefused as refused:
            if refused.field != "quoted_status_id":
                raise
    raise PostRefused("base", "what it refers to is gone")


async def _take(unit: UnitOfWork, scheduled_id: int) -> bool:
    """Whether it is this unit's to publish: the row goes with it."""
    taken = await unit.session.scalar(
        delete(ScheduledStatus)
        .where(ScheduledStatus.id == scheduled_id, ScheduledStatus.scheduled_at <= unit.now)
        .returning(ScheduledStatus.id)
    )
    return taken is not None


async def _drop(services: Services, scheduled_id: int, reason: str) -> None:
    log.warning("scheduled.dropped", scheduled_id=scheduled_id, reason=reason)
    async with services.database.unit_of_work() as unit:
        row = await unit.session.get(ScheduledStatus, scheduled_id)
        if row is not None:
            await cancel_scheduled(unit, row)
