"""Accounts as everybody reads them: one, several, by handle, by a piece of their name, and who follows whom.

Who hides their followers and followees is shown with none to others (`hide_collections`), and so is who blocked the
viewer. Registration is closed: accounts are made by the administrator.
"""

from typing import Final

from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import known_account
from api.accounts.pages import edges_page, is_active
from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.errors import Forbidden, NotFound
from api.loading import account_entities
from api.pagination import AnySelect, Page, page
from api.schemas.fields import AccountPageArgs, Args, Flag, Text, Whole, ids
from communities.standings import knows
from federation.actors import ActorGone, ActorRefused, known_handles, resolve_handle
from federation.actors.discovery import split_handle
from federation.client import FetchBudget, RemoteError
from federation.trust.authentication import PeerRefused
from models.accounts import Account
from models.relations import Endorsement, Follow
from policy.communities import known_to, shown_belonging
from policy.visibility import blocked_between
from social.account_search import find_account_ids
from social.follows import ACCEPTED
from social.showcases import is_stale, request_showcase

LOOKUP_FETCHES: Final = 10
MAX_OFFSET: Final = 10_000


class SeveralArgs(Args):
    """Which accounts."""

    id = ids(most=40, load_default=list)


class LookupArgs(Args):
    """The handle: `name` or `name@host`."""

    acct = Text(500, required=True)


class SearchArgs(Args):
    """A piece of a name, or a handle; `resolve` asks the handle's own server."""

    q = Text(500, required=True)
    limit = Whole(1, 80, load_default=40)
    offset = Whole(0, MAX_OFFSET, load_default=0)
    resolve = Flag(load_default=False)
    following = Flag(load_default=False)


class RegistrationArgs(Args):
    """What Mastodon's apps send to register; nothing of it is used."""

    username = fields.String()


async def get_accounts(call: Call) -> list[Json]:
    """Get multiple accounts: those of the ids that are accounts, in their order."""
    async with call.database.reading() as session:
        query = select(Account.id).where(
            Account.id.in_(call.args["id"]), Account.gone_at.is_(None), known_to(_viewer_id(call))
        )
        known = set(await session.scalars(query))
        wanted = [number for number in dict.fromkeys(call.args["id"]) if number in known]
        return await account_entities(call.api, session, wanted)


async def get_account(call: Call) -> Json:
    """Get account. What the profile of somebody elsewhere shows is asked for anew once a day, for the next look."""
    async with call.database.reading() as session:
        account = await known_account(call, session, call.id())
        entity = await _entity(call, session, account.id)
    if call.viewer is not None and is_stale(account, call.services.clock()):
        async with call.database.unit_of_work() as unit:
            await request_showcase(unit, account)
    return entity


async def lookup_account(call: Call) -> Json:
    """Lookup account ID from Webfinger address: among the accounts that are known here."""
    acct = call.args["acct"].strip()
    async with call.database.reading() as session:
        account = (await known_handles(call.services, session, [acct])).get(acct)
        if account is None or account.gone_at is not None or not await knows(session, _viewer_id(call), account):
            raise NotFound
        return await _entity(call, session, account.id)


async def search_accounts(call: Call) -> list[Json]:
    """Search for matching accounts by user name, display name or handle."""
    args = call.args
    found = await account_ids(
        call, args["q"], limit=args["limit"], offset=args["offset"], resolve=args["resolve"],
        only_followed=args["following"],
    )  # fmt: skip
    async with call.database.reading() as session:
        return await account_entities(call.api, session, found)


async def account_ids(
    call: Call, text: str, *, limit: int, offset: int = 0, resolve: bool = False, only_followed: bool = False
) -> list[int]:
    """The accounts for a text, the best first; with `resolve` and a whole handle its server may be asked."""
    resolved = await _resolved(call, text) if resolve and offset == 0 else None
    async with call.database.reading() as session:
        found = await find_account_ids(
            session,
            text,
            viewer_id=_viewer_id(call),
            own_domain=call.addresses.domain,
            only_followed=only_followed,
            limit=limit,
            offset=offset,
        )
    if resolved is not None and not only_followed:
        found = [resolved, *(number for number in found if number != resolved)][:limit]
    return found


def _viewer_id(call: Call) -> int | None:
    return None if call.viewer is None else call.viewer.id


async def _resolved(call: Call, text: str) -> int | None:
    if split_handle(text.strip()) is None or call.viewer is None:
        return None
    try:
        account = await resolve_handle(call.services, text, budget=FetchBudget(LOOKUP_FETCHES))
    except (ActorRefused, ActorGone, PeerRefused, RemoteError):
        return None
    async with call.database.reading() as session:
        return account.id if account.is_active and await knows(session, call.viewer.id, account) else None


async def get_followers(call: Call) -> Page:
    """Get account's followers, the newest follow first."""
    account_id = call.id()
    query = select(Follow.id, Follow.follower_id).join(Account, Account.id == Follow.follower_id)
    return await _members(call, query.where(Follow.followee_id == account_id, Follow.state == ACCEPTED))


async def get_following(call: Call) -> Page:
    """Get account's following, the newest follow first."""
    account_id = call.id()
    query = select(Follow.id, Follow.followee_id).join(Account, Account.id == Follow.followee_id)
    return await _members(call, query.where(Follow.follower_id == account_id, Follow.state == ACCEPTED))


async def _members(call: Call, query: AnySelect) -> Page:
    async with call.database.reading() as session:
        account = await known_account(call, session, call.id())
        if not await _shows_members(call, session, account):
            return page(call, [], [])
    query = query.where(is_active(), shown_belonging(_viewer_id(call)))
    if call.viewer is not None and call.viewer.id != account.id:
        query = query.where(~blocked_between(call.viewer.id, Account.id))
    return await edges_page(call, query, Follow.id)


async def _shows_members(call: Call, session: AsyncSession, account: Account) -> bool:
    viewer = call.viewer
    if viewer is not None and viewer.id == account.id:
        return True
    if account.hides_collections or not account.is_active:
        return False
    return viewer is None or not await session.scalar(select(blocked_between(viewer.id, account.id)))


async def get_endorsements_of(call: Call) -> Page:
    """Get featured accounts of an account."""
    async with call.database.reading() as session:
        account = await known_account(call, session, call.id())
    query = endorsed_by(account.id).where(shown_belonging(_viewer_id(call)))
    return await edges_page(call, query, Endorsement.id)


async def get_endorsements(call: Call) -> Page:
    """View currently featured profiles: one's own."""
    return await edges_page(call, endorsed_by(call.me.id), Endorsement.id)


def endorsed_by(account_id: int) -> AnySelect:
    """Whom an account features."""
    return (
        select(Endorsement.id, Endorsement.target_id)
        .join(Account, Account.id == Endorsement.target_id)
        .where(Endorsement.account_id == account_id, is_active())
    )


async def post_account(call: Call) -> Json:
    """Register an account: not here, the administrator makes them."""
    raise Forbidden("Registrations are closed: the administrators of this office make the accounts")


async def _entity(call: Call, session: AsyncSession, account_id: int) -> Json:
    return (await account_entities(call.api, session, [account_id]))[0]


_READ = Access.READER
_SEVERAL = many("AccountEntity")
ENDPOINTS = (
    Endpoint("POST", "/api/v1/accounts", post_account, Access.APP, "write:accounts", RegistrationArgs),
    Endpoint("GET", "/api/v1/accounts", get_accounts, _READ, "read:accounts", SeveralArgs, _SEVERAL),
    Endpoint("GET", "/api/v1/accounts/lookup", lookup_account, _READ, "read:accounts", LookupArgs, "AccountEntity"),
    Endpoint("GET", "/api/v1/accounts/search", search_accounts, Access.USER, "read:accounts", SearchArgs, _SEVERAL),
    Endpoint("GET", "/api/v1/accounts/{id}", get_account, _READ, "read:accounts", None, "AccountEntity",
             is_kept=True),
    *(
        Endpoint("GET", f"/api/v1/accounts/{{id}}/{part}", handler, _READ, "read:accounts", AccountPageArgs, _SEVERAL)
        for part, handler in (
            ("followers", get_followers), ("following", get_following), ("endorsements", get_endorsements_of),
        )
    ),
    Endpoint("GET", "/api/v1/endorsements", get_endorsements, Access.USER, "read:accounts", AccountPageArgs, _SEVERAL),
)  # fmt: skip
