"""What a person is shown: the home feed, written when a status arrives, and notifications."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.postgresql import partial_index


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
        Index("ix_notifications_kind", "account_id", "kind", "id"),
        partial_index("ix_notifications_filtered", "account_id", "from_account_id", where="is_filtered"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    from_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    status_id: Mapped[int | None] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), index=True)
    # The status, follow or report that it is about: part of the identity, 0 when there is none.
    subject_id: Mapped[int] = mapped_column(default=0)
    # Held back by the recipient's policy: it waits in a NotificationRequest.
    is_filtered: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class NotificationPolicy(Base):
    """What somebody wants to be told of whom: each `for_…` is accept, filter or drop."""

    __tablename__ = "notification_policies"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    for_not_following: Mapped[str] = mapped_column(String(8), default="accept")
    for_not_followers: Mapped[str] = mapped_column(String(8), default="accept")
    for_new_accounts: Mapped[str] = mapped_column(String(8), default="accept")
    for_private_mentions: Mapped[str] = mapped_column(String(8), default="filter")
    for_limited_accounts: Mapped[str] = mapped_column(String(8), default="filter")
    updated_at: Mapped[datetime]


class NotificationRequest(Base):
    """Somebody whose notifications were held back; the recipient may accept them. How many wait isn't kept."""

    __tablename__ = "notification_requests"
    __table_args__ = (UniqueConstraint("account_id", "from_account_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    from_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    last_status_id: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class NotificationPermission(Base):
    """Somebody whose notifications pass whatever the policy says: their request was accepted."""

    __tablename__ = "notification_permissions"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    from_account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime]


class RelationshipSeverance(Base):
    """Follows that ended at once because a domain was blocked or an account suspended; what the owner is told of it.

    `kind` is domain_block, user_domain_block or account_suspension; `target_name` the domain or handle.
    """

    __tablename__ = "relationship_severances"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    target_name: Mapped[str]
    followers_count: Mapped[int] = mapped_column(default=0)
    following_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Marker(Base):
    """How far somebody has read a timeline (`home`, `notifications`)."""

    __tablename__ = "markers"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    timeline: Mapped[str] = mapped_column(String(16), primary_key=True)
    last_read_id: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]


class Conversation(Base):
    """A private conversation as one of its participants sees it; `participant_ids` are the others, in order."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("account_id", "conversation_id"),
        Index("ix_conversations_account", "account_id", "last_status_id"),
        Index("ix_conversations_conversation", "conversation_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    conversation_id: Mapped[int]
    participant_ids: Mapped[list[int]] = mapped_column(default=list)
    last_status_id: Mapped[int] = mapped_column(index=True)
    is_unread: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class AccountList(Base):
    """A list of accounts with a timeline of its own. `replies_policy` is followed, list or none."""

    __tablename__ = "lists"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    replies_policy: Mapped[str] = mapped_column(String(16), default="list")
    is_exclusive: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ListMember(Base):
    """An account is on a list."""

    __tablename__ = "list_members"
    __table_args__ = (UniqueConstraint("list_id", "account_id"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(ForeignKey("lists.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)


class ListEntry(Base):
    """A status in the timeline of a list; the primary key is the order of the page."""

    __tablename__ = "list_entries"

    list_id: Mapped[int] = mapped_column(ForeignKey("lists.id", ondelete="CASCADE"), primary_key=True)
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True, index=True)
