"""How far two offices have heard each other out: the ordered log of what goes to a peer, and what came of its log here.

The log itself is the table `deliveries` (`log_number` counts up per host); here are its counters, the cursors, and the
numbers that arrived ahead of a cursor (docs/decisions/0022-sync.md).
"""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id

THE_STATE = 1


class SyncState(Base):
    """The one row about this office's own log.

    A *generation* is one unbroken history of this database: after a restore a new one begins, and `previous` is the one
    that it branched off. `resumed_from` is the newest moment that the database knew of when it was last started;
    `restored_at` is set when the database turned out to be older than what peers have from us.
    """

    __tablename__ = "sync_state"

    id: Mapped[Id]
    generation: Mapped[str] = mapped_column(String(32))
    previous: Mapped[str | None] = mapped_column(String(32))
    resumed_from: Mapped[datetime | None]
    restored_at: Mapped[datetime | None]


class PeerSync(Base):
    """One peer, both ways.

    Out: `last_number` is the newest number that was given to a delivery for it, `branched_at` what it was when our
    generation began, `their_number` how far the peer says that it has heard us out. In: `generation` and `number` are
    the peer's log and the number up to which we have everything, `newest` the highest it has told of; `in_sync_at` is
    when we last had everything, `gap_due_at` when a gap is to be asked about, `cut_at` is set when its log doesn't
    reach back as far as we would need. `echo_since` is set while we ask it for what it has from us, `echo_after` is how
    far that got.
    """

    __tablename__ = "peer_sync"

    host: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)
    branched_at: Mapped[int] = mapped_column(default=0)
    their_number: Mapped[int | None]
    generation: Mapped[str | None] = mapped_column(String(32))
    number: Mapped[int] = mapped_column(default=0)
    newest: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None]
    in_sync_at: Mapped[datetime | None]
    gap_due_at: Mapped[datetime | None]
    cut_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    echo_since: Mapped[datetime | None]
    echo_after: Mapped[int] = mapped_column(default=0)
    echoed_at: Mapped[datetime | None]


class LogReceipt(Base):
    """Consecutive numbers of a peer's log that arrived with deliveries, until the cursor has passed them."""

    __tablename__ = "log_receipts"
    __table_args__ = (Index("ix_log_receipts_host", "host", "first_number"),)

    id: Mapped[Id]
    host: Mapped[str]
    generation: Mapped[str] = mapped_column(String(32))
    first_number: Mapped[int]
    last_number: Mapped[int]
