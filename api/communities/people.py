"""The people of a community: its members and their roles, requests, invitations and bans."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.communities.gates import file_place, known_place, other_account, readable_place
from api.endpoints import Endpoint, many
from api.entities.community import member_entity
from api.loading import account_entities
from api.pagination import Keyset, Page, page
from api.schemas.communities import BanArgs, InvitationArgs, MembersArgs, ReasonArgs, RoleArgs
from api.schemas.fields import AccountPageArgs
from communities.listing import members_of, waiting_for
from communities.standings import Place
from models import UnitOfWork
from models.accounts import Account
from models.communities import Membership, Role, State
from outbox import community_acts as acts

Decision = Callable[[Call, UnitOfWork, Place, Account], Awaitable[object]]


async def get_members(call: Call) -> Page:
    """View who belongs to a community, by the id of the account; other states are for moderators."""
    state = State(call.args["state"])
    if state is not State.MEMBER:
        return await _listed(call, state)
    keyset, role = Keyset.of(call), call.args.get("role")
    async with call.database.reading() as session:
        place = await readable_place(call, session)
        query = members_of(place.group.id, None if role is None else Role(role))
        rows = keyset.arrange((await session.execute(keyset.apply(query, query.selected_columns.key))).all())
        return page(call, await _entities(call, session, rows), [row.key for row in rows])


async def get_requests(call: Call) -> Page:
    """View who asks to be let in, who asked last first. For moderators."""
    return await _listed(call, State.REQUESTED)


async def get_invitations(call: Call) -> Page:
    """View who is invited and hasn't answered. For moderators."""
    return await _listed(call, State.INVITED)


async def get_bans(call: Call) -> Page:
    """View who is banned, until when and why. For moderators."""
    return await _listed(call, State.BANNED)


async def _listed(call: Call, state: State) -> Page:
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        place = await file_place(call, session)
        query = waiting_for(place.group.id, state, now=call.services.clock())
        rows = keyset.arrange((await session.execute(keyset.apply(query, Membership.id))).all())
        return page(call, await _entities(call, session, rows), [row.key for row in rows])


async def _entities(call: Call, session: AsyncSession, rows: Sequence[Any]) -> list[Json]:
    wanted = dict.fromkeys(row.account_id for row in rows)
    wanted |= dict.fromkeys(row.invited_by_id for row in rows if row.invited_by_id is not None)
    accounts = {int(one["id"]): one for one in await account_entities(call.api, session, list(wanted))}
    return [member_entity(row, accounts) for row in rows if row.account_id in accounts]


async def _decide(call: Call, decision: Decision, account_id: int) -> Json:
    async with call.database.unit_of_work() as unit:
        place = await known_place(call, unit.session)
        target = await other_account(unit.session, account_id)
        await decision(call, unit, place, target)
    return {}


async def post_approve(call: Call) -> Json:
    """Let somebody in who asked. For moderators."""
    return await _decide(call, _approve, call.id("account_id"))


async def post_reject(call: Call) -> Json:
    """Turn somebody down who asked; they may ask again. For moderators."""
    return await _decide(call, _reject, call.id("account_id"))


async def post_invitation(call: Call) -> Json:
    """Invite somebody; who has asked is in at once. For moderators."""
    return await _decide(call, _invite, call.args["account_id"])


async def delete_invitation(call: Call) -> Json:
    """Withdraw an invitation. For moderators."""
    return await _decide(call, _withdraw, call.id("account_id"))


async def put_member(call: Call) -> Json:
    """Give a member another role, or step down yourself. For moderators and owners."""
    return await _decide(call, _set_role, call.id("account_id"))


async def post_ban(call: Call) -> Json:
    """Ban somebody, members or not; a second ban replaces the first. For moderators."""
    return await _decide(call, _ban, call.args["account_id"])


async def delete_ban(call: Call) -> Json:
    """Lift a ban. For moderators."""
    return await _decide(call, _unban, call.id("account_id"))


async def _approve(call: Call, unit: UnitOfWork, place: Place, target: Account) -> None:
    await acts.approve(call.services, unit, place.group, place.account, target)


async def _reject(call: Call, unit: UnitOfWork, place: Place, target: Account) -> None:
    await acts.reject(call.services, unit, place.group, place.account, target, reason=call.args["reason"])


async def _invite(call: Call, unit: UnitOfWork, place: Place, target: Account) -> None:
    role = Role(call.args["role"])
    await acts.invite(call.services, unit, place.group, place.account, target, role=role)


async def _withdraw(call: Call, unit: UnitOfWork, place: Place, target: Account) -> None:
    await acts.withdraw_invitation(call.services, unit, place.group, place.account, target)


async def _set_role(call: Call, unit: UnitOfWork, place: Place, target: Account) -> None:
    await acts.set_role(call.services, unit, place.group, place.account, target, Role(call.args["role"]))


async def _ban(call: Call, unit: UnitOfWork, place: Place, target: Account) -> None:
    args = call.args
    until = args.get("until")
    if until is None and "expires_in" in args:
        until = unit.now + timedelta(seconds=args["expires_in"])
    await acts.ban(
        call.services, unit, place.group, place.account, target, reason=args["reason"], until=until,
        removes_posts=args["remove_posts"],
    )  # fmt: skip


async def _unban(call: Call, unit: UnitOfWork, place: Place, target: Account) -> None:
    await acts.unban(call.services, unit, place.group, place.account, target, reason=call.args["reason"])


_ONE = "/api/v1/communities/{id}"
_MANY = many("CommunityMemberEntity")
ENDPOINTS = (
    Endpoint("GET", f"{_ONE}/members", get_members, scope="read:accounts", args=MembersArgs, returns=_MANY),
    Endpoint("PUT", f"{_ONE}/members/{{account_id}}", put_member, scope="write:accounts", args=RoleArgs),
    Endpoint("GET", f"{_ONE}/requests", get_requests, scope="read:follows", args=AccountPageArgs, returns=_MANY),
    Endpoint("POST", f"{_ONE}/requests/{{account_id}}/approve", post_approve, scope="write:follows"),
    Endpoint("POST", f"{_ONE}/requests/{{account_id}}/reject", post_reject, scope="write:follows", args=ReasonArgs),
    Endpoint("GET", f"{_ONE}/invitations", get_invitations, scope="read:follows", args=AccountPageArgs,
             returns=_MANY),
    Endpoint("POST", f"{_ONE}/invitations", post_invitation, scope="write:follows", args=InvitationArgs),
    Endpoint("DELETE", f"{_ONE}/invitations/{{account_id}}", delete_invitation, scope="write:follows"),
    Endpoint("GET", f"{_ONE}/bans", get_bans, scope="read:blocks", args=AccountPageArgs, returns=_MANY),
    Endpoint("POST", f"{_ONE}/bans", post_ban, scope="write:blocks", args=BanArgs),
    Endpoint("DELETE", f"{_ONE}/bans/{{account_id}}", delete_ban, scope="write:blocks", args=ReasonArgs),
)  # fmt: skip
