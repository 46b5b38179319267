"""How those who follow a community read it: whole activities, or ids.

| shape | who | gets |
|---|---|---|
| peers | offices that made the handshake and have communities like ours | whole activities, also in terms of our own |
| software | a make that reads FEP-1b12 and has private communities, by NodeInfo | the same in common terms |
| open software | a make that reads FEP-1b12 and shows to everybody what it is sent | the same, but for secrets |
| ids | everybody else | boosts of what opens a thread; edits and deletions as their authors sent them |

An inbox is in one of the four. Three queries, however many follow.
"""

from collections.abc import Callable, Iterable
from dataclasses import field
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
from models.values import dataclass
from policy.communities import KEEPS_AMONG_MEMBERS, READS_ACTIVITIES

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
    *(
        select(host, func.lower(software).in_(KEEPS_AMONG_MEMBERS)).where(func.lower(software).in_(READS_ACTIVITIES))
        for host, software in ((Peer.domain, Peer.software), (RemoteHost.host, RemoteHost.software))
    )
)


class Shape(Flag):
    """Which of the readers."""

    PEERS = auto()
    SOFTWARE = auto()
    IDS = auto()
    OPEN_SOFTWARE = auto()
    ACTIVITIES = PEERS | SOFTWARE | OPEN_SOFTWARE
    FOR_MEMBERS = PEERS | SOFTWARE


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
    makes = await _makes(session) if rows else {}
    found: dict[Shape, list[str]] = {}
    for url, speaks in rows:
        found.setdefault(_shape(url, bool(speaks), makes, is_full), []).append(url)
    return Readers(found)


async def inboxes_reading(
    session: AsyncSession, shape: Shape, accounts: Iterable[Account], *, is_full: Callable[[str], bool]
) -> list[str]:
    """Where those of some accounts read who read this shape, followers or not."""
    remote = [account for account in accounts if not account.is_local and account.is_active]
    makes = await _makes(session) if remote else {}
    return [
        account.delivery_url
        for account in remote
        if _shape(account.delivery_url, COMMUNITIES in account.implements, makes, is_full) in shape
    ]


async def _makes(session: AsyncSession) -> dict[str, bool]:
    """The servers that read FEP-1b12, and whether they keep among members what is for them."""
    found: dict[str, bool] = {}
    for host, keeps in await session.execute(_HOSTS):
        found[host] = keeps or found.get(host, False)
    return found


def _shape(url: str, speaks: bool, makes: dict[str, bool], is_full: Callable[[str], bool]) -> Shape:
    try:
        host = domain_of(url)
    except ValueError:
        return Shape.IDS
    if speaks and is_full(host):
        return Shape.PEERS
    if host not in makes:
        return Shape.IDS
    return Shape.SOFTWARE if makes[host] else Shape.OPEN_SOFTWARE
