"""Announcements: something for everybody in the office, which people may put away and set emoji under.

Written in Markdown by an administrator. Shown from `published_at` on, until `ends_at` where there is one. Whoever is
connected hears of it after the commit (`models.events`).
"""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.compose import MARKDOWN, MentionLink, find_entities, render
from content.emojis import is_emoji, is_shortcode
from models import UnitOfWork
from models.accounts import Account
from models.addresses import LocalAddresses
from models.events import Event, Kind
from models.insertion import insert_missing
from models.office import Announcement, AnnouncementReaction, AnnouncementReading
from models.values import dataclass
from social.emojis import emojis_named

MAX_ANNOUNCEMENTS: Final = 100
MAX_CHARACTERS: Final = 10_000
REACTION_KINDS: Final = 8


class AnnouncementRefused(Exception):
    """What somebody wants with an announcement can't be done; the message is a sentence for them."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """One kind of emoji under an announcement: how often, and whether the viewer set it."""

    name: str
    count: int
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An announcement as one viewer sees it."""

    announcement: Announcement
    is_read: bool
    reactions: list[Reaction] = field(default_factory=list)


def is_shown(now: datetime) -> ColumnElement[bool]:
    """Published, and not over."""
    return and_(Announcement.published_at <= now, or_(Announcement.ends_at.is_(None), Announcement.ends_at > now))


async def make_announcement(
    unit: UnitOfWork,
    text: str,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    is_all_day: bool = False,
    is_published: bool = True,
) -> Announcement:
    """Make an announcement; everybody connected gets it when it is published. Raises AnnouncementRefused."""
    announcement = Announcement(
        id=unit.new_id(),
        text=_checked(text, starts_at, ends_at),
        content_html=await _html(unit.session, unit.addresses, text),
        starts_at=starts_at,
        ends_at=ends_at,
        is_all_day=is_all_day,
        published_at=unit.now if is_published else None,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(announcement)
    await unit.session.flush()
    _tell(unit, announcement)
    return announcement


async def edit_announcement(unit: UnitOfWork, announcement: Announcement, text: str) -> None:
    """Say it differently. Raises AnnouncementRefused."""
    announcement.text = _checked(text, announcement.starts_at, announcement.ends_at)
    announcement.content_html = await _html(unit.session, unit.addresses, text)
    announcement.updated_at = unit.now
    await unit.session.flush()
    _tell(unit, announcement)


async def publish_announcement(unit: UnitOfWork, announcement: Announcement) -> bool:
    """Show it from now on; False when it was shown already."""
    if announcement.published_at is not None:
        return False
    announcement.published_at = announcement.updated_at = unit.now
    await unit.session.flush()
    _tell(unit, announcement)
    return True


async def withdraw_announcement(unit: UnitOfWork, announcement_id: int) -> bool:
    """Take an announcement away for good; False when there is none."""
    found = await unit.session.scalar(
        delete(Announcement).where(Announcement.id == announcement_id).returning(Announcement.id)
    )
    if found is not None:
        unit.emit(Event(Kind.ANNOUNCEMENT_DELETED, announcement_id))
    return found is not None


async def get_announcement(session: AsyncSession, announcement_id: int, now: datetime) -> Announcement | None:
    """An announcement that is shown now."""
    return await session.scalar(select(Announcement).where(Announcement.id == announcement_id, is_shown(now)))


async def list_announcements(session: AsyncSession) -> Sequence[Announcement]:
    """All of them, drafts and past ones too, newest first: for administrators."""
    return (await session.scalars(select(Announcement).order_by(Announcement.id.desc()).limit(MAX_ANNOUNCEMENTS))).all()


async def load_announcements(
    session: AsyncSession, viewer_id: int, now: datetime, *, with_dismissed: bool = False
) -> list[Shown]:
    """What is shown to somebody now, by when it begins, with reactions: two SELECTs."""
    begins_at = func.coalesce(Announcement.starts_at, Announcement.published_at)
    reading = and_(AnnouncementReading.announcement_id == Announcement.id, AnnouncementReading.account_id == viewer_id)
    query = (
        select(Announcement, AnnouncementReading.account_id)
        .outerjoin(AnnouncementReading, reading)
        .where(is_shown(now))
        .order_by(begins_at, Announcement.id)
        .limit(MAX_ANNOUNCEMENTS)
    )
    if not with_dismissed:
        query = query.where(AnnouncementReading.account_id.is_(None))
    rows = (await session.execute(query)).all()
    reactions = await load_reactions(session, [announcement.id for announcement, _ in rows], viewer_id)
    return [
        Shown(announcement, reader is not None, reactions.get(announcement.id, [])) for announcement, reader in rows
    ]


async def load_reactions(
    session: AsyncSession, announcement_ids: Sequence[int], viewer_id: int | None
) -> dict[int, list[Reaction]]:
    """The reactions under each announcement, in the order in which they were first set: one SELECT."""
    if not announcement_ids:
        return {}
    is_mine = func.max(case((AnnouncementReaction.account_id == viewer_id, 1), else_=0))
    rows = await session.execute(
        select(AnnouncementReaction.announcement_id, AnnouncementReaction.name, func.count(), is_mine)
        .where(AnnouncementReaction.announcement_id.in_(announcement_ids))
        .group_by(AnnouncementReaction.announcement_id, AnnouncementReaction.name)
        .order_by(func.min(AnnouncementReaction.created_at), AnnouncementReaction.name)
    )
    found: dict[int, list[Reaction]] = {}
    for announcement_id, name, count, mine in rows:
        found.setdefault(announcement_id, []).append(Reaction(name, count, bool(mine)))
    return found


async def dismiss(unit: UnitOfWork, announcement: Announcement, reader: Account) -> None:
    """Put an announcement away for one person; twice is once."""
    await insert_missing(
        unit.session, AnnouncementReading, [{"announcement_id": announcement.id, "account_id": reader.id}]
    )


async def react(unit: UnitOfWork, announcement: Announcement, account: Account, name: str) -> bool:
    """Set an emoji (a character, or a shortcode of ours) under an announcement; False when it was set already.

    Raises AnnouncementRefused for what is no emoji of ours, and for a ninth kind.
    """
    session = unit.session
    if not is_emoji(name) and not (is_shortcode(name) and await emojis_named(session, [name])):
        raise AnnouncementRefused("Name is not a recognized emoji")
    rows = await session.execute(
        select(AnnouncementReaction.name, AnnouncementReaction.account_id).where(
            AnnouncementReaction.announcement_id == announcement.id,
            or_(AnnouncementReaction.name == name, AnnouncementReaction.account_id == account.id),
        )
    )
    existing = rows.all()
    if (name, account.id) in {tuple(row) for row in existing}:
        return False
    kinds = select(func.count(AnnouncementReaction.name.distinct())).where(
        AnnouncementReaction.announcement_id == announcement.id
    )
    if name not in {row.name for row in existing} and (await session.scalar(kinds) or 0) >= REACTION_KINDS:
        raise AnnouncementRefused("Limit of different reactions reached")
    row = {"announcement_id": announcement.id, "account_id": account.id, "name": name, "created_at": unit.now}
    await insert_missing(session, AnnouncementReaction, [row])
    unit.emit(Event(Kind.ANNOUNCEMENT_REACTED, announcement.id, account.id, word=name))
    return True


async def unreact(unit: UnitOfWork, announcement: Announcement, account: Account, name: str) -> bool:
    """Take one's emoji back; False when it wasn't there."""
    found = await unit.session.scalar(
        delete(AnnouncementReaction)
        .where(
            AnnouncementReaction.announcement_id == announcement.id,
            AnnouncementReaction.account_id == account.id,
            AnnouncementReaction.name == name,
        )
        .returning(AnnouncementReaction.name)
    )
    if found is not None:
        unit.emit(Event(Kind.ANNOUNCEMENT_REACTED, announcement.id, account.id, word=name))
    return found is not None


async def mentioned_accounts(
    session: AsyncSession, addresses: LocalAddresses, texts: Sequence[str]
) -> dict[str, Account]:
    """The accounts of ours that texts mention, by the mention in lower case (`ana`, or `ana@` our domain)."""
    mentions = {name for text in texts for name in find_entities(text, MARKDOWN).mentions}
    own_end = f"@{addresses.domain.lower()}"
    names = {name: name.removesuffix(own_end) for name in mentions}
    local = sorted({name for name in names.values() if "@" not in name})
    if not local:
        return {}
    rows = await session.scalars(
        select(Account).where(
            func.lower(Account.username).in_(local), Account.domain.is_(None), Account.gone_at.is_(None)
        )
    )
    by_name = {account.username.lower(): account for account in rows}
    return {mention: by_name[name] for mention, name in names.items() if name in by_name}


def _checked(text: str, starts_at: datetime | None, ends_at: datetime | None) -> str:
    if not text.strip():
        raise AnnouncementRefused("An announcement needs a text.")
    if len(text) > MAX_CHARACTERS:
        raise AnnouncementRefused(f"An announcement has at most {MAX_CHARACTERS} characters.")
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise AnnouncementRefused("An announcement can't end before it begins.")
    return text


async def _html(session: AsyncSession, addresses: LocalAddresses, text: str) -> str:
    mentioned = await mentioned_accounts(session, addresses, [text])
    links = {
        mention: MentionLink(account.url or account.uri, account.username, account.acct)
        for mention, account in mentioned.items()
    }
    return render(text, MARKDOWN, links, addresses.tag)


def _tell(unit: UnitOfWork, announcement: Announcement) -> None:
    if announcement.published_at is not None:
        unit.emit(Event(Kind.ANNOUNCED, announcement.id))
