"""Accounts, local and remote in one table, the people who sign in, and the key pairs of both.

An account is anything with an inbox: a person, a community, a topic, a service, the instance itself. A local one has
`domain IS NULL`; only its row has private keys, and only people have a `User`. What has gone away keeps its row
(`gone_at`), so that nothing can come back under its URI.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Id
from models.postgresql import only_here, partial_index

INSTANCE_ACTOR_ID = 1


class Account(Base):
    """An actor, ours or of a peer. Counts are kept, not computed; they may lag behind remote truth."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("uq_accounts_username_domain", text("lower(username)"), text("coalesce(domain, '')"), unique=True),
        partial_index("ix_accounts_topic", "topic", where="topic IS NOT NULL"),
        partial_index("ix_accounts_groups", "id", where="actor_type = 'Group'"),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    username: Mapped[str]
    domain: Mapped[str | None] = mapped_column(index=True)
    actor_type: Mapped[str] = mapped_column(String(32), default="Person")
    url: Mapped[str | None]
    display_name: Mapped[str] = mapped_column(default="")
    note_html: Mapped[str] = mapped_column(default="")
    fields: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    emojis: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    note_source: Mapped[str] = mapped_column(default="")
    avatar_url: Mapped[str | None]
    avatar_description: Mapped[str] = mapped_column(default="")
    header_url: Mapped[str | None]
    header_description: Mapped[str] = mapped_column(default="")
    inbox_url: Mapped[str]
    shared_inbox_url: Mapped[str | None]
    outbox_url: Mapped[str | None]
    followers_url: Mapped[str | None]
    following_url: Mapped[str | None]
    featured_url: Mapped[str | None]
    featured_tags_url: Mapped[str | None]
    moderators_url: Mapped[str | None]
    # The normal form of the hashtag whose archive this is: the actor under `/tags/<name>`, ours or a peer's.
    topic: Mapped[str | None]
    is_locked: Mapped[bool] = mapped_column(default=False)
    is_bot: Mapped[bool] = mapped_column(default=False)
    is_discoverable: Mapped[bool] = mapped_column(default=True)
    is_indexable: Mapped[bool] = mapped_column(default=False)
    is_posting_restricted: Mapped[bool] = mapped_column(default=False)
    hides_collections: Mapped[bool] = mapped_column(default=False)
    is_memorial: Mapped[bool] = mapped_column(default=False)
    attribution_domains: Mapped[list[str]] = mapped_column(default=list)
    also_known_as: Mapped[list[str]] = mapped_column(default=list)
    moved_to_uri: Mapped[str | None]
    moved_at: Mapped[datetime | None]
    implements: Mapped[list[str]] = mapped_column(default=list)
    followers_count: Mapped[int] = mapped_column(default=0)
    following_count: Mapped[int] = mapped_column(default=0)
    statuses_count: Mapped[int] = mapped_column(default=0)
    last_status_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    featured_fetched_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    limited_at: Mapped[datetime | None]
    sensitized_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]

    @property
    def is_local(self) -> bool:
        return self.domain is None

    @property
    def is_group(self) -> bool:
        return self.actor_type == "Group"

    @property
    def is_topic(self) -> bool:
        """A hashtag, not anybody: it reads nothing, and nothing can be said to it."""
        return self.topic is not None

    @property
    def is_active(self) -> bool:
        """Neither suspended by us nor deleted by itself."""
        return self.suspended_at is None and self.gone_at is None

    @property
    def acct(self) -> str:
        """`name` for local accounts, `name@domain` for the others, as clients show it."""
        return self.username if self.domain is None else f"{self.username}@{self.domain}"

    @property
    def delivery_url(self) -> str:
        """Where activities for this account go: the shared inbox when there is one."""
        return self.shared_inbox_url or self.inbox_url


# For searching by the beginning of a name, which takes an index of its own on PostgreSQL. Alembic doesn't see it: the
# revision makes it by hand.
Index(
    "ix_accounts_username_prefix",
    func.lower(Account.username).label("username_prefix"),
    info=only_here(ops={"username_prefix": "text_pattern_ops"}),
)


class User(Base):
    """A person of this office: the part of an account that signs in."""

    __tablename__ = "users"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(String(16), default="user")
    locale: Mapped[str] = mapped_column(String(16), default="en")
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    account: Mapped["Account"] = relationship(lazy="raise")


class ActiveDay(Base):
    """A day on which somebody of this office was here: what activity and retention are counted from."""

    __tablename__ = "active_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)


class Keypair(Base):
    """A key of an account: sealed private part for ours, the public part alone for others.

    Two keys of one kind may verify at the same time while one replaces the other: the newest without `retired_at`
    signs; one with `expires_at` in the past verifies nothing.
    """

    __tablename__ = "keypairs"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    public_pem: Mapped[str]
    private_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    account: Mapped["Account"] = relationship(lazy="raise")
