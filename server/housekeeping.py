"""Housekeeping: what has served its time is removed, in small transactions that nobody waits for.

Received activities and delivery reports are kept for `journal_retention_days` after they were finished, those of peers
that keep a log for `sync_log_days` if that is longer, and so are our own activities that only say what changed; what
belongs to an outbox (Create, Announce, Like …) stays as long as its account. Keys past their overlap, ended sessions,
spent codes, tokens revoked long ago and applications without any for a month go too, uploads that nobody attached
within a day, media of other servers that nobody looks at or that are too much, and polls whose time is over are closed.
Work that failed for good is finished work: a dead letter can be retried until it is removed. At the start, statuses
that were there before the index of search are written into it. Hashtags that very many posts carry are counted once a
day.

A sweep that fails is logged and started again by the runner (`server.runtime`); it can be interrupted anywhere.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, exists, select

from communities.totals import keep_totals
from federation.peers.hosts import forget_stale_hosts
from federation.peers.meter import forget_old_counts
from federation.remote_media import evict
from federation.services import Services
from federation.trends import request_trends
from jobs.waiting import wait_at_most
from models import UnitOfWork
from models.accounts import Account, Keypair
from models.activities import Delivery, InboundActivity, Job, OutboundActivity, RemoteHost
from models.base import Base
from models.ids import first_id
from models.oauth import AccessToken, Application, AuthorizationCode, Session
from models.statuses import Attachment, Poll, Status
from outbox.network_community import request_joining
from outbox.peering.upkeep import forget_stale_proposals
from outbox.polls import poll_changed
from outbox.subscriptions import request_subscriptions
from server.default_communities import ensure_default_communities
from social.idempotency import forget_old_keys
from social.mutes import end_expired_mutes
from social.search.refill import fill_once
from social.uploads import forget_files, is_forgotten

EVERY_SECONDS = 3600.0
POLLS_EVERY_SECONDS = 60.0
ROWS_AT_ONCE = 1000
UPLOADS_AT_ONCE = 200
BREATH_SECONDS = 0.05
CODES_KEPT = timedelta(days=1)
UNUSED_APPLICATIONS_KEPT = timedelta(days=30)
# Activities that an outbox doesn't show: their effect is in the object, or was only for their recipient.
PASSING_TYPES = (
    *("Accept", "Add", "Block", "Delete", "Flag", "Follow", "Leave", "Offer", "Ping", "Pong", "Reject", "Remove"),
    *("Undo", "Update"),
)

log = structlog.get_logger(__name__)
Condition = ColumnElement[bool]


class Housekeeper:
    """Sweeps once at the start and then every hour, and closes polls every minute. Two at a time do no harm."""

    def __init__(
        self,
        services: Services,
        *,
        retention_days: int,
        log_days: int = 30,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._services = services
        self._retention = timedelta(days=retention_days)
        self._log_retention = timedelta(days=max(retention_days, log_days))
        self._sleep = sleep

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop` is set; meanwhile the index of search is filled, which may take longer."""
        async with asyncio.TaskGroup() as group:
            filling = group.create_task(self._fill_index())
            await self._sweep_until(stop)
            filling.cancel()

    async def _sweep_until(self, stop: asyncio.Event) -> None:
        due_at = self._services.clock()
        while not stop.is_set():
            if self._services.clock() >= due_at:
                await self.run_once()
                async with self._services.database.unit_of_work() as unit:
                    await request_subscriptions(unit)
                    await request_joining(self._services, unit)
                await ensure_default_communities(self._services)
                await request_trends(self._services)
                await keep_totals(self._services.database)
                due_at = self._services.clock() + timedelta(seconds=EVERY_SECONDS)
            async with self._services.database.unit_of_work() as unit:
                await close_polls(unit)
            await wait_at_most(stop, POLLS_EVERY_SECONDS)

    async def run_once(self) -> int:
        """One sweep; returns how many rows were removed."""
        now = self._services.clock()
        removed = {name: await self._remove(table, condition) for name, table, condition in self._leavings(now)}
        removed["uploads"] = await self._forget_uploads(now)
        removed["cached files"] = await evict(self._services)
        async with self._services.database.unit_of_work() as unit:
            await close_polls(unit)
            await forget_stale_hosts(unit)
            await forget_old_counts(unit)
            await forget_stale_proposals(unit)
            await end_expired_mutes(unit)
            await forget_old_keys(unit)
        if any(removed.values()):
            log.info("swept", **{name: count for name, count in removed.items() if count})
        return sum(removed.values())

    async def _fill_index(self) -> None:
        """After an upgrade or a restore this takes minutes, else there is nothing to do."""
        written = await fill_once(self._services.database)
        if written:
            log.info("filled the index of search", statuses=written)

    def _leavings(self, now: datetime) -> list[tuple[str, type[Base], Condition]]:
        """What may go: a name, the table, and which of its rows."""
        before, before_log = now - self._retention, now - self._log_retention
        # Nothing is finished before it began, so what is younger isn't looked at: a sweep reads what may go, not all.
        oldest_kept = first_id(before)
        keeps_log = select(RemoteHost.host).where(RemoteHost.keeps_log.is_(True))
        has_deliveries = exists().where(Delivery.activity_id == OutboundActivity.id)
        return [
            (
                "inbound",
                InboundActivity,
                (InboundActivity.id < oldest_kept)
                & (InboundActivity.finished_at < before)
                & (InboundActivity.host.not_in(keeps_log) | (InboundActivity.finished_at < before_log)),
            ),
            (
                "deliveries",
                Delivery,
                (Delivery.id < oldest_kept)
                & (Delivery.finished_at < before)
                & (Delivery.log_number.is_(None) | (Delivery.finished_at < before_log)),
            ),
            (
                "outbound",
                OutboundActivity,
                (OutboundActivity.id < oldest_kept)
                & OutboundActivity.activity_type.in_(PASSING_TYPES)
                & ~has_deliveries,
            ),
            (
                "announcements of topics",
                OutboundActivity,
                (OutboundActivity.id < oldest_kept)
                & OutboundActivity.account_id.in_(
                    select(Account.id).where(Account.topic.is_not(None), Account.domain.is_(None))
                )
                & ~has_deliveries,
            ),
            ("jobs", Job, (Job.id < oldest_kept) & (Job.finished_at < before)),
            ("keys", Keypair, Keypair.expires_at < now),
            ("sessions", Session, Session.expires_at < now),
            ("tokens", AccessToken, AccessToken.revoked_at < before),
            # Kept for a while after their ten minutes: one that comes twice takes its tokens with it.
            ("codes", AuthorizationCode, AuthorizationCode.expires_at < now - CODES_KEPT),
            (
                "applications",
                Application,
                (Application.created_at < now - UNUSED_APPLICATIONS_KEPT)
                & ~exists().where(AccessToken.application_id == Application.id)
                & ~exists().where(AuthorizationCode.application_id == Application.id),
            ),
        ]

    async def _forget_uploads(self, now: datetime) -> int:
        """Remove what somebody uploaded and never attached; its files go by a job."""
        total = 0
        while True:
            query = select(Attachment).where(is_forgotten(now)).order_by(Attachment.id).limit(UPLOADS_AT_ONCE)
            async with self._services.database.unit_of_work() as unit:
                uploads = (await unit.session.scalars(query)).all()
                await forget_files(unit, [key for one in uploads for key in (one.storage_key, one.preview_key)])
                for upload in uploads:
                    await unit.session.delete(upload)
            total += len(uploads)
            if len(uploads) < UPLOADS_AT_ONCE:
                return total
            await self._sleep(BREATH_SECONDS)

    async def _remove(self, table: type[Base], condition: Condition) -> int:
        """Delete in portions, each in a transaction of its own: the writer is needed by others."""
        key: Any = table.__table__.c.id
        total: int = 0
        while True:
            portion = select(key).where(condition).order_by(key).limit(ROWS_AT_ONCE)
            async with self._services.database.unit_of_work() as unit:
                result: Any = await unit.session.execute(
                    delete(table).where(key.in_(portion)).execution_options(synchronize_session=False)
                )
            removed: int = result.rowcount
            total += removed
            if removed < ROWS_AT_ONCE:
                return total
            await self._sleep(BREATH_SECONDS)


async def close_polls(unit: UnitOfWork) -> int:
    """Mark polls whose time is over as closed, and have the last numbers of our own published; returns how many.

    Votes are refused from `closes_at` on, whether this has run or not.
    """
    rows = await unit.session.execute(
        select(Poll, Status, Account.domain)
        .join(Status, Status.id == Poll.status_id)
        .join(Account, Account.id == Status.account_id)
        .where(Poll.closed_at.is_(None), Poll.closes_at <= unit.now)
        .order_by(Poll.closes_at)
        .limit(ROWS_AT_ONCE)
    )
    closed = 0
    for poll, status, domain in rows:
        poll.closed_at = poll.closes_at
        if domain is None:
            await poll_changed(unit, status)
        closed += 1
    return closed
