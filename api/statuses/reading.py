"""Reading statuses: one, several, the thread around one, how it was written and edited, and who shared or liked it.

A thread costs two recursive queries for its shape, whatever its size, and then what any page of statuses costs.
"""

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import bindparam, literal, or_, select

from api.access import visible_original
from api.accounts.pages import edges_page, is_active
from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.status_edit import former_version, present_version
from api.entities.status_source import status_source
from api.errors import NotFound
from api.loading import account_entities, status_entities
from api.pagination import AnySelect, Page
from api.schemas.fields import AccountPageArgs
from api.schemas.posting import ManyStatusesArgs
from api.statuses.pages import found_by_id, joined
from api.statuses.posting import shown
from models.accounts import Account
from models.base import BigInt
from models.relations import Favourite
from models.statuses import Attachment, Poll, Status, StatusEdit
from policy.visibility import PUBLIC_KINDS, blocked_between, visible_to

# How much of a thread: for who is signed in, and for strangers.
ANCESTORS, DESCENDANTS, DEPTH = 4_096, 4_096, 4_096
STRANGERS_ANCESTORS, STRANGERS_DESCENDANTS, STRANGERS_DEPTH = 40, 60, 20
_ID: Final = bindparam("status_id", type_=BigInt)
_MOST: Final = bindparam("most", type_=BigInt)


def _ancestors() -> AnySelect:
    """The ids above a status, the first of the thread first."""
    chain = (
        select(Status.id, Status.in_reply_to_id, literal(0).label("depth"))
        .where(Status.id == _ID)
        .cte("chain", recursive=True)
    )
    above = select(Status.id, Status.in_reply_to_id, chain.c.depth + 1).join(chain, Status.id == chain.c.in_reply_to_id)
    chain = chain.union_all(above.where(chain.c.depth < _MOST))
    return select(chain.c.id).where(chain.c.depth > 0).order_by(chain.c.depth.desc())


def _descendants() -> AnySelect:
    """The ids below a status with the id that each answers, level by level."""
    tree = (
        select(Status.id, Status.in_reply_to_id, literal(1).label("depth"))
        .where(Status.in_reply_to_id == _ID)
        .cte("tree", recursive=True)
    )
    below = select(Status.id, Status.in_reply_to_id, tree.c.depth + 1).join(tree, Status.in_reply_to_id == tree.c.id)
    tree = tree.union_all(below.where(tree.c.depth < bindparam("depth", type_=BigInt)))
    return select(tree.c.id, tree.c.in_reply_to_id).order_by(tree.c.depth, tree.c.id).limit(_MOST)


# Made once: building a statement costs more than SQLite needs for running it.
_ANCESTORS, _DESCENDANTS = _ancestors(), _descendants()


async def get_statuses(call: Call) -> list[Json]:
    """View several statuses, as far as they may be seen, in the order asked for."""
    async with call.database.reading() as session:
        return await status_entities(call.api, session, list(dict.fromkeys(call.args["id"])), call.viewer)


async def get_status(call: Call) -> Page | Json:
    """View one status."""
    number = call.id()
    async with call.database.glancing() as glance:
        found = await found_by_id(call, glance, [number])
    if found.has_filters:
        return await shown(call, number)
    entity = (await joined(call, found)).get(number)
    if entity is None:
        raise NotFound
    return Page(entity, proof=found.proof())


async def get_context(call: Call) -> Json:
    """View what a status answers and what answers it, as far as it may be seen; depth first, oldest first."""
    is_stranger = call.viewer is None
    async with call.database.reading() as session:
        status = await visible_original(call, session, call.id())
        most = STRANGERS_ANCESTORS if is_stranger else ANCESTORS
        ancestors = list(await session.scalars(_ANCESTORS, {"status_id": status.id, "most": most}))
        limits = (STRANGERS_DESCENDANTS, STRANGERS_DEPTH) if is_stranger else (DESCENDANTS, DEPTH)
        found = await session.execute(_DESCENDANTS, {"status_id": status.id, "most": limits[0], "depth": limits[1]})
        descendants = depth_first(status.id, [(number, parent_id) for number, parent_id in found])
        ids = [*ancestors, *descendants]
        entities = await status_entities(call.api, session, ids, call.viewer, context="thread")
    by_id = {int(entity["id"]): entity for entity in entities}
    return {
        "ancestors": [by_id[number] for number in ancestors if number in by_id],
        "descendants": [by_id[number] for number in descendants if number in by_id],
    }


def depth_first(root: int, edges: list[tuple[int, int]]) -> list[int]:
    """The ids below `root`, each before what answers it; answers to one status in their order."""
    answers: dict[int, list[int]] = defaultdict(list)
    for number, parent_id in edges:
        answers[parent_id].append(number)
    ordered: list[int] = []
    waiting = sorted(answers[root], reverse=True)
    while waiting:
        number = waiting.pop()
        ordered.append(number)
        waiting += sorted(answers[number], reverse=True)
    return ordered


async def get_history(call: Call) -> list[Json]:
    """View all versions of a status, the first one first."""
    async with call.database.reading() as session:
        status = await visible_original(call, session, call.id())
        edits = await session.scalars(
            select(StatusEdit).where(StatusEdit.status_id == status.id).order_by(StatusEdit.id)
        )
        attachments = (
            await session.scalars(
                select(Attachment).where(Attachment.status_id == status.id).order_by(Attachment.position, Attachment.id)
            )
        ).all()
        poll = (await session.scalars(select(Poll).where(Poll.status_id == status.id))).first()
        (account,) = await account_entities(call.api, session, [status.account_id])
        kept_ids = {attachment.id for attachment in attachments}
        versions = [former_version(edit, account, call.api, kept_ids=kept_ids, emojis=status.emojis) for edit in edits]
        return [*versions, present_version(status, account, call.api, attachments=attachments, poll=poll)]


async def get_source(call: Call) -> Json:
    """View a status as it was typed, for editing."""
    async with call.database.reading() as session:
        return status_source(await visible_original(call, session, call.id()))


async def get_reblogged_by(call: Call) -> Page:
    """See who boosted a status."""
    async with call.database.reading() as session:
        status = await visible_original(call, session, call.id())
    viewer_id = call.viewer.id if call.viewer is not None else None
    query = (
        select(Status.id, Account.id)
        .join(Account, Account.id == Status.account_id)
        .where(Status.boost_of_id == status.id, visible_to(viewer_id), is_active())
        .where(or_(Status.visibility.in_(PUBLIC_KINDS), Status.account_id == viewer_id))
    )
    return await edges_page(call, query, Status.id)


async def get_favourited_by(call: Call) -> Page:
    """See who favourited a status."""
    async with call.database.reading() as session:
        status = await visible_original(call, session, call.id())
    query: Any = (
        select(Favourite.id, Account.id)
        .join(Account, Account.id == Favourite.account_id)
        .where(Favourite.status_id == status.id, Favourite.content == "", is_active())
    )
    if call.viewer is not None:
        query = query.where(~blocked_between(call.viewer.id, Account.id))
    return await edges_page(call, query, Favourite.id)


ENDPOINTS = (
    Endpoint("GET", "/api/v1/statuses", get_statuses, Access.READER, "read:statuses", ManyStatusesArgs,
             many("StatusEntity")),
    Endpoint("GET", "/api/v1/statuses/{id}", get_status, Access.READER, "read:statuses", returns="StatusEntity",
             is_kept=True),
    Endpoint("GET", "/api/v1/statuses/{id}/context", get_context, Access.READER, "read:statuses",
             returns="ContextEntity", is_kept=True),
    Endpoint("GET", "/api/v1/statuses/{id}/history", get_history, Access.READER, "read:statuses",
             returns=many("StatusEditEntity")),
    Endpoint("GET", "/api/v1/statuses/{id}/source", get_source, scope="read:statuses", returns="StatusSourceEntity"),
    Endpoint("GET", "/api/v1/statuses/{id}/reblogged_by", get_reblogged_by, Access.READER, "read:statuses",
             AccountPageArgs, many("AccountEntity")),
    Endpoint("GET", "/api/v1/statuses/{id}/favourited_by", get_favourited_by, Access.READER, "read:statuses",
             AccountPageArgs, many("AccountEntity")),
)  # fmt: skip
