"""What somebody takes along to another server: their lists as rows of CSV, in Mastodon's columns, one query each."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.addresses import LocalAddresses
from models.feeds import AccountList, ListMember
from models.insertion import AnySelect
from models.relations import Block, Bookmark, DomainBlock, Follow, Mute
from models.statuses import Status
from models.values import dataclass
from policy.visibility import visible_to
from social.follows import ACCEPTED
from social.imports import BLOCKS, BOOKMARKS, DOMAIN_BLOCKS, FOLLOWS, LISTS, MUTES

MAX_ROWS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Exported:
    """A row: the id of what it names (account, list member, status; 0 for a domain), and its cells."""

    id: int
    cells: list[Any]


async def exported_rows(
    session: AsyncSession, addresses: LocalAddresses, account: Account, kind: str
) -> list[Exported]:  # fmt: skip
    """The rows of one kind (`social.imports.KINDS`), the oldest first."""
    query, cells = _EXPORTS[kind]
    rows = await session.execute(query(account.id).limit(MAX_ROWS))
    return [Exported(row.id, cells(row, addresses)) for row in rows]


def _acct(row: Any, addresses: LocalAddresses) -> str:
    return f"{row.username}@{row.domain or addresses.domain}"


def _others(edge: Any, other: ColumnElement[int], condition: ColumnElement[bool], *more: Any) -> AnySelect:
    return (
        select(Account.id, Account.username, Account.domain, *more)
        .join(edge, other == Account.id)
        .where(condition, Account.gone_at.is_(None))
        .order_by(edge.id)
    )


def _followed(account_id: int) -> AnySelect:
    mine = and_(Follow.follower_id == account_id, Follow.state == ACCEPTED)
    return _others(
        Follow, Follow.followee_id.expression, mine, Follow.shows_boosts, Follow.notifies, Follow.languages
    )  # fmt: skip


def _blocked(account_id: int) -> AnySelect:
    return _others(Block, Block.target_id.expression, Block.account_id == account_id)


def _muted(account_id: int) -> AnySelect:
    return _others(Mute, Mute.target_id.expression, Mute.account_id == account_id, Mute.hides_notifications)


def _domains(account_id: int) -> AnySelect:
    return (
        select(DomainBlock.id, DomainBlock.domain).where(DomainBlock.account_id == account_id).order_by(DomainBlock.id)
    )


def _listed(account_id: int) -> AnySelect:
    return (
        select(ListMember.account_id.label("id"), AccountList.title, Account.username, Account.domain)
        .join(AccountList, AccountList.id == ListMember.list_id)
        .join(Account, Account.id == ListMember.account_id)
        .where(AccountList.account_id == account_id)
        .order_by(AccountList.id, ListMember.id)
    )


def _bookmarked(account_id: int) -> AnySelect:
    return (
        select(Status.id, Status.uri)
        .join(Bookmark, Bookmark.status_id == Status.id)
        .where(Bookmark.account_id == account_id, visible_to(account_id))
        .order_by(Bookmark.id)
    )


Cells = Callable[[Any, LocalAddresses], list[Any]]
_EXPORTS: Final[dict[str, tuple[Callable[[int], AnySelect], Cells]]] = {
    FOLLOWS: (
        _followed,
        lambda row, own: [_acct(row, own), row.shows_boosts, row.notifies, ", ".join(row.languages or ())],
    ),
    BLOCKS: (_blocked, lambda row, own: [_acct(row, own)]),
    MUTES: (_muted, lambda row, own: [_acct(row, own), row.hides_notifications]),
    DOMAIN_BLOCKS: (_domains, lambda row, _: [row.domain]),
    LISTS: (_listed, lambda row, own: [row.title, _acct(row, own)]),
    BOOKMARKS: (_bookmarked, lambda row, _: [row.uri]),
}
