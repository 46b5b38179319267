"""What somebody would rather not read: filters with keywords and single statuses. `policy.filters` applies them."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Id


class Filter(Base):
    """A named filter: where it applies (`contexts`), and what happens then (`action`: warn, hide or blur)."""

    __tablename__ = "filters"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    contexts: Mapped[list[str]]
    action: Mapped[str] = mapped_column(String(8), default="warn")
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class FilterKeyword(Base):
    """A word or phrase of a filter; `is_whole_word` matches it only between word boundaries."""

    __tablename__ = "filter_keywords"

    id: Mapped[Id]
    filter_id: Mapped[int] = mapped_column(ForeignKey("filters.id", ondelete="CASCADE"), index=True)
    keyword: Mapped[str]
    is_whole_word: Mapped[bool] = mapped_column(default=True)
    filter: Mapped["Filter"] = relationship(lazy="raise")


class FilterStatus(Base):
    """A single status that a filter catches."""

    __tablename__ = "filter_statuses"
    __table_args__ = (UniqueConstraint("filter_id", "status_id"),)

    id: Mapped[Id]
    filter_id: Mapped[int] = mapped_column(ForeignKey("filters.id", ondelete="CASCADE"))
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), index=True)
    filter: Mapped["Filter"] = relationship(lazy="raise")
