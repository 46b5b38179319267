"""Likes, reactions and boosts. Each verb says whether it changed anything; a second time changes nothing."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select

from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_ignoring
from models.new_rows import new_row, rows_where
from models.questions import Question, among
from models.relations import Favourite
from models.statuses import Status
from models.visibility import Visibility
from social.counters import count
from social.notifications import notify, retract
from social.spreading import spread

MAX_REACTION_CHARACTERS = 64
# Of many boosters and many statuses, so it finds boosts that nobody asked for, too: without objects.
_BOOSTS = Question(
    select(Status.account_id, Status.boost_of_id, Status.id).where(
        among(Status.boost_of_id, "boosted"),
        Status.boost_of_id.is_not(None),  # said of the partial index: a list might be empty
        among(Status.account_id, "boosters"),
    )
)
_BY_IDS = rows_where(Status, among(Status.id, "ids"))


async def favourite(
    unit: UnitOfWork, account: Account, status: Status, author: Account, *, uri: str | None = None, content: str = ""
) -> bool:
    """Like a status, or react to it with an emoji (`content`, FEP-c0e0). The caller has checked that it is visible."""
    await unit.session.flush()
    statement = (
        insert_ignoring(unit.session, Favourite)
        .values(
            id=unit.new_id(),
            uri=uri,
            account_id=account.id,
            status_id=status.id,
            content=content[:MAX_REACTION_CHARACTERS],
            created_at=unit.now,
        )
        .returning(Favourite.id)
    )
    if (await unit.session.scalar(statement)) is None:
        return False
    if not content:
        count(unit, Status, "favourites_count", status.id)
    notify(unit, author, "favourite", account, status_id=status.id)
    return True


async def unfavourite(
    unit: UnitOfWork, account: Account, *, uri: str | None = None, status: Status | None = None, content: str = ""
) -> bool:
    """Take a like or reaction back, found by its own URI or by what it was for; only the account's own."""
    await unit.session.flush()
    matches = Favourite.uri == uri if status is None else Favourite.status_id == status.id
    query = select(Favourite).where(matches, Favourite.account_id == account.id)
    if status is not None:
        query = query.where(Favourite.content == content)
    found = (await unit.session.scalars(query)).first()
    if found is None:
        return False
    if not found.content:
        count(unit, Status, "favourites_count", found.status_id, -1)
    await unit.session.execute(delete(Favourite).where(Favourite.id == found.id))
    retract(unit, "favourite", account.id, status_id=found.status_id)
    return True


async def boost(
    unit: UnitOfWork,
    account: Account,
    status: Status,
    author: Account,
    *,
    uri: str | None = None,
    visibility: Visibility = Visibility.PUBLIC,
    published_at: datetime | None = None,
    boost_id: int | None = None,
) -> tuple[Status, bool]:
    """Share a status with one's followers: the boost and whether it is new. `policy.authority.may_boost` allowed it.

    `boost_id` is the number in its URI where it had one before.
    """
    existing = await find_boost(unit, account, status)
    if existing is not None:
        return existing, False
    if boost_id is None:
        boost_id = unit.new_id() if account.is_local else unit.new_id(published_at)
    shared = new_row(
        Status,
        id=boost_id,
        uri=uri or unit.addresses.status(account.id, boost_id) + "/activity",
        url=status.url,
        account_id=account.id,
        is_local=account.is_local,
        object_type="Announce",
        visibility=visibility.value,
        boost_of_id=status.id,
        conversation_id=status.conversation_id,
        published_at=min(published_at or unit.now, unit.now),
        created_at=unit.now,
        is_local_only=status.is_local_only,
    )
    unit.session.insert(shared)
    unit.statuses[shared.uri] = shared
    unit.boosts[account.id, status.id] = shared
    count(unit, Status, "boosts_count", status.id)
    await spread(unit, shared, account)
    notify(unit, author, "reblog", account, status_id=status.id)
    return shared, True


async def preload_boosts(unit: UnitOfWork, pairs: Iterable[tuple[int, int]]) -> None:
    """Look up many boosts with one query, by the ids of booster and status; the missing ones are remembered so."""
    wanted = set(pairs) - unit.boosts.keys()
    if not wanted:
        return
    await unit.session.flush()
    unit.boosts.update(dict.fromkeys(wanted))
    parameters = {"boosters": sorted({one for one, _ in wanted}), "boosted": sorted({other for _, other in wanted})}
    found = await unit.session.ask(_BOOSTS, parameters)
    ids = [boost_id for booster_id, boosted_id, boost_id in found if (booster_id, boosted_id) in wanted]
    if ids:
        for shared in await unit.session.find(Status, _BY_IDS, {"ids": ids}):
            unit.boosts[shared.account_id, shared.boost_of_id or 0] = shared


async def find_boost(unit: UnitOfWork, account: Account, status: Status) -> Status | None:
    """The account's boost of a status."""
    await preload_boosts(unit, [(account.id, status.id)])
    return unit.boosts[account.id, status.id]
