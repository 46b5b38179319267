"""What is gone stays gone: URIs under which nothing is made again, also when the Delete arrives before the Create."""

from collections.abc import Iterable

from sqlalchemy import select

from models import UnitOfWork
from models.insertion import insert_missing
from models.questions import WORDS, Question, among
from models.statuses import Tombstone

_BURIED = Question(select(Tombstone.uri, Tombstone.owner_uri).where(among(Tombstone.uri, "uris", WORDS)))


async def bury(unit: UnitOfWork, uri: str, *, kind: str, owner_uri: str) -> None:
    """Remember that `owner_uri` said that `uri` is gone, for who comes later in this unit too."""
    unit.buried.add((uri, owner_uri))
    await insert_missing(
        unit.session, Tombstone, [{"uri": uri, "kind": kind, "owner_uri": owner_uri, "created_at": unit.now}]
    )


async def preload_buried(unit: UnitOfWork, uris: Iterable[str]) -> None:
    """Have the unit know which of `uris` are gone."""
    unit.buried |= await buried(unit, uris)


async def buried(unit: UnitOfWork, uris: Iterable[str]) -> set[tuple[str, str]]:
    """Those among `uris` that somebody said to be gone, as pairs of URI and owner."""
    wanted = list(dict.fromkeys(uris))
    if not wanted:
        return set()
    return {(uri, owner_uri) for uri, owner_uri in await unit.session.ask(_BURIED, {"uris": wanted})}
