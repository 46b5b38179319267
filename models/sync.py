"""How far two offices have heard each other out: the ordered log of what goes to a peer, and what came of its log here.

The log itself is the table `deliveries` (`log_number` counts up per host); here are its counters, the cursors, and the
numbers that arrived ahead of a cursor (docs/decisions/0022-sync.md). What a log can't tell any more is found by
digests: those of our own posts, by day, and how far a peer's were compared (docs/decisions/0025-digests.md).
"""

from datetime import date, datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id

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

    Digests: `compare_day` is the next day to compare while a comparison is under way, `compared_at` when the last one
    came to its end, `differing_days` and `missing` what it found, `repaired` and `unrepaired` what came of it;
    `compare_error` is why it stopped.
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
    compare_day: Mapped[date | None]
    compared_at: Mapped[datetime | None]
    differing_days: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    repaired: Mapped[int] = mapped_column(default=0)
    unrepaired: Mapped[int] = mapped_column(default=0)
    compare_error: Mapped[str | None]


class LogReceipt(Base):
    """Consecutive numbers of a peer's log that arrived with deliveries, until the cursor has passed them."""

    __tablename__ = "log_receipts"
    __table_args__ = (Index("ix_log_receipts_host", "host", "first_number"),)

    id: Mapped[Id]
    host: Mapped[str]
    generation: Mapped[str] = mapped_column(String(32))
    first_number: Mapped[int]
    last_number: Mapped[int]


class DigestMark(Base):
    """A finished day whose digests are kept, if `is_valid`; whoever changes something in it counts `revision` up."""

    __tablename__ = "digest_marks"

    day: Mapped[date] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(default=0)
    is_valid: Mapped[bool] = mapped_column(default=False)


class DigestDay(Base):
    """The digest of what one subject has on one day: an account's posts of a visibility, a hashtag's archive, what was
    posted in a community of ours, or by our people in one of another office.

    `kind` is the visibility, `topic`, `community` or `submission`; `subject_id` the account or the tag. Without a row
    there is nothing.
    """

    __tablename__ = "digest_days"
    __table_args__ = (Index("ix_digest_days_day", "day"),)

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    count: Mapped[int]
