"""The custom emoji of this office: which of them a text names, and adding and removing them.

Rows elsewhere (`Status.emojis`, `Account.emojis`) keep what they were written with, in one form for local and remote
ones: `{"shortcode": str, "url": str, "static_url": str, "media_type": str}`; an emoji that is removed later disappears
from the picker, not from what was said with it, as long as its file is there.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.emojis import find_shortcodes, is_shortcode
from models import UnitOfWork
from models.addresses import LocalAddresses
from models.office import CustomEmoji

MAX_EMOJIS: Final = 2_000
_BY_SHORTCODE = select(CustomEmoji).where(CustomEmoji.shortcode.in_(bindparam("shortcodes", expanding=True)))
_ALL = select(CustomEmoji).order_by(CustomEmoji.category, CustomEmoji.shortcode).limit(MAX_EMOJIS)
_MEDIA_TYPES = {"png": "image/png", "gif": "image/gif", "webp": "image/webp", "jpg": "image/jpeg"}


class EmojiRefused(Exception):
    """The emoji can't be made; the message is for the administrator."""


async def local_emojis(session: AsyncSession, addresses: LocalAddresses, texts: Iterable[str]) -> list[dict[str, Any]]:
    """Those of our custom emoji that the texts name as `:shortcode:`, as rows keep them; at most one SELECT."""
    shortcodes = find_shortcodes(texts)
    found = await emojis_named(session, shortcodes) if shortcodes else {}
    return [emoji_row(found[shortcode], addresses) for shortcode in shortcodes if shortcode in found]


async def emojis_named(session: AsyncSession, shortcodes: Sequence[str]) -> dict[str, CustomEmoji]:
    """Our custom emoji with these shortcodes."""
    if not shortcodes:
        return {}
    rows = await session.scalars(_BY_SHORTCODE, {"shortcodes": list(shortcodes)})
    return {emoji.shortcode: emoji for emoji in rows}


async def load_emojis(session: AsyncSession) -> Sequence[CustomEmoji]:
    """All of them, by category and shortcode."""
    return (await session.scalars(_ALL)).all()


def emoji_row(emoji: CustomEmoji, addresses: LocalAddresses) -> dict[str, Any]:
    """An emoji in the form that statuses and accounts keep, and that `federation.documents.emojis` sends."""
    url = addresses.media(emoji.storage_key)
    return {
        "shortcode": emoji.shortcode,
        "url": url,
        "static_url": addresses.media(emoji.static_key) if emoji.static_key else url,
        "media_type": _MEDIA_TYPES.get(emoji.storage_key.rpartition(".")[2]),
    }


async def add_emoji(
    unit: UnitOfWork, shortcode: str, *, storage_key: str, static_key: str | None, category: str | None = None
) -> CustomEmoji:
    """Make a custom emoji of a stored picture. Raises EmojiRefused for a shortcode that is none or that is taken."""
    if not is_shortcode(shortcode):
        raise EmojiRefused(f"{shortcode!r} is no shortcode: use 2 to 64 of a-z, A-Z, 0-9 and _.")
    taken = await unit.session.scalar(
        select(CustomEmoji.id).where(func.lower(CustomEmoji.shortcode) == shortcode.lower())
    )
    if taken is not None:
        raise EmojiRefused(f"There is an emoji :{shortcode}: already: `tertulia emoji remove {shortcode}` first.")
    emoji = CustomEmoji(
        id=unit.new_id(), shortcode=shortcode, storage_key=storage_key, static_key=static_key, category=category,
        created_at=unit.now,
    )  # fmt: skip
    unit.session.add(emoji)
    await unit.session.flush()
    return emoji


async def remove_emoji(unit: UnitOfWork, shortcode: str) -> bool:
    """Take an emoji out of use; its file stays for what was said with it. False when there is none."""
    found = await unit.session.scalar(
        delete(CustomEmoji).where(CustomEmoji.shortcode == shortcode).returning(CustomEmoji.id)
    )
    return found is not None
