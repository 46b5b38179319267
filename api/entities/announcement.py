"""Announcement and its reactions (Mastodon 4.5), with a fixed number of queries whatever their number.

Streaming sends the same entities without a viewer: then `read` and `me` are left out.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api, Json
from api.entities.account import mention_entity
from api.entities.tag import status_tag_entity
from api.times import timestamp, timestamp_or_none
from content.compose import MARKDOWN, Entities, find_entities, normalise_hashtag
from content.emojis import find_shortcodes
from models.accounts import Account
from models.addresses import LocalAddresses
from models.base import BigInt
from models.office import CustomEmoji
from models.statuses import Status
from models.visibility import Visibility
from social.announcements import Reaction, Shown, load_reactions, mentioned_accounts
from social.emojis import emojis_named

_STATUSES = select(Status.id, Status.url).where(
    Status.id.in_(bindparam("ids", expanding=True, type_=BigInt)), Status.visibility == Visibility.PUBLIC.value
)
MAX_ID: Final = 2**63 - 1


def emoji_entity(emoji: CustomEmoji, addresses: LocalAddresses) -> Json:
    """A custom emoji of ours."""
    url = addresses.media(emoji.storage_key)
    return {
        "shortcode": emoji.shortcode,
        "url": url,
        "static_url": addresses.media(emoji.static_key) if emoji.static_key else url,
        "visible_in_picker": emoji.is_visible,
        "category": emoji.category,
    }


async def announcement_entities(
    api: Api, session: AsyncSession, shown: Sequence[Shown], *, has_viewer: bool = True
) -> list[Json]:
    """The announcements, with whom and what their texts name: three SELECTs at most."""
    addresses = api.services.addresses
    texts = [one.announcement.text for one in shown]
    named = {one.announcement.id: find_entities(one.announcement.text, MARKDOWN) for one in shown}
    accounts = await mentioned_accounts(session, addresses, texts)
    linked = {number: _status_ids(found.links, addresses) for number, found in named.items()}
    statuses = await _statuses(session, sorted({status_id for ids in linked.values() for status_id in ids}))
    reactions = {reaction.name for one in shown for reaction in one.reactions}
    emojis = await emojis_named(
        session, [*find_shortcodes(texts), *sorted(name for name in reactions if name.isascii())]
    )
    return [
        _entity(
            api, one, named[one.announcement.id], accounts, statuses, linked[one.announcement.id], emojis, has_viewer
        )
        for one in shown
    ]


async def reaction_payload(api: Api, session: AsyncSession, announcement_id: int, name: str) -> Json:
    """What streams tell of a reaction: how often it is there now."""
    found = (await load_reactions(session, [announcement_id], None)).get(announcement_id, [])
    reaction = next((one for one in found if one.name == name), Reaction(name, 0, is_mine=False))
    emojis = await emojis_named(session, [name]) if name.isascii() else {}
    entity = reaction_entity(reaction, emojis, api.services.addresses, has_viewer=False)
    return {**entity, "announcement_id": str(announcement_id)}


def reaction_entity(
    reaction: Reaction, emojis: Mapping[str, CustomEmoji], addresses: LocalAddresses, *, has_viewer: bool
) -> Json:
    """A kind of emoji under an announcement."""
    entity: Json = {"name": reaction.name, "count": reaction.count}
    if has_viewer:
        entity["me"] = reaction.is_mine
    if reaction.name in emojis:
        shown = emoji_entity(emojis[reaction.name], addresses)
        entity.update(url=shown["url"], static_url=shown["static_url"])
    return entity


def _entity(
    api: Api,
    shown: Shown,
    named: Entities,
    accounts: Mapping[str, Account],
    statuses: Mapping[int, str],
    linked: Sequence[int],
    emojis: Mapping[str, CustomEmoji],
    has_viewer: bool,
) -> Json:
    announcement, addresses = shown.announcement, api.services.addresses
    entity: Json = {
        "id": str(announcement.id),
        "content": announcement.content_html,
        "starts_at": timestamp_or_none(announcement.starts_at),
        "ends_at": timestamp_or_none(announcement.ends_at),
        "all_day": announcement.is_all_day,
        "published": announcement.published_at is not None,
        "published_at": timestamp_or_none(announcement.published_at),
        "updated_at": timestamp(announcement.updated_at),
        "mentions": [mention_entity(accounts[name]) for name in named.mentions if name in accounts],
        "statuses": [{"id": str(number), "url": statuses[number]} for number in linked if number in statuses],
        "tags": [status_tag_entity(normalise_hashtag(name), api) for name in named.hashtags],
        "emojis": [
            emoji_entity(emojis[code], addresses) for code in find_shortcodes([announcement.text]) if code in emojis
        ],
        "reactions": [
            reaction_entity(reaction, emojis, addresses, has_viewer=has_viewer) for reaction in shown.reactions
        ],
    }
    if has_viewer:
        entity["read"] = shown.is_read
    return entity


def _status_ids(links: Sequence[str], addresses: LocalAddresses) -> list[int]:
    """The ids of statuses of ours that links lead to, by their pages or their URIs."""
    ends = [link.rpartition("/")[2] for link in links if addresses.is_local(link)]
    return [int(end) for end in ends if end.isascii() and end.isdigit() and len(end) <= 19 and int(end) <= MAX_ID]


async def _statuses(session: AsyncSession, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = await session.execute(_STATUSES, {"ids": list(ids)})
    return {row.id: row.url for row in rows if row.url}
