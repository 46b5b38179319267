"""The job that reads what was posted lately in a community of another server, for the first of ours who belong to it.

Its outbox lists what it announced, newest first. The posts come from their own servers, and count as posted in the
community because it says so. What is old is told to nobody, but it is in the home timelines of members, in the place
of its date. Of a private community nothing is read this way: what is for its members isn't fetched.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from federation.activity import id_of
from federation.client import FetchBudget, RemoteError
from federation.collections import Item, collection_pages, item_id
from federation.json_ld.dates import parse_time
from federation.services import Services
from federation.trust.authentication import PeerRefused
from federation.trust.origins import same_origin
from inbox.fetching import fetch_status
from models import UnitOfWork
from models.accounts import Account
from models.collisions import repeat_on_collision
from models.communities import Community
from models.statuses import Status
from models.visibility import Visibility
from policy.authority import may_boost
from policy.limits import COMMUNITY_POSTS
from social.home_feed import backfill_feed
from social.interactions import boost
from social.statuses import status_by_uri

FETCHES: Final = 10 + 3 * COMMUNITY_POSTS


async def read_community(services: Services, payload: dict[str, Any]) -> None:
    """Ask, and show what is new to the member. Raises RemoteError when the host is to be asked again."""
    async with services.database.reading() as session:
        group = await session.get(Account, int(payload["group_id"]))
        community = await session.get(Community, int(payload["group_id"]))
    if group is None or group.is_local or not group.is_active or not services.peers.allows_url(group.uri):
        return
    if community is None or community.is_private or group.outbox_url is None:
        return
    budget = FetchBudget(FETCHES)
    announced = await _announced(services, group, budget)
    outside = await _outside(services, list(announced))
    for uri in announced:
        try:
            await fetch_status(services, uri, budget=budget, is_fresh=uri in outside, brought_by=group.uri)
        except (PeerRefused, RemoteError):
            continue

    async def keep() -> None:
        async with services.database.unit_of_work() as unit:
            await _keep(unit, group.id, int(payload["account_id"]), announced)

    await repeat_on_collision(keep)


async def _outside(services: Services, uris: Sequence[str]) -> set[str]:
    """Which of the posts are here and in no community: they came from their authors, before this one was known."""
    async with services.database.reading() as session:
        return set(await session.scalars(select(Status.uri).where(Status.uri.in_(uris), Status.group_id.is_(None))))


async def _announced(services: Services, group: Account, budget: FetchBudget) -> dict[str, Any]:
    """The announcements in its outbox by what they announce, newest first, as many as are read."""
    found: dict[str, Any] = {}
    try:
        async for page in collection_pages(services, group.outbox_url or "", budget=budget):
            for item in page:
                if isinstance(item, dict) and (uri := _post(item, group)) is not None:
                    found.setdefault(uri, item)
            if len(found) >= COMMUNITY_POSTS:
                break
    except PeerRefused:
        return {}
    except RemoteError as error:
        if not error.is_permanent:
            raise
    return dict(list(found.items())[:COMMUNITY_POSTS])


def _post(item: Mapping[str, Any], group: Account) -> str | None:
    """The id of the post that an item of the outbox announces: itself, or inside its Create (Lemmy)."""
    if item.get("type") != "Announce" or id_of(item.get("actor")) != group.uri:
        return None
    announced = item.get("object")
    if isinstance(announced, dict) and announced.get("type") == "Create":
        announced = announced.get("object")
    return id_of(announced)


async def _keep(unit: UnitOfWork, group_id: int, account_id: int, announced: Mapping[str, Item]) -> None:
    group, account = await unit.session.get(Account, group_id), await unit.session.get(Account, account_id)
    if group is None or account is None or not group.is_active:
        return
    unit.is_quiet = True
    for uri, item in announced.items():
        status = await status_by_uri(unit, uri)
        if status is None or not Visibility(status.visibility).is_public or not may_boost(group, status):
            continue
        author = await unit.session.get_one(Account, status.account_id)
        if not author.is_active or status.removed_at is not None:
            continue
        name = item_id(item)
        own_name = name if name is not None and same_origin(name, group.uri) else f"{group.uri}#shares-{status.id}"
        if await status_by_uri(unit, own_name) is None:
            published_at = parse_time(item.get("published")) if isinstance(item, dict) else None
            await boost(unit, group, status, author, uri=own_name, published_at=published_at or status.published_at)
    await unit.settle()
    await backfill_feed(unit, account, group)
