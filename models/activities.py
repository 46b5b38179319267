"""What crosses the wire, both ways: the inbound journal, outbound bytes, deliveries, hosts and background jobs.

The state of the work is a column of its row, so the queue and the data can't disagree: an inbound row is marked done
in the transaction that applied it, deliveries are inserted in the one that published. `lease_until` is set by the
worker that claims a row; when the worker dies the lease runs out and the row is due again, or at once where somebody
notices that the process called `leased_by` is no more (`jobs.takeover`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.postgresql import never_count, partial_index

SHARED_INBOX = 0


class InboundActivity(Base):
    """An activity as received, kept with its bytes. `state`: queued, done, failed (dead letter)."""

    __tablename__ = "inbound_activities"
    __table_args__ = (
        UniqueConstraint("dedup_key", "inbox_id"),
        partial_index("ix_inbound_due", "due_at", where="state = 'queued'"),
        Index("ix_inbound_received", "received_at"),
        Index("ix_inbound_inbox", "inbox_id", "id"),
    )

    id: Mapped[Id]
    dedup_key: Mapped[str]
    inbox_id: Mapped[int] = mapped_column(default=SHARED_INBOX)
    actor_uri: Mapped[str]
    activity_type: Mapped[str] = mapped_column(String(32))
    object_uri: Mapped[str | None]
    host: Mapped[str]
    body: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(16), default="queued")
    outcome: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(16))
    received_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class OutboundActivity(Base):
    """An activity of ours: the bytes that every recipient gets, made once.

    `spread` is set while it still has to be queued for the many followers of its account (`outbox.spreading`).
    """

    __tablename__ = "outbound_activities"
    __table_args__ = (
        Index("ix_outbound_account", "account_id", "id"),
        partial_index("ix_outbound_spread", "account_id", "id", where="spread IS NOT NULL"),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    activity_type: Mapped[str] = mapped_column(String(32))
    object_uri: Mapped[str | None] = mapped_column(index=True)
    status_id: Mapped[int | None] = mapped_column(index=True)
    visibility: Mapped[str] = mapped_column(String(16), default="direct")
    body: Mapped[bytes]
    digest: Mapped[bytes]
    spread: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class Delivery(Base):
    """One activity that one inbox still has to receive, or has received.

    `state`: queued, done, gone (404/410), dead (given up; may be retried). Rows of one host and one
    `ordering_key` (the object) are sent in the order of their ids. `log_number` is its place in the log of a peer that
    keeps one (`models.sync`), given when it is first claimed.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("activity_id", "inbox_url"),
        partial_index("ix_deliveries_due", "due_at", "id", where="state = 'queued'"),
        partial_index("ix_deliveries_order", "host", "ordering_key", "id", where="state = 'queued'"),
        partial_index("ix_deliveries_finished", "finished_at", where="finished_at IS NOT NULL"),
        partial_index("uq_deliveries_log", "host", "log_number", unique=True, where="log_number IS NOT NULL"),
        partial_index("ix_deliveries_unnumbered", "host", "id", where="log_number IS NULL"),
    )

    id: Mapped[Id]
    activity_id: Mapped[int] = mapped_column(ForeignKey("outbound_activities.id", ondelete="CASCADE"))
    account_id: Mapped[int]
    inbox_url: Mapped[str]
    host: Mapped[str]
    ordering_key: Mapped[str]
    log_number: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(16))
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class RemoteHost(Base):
    """What we know of a host as a correspondent: how it wants signatures, whether it keeps a log, and is alive.

    The circuit is open while `open_until` lies ahead; a valid request from the host closes it.
    """

    __tablename__ = "remote_hosts"

    host: Mapped[str] = mapped_column(primary_key=True)
    scheme: Mapped[str | None] = mapped_column(String(24))
    scheme_learned_at: Mapped[datetime | None]
    accepts_ed25519: Mapped[bool | None]
    keeps_log: Mapped[bool | None]
    failures: Mapped[int] = mapped_column(default=0)
    first_failure_at: Mapped[datetime | None]
    open_until: Mapped[datetime | None]
    failing_days: Mapped[int] = mapped_column(default=0)
    last_success_at: Mapped[datetime | None]
    last_inbound_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    software: Mapped[str | None]
    # How far its clock is ahead of ours (`federation.peers.meter`).
    clock_ahead_seconds: Mapped[float | None] = mapped_column(Float)
    clock_seen_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Job(Base):
    """Background work that may use the network: a thread to fetch, an actor to refresh, followers to synchronise.

    `unique_key` keeps the same work from queueing twice while it waits, or running twice at a time. What is wished for
    while it runs is noted in `again_at` and `again_payload`, and queued when it has ended (`jobs.queue`).
    """

    __tablename__ = "jobs"
    __table_args__ = (
        partial_index("ix_jobs_due", "due_at", where="state = 'queued'"),
        partial_index("uq_jobs_waiting", "unique_key", unique=True, where="state = 'queued'"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    unique_key: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(16))
    last_error: Mapped[str | None]
    again_at: Mapped[datetime | None]
    again_payload: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


for _queue in (InboundActivity, Delivery, Job):
    _table: Table = _queue.__table__  # type: ignore[assignment]
    never_count(_table, "state")
