"""What is posted in a community: its timeline, and what moderators do about single posts."""

from collections.abc import Awaitable, Callable
from functools import cache

from sqlalchemy import bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.communities.gates import file_place, known_place, post_in, readable_place
from api.endpoints import Endpoint, many
from api.entities.status import status_entity
from api.errors import NotFound
from api.loading import is_complete, load_page
from api.pagination import AnySelect, Keyset, Page, PagedQuery, page
from api.schemas.communities import CommunityTimelineArgs, ReasonArgs
from api.schemas.fields import Args
from api.statuses.pages import heads, status_page
from communities.changes import Change
from communities.listing import posts_in, removed_from
from communities.standings import Place
from models import UnitOfWork
from models.base import BigInt
from models.statuses import Status
from outbox import community_acts as acts

Act = Callable[[Call, UnitOfWork, Place, Status], Awaitable[Change]]


@cache
def timeline(*, is_pinned: bool = False, has_replies: bool = False) -> PagedQuery:
    """The posts of the community `group` that a viewer may see and wants to."""

    def query() -> AnySelect:
        wanted = posts_in(bindparam("group", type_=BigInt), is_pinned=is_pinned, has_replies=has_replies)
        return heads(is_signed_in=True).where(*wanted)

    return PagedQuery(query, Status.id)


async def get_timeline(call: Call) -> Page:
    """View what is posted in a community: threads, the newest first."""
    args = call.args
    if args["removed"]:
        return await _removed(call)
    async with call.database.reading() as session:
        place = await readable_place(call, session)
    query = timeline(is_pinned=args["pinned"], has_replies=args["replies"])
    return await status_page(call, query, "home", {"group": place.group.id})


async def _removed(call: Call) -> Page:
    """What moderators took out, for moderators."""
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        place = await file_place(call, session)
        query = keyset.apply(removed_from(place.group.id), Status.id)
        ids = keyset.arrange(await session.scalars(query))
        return page(call, await _shown(call, session, ids), ids)


async def _shown(call: Call, session: AsyncSession, ids: list[int]) -> list[Json]:
    """Posts of the community as its moderators see them: removed ones, too."""
    loaded = await load_page(call.api, session, ids, call.viewer, is_moderated=True)
    return [status_entity(number, loaded, call.api) for number in ids if is_complete(loaded, number)]


def _acting(act: Act, name: str, summary: str) -> Callable[[Call], Awaitable[Json]]:
    """A handler that does something about the post of the path and answers with the post as it is then."""

    async def handle(call: Call) -> Json:
        async with call.database.unit_of_work() as unit:
            place = await known_place(call, unit.session)
            status = await post_in(call, unit.session, place)
            await act(call, unit, place, status)
            await unit.settle()
            shown = await _shown(call, unit.session, [status.id])
        if not shown:
            raise NotFound
        return shown[0]

    handle.__name__, handle.__doc__ = f"{name}_post", summary
    return handle


async def _remove(call: Call, unit: UnitOfWork, place: Place, status: Status) -> Change:
    return await acts.remove_post(call.services, unit, place.group, place.account, status, reason=call.args["reason"])


async def _restore(call: Call, unit: UnitOfWork, place: Place, status: Status) -> Change:
    return await acts.restore_post(call.services, unit, place.group, place.account, status, reason=call.args["reason"])


async def _lock(call: Call, unit: UnitOfWork, place: Place, status: Status) -> Change:
    return await acts.lock(call.services, unit, place.group, place.account, status, reason=call.args["reason"])


async def _unlock(call: Call, unit: UnitOfWork, place: Place, status: Status) -> Change:
    return await acts.unlock(call.services, unit, place.group, place.account, status, reason=call.args["reason"])


async def _pin(call: Call, unit: UnitOfWork, place: Place, status: Status) -> Change:
    return await acts.pin(call.services, unit, place.group, place.account, status)


async def _unpin(call: Call, unit: UnitOfWork, place: Place, status: Status) -> Change:
    return await acts.unpin(call.services, unit, place.group, place.account, status)


def _endpoint(name: str, act: Act, summary: str, args: type[Args] | None = ReasonArgs) -> Endpoint:
    path = f"/api/v1/communities/{{id}}/statuses/{{status_id}}/{name}"
    return Endpoint(
        "POST", path, _acting(act, name, summary), scope="write:statuses", args=args, returns="StatusEntity"
    )


ENDPOINTS = (
    Endpoint("GET", "/api/v1/communities/{id}/timeline", get_timeline, scope="read:statuses",
             args=CommunityTimelineArgs, returns=many("StatusEntity")),
    _endpoint("remove", _remove, "Take a post out of the community; its author keeps it. For moderators."),
    _endpoint("restore", _restore, "Bring a removed post back. For moderators."),
    _endpoint("lock", _lock, "No more replies to a post, or to the thread that it opened. For moderators."),
    _endpoint("unlock", _unlock, "Allow replies again. For moderators."),
    _endpoint("pin", _pin, "Show a post first in the community. For moderators.", None),
    _endpoint("unpin", _unpin, "Show a post in its place again. For moderators.", None),
)  # fmt: skip
