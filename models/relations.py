"""Who follows, likes and blocks whom or what: the edges of the social graph."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Follow(Base):
    """An edge of the social graph; `state` is `pending` until the followee accepts, then `accepted`."""

    __tablename__ = "follows"
    __table_args__ = (
        UniqueConstraint("follower_id", "followee_id"),
        Index("ix_follows_followee", "followee_id", "state", "follower_id"),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    follower_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    followee_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(16), default="pending")
    shows_boosts: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


class Favourite(Base):
    """A Like; `content` is the emoji of an EmojiReact or of a Like with content (FEP-c0e0), else empty."""

    __tablename__ = "favourites"
    __table_args__ = (
        UniqueConstraint("status_id", "account_id", "content"),
        Index("ix_favourites_account", "account_id", "id"),
    )

    id: Mapped[Id]
    uri: Mapped[str | None] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"))
    content: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]


class Block(Base):
    """`account_id` wants nothing of `target_id`, and shows it nothing."""

    __tablename__ = "blocks"
    __table_args__ = (UniqueConstraint("account_id", "target_id"),)

    id: Mapped[Id]
    uri: Mapped[str | None] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class Report(Base):
    """A Flag, from here or from a peer: who is reported, by whom, for which statuses."""

    __tablename__ = "reports"

    id: Mapped[Id]
    uri: Mapped[str | None] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    status_uris: Mapped[list[str]] = mapped_column(default=list)
    comment: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
