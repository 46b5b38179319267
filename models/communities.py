"""Communities: `Group` accounts with rules, who has which place in them, and what their moderators did.

Who *belongs* to a community is who follows its account (an accepted `Follow`): delivery, feeds and follower collections
need nothing else, and whatever ends the follow ends the membership. What a follow can't say is kept beside it: the
role, an invitation, a ban. A follower without a `Membership` is a plain member.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id


class Kind(StrEnum):
    """How one gets in."""

    OPEN = "open"
    ON_REQUEST = "on_request"
    BY_INVITATION = "by_invitation"
    HIDDEN = "hidden"  # by invitation, and nobody else learns that it exists


class Role(StrEnum):
    """What a member may do; `policy.communities` knows what that is, and who is above whom."""

    OWNER = "owner"
    MODERATOR = "moderator"
    PUBLISHER = "publisher"
    MEMBER = "member"
    READER = "reader"


class State(StrEnum):
    """Where somebody stands. `left` is kept where one would otherwise be taken in again by itself."""

    MEMBER = "member"
    REQUESTED = "requested"
    INVITED = "invited"
    BANNED = "banned"
    LEFT = "left"


class Community(Base):
    """What an office knows of a Group beyond its account: all of it for one hosted here, what is told of another.

    `posting` is `members` or `publishers`: who may open a thread. `default_for` is `office` or `network` for the two
    that an office makes by itself.
    """

    __tablename__ = "communities"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), default=Kind.OPEN.value)
    is_private: Mapped[bool] = mapped_column(default=False)
    posting: Mapped[str] = mapped_column(String(16), default="members")
    rules: Mapped[str] = mapped_column(default="")
    default_for: Mapped[str | None] = mapped_column(String(16), unique=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    # Of the network's community, if another office hosts it: up to this account our people were joined to it.
    joined_up_to: Mapped[int | None] = mapped_column(BigInt)


class Membership(Base):
    """Somebody's place in a community; a ban whose time is over is none (`banned_until`, None for good)."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("community_id", "account_id"),
        Index("ix_memberships_state", "community_id", "state", "id"),
        Index("ix_memberships_role", "community_id", "role", "account_id"),
        Index("ix_memberships_account", "account_id", "state"),
    )

    id: Mapped[Id]
    community_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(16), default=Role.MEMBER.value)
    state: Mapped[str] = mapped_column(String(16))
    invited_by_id: Mapped[int | None]
    joined_at: Mapped[datetime | None]
    banned_until: Mapped[datetime | None]
    ban_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CommunityAct(Base):
    """An entry of a community's log: who did what to whom or what, and why. `details` holds what the act set."""

    __tablename__ = "community_acts"
    __table_args__ = (Index("ix_community_acts_community", "community_id", "id"),)

    id: Mapped[Id]
    community_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    status_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
