"""Who is what in communities, as their host tells members' offices, and as it is here: the items of one digest.

    {"id": "<person>", "of": "<community>", "state": "owner", "version": 0}
    {"id": "<person>", "of": "<community>", "state": "banned", "version": <milliseconds of its end, 0 for good>}
    {"id": "<community>", "of": "<community>", "state": "open.public.members.active", "version": <of its name>}

Plain members aren't there: who follows whom is another digest. Who hosts a community decides about its items, tells of
those that somebody there belongs to (`policy.communities.shared_with`), and of no other one.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.names import sanitize_name
from federation.sync.digests import Item, ItemPage
from inbox.sync.heard import joined_there
from inbox.sync.told import shared_communities
from models.accounts import Account
from models.aliases import alias_of
from models.communities import Community, Membership, Role, State
from models.relations import Follow
from policy.communities import banned_now
from policy.limits import DIGEST_ITEMS
from policy.peers import PeerPolicy
from social.digests import NOTHING, Digest, digest_of
from social.follows import ACCEPTED

BANNED: Final = State.BANNED.value
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_person, _group = alias_of(Account), alias_of(Account)
Query = Any


def digest_of_standings(items: Iterable[Item]) -> Digest:
    """The digest of all of them."""
    found = NOTHING
    for item in items:
        found += digest_of(item.uri, item.of, item.state, item.version)
    return found


async def told_standings(
    session: AsyncSession, origin: str, policy: PeerPolicy | None, *, now: datetime, after: int = 0,
    limit: int | None = None,
) -> list[Item]:  # fmt: skip
    """What an office is told, in the order of the numbers, after one of them."""
    groups = shared_communities(origin, policy)
    return await _items(session, groups, now=now, after=after, limit=limit)


async def standing_items(
    session: AsyncSession, origin: str, policy: PeerPolicy | None, *, now: datetime, after: int
) -> ItemPage:
    """The page of items after a number."""
    items = await told_standings(session, origin, policy, now=now, after=after, limit=DIGEST_ITEMS + 1)
    page = items[:DIGEST_ITEMS]
    return ItemPage(page, page[-1].number if len(items) > DIGEST_ITEMS else None)


async def standings_here(session: AsyncSession, origin: str, *, now: datetime) -> list[Item]:
    """What is known here of the communities of an office that somebody here belongs to."""
    return await _items(session, joined_there(origin), now=now, after=0, limit=None)


def ban_ends(version: int) -> datetime | None:
    """The end of a ban as an item tells it; None for one that is for good."""
    return _EPOCH + timedelta(milliseconds=version) if version else None


async def _items(session: AsyncSession, groups: Query, *, now: datetime, after: int, limit: int | None) -> list[Item]:
    of_people = (
        select(Membership.id, Membership.state, Membership.role, Membership.banned_until, _person().uri.label("who"),
               _group().uri.label("of"))
        .join(_person(), _person().id == Membership.account_id)
        .join(_group(), _group().id == Membership.community_id)
        .where(Membership.community_id.in_(groups), Membership.id > after, _is_told(now))
        .where(_person().suspended_at.is_(None), _person().gone_at.is_(None))
        .order_by(Membership.id)
        .limit(limit)
    )  # fmt: skip
    of_groups = (
        select(Community, _group().uri, _group().display_name)
        .join(_group(), _group().id == Community.account_id)
        .where(Community.account_id.in_(groups), Community.account_id > after)
        .order_by(Community.account_id)
        .limit(limit)
    )
    items = [_of_person(row) for row in await session.execute(of_people)]
    items += [_of_group(*row) for row in await session.execute(of_groups)]
    return sorted(items, key=lambda item: item.number)[:limit]


def _is_told(now: datetime) -> ColumnElement[bool]:
    """A ban in force, or a role of somebody who belongs to it, as far as that is known here."""
    follows = exists().where(
        Follow.follower_id == Membership.account_id, Follow.followee_id == Membership.community_id,
        Follow.state == ACCEPTED,
    )  # fmt: skip
    is_elsewhere = and_(_person().domain.is_not(None), _group().domain.is_not(None))
    holds = and_(Membership.state == State.MEMBER.value, Membership.role != Role.MEMBER.value)
    return or_(banned_now(now), and_(holds, or_(follows, is_elsewhere)))


def _of_person(row: Any) -> Item:
    if row.state != BANNED:
        return Item(row.id, row.who, 0, row.of, row.role)
    until = 0 if row.banned_until is None else (row.banned_until - _EPOCH) // timedelta(milliseconds=1)
    return Item(row.id, row.who, until, row.of, BANNED)


def _of_group(community: Community, uri: str, name: str) -> Item:
    words: Sequence[str] = (
        community.kind,
        "private" if community.is_private else "public",
        community.posting,
        "active" if community.archived_at is None else "archived",
    )
    version = int.from_bytes(hashlib.sha256(sanitize_name(name).encode()).digest()[:6])
    return Item(community.account_id, uri, version, uri, ".".join(words))
