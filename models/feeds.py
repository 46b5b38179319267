"""What a person is shown: the home feed, written when a status arrives, and notifications."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class FeedEntry(Base):
    """A status in somebody's home timeline; the primary key is the order of the page."""

    __tablename__ = "feed_entries"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True, index=True)


class Notification(Base):
    """Something a local account should know; the same thing is told once."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "from_account_id", "subject_id"),
        Index("ix_notifications_account", "account_id", "id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    from_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    status_id: Mapped[int | None] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), index=True)
    # The status, follow or report that it is about: part of the identity, 0 when there is none.
    subject_id: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
