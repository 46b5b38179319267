"""The statuses of one account, as its profile shows them: one query for the ids, and those of `api.loading`.

Who may see what is `policy.visibility`'s business. Muted accounts are shown here, because the viewer came to look;
boosts of whom the viewer doesn't want to read are left out.
"""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, or_, select

from api.access import known_account
from api.call import Call
from api.endpoints import Access, Endpoint, many
from api.loading import status_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import Flag, PageArgs, Text
from content.hashtags import normalise_hashtag
from models.aliases import alias_of
from models.base import BigInt, UtcDateTime
from models.statuses import Attachment, Status
from policy.timelines import unwanted_by
from policy.visibility import visible_to
from social.pins import is_pinned_to
from social.tag_families import carries

_ACCOUNT = bindparam("account", type_=BigInt)
_VIEWER = bindparam("viewer", type_=BigInt)
_NOW = bindparam("now", type_=UtcDateTime())
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
    keyset = Keyset.of(call)
    whole = _statement(for_somebody=call.viewer is not None, are_pins=call.args["pinned"])
    query = _narrowed(whole, call.args)
    parameters: dict[str, Any] = {"account": call.id()}
    if call.viewer is not None:
        parameters |= {"viewer": call.viewer.id, "now": call.services.clock()}
    async with call.database.reading() as session:
        account = await known_account(call, session, call.id())
        if not account.is_active:
            return page(call, [], [])
        ids = keyset.arrange(await session.scalars(keyset.apply(query, Status.id), parameters))
        found = await status_entities(call.api, session, ids, call.viewer, context="account")
    return page(call, found, ids)


def _narrowed(query: Select[Any], args: dict[str, Any]) -> Select[Any]:
    """The statement with what the arguments leave out; an answer to oneself is no reply."""
    if args["exclude_replies"]:
        query = query.where(
            or_(Status.in_reply_to_uri.is_(None), Status.in_reply_to_account_id == Status.account_id)
        )  # fmt: skip
    if args["exclude_reblogs"]:
        query = query.where(Status.boost_of_id.is_(None))
    if args["only_media"]:
        query = query.where(exists().where(Attachment.status_id == Status.id))
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
