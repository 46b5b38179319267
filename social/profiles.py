"""What somebody says about themselves: the columns of a local account that its owner may change, and its links.

Text comes composed (`outbox.profile_text`); whoever calls `change_profile` tells the followers afterwards. A row of the
profile's table keeps what was typed (`source`), and since when its link is known to lead back here (`verified_at`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from models import UnitOfWork
from models.accounts import Account
from models.values import dataclass
from social.uploads import forget_files

PERSON, SERVICE = "Person", "Service"
_SWITCHES = ("is_locked", "is_discoverable", "is_indexable", "hides_collections")


@dataclass(frozen=True, slots=True)
class ProfileText:
    """Texts as typed and as HTML; None leaves one as it is. `fields` are `{"name", "value", "source"}`."""

    display_name: str | None = None
    note_source: str | None = None
    note_html: str = ""
    fields: Sequence[Mapping[str, str]] | None = None
    emojis: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """`switches` are columns that are true or false, `pictures` the columns of avatar and header with their texts."""

    text: ProfileText = ProfileText()
    switches: Mapping[str, bool] = field(default_factory=dict)
    is_bot: bool | None = None
    pictures: Mapping[str, str | None] = field(default_factory=dict)
    attribution_domains: Sequence[str] | None = None


async def change_profile(unit: UnitOfWork, account: Account, change: ProfileChange) -> None:
    """Take over what the owner says; a link that stays as it was keeps its verification.

    The files of pictures that aren't shown any more go after the commit.
    """
    shown = {account.avatar_url, account.header_url}
    text = change.text
    if text.display_name is not None:
        account.display_name = text.display_name
    if text.note_source is not None:
        account.note_source, account.note_html = text.note_source, text.note_html
    if text.fields is not None:
        known = {(row["name"], row.get("value")): row.get("verified_at") for row in account.fields}
        account.fields = [
            {**row, "verified_at": known.get((row["name"], row["value"]))} for row in text.fields
        ]  # fmt: skip
    account.emojis = list(text.emojis)
    for name, value in change.switches.items():
        if name in _SWITCHES:
            setattr(account, name, value)
    if change.is_bot is not None and account.actor_type in (PERSON, SERVICE):
        account.is_bot, account.actor_type = change.is_bot, SERVICE if change.is_bot else PERSON
    for name, picture in change.pictures.items():
        setattr(account, name, picture)
    if change.attribution_domains is not None:
        account.attribution_domains = list(change.attribution_domains)
    gone = sorted(filter(None, shown - {account.avatar_url, account.header_url}))
    await forget_files(unit, [unit.addresses.media_key(url) for url in gone])


def set_verified(account: Account, urls: Mapping[str, bool], *, at: str) -> bool:
    """Mark the rows whose links (by the text typed) lead back here; False when nothing changed by it."""
    rows = []
    for row in account.fields:
        source = row.get("source", "")
        if source in urls:
            row = {**row, "verified_at": (row.get("verified_at") or at) if urls[source] else None}
        rows.append(row)
    if rows == account.fields:
        return False
    account.fields = rows
    return True
