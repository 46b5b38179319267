"""The ways to a community and to what is in it. A community that isn't there for the viewer is none: NotFound.

What somebody may do is asked of `policy.communities` by the verbs; here is only what they may read.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import visible_status
from api.call import Call, Json
from api.entities.community import community_entity
from api.errors import Forbidden, NotFound
from api.loading import account_entities
from communities.listing import known_groups
from communities.standings import Place, place_of
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from policy.communities import may_know, may_read, may_read_files, may_read_log

Verb = Callable[[Call, UnitOfWork, Place], Awaitable[object]]


async def known_place(call: Call, session: AsyncSession, group_id: int | None = None) -> Place:
    """Where the viewer stands in the community of the path. Raises NotFound."""
    group = await session.get(Account, call.id() if group_id is None else group_id)
    if group is None or not group.is_group:
        raise NotFound
    me = await session.get_one(Account, call.me.id)
    place = await place_of(session, group, me, now=call.services.clock())
    if not may_know(place.community, place.standing):
        raise NotFound
    return place


async def readable_place(call: Call, session: AsyncSession) -> Place:
    """The same for who reads what is in it. Raises Forbidden."""
    place = await known_place(call, session)
    if not may_read(place.community, place.standing):
        raise Forbidden("Only its members read in this community")
    return place


async def file_place(call: Call, session: AsyncSession) -> Place:
    """The same for its moderators. Raises Forbidden."""
    place = await known_place(call, session)
    if not may_read_files(place.standing):
        raise Forbidden("This is for the moderators of the community")
    return place


async def log_place(call: Call, session: AsyncSession) -> Place:
    """The same for its members. Raises Forbidden."""
    place = await known_place(call, session)
    if not may_read_log(place.standing):
        raise Forbidden("Only its members read the log of this community")
    return place


async def other_account(session: AsyncSession, account_id: int) -> Account:
    """Whom something is done about; verbs say what goes. Raises NotFound."""
    account = await session.get(Account, account_id)
    if account is None or account.gone_at is not None:
        raise NotFound
    return account


async def post_in(call: Call, session: AsyncSession, place: Place) -> Status:
    """The post of the path, in the community: moderators reach removed ones, too. Raises NotFound."""
    status_id = call.id("status_id")
    if may_read_files(place.standing):
        status = await session.get(Status, status_id)
    else:
        status = await visible_status(call, session, status_id)
    if status is None or status.group_id != place.group.id or status.is_boost:
        raise NotFound
    return status


async def act(call: Call, verb: Verb) -> Json:
    """Do something in the community of the path, and answer with the community as it is then."""
    async with call.database.unit_of_work() as unit:
        place = await known_place(call, unit.session)
        await verb(call, unit, place)
        await unit.settle()
        return await community_json(call, unit.session, place.group.id)


async def community_json(call: Call, session: AsyncSession, group_id: int) -> Json:
    """A community as the viewer sees it now; who has just left a hidden one sees it a last time."""
    return (await community_entities(call, session, [group_id]))[0]


async def community_entities(call: Call, session: AsyncSession, group_ids: list[int]) -> list[Json]:
    """Communities in this order: a fixed number of queries."""
    found = await known_groups(session, call.me, group_ids, now=call.services.clock())
    accounts = dict(zip(found, await account_entities(call.api, session, list(found)), strict=True))
    return [community_entity(found[number], accounts[number]) for number in group_ids if number in found]
