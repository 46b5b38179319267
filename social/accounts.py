"""Finding accounts, making local ones, and letting them go.

Look-ups by URI remember in the unit what was found and what was not, so a batch of activities that was preloaded asks
nothing more.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.accounts import Account
from models.base import Base
from models.feeds import (
    AccountList,
    Conversation,
    FeedEntry,
    ListMember,
    Marker,
    Notification,
    NotificationPermission,
    NotificationPolicy,
    NotificationRequest,
)
from models.filters import Filter
from models.imports import AccountImport
from models.new_rows import rows_where
from models.questions import WORDS, among
from models.relations import (
    AccountNote,
    Block,
    Bookmark,
    ConversationMute,
    DismissedSuggestion,
    DomainBlock,
    Endorsement,
    Favourite,
    FeaturedTag,
    Follow,
    Mute,
    TagFollow,
)
from models.statuses import Attachment, ScheduledStatus, Status
from social.digests import digests_changed
from social.tombstones import bury
from social.uploads import forget_files, forget_files_of

# Made once: building a statement costs more than SQLite needs for running it.
_BY_URI = rows_where(Account, among(Account.uri, "uris", WORDS))
_BY_ID = rows_where(Account, among(Account.id, "ids"))

# What concerned nobody but the account itself.
_PRIVATE = (
    *(Mute, DomainBlock, Bookmark, ConversationMute, AccountNote, Endorsement, FeaturedTag, TagFollow),
    *(DismissedSuggestion, AccountList, Filter, Marker, Conversation, ScheduledStatus, AccountImport),
    *(NotificationPolicy, NotificationRequest, NotificationPermission),
)


async def preload_accounts(unit: UnitOfWork, uris: Iterable[str]) -> None:
    """Look up many accounts with one query; the missing ones are remembered as missing."""
    wanted = [uri for uri in dict.fromkeys(uris) if uri not in unit.accounts]
    if not wanted:
        return
    unit.accounts.update(dict.fromkeys(wanted))
    for account in await unit.session.find(Account, _BY_URI, {"uris": wanted}):
        unit.accounts[account.uri] = account


async def preload_authors(unit: UnitOfWork, account_ids: Iterable[int]) -> None:
    """Look up the accounts with these ids with one query, so that getting one of them asks nothing more."""
    known = {account.id for account in unit.accounts.values() if account is not None}
    wanted = sorted(set(account_ids) - known)
    if wanted:
        for account in await unit.session.find(Account, _BY_ID, {"ids": wanted}):
            unit.accounts[account.uri] = account


async def account_by_uri(unit: UnitOfWork, uri: str) -> Account | None:
    """The account with this actor URI, local or remote, whether active or not."""
    await preload_accounts(unit, [uri])
    return unit.accounts[uri]


async def account_by_handle(session: AsyncSession, username: str, domain: str | None) -> Account | None:
    """The account of a handle; `domain` None means ours. Case of the name doesn't matter."""
    return (
        await session.scalars(
            select(Account).where(
                func.lower(Account.username) == username.lower(),
                Account.domain.is_(None) if domain is None else Account.domain == domain,
            )
        )
    ).first()


def new_local_account(
    unit: UnitOfWork,
    username: str,
    *,
    display_name: str = "",
    actor_type: str = "Person",
    account_id: int | None = None,
) -> Account:
    """A local account with its addresses; the caller makes its keys and, for a person, a User."""
    number = account_id if account_id is not None else unit.new_id()
    uri = unit.addresses.actor(number)
    account = Account(
        id=number,
        uri=uri,
        username=username,
        display_name=display_name,
        actor_type=actor_type,
        is_bot=actor_type in ("Application", "Service"),
        url=unit.addresses.profile(username),
        inbox_url=unit.addresses.part(uri, "inbox"),
        shared_inbox_url=unit.addresses.shared_inbox,
        outbox_url=unit.addresses.part(uri, "outbox"),
        followers_url=unit.addresses.part(uri, "followers"),
        following_url=unit.addresses.part(uri, "following"),
        featured_url=unit.addresses.part(uri, "collections/featured"),
        featured_tags_url=unit.addresses.part(uri, "collections/tags"),
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(account)
    unit.accounts[uri] = account
    return account


async def remove_account(unit: UnitOfWork, account: Account) -> None:
    """Forget what an account wrote and whom it knew; its row stays as a tombstone under the same URI."""
    own_statuses = select(Status.id).where(Status.account_id == account.id)
    followed = select(Follow.followee_id).where(Follow.follower_id == account.id, Follow.state == "accepted")
    followers = select(Follow.follower_id).where(Follow.followee_id == account.id, Follow.state == "accepted")
    for who, column in (
        (Account.id.in_(followed), "followers_count"),
        (Account.id.in_(followers), "following_count"),
    ):
        await unit.session.execute(
            update(Account)
            .where(who, getattr(Account, column) > 0)
            .values({column: getattr(Account, column) - 1})
            .execution_options(synchronize_session=False)
        )
    rows: tuple[tuple[type[Base], ColumnElement[bool]], ...] = (
        (FeedEntry, or_(FeedEntry.account_id == account.id, FeedEntry.status_id.in_(own_statuses))),
        (Notification, or_(Notification.account_id == account.id, Notification.from_account_id == account.id)),
        (Follow, or_(Follow.follower_id == account.id, Follow.followee_id == account.id)),
        (Block, or_(Block.account_id == account.id, Block.target_id == account.id)),
        (Favourite, Favourite.account_id == account.id),
        (Status, Status.account_id == account.id),
        *((table, table.account_id == account.id) for table in _PRIVATE),
        *((table, table.target_id == account.id) for table in (Mute, AccountNote, Endorsement)),
        (ListMember, ListMember.account_id == account.id),
    )
    digests_changed(unit)  # boosts by ours went with what they boosted
    if account.is_local:
        own_uploads = Attachment.account_id == account.id
        await forget_files_of(unit, own_uploads)
        await unit.session.execute(delete(Attachment).where(own_uploads).execution_options(synchronize_session=False))
        await forget_files(unit, [unit.addresses.media_key(url) for url in (account.avatar_url, account.header_url)])
    for table, condition in rows:
        await unit.session.execute(delete(table).where(condition).execution_options(synchronize_session=False))
    unit.blocks.clear()
    unit.boosts.clear()
    account.gone_at = unit.now
    account.updated_at = unit.now
    account.note_html = account.display_name = ""
    account.fields, account.avatar_url, account.header_url = [], None, None
    account.followers_count = account.following_count = account.statuses_count = 0
    await bury(unit, account.uri, kind=account.actor_type, owner_uri=account.uri)
