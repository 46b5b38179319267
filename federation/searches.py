"""A search as somebody typed it, with the handles in it looked up among the accounts that are here."""

from sqlalchemy.ext.asyncio import AsyncSession

from federation.actors.resolve import known_handles
from federation.services import Services
from models.accounts import Account
from social.search.find import look_up
from social.search.query import Search, parse


async def read_search(services: Services, session: AsyncSession, text: str, viewer: Account) -> Search:
    """The search, ready for `social.search.find`. Nobody is asked for what isn't known: it finds nothing."""
    search = parse(text)
    handles = {one.name for one in search.named if one.kind != "tag"}
    accounts = {handle: account.id for handle, account in (await known_handles(services, session, handles)).items()}
    return await look_up(session, search, {**accounts, "me": viewer.id})
