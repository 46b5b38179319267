"""Search: accounts, hashtags and statuses for a text; a handle or an address leads straight to what it names.

With `resolve` our server asks others, for our own people only. Statuses are found by their text among all that the
viewer may see (`social.search`); what can be typed is in `social.search.query`.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.reading import account_ids
from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.errors import Unauthorized
from api.loading import account_entities, status_entities
from api.schemas.fields import Args, Flag, Id, Text, Whole, one_of
from api.tags.pages import begins_with, tag_entities
from communities.standings import knows
from content.hashtags import normalise_hashtag
from federation.actors.discovery import split_handle
from federation.searches import read_search
from inbox.addresses import find_by_address, is_address
from models.accounts import Account
from models.postgresql import planned_for_its_values
from models.statuses import Tag
from policy.hashtags import tag_known_to
from social.search.find import Range, Reader, by_account, find_statuses

MAX_OFFSET: Final = 10_000
MAX_HASHTAGS: Final = 1_000
_PORTION: Final = 100


class SearchArgs(Args):
    """What is searched for, of which kind, and where."""

    q = Text(1_000, required=True)
    type = one_of("accounts", "hashtags", "statuses")
    resolve = Flag(load_default=False)
    following = Flag(load_default=False)
    account_id = Id()
    exclude_unreviewed = Flag(load_default=False)
    max_id = Id()
    min_id = Id()
    limit = Whole(1, 40, load_default=20)
    offset = Whole(0, MAX_OFFSET, load_default=0)


async def search(call: Call) -> Json:
    """Perform a search; all three lists are always answered."""
    args = call.args
    if call.viewer is None and (args["resolve"] or args["offset"]):
        raise Unauthorized("Search queries that resolve remote resources or are paged need an authenticated user")
    text, kind = args["q"].strip(), args.get("type")
    if is_address(text):
        return await _addressed(call, text, kind)
    found: Json = {"accounts": [], "statuses": [], "hashtags": []}
    if kind in (None, "accounts") and not text.startswith("#"):
        numbers = await account_ids(
            call, text, limit=args["limit"], offset=args["offset"], resolve=args["resolve"],
            only_followed=args["following"],
        )  # fmt: skip
        async with call.database.reading() as session:
            found["accounts"] = await account_entities(call.api, session, numbers)
    async with call.database.reading() as session:
        if call.viewer is not None and (kind == "statuses" or (kind is None and not _is_name(text))):
            found["statuses"] = await _statuses(call, session, text)
        if kind in (None, "hashtags") and not text.startswith("@") and "@" not in text:
            found["hashtags"] = await _hashtags(call, session, text.removeprefix("#"))
    return found


async def search_v1(call: Call) -> Json:
    """Perform a search, as older apps expect it: hashtags are names."""
    found = await search(call)
    return {**found, "hashtags": [one["name"] for one in found["hashtags"]]}


def _is_name(text: str) -> bool:
    return " " not in text and (text.startswith(("@", "#")) or (":" not in text and split_handle(text) is not None))


async def _addressed(call: Call, address: str, kind: str | None) -> Json:
    """What an address leads to, if it is of the kind that is wanted and the viewer may see it."""
    found: Json = {"accounts": [], "statuses": [], "hashtags": []}
    may_fetch = call.args["resolve"] and call.viewer is not None
    named = await find_by_address(call.services, address, may_fetch=may_fetch, viewer=call.viewer)
    if named is None:
        return found
    async with call.database.reading() as session:
        account = await session.get(Account, named.account_id) if named.account_id is not None else None
        if account is not None and kind in (None, "accounts") and await knows(session, _viewer_id(call), account):
            found["accounts"] = await account_entities(call.api, session, [account.id])
        if named.status_id is not None and kind in (None, "statuses"):
            found["statuses"] = await status_entities(call.api, session, [named.status_id], call.viewer)
    return found


def _viewer_id(call: Call) -> int | None:
    return call.viewer.id if call.viewer is not None else None


async def _hashtags(call: Call, session: AsyncSession, text: str) -> list[Json]:
    """Hashtags that begin with the text, as far as they exist for the viewer, the exact one first.

    Of more than `MAX_HASHTAGS` the first of the alphabet are looked at; the shortest of them first.
    """
    name = normalise_hashtag(text)
    if not name or " " in name:
        return []
    query = select(Tag.name, Tag.id).where(begins_with(session, name)).order_by(Tag.name).limit(MAX_HASHTAGS)
    async with planned_for_its_values(session):
        named = (await session.execute(query)).all()
    needed = call.args["offset"] + call.args["limit"]
    found: list[Tag] = []
    ids = [tag_id for _, tag_id in sorted(named, key=lambda row: (len(row[0]), row[0]))]
    while ids and len(found) < needed:
        # Whether one exists for the viewer takes a look at posts: only as many as fill the page.
        portion, ids = ids[:_PORTION], ids[_PORTION:]
        known = await session.scalars(select(Tag).where(Tag.id.in_(portion), tag_known_to(_viewer_id(call))))
        found += sorted(known, key=lambda tag: portion.index(tag.id))
    return await tag_entities(call, session, found[call.args["offset"] : needed])


async def _statuses(call: Call, session: AsyncSession, text: str) -> list[Json]:
    """Statuses that the query finds among all that the viewer may see, the newest first."""
    args, viewer = call.args, call.me
    search = await read_search(call.services, session, text, viewer)
    if "account_id" in args:
        search = by_account(search, args["account_id"])
    reader = Reader(viewer.id, call.services.clock(), call.services.settings.is_closed)
    wanted = Range(args["limit"], args["offset"], args.get("max_id"), args.get("min_id"))
    ids = await find_statuses(session, search, reader, wanted)
    return await status_entities(call.api, session, ids, viewer)


ENDPOINTS = (
    Endpoint("GET", "/api/v2/search", search, Access.READER, "read:search", SearchArgs, "SearchEntity"),
    Endpoint("GET", "/api/v1/search", search_v1, Access.USER, "read:search", SearchArgs, "SearchV1Entity"),
)
