"""What people wrote: statuses with their attachments, mentions, tags, polls, edits and quotes, and what is gone.

A boost is a status of its own (`boost_of_id`). References that are usually empty get partial indexes: SQLite's
statistics judge a full index over them useless. Remote HTML is sanitised before it gets here. Relationships are
there for the order in which rows are written, never to load anything.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Id
from models.postgresql import only_here, partial_index, where_true


class Status(Base):
    """A Note, Question, Article, Page, Event … or a boost (an Announce)."""

    __tablename__ = "statuses"
    __table_args__ = (
        Index("ix_statuses_account", "account_id", "id"),
        Index("ix_statuses_conversation", "conversation_id", "id"),
        partial_index("ix_statuses_in_reply_to", "in_reply_to_id", where="in_reply_to_id IS NOT NULL"),
        partial_index(
            "ix_statuses_orphans", "in_reply_to_uri", where="in_reply_to_uri IS NOT NULL AND in_reply_to_id IS NULL"
        ),
        partial_index("uq_statuses_boost", "boost_of_id", "account_id", unique=True, where="boost_of_id IS NOT NULL"),
        partial_index("ix_statuses_quote_of", "quote_of_id", where="quote_of_id IS NOT NULL"),
        partial_index("ix_statuses_group", "group_id", "id", where="group_id IS NOT NULL"),
        Index("ix_statuses_local", "is_local", "id"),
        partial_index("ix_statuses_pinned", "account_id", where="pinned_at IS NOT NULL"),
        partial_index("ix_statuses_featured", "group_id", where="featured_at IS NOT NULL"),
        partial_index("ix_statuses_locked", "conversation_id", "group_id", where="locked_at IS NOT NULL"),
        partial_index("ix_statuses_removed", "group_id", "id", where="removed_at IS NOT NULL"),
        partial_index("ix_statuses_card", "card_id", "id", where="card_id IS NOT NULL"),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str | None]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    is_local: Mapped[bool] = mapped_column(default=False)  # as its author is: for the timelines of ours and of theirs
    object_type: Mapped[str] = mapped_column(String(32), default="Note")
    visibility: Mapped[str] = mapped_column(String(16), default="public")
    title: Mapped[str | None]
    content_html: Mapped[str] = mapped_column(default="")
    source_text: Mapped[str | None]
    source_media_type: Mapped[str | None] = mapped_column(String(64))
    summary: Mapped[str] = mapped_column(default="")
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    is_local_only: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str | None] = mapped_column(String(35))
    in_reply_to_id: Mapped[int | None]
    in_reply_to_uri: Mapped[str | None]
    in_reply_to_account_id: Mapped[int | None]
    conversation_id: Mapped[int]
    context_uri: Mapped[str | None]
    boost_of_id: Mapped[int | None] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"))
    quote_of_id: Mapped[int | None]
    quote_uri: Mapped[str | None]
    quote_state: Mapped[str | None] = mapped_column(String(16))
    quote_authorization_uri: Mapped[str | None]
    group_id: Mapped[int | None]
    application_id: Mapped[int | None]
    card_id: Mapped[int | None]
    emojis: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    event: Mapped[dict[str, Any] | None]
    interaction_policy: Mapped[dict[str, Any] | None]
    replies_count: Mapped[int] = mapped_column(default=0)
    boosts_count: Mapped[int] = mapped_column(default=0)
    favourites_count: Mapped[int] = mapped_column(default=0)
    quotes_count: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    pinned_at: Mapped[datetime | None]
    # What the moderators of its community (`group_id`) decided: no more replies, taken out, shown first.
    locked_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    featured_at: Mapped[datetime | None]

    @property
    def is_boost(self) -> bool:
        return self.boost_of_id is not None


class StatusEdit(Base):
    """How a status read before an edit; the newest text is in the status itself."""

    __tablename__ = "status_edits"

    id: Mapped[Id]
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), index=True)
    title: Mapped[str | None]
    content_html: Mapped[str]
    summary: Mapped[str]
    is_sensitive: Mapped[bool]
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    poll_options: Mapped[list[str] | None]
    created_at: Mapped[datetime]
    status: Mapped["Status"] = relationship(lazy="raise")


class Attachment(Base):
    """An image, video or audio of a status; remote ones keep their address, local ones their key in the media store.

    `kind` is what clients call its type: image, gifv, video, audio, unknown. `state` is `processing` until the upload
    was looked at, then `ready`, or `failed`. `meta` holds what was measured (`original`, `small`: width, height, size,
    aspect, duration, frame_rate, bitrate), as clients get it.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        partial_index("ix_attachments_account", "account_id", "status_id", where="status_id IS NOT NULL"),
        partial_index("ix_attachments_ours", "status_id", where="remote_url IS NULL"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    status_id: Mapped[int | None] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), index=True)
    # The scheduled status that it waits for: spoken for, though no status has it yet.
    scheduled_id: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)
    media_type: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16), default="unknown")
    state: Mapped[str] = mapped_column(String(16), default="ready")
    remote_url: Mapped[str | None]
    remote_preview_url: Mapped[str | None]
    storage_key: Mapped[str | None]
    preview_key: Mapped[str | None]
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    description: Mapped[str | None]
    blurhash: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    focal_point: Mapped[list[Any] | None]
    size_bytes: Mapped[int | None]
    created_at: Mapped[datetime]
    status: Mapped["Status | None"] = relationship(lazy="raise")


class PreviewCard(Base):
    """What a link in a status leads to, as the page describes itself; `card_type` is link, photo, video or rich."""

    __tablename__ = "preview_cards"

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(unique=True)
    card_type: Mapped[str] = mapped_column(String(16), default="link")
    title: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    language: Mapped[str | None]
    author_name: Mapped[str] = mapped_column(default="")
    author_url: Mapped[str] = mapped_column(default="")
    provider_name: Mapped[str] = mapped_column(default="")
    provider_url: Mapped[str] = mapped_column(default="")
    image_url: Mapped[str | None]
    image_description: Mapped[str] = mapped_column(default="")
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]


class Mention(Base):
    """Somebody named in a status; `is_silent` when addressed without being named."""

    __tablename__ = "mentions"

    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True)
    is_silent: Mapped[bool] = mapped_column(default=False)
    status: Mapped["Status"] = relationship(lazy="raise")


class Tag(Base):
    """A hashtag: `name` is matched (`content.hashtags`), `display_name` is how it is written most.

    `canonical_id` is the hashtag that a steward merged it into: both are read as one. `kept_since` is set when the
    office itself wants the archives of all offices, whether somebody here follows the hashtag or not.
    """

    __tablename__ = "tags"
    __table_args__ = (
        partial_index("ix_tags_canonical", "canonical_id", where="canonical_id IS NOT NULL"),
        # By the beginning of a name, for which SQLite takes the unique index.
        Index(
            "ix_tags_name_prefix", "name", info={"only": "postgresql"} | only_here(ops={"name": "text_pattern_ops"})
        ).ddl_if(dialect="postgresql"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    canonical_id: Mapped[int | None]
    kept_since: Mapped[datetime | None]
    created_at: Mapped[datetime]


class TagForm(Base):
    """A way of writing a hashtag, and how many statuses write it so; the most used one is its `display_name`."""

    __tablename__ = "tag_forms"

    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    uses: Mapped[int] = mapped_column(default=0)


class StatusTag(Base):
    """A status carries a tag. `is_archived`: our own people said it to everybody, outside of the office too, so that it
    is in the archive of the topic for as long as its author is there (`communities.archive`)."""

    __tablename__ = "status_tags"
    __table_args__ = (
        Index("ix_status_tags_tag", "tag_id", "status_id"),
        Index("ix_status_tags_archived", "tag_id", "status_id", info=where_true("is_archived")),
    )

    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    is_archived: Mapped[bool] = mapped_column(server_default=false())


class Poll(Base):
    """The question of a status: `options` are `{"title": str, "votes": int}` in their order."""

    __tablename__ = "polls"
    __table_args__ = (partial_index("ix_polls_open", "closes_at", where="closed_at IS NULL"),)

    id: Mapped[Id]
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), unique=True)
    options: Mapped[list[dict[str, Any]]]
    is_multiple: Mapped[bool] = mapped_column(default=False)
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    voters_count: Mapped[int] = mapped_column(default=0)
    hides_totals: Mapped[bool] = mapped_column(default=False)
    status: Mapped["Status"] = relationship(lazy="raise")


class PollVote(Base):
    """One choice of one voter."""

    __tablename__ = "poll_votes"
    __table_args__ = (UniqueConstraint("poll_id", "account_id", "choice"),)

    id: Mapped[Id]
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    choice: Mapped[int]
    uri: Mapped[str | None]
    created_at: Mapped[datetime]
    poll: Mapped["Poll"] = relationship(lazy="raise")


class ScheduledStatus(Base):
    """What somebody wants to say later; `params` are those of the request, as clients get them back."""

    __tablename__ = "scheduled_statuses"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    application_id: Mapped[int | None]
    params: Mapped[dict[str, Any]]
    scheduled_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]


class IdempotencyKey(Base):
    """A request to post that was answered before: asking again gives the same status (for an hour)."""

    __tablename__ = "idempotency_keys"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    status_id: Mapped[int | None]
    scheduled_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Tombstone(Base):
    """A URI that is gone, or that its owner took back before it arrived: nothing is made under it again.

    It holds against `owner_uri` alone: nobody can bury what is somebody else's. `kind` is the type of what was there
    (`Note`, `Person`, …) or `Undo` for an activity undone before it came.
    """

    __tablename__ = "tombstones"

    uri: Mapped[str] = mapped_column(primary_key=True)
    owner_uri: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
