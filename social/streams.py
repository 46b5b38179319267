"""What happens to statuses, told to whoever is looking right now (`models.events`).

Promises one event for each thing that happened, whatever the number of readers. What was published long ago and only
arrives now (the parents of a reply, the posts of somebody who is new here) is no news.
"""

from datetime import timedelta

from sqlalchemy import bindparam, select

from models import UnitOfWork
from models.accounts import Account
from models.events import Event, Kind
from models.statuses import Mention, Status, StatusTag

NEWS_FOR = timedelta(hours=6)
_MENTIONED = (
    select(Mention.account_id)
    .join(Account, Account.id == Mention.account_id)
    .where(Mention.status_id == bindparam("status_id"), Account.domain.is_(None))
)
_TAGS = select(StatusTag.tag_id).where(StatusTag.status_id == bindparam("status_id"))
_BOOSTS = select(Status.id, Status.account_id).where(Status.boost_of_id == bindparam("status_id"))


def tell_made(unit: UnitOfWork, status: Status) -> None:
    """A status or a boost is new."""
    if unit.now - status.published_at < NEWS_FOR:
        unit.emit(Event(Kind.STATUS_MADE, status.id, status.account_id))


def tell_edited(unit: UnitOfWork, status: Status) -> None:
    """A status reads differently, or its quote is shown or not shown from now on."""
    unit.emit(Event(Kind.STATUS_EDITED, status.id, status.account_id))


async def tell_deleted(unit: UnitOfWork, status: Status) -> None:
    """A status is going: called before its rows are gone, since they say whom it reached. Its boosts go with it."""
    parameters = {"status_id": status.id}
    mentioned: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    if not status.is_boost:
        mentioned = tuple(await unit.session.scalars(_MENTIONED, parameters))
        tags = tuple(await unit.session.scalars(_TAGS, parameters))
        for boost_id, booster_id in await unit.session.execute(_BOOSTS, parameters):
            unit.emit(Event(Kind.STATUS_DELETED, boost_id, booster_id, word="boost"))
    word = "boost" if status.is_boost else status.visibility
    unit.emit(Event(Kind.STATUS_DELETED, status.id, status.account_id, ids=mentioned, tag_ids=tags, word=word))
