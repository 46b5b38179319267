"""What is gone stays gone: URIs under which nothing is made again, also when the Delete arrives before the Create."""

from collections.abc import Iterable

from sqlalchemy import select

from models import UnitOfWork
from models.insertion import insert_missing
from models.statuses import Tombstone


async def bury(unit: UnitOfWork, uri: str, *, kind: str, owner_uri: str | None) -> None:
    """Remember that `uri` is gone, and who said so; the first word counts."""
    await insert_missing(
        unit.session, Tombstone, [{"uri": uri, "kind": kind, "owner_uri": owner_uri, "created_at": unit.now}]
    )


async def buried(unit: UnitOfWork, uris: Iterable[str]) -> dict[str, Tombstone]:
    """The tombstones among `uris`, by URI."""
    wanted = list(dict.fromkeys(uris))
    if not wanted:
        return {}
    found = await unit.session.scalars(select(Tombstone).where(Tombstone.uri.in_(wanted)))
    return {tombstone.uri: tombstone for tombstone in found}
