"""The office as its administrators shape it: announcements, rules, emoji, documents, and what moderators did."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.postgresql import partial_index


class Announcement(Base):
    """Something for everybody in the office; shown from `published_at` on, until `ends_at` where there is one."""

    __tablename__ = "announcements"

    id: Mapped[Id]
    text: Mapped[str]
    content_html: Mapped[str]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    is_all_day: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AnnouncementReading(Base):
    """Somebody has read an announcement and put it away."""

    __tablename__ = "announcement_readings"

    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True)


class AnnouncementReaction(Base):
    """An emoji that somebody set under an announcement; `name` is the character, or the shortcode of a custom one."""

    __tablename__ = "announcement_reactions"

    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class Rule(Base):
    """A rule of the office, in its place."""

    __tablename__ = "rules"

    id: Mapped[Id]
    position: Mapped[int] = mapped_column(default=0)
    text: Mapped[str]
    hint: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class OfficeDocument(Base):
    """A page about the office: `extended_description`, `privacy_policy` or `terms_of_service`, in Markdown."""

    __tablename__ = "office_documents"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    text: Mapped[str]
    updated_at: Mapped[datetime]


class CustomEmoji(Base):
    """A small picture of this office that stands for `:shortcode:`."""

    __tablename__ = "custom_emojis"

    id: Mapped[Id]
    shortcode: Mapped[str] = mapped_column(unique=True)
    storage_key: Mapped[str]
    static_key: Mapped[str | None]
    category: Mapped[str | None]
    is_visible: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class AccountWarning(Base):
    """What a moderator did to an account (`none`, `sensitive`, `disable`, `silence`, `suspend`), with a word for it."""

    __tablename__ = "account_warnings"

    id: Mapped[Id]
    moderator_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    report_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what to whom as a moderator or administrator; never changed, never removed."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_target", "target_kind", "target_id"),)

    id: Mapped[Id]
    account_id: Mapped[int]
    action: Mapped[str] = mapped_column(String(64))
    target_kind: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class CachedFile(Base):
    """A remote picture, sound or film that our own people looked at: kept for a while under our roof."""

    __tablename__ = "cached_files"
    __table_args__ = (partial_index("ix_cached_files_used", "used_at", where="storage_key IS NOT NULL"),)

    url: Mapped[str] = mapped_column(primary_key=True)
    storage_key: Mapped[str | None]
    media_type: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime]
    used_at: Mapped[datetime]
