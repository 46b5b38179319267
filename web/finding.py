"""Finding: colleagues by name among the accounts that we know, by `name@office` also at their office; posts by text.

Reading (`GET /find?q=`) asks our database only. Only a POST may make us ask another server, and only so often for each
person who is signed in.
"""

import math
from collections.abc import Sequence

from aiohttp import web
from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.standings import knows
from content.names import sanitize_name
from federation.actors import ActorGone, ActorRefused, resolve_handle
from federation.actors.discovery import split_handle
from federation.client import FetchBudget, RemoteError
from federation.searches import read_search
from models.accounts import Account
from models.statuses import Status
from policy.communities import known_to
from social.search.find import Range, Reader, find_statuses
from web.access import Reading, listing, rows_of
from web.cards import Card, load_cards
from web.markup import profile_path
from web.rendering import redirection
from web.visits import Visit

MAX_FOUND = 20
MAX_CHARACTERS = 200
LOOKUP_FETCHES = 10
LOOKUPS_AT_ONCE = 20
LOOKUPS_PER_SECOND = 0.5
# The instance actor and its like are nobody's colleague.
_NOT_PEOPLE = ("Application",)


async def show_find(visit: Visit) -> web.StreamResponse:
    """GET /find?q=…"""
    viewer = visit.required()
    text = sanitize_name(visit.request.query.get("q", ""), MAX_CHARACTERS)
    found: Sequence[Account] = ()
    posts: list[Card] = []
    if text:
        async with visit.reading() as reading:
            found = await find_known(reading.session, text, viewer)
            posts = await _find_posts(visit, reading, viewer, text)
    people = [account for account in found if account.id != viewer.id]
    return visit.page("find.html", text=text, found=people, posts=posts, error="")


async def _find_posts(visit: Visit, reading: Reading, viewer: Account, text: str) -> list[Card]:
    """Posts with these words, the newest first; the operators of the client API work here too."""
    search = await read_search(visit.services, reading.session, text, viewer)
    reader = Reader(viewer.id, reading.now, visit.services.settings.is_closed)
    ids = await find_statuses(reading.session, search, reader, Range(MAX_FOUND))
    if not ids:
        return []
    return await load_cards(
        reading, await rows_of(reading, listing(viewer).where(Status.id.in_(ids)).order_by(Status.id.desc()))
    )


async def post_find(visit: Visit) -> web.StreamResponse:
    """POST /find with `q`: leads to the profile of a full handle, to a list for anything else."""
    viewer, form = visit.required(), await visit.form()
    text = sanitize_name(form.text("q"), MAX_CHARACTERS)
    if split_handle(text) is None:
        return redirection(str(visit.request.rel_url.with_query(q=text)))
    wait = visit.site.lookups.check(str(viewer.id), visit.services.clock())
    if wait is not None:
        response = visit.page("find.html", status=429, text=text, found=(), posts=(), error="find_slow")
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
    account: Account | None
    try:
        account = await resolve_handle(visit.services, text, budget=FetchBudget(LOOKUP_FETCHES))
    except (ActorRefused, ActorGone, RemoteError):
        account = None
    if account is not None:
        async with visit.services.database.reading() as session:
            account = account if await knows(session, viewer.id, account) else None
    if account is None:
        return visit.page("find.html", status=404, text=text, found=(), posts=(), error="find_failed")
    return redirection(profile_path(account))


async def find_known(session: AsyncSession, text: str, viewer: Account) -> Sequence[Account]:
    """Accounts whose user name begins with the text or whose display name holds it; ours first."""
    wanted = text.removeprefix("@").casefold()
    username, display_name = func.lower(Account.username), func.lower(Account.display_name)
    query = (
        select(Account)
        .where(or_(username.startswith(wanted, autoescape=True), display_name.contains(wanted, autoescape=True)))
        .where(
            Account.suspended_at.is_(None),
            Account.gone_at.is_(None),
            Account.actor_type.not_in(_NOT_PEOPLE),
            known_to(viewer.id),
        )
        .order_by(case((username == wanted, 0), else_=1), Account.domain.is_not(None), Account.username, Account.id)
        .limit(MAX_FOUND)
    )
    return (await session.scalars(query)).all()
