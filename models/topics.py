"""Topics across offices: which archives this office subscribes to, how far each was read, and what ours announced."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class TopicSubscription(Base):
    """One hashtag at one peer: our instance actor follows the topic actor there, and its archive is read back.

    `state`: requested, accepted, rejected, ended (a new Follow starts it again). `position` is the id before which the
    next page of the archive begins, None for the newest one; `complete_at` is when the end of it was first reached.
    `stored` counts the posts that came by it, `pages` those read since the walk began, so that none goes on for ever.
    """

    __tablename__ = "topic_subscriptions"
    __table_args__ = (UniqueConstraint("tag_id", "domain"),)

    id: Mapped[Id]
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"))
    domain: Mapped[str]
    topic_uri: Mapped[str] = mapped_column(unique=True)
    follow_uri: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(16), default="requested")
    position: Mapped[int | None]
    pages: Mapped[int] = mapped_column(default=0)
    stored: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    complete_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class TopicAnnouncement(Base):
    """A post that a topic of ours announced to its followers: once, under the `number` in the Announce's id."""

    __tablename__ = "topic_announcements"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True, index=True)
    number: Mapped[int]
    created_at: Mapped[datetime]


class ArchivedPost(Base):
    """The Create of a post of ours with its proof, as archives give it away, where the one that was sent won't do.

    That is so after an edit (`edited_at` is the state it shows) and once the key of its first proof is no more. Of
    posts by people from elsewhere in communities of ours it is what they said, a Create or an Update.
    """

    __tablename__ = "archived_posts"

    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True)
    key_id: Mapped[str]
    edited_at: Mapped[datetime | None]
    body: Mapped[bytes]


class TopicTotal(Base):
    """How many posts carry a hashtag that very many carry, its synonyms included, as it was counted at `counted_at`.

    Kept under the canonical hashtag. `posts` are the public ones by office (`""` is this one), `archived` those of its
    archive; what has an id above `up_to` isn't in them (`communities.totals`).
    """

    __tablename__ = "topic_totals"

    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    posts: Mapped[dict[str, Any]]
    archived: Mapped[int]
    up_to: Mapped[int]
    counted_at: Mapped[datetime]
