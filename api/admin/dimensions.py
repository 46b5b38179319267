"""Dimensions: short tables for the moderators' dashboard (Mastodon 4.5 `Admin::Dimension`), the largest rows first."""

import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select, text

from api.admin.measures import Asked, domain_condition, human_size
from api.admin.period import Period
from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.errors import invalid
from api.office.documents import NAME, version_of
from api.office.languages import LANGUAGE_NAMES
from api.schemas.admin import DimensionsArgs
from models.accounts import Account, User
from models.statuses import Attachment, Status, StatusTag

Rows = Sequence[tuple[str, int]]


async def post_dimensions(call: Call) -> list[Json]:
    """The tables with these `keys`, of at most `limit` rows each, for the days from `start_at` to `end_at`."""
    period, args = Period.of(call.args), call.args
    found = []
    async with call.database.reading() as session:
        for key in dict.fromkeys(args["keys"]):
            table = DIMENSIONS.get(key)
            if table is not None:
                rows = await table(call, Asked(session, period, args.get(key) or {}))
                found.append({"key": key, "data": rows[: args["limit"]]})
    return found


async def _languages(call: Call, asked: Asked) -> list[Json]:
    query = select(User.locale, func.count()).where(User.disabled_at.is_(None)).group_by(User.locale)
    return [_row(key, count, LANGUAGE_NAMES.get(key, key)) for key, count in await _largest(call, asked, query)]


async def _sources(_call: Call, asked: Asked) -> list[Json]:
    """Where accounts were made: all of them by the administrators."""
    count = await asked.session.scalar(select(func.count(User.id)).where(asked.period.holds_id(User.id)))
    return [_row("admin", count or 0, "Made by an administrator")]


async def _servers(call: Call, asked: Asked) -> list[Json]:
    domain = func.coalesce(Account.domain, call.addresses.domain)
    query = (
        select(domain, func.count())
        .join(Status, Status.account_id == Account.id)
        .where(asked.period.holds_id(Status.id))
        .group_by(Account.domain)
    )
    return [_row(key, count, key) for key, count in await _largest(call, asked, query)]


async def _space_usage(call: Call, asked: Asked) -> list[Json]:
    if call.database.is_sqlite:
        name = "SQLite"
        sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    else:
        name, sql = "PostgreSQL", "SELECT pg_database_size(current_database())"
    database = int(await asked.session.scalar(text(sql)) or 0)
    media = int(await asked.session.scalar(select(func.coalesce(func.sum(Attachment.size_bytes), 0))) or 0)
    return [_size(name.lower(), name, database), _size("media", "Media storage", media)]


async def _software_versions(call: Call, asked: Asked) -> list[Json]:
    sql = "SELECT sqlite_version()" if call.database.is_sqlite else "SHOW server_version"
    database = str(await asked.session.scalar(text(sql)))
    name = "SQLite" if call.database.is_sqlite else "PostgreSQL"
    return [
        {"key": NAME, "human_key": "Tertulia", "value": version_of(call.api)},
        {"key": "python", "human_key": "Python", "value": platform.python_version()},
        {"key": name.lower(), "human_key": name, "value": database},
    ]


async def _tag_servers(call: Call, asked: Asked) -> list[Json]:
    domain = func.coalesce(Account.domain, call.addresses.domain)
    query = _tagged(asked, domain).join(Account, Account.id == Status.account_id).group_by(Account.domain)
    return [_row(key, count, key) for key, count in await _largest(call, asked, query)]


async def _tag_languages(call: Call, asked: Asked) -> list[Json]:
    query = _tagged(asked, func.coalesce(Status.language, "und")).group_by(Status.language)
    return [_row(key, count, LANGUAGE_NAMES.get(key, key)) for key, count in await _largest(call, asked, query)]


async def _instance_accounts(call: Call, asked: Asked) -> list[Json]:
    query = select(Account.username, Account.followers_count).where(domain_condition(asked.subject))
    rows = await asked.session.execute(
        query.order_by(Account.followers_count.desc(), Account.id).limit(call.args["limit"])
    )
    return [_row(name, count, name) for name, count in rows]


async def _instance_languages(call: Call, asked: Asked) -> list[Json]:
    query = (
        select(func.coalesce(Status.language, "und"), func.count())
        .join(Account, Account.id == Status.account_id)
        .where(asked.period.holds_id(Status.id), domain_condition(asked.subject))
        .group_by(Status.language)
    )
    return [_row(key, count, LANGUAGE_NAMES.get(key, key)) for key, count in await _largest(call, asked, query)]


def _tagged(asked: Asked, key: Any) -> Any:
    if "id" not in asked.subject:
        raise invalid("id", "of a hashtag is needed", code="ERR_BLANK")
    return (
        select(key, func.count())
        .select_from(Status)
        .join(StatusTag, StatusTag.status_id == Status.id)
        .where(StatusTag.tag_id == asked.subject["id"], asked.period.holds_id(StatusTag.status_id))
    )


async def _largest(call: Call, asked: Asked, query: Any) -> Rows:
    ordered = query.order_by(func.count().desc()).limit(call.args["limit"])
    return [(str(key), int(count)) for key, count in await asked.session.execute(ordered)]


def _row(key: str, value: int, human_key: str) -> Json:
    return {"key": key, "human_key": human_key, "value": str(value)}


def _size(key: str, human_key: str, size: int) -> Json:
    return {**_row(key, size, human_key), "unit": "bytes", "human_value": human_size(size)}


DIMENSIONS: Final[Mapping[str, Callable[[Call, Asked], Awaitable[list[Json]]]]] = {
    "languages": _languages,
    "sources": _sources,
    "servers": _servers,
    "space_usage": _space_usage,
    "software_versions": _software_versions,
    "tag_servers": _tag_servers,
    "tag_languages": _tag_languages,
    "instance_accounts": _instance_accounts,
    "instance_languages": _instance_languages,
}
ENDPOINTS = (
    Endpoint("POST", "/api/v1/admin/dimensions", post_dimensions, Access.MODERATOR, "admin:read", DimensionsArgs,
             many("DimensionEntity")),
)  # fmt: skip
