"""Communities themselves: found, made, changed, closed, joined and left."""

from dataclasses import replace
from typing import Any

from api.accounts.pages import is_active
from api.call import Call, Json
from api.communities.gates import act, community_entities, community_json, known_place
from api.endpoints import Endpoint, many
from api.errors import Forbidden, invalid
from api.pagination import Keyset, Page, page
from api.pictures import FORM_BYTES, stored_picture
from api.schemas.communities import ChangedCommunityArgs, CommunitiesArgs, NewCommunityArgs, ReasonArgs
from api.schemas.fields import AccountPageArgs
from communities.groups import Wish
from communities.listing import groups_for, invitations_of
from communities.standings import Place
from content.pictures import PictureKind
from models import UnitOfWork
from models.accounts import Account
from models.communities import Kind, Membership
from outbox import community_acts as acts
from policy.communities import may_own


async def get_communities(call: Call) -> Page:
    """View communities: those that you belong to and those that may be found, the newest first."""
    keyset = Keyset.of(call)
    query = groups_for(call.me.id, is_mine=call.args.get("joined"), words=call.args["q"])
    async with call.database.reading() as session:
        ids = keyset.arrange(await session.scalars(keyset.apply(query, Account.id)))
        return page(call, await community_entities(call, session, ids), ids)


async def get_my_invitations(call: Call) -> Page:
    """View the communities that invite you, the newest invitation first; join to accept, leave to decline."""
    keyset = Keyset.of(call)
    query = invitations_of(call.me.id).where(is_active())
    async with call.database.reading() as session:
        rows = keyset.arrange((await session.execute(keyset.apply(query, Membership.id))).all())
        items = await community_entities(call, session, [row.community_id for row in rows])
    return page(call, items, [row.key for row in rows])


async def post_community(call: Call) -> Json:
    """Make a community of this office, which is yours."""
    async with call.database.unit_of_work() as unit:
        me = await unit.session.get_one(Account, call.me.id)
        change = await acts.create(call.services, unit, me, call.args["name"], _wish(call.args))
        await unit.settle()
        return await community_json(call, unit.session, change.group.id)


async def get_community(call: Call) -> Json:
    """View a community, and where you stand in it."""
    async with call.database.reading() as session:
        place = await known_place(call, session)
        return await community_json(call, session, place.group.id)


async def patch_community(call: Call) -> Json:
    """Change a community of yours: what isn't given stays as it is. The old picture goes when another one comes."""
    wish = _wish(call.args)
    if "avatar" in call.args:
        async with call.database.reading() as session:
            place = await known_place(call, session)
        if not place.group.is_local or not may_own(place.standing):
            raise Forbidden("You are not allowed to do this in this community.")
        wish = replace(wish, avatar_url=await stored_picture(call, "avatar", PictureKind.AVATAR))

    async def change(call: Call, unit: UnitOfWork, place: Place) -> None:
        await acts.update(call.services, unit, place.group, place.account, wish)

    return await act(call, change)


async def post_archive(call: Call) -> Json:
    """Close a community of yours: it is read by whom it was read, and nothing else."""
    return await act(call, _archive)


async def post_unarchive(call: Call) -> Json:
    """Open an archived community again."""
    return await act(call, _unarchive)


async def post_join(call: Call) -> Json:
    """Join a community, ask to, or accept its invitation: the relationship says what came of it."""
    return await act(call, _join)


async def post_leave(call: Call) -> Json:
    """Leave a community, take a request back, or decline an invitation."""
    return await act(call, _leave)


def _wish(args: dict[str, Any]) -> Wish:
    title, rules = args.get("title"), args.get("rules")
    if title is not None and not title.strip():
        raise invalid("title", "can't be blank", code="ERR_BLANK")
    return Wish(
        display_name=title,
        description=args.get("description"),
        rules=None if rules is None else "\n".join(" ".join(rule.split()) for rule in rules),
        kind=Kind(args["kind"]) if "kind" in args else None,
        is_private=args.get("private"),
        posting=args.get("posting"),
        is_discoverable=args.get("discoverable"),
        avatar_description=args.get("avatar_description"),
    )


async def _archive(call: Call, unit: UnitOfWork, place: Place) -> None:
    await acts.archive(call.services, unit, place.group, place.account, reason=call.args["reason"])


async def _unarchive(call: Call, unit: UnitOfWork, place: Place) -> None:
    await acts.unarchive(call.services, unit, place.group, place.account)


async def _join(call: Call, unit: UnitOfWork, place: Place) -> None:
    await acts.join(call.services, unit, place.group, place.account)


async def _leave(call: Call, unit: UnitOfWork, place: Place) -> None:
    await acts.leave(call.services, unit, place.group, place.account)


_ONE = "/api/v1/communities/{id}"
ENDPOINTS = (
    Endpoint("GET", "/api/v1/communities", get_communities, scope="read:accounts", args=CommunitiesArgs,
             returns=many("CommunityEntity")),
    Endpoint("POST", "/api/v1/communities", post_community, scope="write:accounts", args=NewCommunityArgs,
             returns="CommunityEntity", limit="communities"),
    Endpoint("GET", "/api/v1/communities/invitations", get_my_invitations, scope="read:follows", args=AccountPageArgs,
             returns=many("CommunityEntity")),
    Endpoint("GET", _ONE, get_community, scope="read:accounts", returns="CommunityEntity"),
    Endpoint("PATCH", _ONE, patch_community, scope="write:accounts", args=ChangedCommunityArgs,
             returns="CommunityEntity", body_bytes=FORM_BYTES),
    Endpoint("POST", f"{_ONE}/archive", post_archive, scope="write:accounts", args=ReasonArgs,
             returns="CommunityEntity"),
    Endpoint("POST", f"{_ONE}/unarchive", post_unarchive, scope="write:accounts", returns="CommunityEntity"),
    Endpoint("POST", f"{_ONE}/join", post_join, scope="write:follows", returns="CommunityEntity"),
    Endpoint("POST", f"{_ONE}/leave", post_leave, scope="write:follows", returns="CommunityEntity"),
)  # fmt: skip
