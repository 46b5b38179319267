"""The statuses of one account, as its profile shows them: one query for the ids, and those of `api.loading`.

Who may see what is `policy.visibility`'s business. Muted accounts are shown here, because the viewer came to look;
boosts of whom the viewer doesn't want to read are left out.
"""

from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, or_, select

from api.access import known_account
from api.call import Call
from api.endpoints import Access, Endpoint, many
from api.loading import status_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import Flag, PageArgs, Text
from api.statuses.pictured import PICTURED_BY, with_media
from api.walking import Sieve, by_account, tagged, walk
from content.hashtags import normalise_hashtag
from models.aliases import alias_of
from models.base import BigInt, UtcDateTime
from models.statuses import Attachment, Status
from policy.timelines import unwanted_by
from policy.visibility import visible_to
from social.pins import is_pinned_to
from social.tag_families import carries, carries_one_of, families_of

_ACCOUNT = bindparam("account", type_=BigInt)
_VIEWER = bindparam("viewer", type_=BigInt)
_NOW = bindparam("now", type_=UtcDateTime())
_NARROWING: Final = ("exclude_replies", "exclude_reblogs", "only_media")
_boosted = alias_of(Status)


class AccountStatusesArgs(PageArgs):
    """Which of them."""

    exclude_replies = Flag(load_default=False)
    exclude_reblogs = Flag(load_default=False)
    only_media = Flag(load_default=False)
    pinned = Flag(load_default=False)
    tagged = Text(200)


@cache
def _statement(*, for_somebody: bool, are_pins: bool) -> Select[Any]:
    """Made once: building it costs more than SQLite needs for running it."""
    query = select(Status.id).where(is_pinned_to(_ACCOUNT) if are_pins else Status.account_id == _ACCOUNT)
    if not for_somebody:
        return query.where(visible_to(None))
    unwanted_boost = (
        select(_boosted().id)
        .where(_boosted().id == Status.boost_of_id, unwanted_by(_VIEWER, _boosted().account_id, now=_NOW))
        .correlate_except(_boosted())
        .exists()
    )
    return query.where(visible_to(_VIEWER), or_(Status.boost_of_id.is_(None), ~unwanted_boost))


async def get_account_statuses(call: Call) -> Page:
    """Get account's statuses, the newest first."""
    if "tagged" in call.args and not call.args["pinned"]:
        return await _tagged(call)
    keyset = Keyset.of(call)
    whole = _statement(for_somebody=call.viewer is not None, are_pins=call.args["pinned"])
    query = _narrowed(whole, call.args)
    async with call.database.reading() as session:
        account = await known_account(call, session, call.id())
        if not account.is_active:
            return page(call, [], [])
        column = PICTURED_BY if call.args["only_media"] else Status.id
        ids = keyset.arrange(await session.scalars(keyset.apply(query, column), _parameters(call)))
        found = await status_entities(call.api, session, ids, call.viewer, context="account")
    return page(call, found, ids)


async def _tagged(call: Call) -> Page:
    """Those with a hashtag or a synonym: along what the account wrote or what carries it, whichever is the rarer."""
    async with call.database.reading() as session:
        account = await known_account(call, session, call.id())
    if not account.is_active:
        return page(call, [], [])
    async with call.database.glancing() as glance:
        tag_ids = await families_of(glance, [normalise_hashtag(call.args["tagged"])])
    sieve = _sieve(call.viewer is not None, *(call.args[name] for name in _NARROWING))
    values = _parameters(call) | {"tags": tag_ids}
    found = await walk(call, [by_account(account.id), tagged(tag_ids)], sieve, values)
    async with call.database.reading() as session:
        ids = [row[0] for row in found.rows]
        return page(call, await status_entities(call.api, session, ids, call.viewer, context="account"), found.cursors)


@cache
def _sieve(for_somebody: bool, *narrowing: bool) -> Sieve:
    whole = _statement(for_somebody=for_somebody, are_pins=False).where(carries_one_of("tags"))
    return Sieve(lambda: _narrowed(whole, dict(zip(_NARROWING, narrowing, strict=True))))


def _parameters(call: Call) -> dict[str, Any]:
    seen_by = {} if call.viewer is None else {"viewer": call.viewer.id, "now": call.services.clock()}
    return {"account": call.id(), **seen_by}


def _narrowed(query: Select[Any], args: dict[str, Any]) -> Select[Any]:
    """The statement with what the arguments leave out; an answer to oneself is no reply."""
    if args["exclude_replies"]:
        query = query.where(
            or_(Status.in_reply_to_uri.is_(None), Status.in_reply_to_account_id == Status.account_id)
        )  # fmt: skip
    if args["exclude_reblogs"]:
        query = query.where(Status.boost_of_id.is_(None))
    if args["only_media"]:
        query = with_media(query, only=Attachment.account_id == _ACCOUNT)
    if "tagged" in args:
        tag = normalise_hashtag(args["tagged"])
        query = query.where(carries([tag]))
    return query


ENDPOINTS = (
    Endpoint(
        "GET", "/api/v1/accounts/{id}/statuses", get_account_statuses, Access.READER, "read:statuses",
        AccountStatusesArgs, many("StatusEntity"), is_kept=True,
    ),
)  # fmt: skip
