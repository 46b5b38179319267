"""How those who follow a community read it: whole activities, or ids.

| shape | who | gets |
|---|---|---|
| peers | offices that made the handshake and have communities like ours | whole activities, also in terms of our own |
| software | servers of a make that reads FEP-1b12 (`READS_ACTIVITIES`, by NodeInfo) | the same in common terms |
| ids | everybody else | boosts of what opens a thread; edits and deletions as their authors sent them |

An inbox is in one of the three. Three queries, however many follow.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Final

from sqlalchemy import Text, bindparam, case, cast, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from communities.groups import COMMUNITIES
from federation.peers import domain_of
from models.accounts import Account
from models.activities import RemoteHost
from models.base import BigInt
from models.peers import Peer
from models.relations import Follow
from policy.communities import READS_ACTIVITIES

_URL = func.coalesce(Account.shared_inbox_url, Account.inbox_url)
_SPEAKS = cast(Account.implements, Text).contains(f'"{COMMUNITIES}"', autoescape=True)
# Made once: building a statement costs more than SQLite needs for running it.
_INBOXES: Final = (
    select(_URL.label("url"), func.max(case((_SPEAKS, 1), else_=0)).label("speaks"))
    .select_from(Follow)
    .join(Account, Account.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("group_id", type_=BigInt), Follow.state == "accepted")
    .where(Account.domain.is_not(None), Account.suspended_at.is_(None), Account.gone_at.is_(None))
    .group_by(_URL)
    .order_by(_URL)
)
_HOSTS: Final = union_all(
    select(Peer.domain).where(func.lower(Peer.software).in_(READS_ACTIVITIES)),
    select(RemoteHost.host).where(func.lower(RemoteHost.software).in_(READS_ACTIVITIES)),
)


class Shape(Flag):
    """Which of the readers."""

    PEERS = auto()
    SOFTWARE = auto()
    IDS = auto()
    ACTIVITIES = PEERS | SOFTWARE


@dataclass(frozen=True, slots=True)
class Readers:
    """Inboxes by shape, each in one of them."""

    by_shape: dict[Shape, list[str]] = field(default_factory=dict)

    def inboxes(self, shape: Shape) -> list[str]:
        """Those of one or several shapes."""
        return [url for one in shape for url in self.by_shape.get(one, ())]


async def community_readers(session: AsyncSession, group_id: int, *, is_full: Callable[[str], bool]) -> Readers:
    """Where followers from elsewhere read; `is_full(host)` says who made the handshake."""
    rows = (await session.execute(_INBOXES, {"group_id": group_id})).all()
    hosts = set(await session.scalars(_HOSTS)) if rows else set()
    found: dict[Shape, list[str]] = {}
    for url, speaks in rows:
        found.setdefault(_shape(url, bool(speaks), hosts, is_full), []).append(url)
    return Readers(found)


async def inboxes_reading(
    session: AsyncSession, shape: Shape, accounts: Iterable[Account], *, is_full: Callable[[str], bool]
) -> list[str]:
    """Where those of some accounts read who read this shape, followers or not."""
    remote = [account for account in accounts if not account.is_local and account.is_active]
    hosts = set(await session.scalars(_HOSTS)) if remote else set()
    return [
        account.delivery_url
        for account in remote
        if _shape(account.delivery_url, COMMUNITIES in account.implements, hosts, is_full) in shape
    ]


def _shape(url: str, speaks: bool, hosts: set[str], is_full: Callable[[str], bool]) -> Shape:
    try:
        host = domain_of(url)
    except ValueError:
        return Shape.IDS
    if speaks and is_full(host):
        return Shape.PEERS
    return Shape.SOFTWARE if host in hosts else Shape.IDS
