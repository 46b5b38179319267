"""What an office knows, read from its database: for tests that assert state, not only status codes."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from models.accounts import Account
from models.activities import InboundActivity
from models.feeds import FeedEntry, Notification
from models.relations import Block, Favourite, Follow
from models.statuses import Status
from tests.peers import Office, Person

FeedStatus = aliased(Status)


async def home_uris(person: Person) -> list[str]:
    """URIs of the statuses in somebody's home timeline, newest first; a boost stands for what it boosts."""
    boosted = select(Status.uri).where(Status.id == FeedStatus.boost_of_id).scalar_subquery()
    query = (
        select(func.coalesce(boosted, FeedStatus.uri))
        .join(FeedEntry, FeedEntry.status_id == FeedStatus.id)
        .where(FeedEntry.account_id == person.id)
        .order_by(FeedStatus.id.desc())
    )
    async with person.office.services.database.reading() as session:
        return list(await session.scalars(query))


async def status(office: Office, uri: str) -> Status | None:
    """The status with this URI."""
    async with office.services.database.reading() as session:
        return (await session.scalars(select(Status).where(Status.uri == uri))).first()


async def account(office: Office, uri: str) -> Account | None:
    """The account with this actor URI."""
    async with office.services.database.reading() as session:
        return (await session.scalars(select(Account).where(Account.uri == uri))).first()


async def follower_uris(office: Office, followee_uri: str, *, state: str = "accepted") -> list[str]:
    """Who follows the account."""
    followee = select(Account.id).where(Account.uri == followee_uri).scalar_subquery()
    query = select(Account.uri).join(Follow, Follow.follower_id == Account.id)
    async with office.services.database.reading() as session:
        return list(await session.scalars(query.where(Follow.followee_id == followee, Follow.state == state)))


async def favourites(office: Office, status_uri: str) -> list[tuple[str, str]]:
    """Who likes the status, and with which emoji."""
    query = (
        select(Account.uri, Favourite.content)
        .join(Favourite, Favourite.account_id == Account.id)
        .join(Status, Status.id == Favourite.status_id)
        .where(Status.uri == status_uri)
    )
    async with office.services.database.reading() as session:
        return [tuple(row) for row in await session.execute(query)]


async def notices(person: Person) -> list[tuple[str, str]]:
    """Kind and sender of somebody's notifications, oldest first."""
    query = (
        select(Notification.kind, Account.uri)
        .join(Account, Account.id == Notification.from_account_id)
        .where(Notification.account_id == person.id)
        .order_by(Notification.id)
    )
    async with person.office.services.database.reading() as session:
        return [tuple(row) for row in await session.execute(query)]


async def blocks(office: Office) -> list[tuple[int, int]]:
    """Every block, as pairs of account ids."""
    async with office.services.database.reading() as session:
        return [tuple(row) for row in await session.execute(select(Block.account_id, Block.target_id))]


async def journal(office: Office) -> list[tuple[str, str, str | None]]:
    """Type, state and outcome of what was received, oldest first."""
    query = select(InboundActivity.activity_type, InboundActivity.state, InboundActivity.outcome)
    async with office.services.database.reading() as session:
        return [tuple(row) for row in await session.execute(query.order_by(InboundActivity.id))]


async def count(office: Office, table: type, *where: ColumnElement[bool]) -> int:
    """How many rows, of all or of those for which `where` holds."""
    async with office.services.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table).where(*where)) or 0
