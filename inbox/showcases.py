"""The job that asks a server what one of its profiles shows: pins, featured hashtags, and who follows whom.

Four collections, each on its own: one that can't be had for good changes nothing, one whose server is in trouble lets
the job be tried again, with what the others said kept. Nothing is taken from any server but the account's own.
"""

from collections.abc import Awaitable
from typing import Any, Final

from communities.remote import keep_featured
from federation.client import FetchBudget, RemoteError
from federation.collections import collection_pages, fetch_collection, item_id, shows_items
from federation.parse.tags import hashtags_of
from federation.services import Services
from federation.trust.authentication import PeerRefused
from inbox.fetching import fetch_status
from models import UnitOfWork
from models.accounts import Account
from models.collisions import repeat_on_collision
from policy.limits import FEATURED_TAGS, PINNED_STATUSES
from social.drafts import TagDraft
from social.showcases import set_featured_tags, set_pinned

FETCHES: Final = 8 + 2 * PINNED_STATUSES


async def refresh_showcase(services: Services, payload: dict[str, Any]) -> None:
    """Ask, and keep what is said. Raises RemoteError when some of it is to be asked again."""
    async with services.database.reading() as session:
        account = await session.get(Account, int(payload["account_id"]))
    if account is None or account.is_local or not account.is_active or not services.peers.allows_url(account.uri):
        return
    budget = FetchBudget(FETCHES)
    troubles: list[RemoteError] = []

    async def ask(question: Awaitable[Any]) -> Any:
        """The answer; None when there is none, for whatever reason."""
        try:
            return await question
        except PeerRefused:
            return None
        except RemoteError as error:
            if not error.is_permanent:
                troubles.append(error)
            return None

    pinned = await ask(_pinned(services, account, budget))
    tags = await ask(_tags(services, account, budget))
    members = [await ask(_is_hidden(services, url, budget)) for url in (account.followers_url, account.following_url)]

    async def keep() -> None:
        async with services.database.unit_of_work() as unit:
            await _keep(unit, account.id, pinned, tags, members)

    await repeat_on_collision(keep)
    if troubles:
        raise troubles[0]


async def _keep(
    unit: UnitOfWork, account_id: int, pinned: list[str] | None, tags: list[TagDraft] | None, members: list[bool | None]
) -> None:
    account = await unit.session.get(Account, account_id)
    if account is None or not account.is_active:
        return
    account.featured_fetched_at = unit.now
    if pinned is not None:
        await set_pinned(unit, account, pinned)
    if pinned is not None and account.is_group:
        await keep_featured(unit, account, pinned)
    if tags is not None:
        await set_featured_tags(unit, account, tags)
    if None not in members:
        account.hides_collections = any(members)


async def _pinned(services: Services, account: Account, budget: FetchBudget) -> list[str] | None:
    """The URIs of what is pinned; what isn't here yet is fetched."""
    if account.featured_url is None:
        return None
    uris: list[str] = []
    async for page in collection_pages(services, account.featured_url, budget=budget):
        uris += [uri for item in page if (uri := item_id(item)) is not None]
        if len(uris) >= PINNED_STATUSES:
            break
    for uri in uris[:PINNED_STATUSES]:
        await fetch_status(services, uri, budget=budget, brought_by=account.uri if account.is_group else None)
    return uris[:PINNED_STATUSES]


async def _tags(services: Services, account: Account, budget: FetchBudget) -> list[TagDraft] | None:
    if account.featured_tags_url is None:
        return None
    found: list[TagDraft] = []
    async for page in collection_pages(services, account.featured_tags_url, budget=budget):
        found += hashtags_of(item for item in page if isinstance(item, dict))
        if len(found) >= FEATURED_TAGS:
            break
    return found[:FEATURED_TAGS]


async def _is_hidden(services: Services, url: str | None, budget: FetchBudget) -> bool | None:
    """Whether the list of followers, or of who is followed, is kept from us."""
    return None if url is None else not shows_items(await fetch_collection(services, url, budget=budget))
