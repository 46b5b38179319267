"""Account and what is inside it: fields, emoji, roles (Mastodon 4.5 `Account`).

Takes ORM objects and plain rows of `accounts` alike. Pictures are never empty: some apps crash on an account without.
"""

from typing import Any

from sqlalchemy import select

from api.call import Api, Json
from api.times import date_string, midnight, timestamp_or_none
from models.accounts import Account, User
from policy.roles import role_entity, role_named

_ROLE = select(User.role).where(User.account_id == Account.id).correlate(Account).scalar_subquery()
# Columns that the entity reads: what a query for accounts has to select.
COLUMNS = (
    Account.id,
    Account.uri,
    Account.url,
    Account.username,
    Account.domain,
    Account.actor_type,
    Account.display_name,
    Account.note_html,
    Account.fields,
    Account.emojis,
    Account.avatar_url,
    Account.avatar_description,
    Account.header_url,
    Account.header_description,
    Account.is_locked,
    Account.is_bot,
    Account.is_discoverable,
    Account.is_indexable,
    Account.is_memorial,
    Account.hides_collections,
    Account.followers_url,
    Account.followers_count,
    Account.following_count,
    Account.statuses_count,
    Account.last_status_at,
    Account.created_at,
    Account.suspended_at,
    Account.limited_at,
    Account.gone_at,
    Account.moved_to_uri,
    _ROLE.label("role"),
)


def acct_of(account: Any) -> str:
    """`name` of ours, `name@domain` of the others."""
    return str(account.username) if account.domain is None else f"{account.username}@{account.domain}"


def account_entity(account: Any, api: Api, *, moved: Json | None = None, role: str | None = None) -> Json:
    """The account as clients show it; of a suspended or deleted one only what names it. `moved` is where it went.

    `role` is that of a person of ours, where `account` isn't a row of COLUMNS that has it.
    """
    is_hidden = account.suspended_at is not None or account.gone_at is not None
    addresses = api.services.addresses
    avatar = addresses.default_avatar if is_hidden or not account.avatar_url else api.shown(account.avatar_url)
    header = addresses.default_header if is_hidden or not account.header_url else api.shown(account.header_url)
    entity: Json = {
        "id": str(account.id),
        "username": account.username,
        "acct": acct_of(account),
        "display_name": "" if is_hidden else account.display_name,
        "locked": account.is_locked,
        "bot": account.is_bot,
        "discoverable": account.is_discoverable,
        "indexable": account.is_indexable,
        "group": account.actor_type == "Group",
        "created_at": midnight(account.created_at),
        "note": "" if is_hidden else account.note_html,
        "url": account.url or account.uri,
        "uri": account.uri,
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "" if is_hidden else account.avatar_description,
        "header": header,
        "header_static": header,
        "header_description": "" if is_hidden else account.header_description,
        "followers_count": account.followers_count,
        "following_count": account.following_count,
        "statuses_count": account.statuses_count,
        "last_status_at": date_string(account.last_status_at),
        "hide_collections": account.hides_collections,
        "noindex": not account.is_indexable,
        "emojis": [] if is_hidden else emoji_entities(account.emojis, api),
        "roles": [] if is_hidden else role_entities(role or getattr(account, "role", None)),
        "fields": [] if is_hidden else [field_entity(field) for field in account.fields],
    }
    if is_hidden:
        entity["suspended"] = True
    if account.limited_at is not None:
        entity["limited"] = True
    if account.is_memorial:
        entity["memorial"] = True
    if moved is not None:
        entity["moved"] = moved
    return entity


def role_entities(role: str | None) -> list[Json]:
    """The role that the profile shows: those who look after others here are known to everybody; peers' aren't told."""
    if not role_named(role).is_highlighted:
        return []
    shown = role_entity(role)
    return [{name: shown[name] for name in ("id", "name", "color")}]


def field_entity(field: Json) -> Json:
    """A row of the profile's table; `verified_at` is when its link was found to lead back here."""
    verified_at = field.get("verified_at")
    return {"name": field.get("name", ""), "value": field.get("value", ""), "verified_at": verified_at or None}


def emoji_entities(emojis: list[Json], api: Api) -> list[Json]:
    """Custom emoji that a text uses."""
    found = []
    for emoji in emojis:
        url = api.shown(emoji["url"])
        found.append(
            {
                "shortcode": emoji["shortcode"],
                "url": url,
                "static_url": url,
                "visible_in_picker": False,
                "category": None,
            }
        )
    return found


def mention_entity(account: Any) -> Json:
    """Somebody named in a text; `url` is the `href` of the link in it."""
    return {
        "id": str(account.id),
        "username": account.username,
        "url": account.url or account.uri,
        "acct": acct_of(account),
    }


def muted_until(account: Any, expires_at: Any) -> Json:
    """What an account of the list of mutes has besides."""
    return {**account, "mute_expires_at": timestamp_or_none(expires_at)}
