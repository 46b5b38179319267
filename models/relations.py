"""Who follows, likes, blocks, mutes and remembers whom or what: the edges of the social graph.

Follows, favourites and blocks cross to other servers; what comes after `Report` is private to one local account.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.postgresql import partial_index


class Follow(Base):
    """An edge of the social graph; `state` is `pending` until the followee accepts, then `accepted`."""

    __tablename__ = "follows"
    __table_args__ = (
        UniqueConstraint("follower_id", "followee_id"),
        Index("ix_follows_followee", "followee_id", "state", "follower_id"),
        Index("ix_follows_newest", "followee_id", "id"),
        partial_index("ix_follows_notifies", "followee_id", where="notifies"),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    follower_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    followee_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(16), default="pending")
    shows_boosts: Mapped[bool] = mapped_column(default=True)
    notifies: Mapped[bool] = mapped_column(default=False)
    languages: Mapped[list[str] | None]
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
    # The community whose moderators look after it, instead of those of the office.
    community_id: Mapped[int | None] = mapped_column(index=True)
    status_uris: Mapped[list[str]] = mapped_column(default=list)
    comment: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(String(16), default="other")
    rule_ids: Mapped[list[int]] = mapped_column(default=list)
    is_forwarded: Mapped[bool] = mapped_column(default=False)
    assigned_id: Mapped[int | None]
    resolved_by_id: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]


class Mute(Base):
    """`account_id` doesn't want to see `target_id` for a while, or for good; the other never learns of it."""

    __tablename__ = "mutes"
    __table_args__ = (UniqueConstraint("account_id", "target_id"), Index("ix_mutes_account", "account_id", "id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    hides_notifications: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class DomainBlock(Base):
    """One person wants nothing of a whole domain."""

    __tablename__ = "domain_blocks"
    __table_args__ = (UniqueConstraint("account_id", "domain"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    domain: Mapped[str]
    created_at: Mapped[datetime]


class Bookmark(Base):
    """A status that somebody wants to find again; nobody else learns of it."""

    __tablename__ = "bookmarks"
    __table_args__ = (UniqueConstraint("account_id", "status_id"), Index("ix_bookmarks_account", "account_id", "id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class ConversationMute(Base):
    """No more notifications from a conversation."""

    __tablename__ = "conversation_mutes"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class AccountNote(Base):
    """What somebody noted about somebody else, for their own eyes."""

    __tablename__ = "account_notes"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True)
    comment: Mapped[str]
    updated_at: Mapped[datetime]


class Endorsement(Base):
    """An account that somebody features on their profile."""

    __tablename__ = "endorsements"
    __table_args__ = (UniqueConstraint("account_id", "target_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class FeaturedTag(Base):
    """A hashtag that somebody features on their profile."""

    __tablename__ = "featured_tags"
    __table_args__ = (UniqueConstraint("account_id", "tag_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class TagFollow(Base):
    """Somebody wants what is written under a hashtag in their home timeline."""

    __tablename__ = "tag_follows"
    __table_args__ = (UniqueConstraint("tag_id", "account_id"), Index("ix_tag_follows_account", "account_id", "id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class DismissedSuggestion(Base):
    """An account that somebody doesn't want suggested again."""

    __tablename__ = "dismissed_suggestions"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True)
