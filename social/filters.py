"""Filters as their owner changes them; `policy.filters` applies them. Every change is an event for who is looking."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select

from models import UnitOfWork
from models.accounts import Account
from models.events import Event, Kind
from models.filters import Filter, FilterKeyword, FilterStatus
from models.values import dataclass
from policy.limits import FILTER_KEYWORDS, FILTER_STATUSES, FILTERS
from social.quotas import QuotaReached, require_room


@dataclass(frozen=True, slots=True)
class KeywordChange:
    """What is wanted of one keyword: a new one without `id`; with it, other words, or none (`is_removed`)."""

    id: int | None = None
    keyword: str | None = None
    is_whole_word: bool | None = None
    is_removed: bool = False


class NoSuchKeyword(Exception):
    """A change names a keyword that isn't the filter's."""


class AlreadyFiltered(Exception):
    """The filter names this status already."""


async def create_filter(
    unit: UnitOfWork,
    owner: Account,
    *,
    title: str,
    contexts: Sequence[str],
    action: str = "warn",
    expires_at: datetime | None = None,
    keywords: Iterable[KeywordChange] = (),
) -> Filter:
    """Make a filter with its keywords. Raises QuotaReached, NoSuchKeyword."""
    await require_room(unit, Filter, Filter.account_id == owner.id, FILTERS, "filters")
    made = Filter(
        id=unit.new_id(), account_id=owner.id, title=title, contexts=list(contexts), action=action,
        expires_at=expires_at, created_at=unit.now, updated_at=unit.now,
    )  # fmt: skip
    unit.session.add(made)
    await unit.session.flush()
    await change_keywords(unit, made, keywords)
    return made


async def change_keywords(unit: UnitOfWork, owned: Filter, changes: Iterable[KeywordChange]) -> list[FilterKeyword]:
    """Add, change and remove keywords of a filter; what was added or changed. Raises QuotaReached, NoSuchKeyword."""
    found = await unit.session.scalars(select(FilterKeyword).where(FilterKeyword.filter_id == owned.id))
    known = {row.id: row for row in found}
    touched = []
    for change in changes:
        if change.id is None:
            if change.is_removed or change.keyword is None:
                continue
            row = FilterKeyword(id=unit.new_id(), filter_id=owned.id, keyword=change.keyword,
                                is_whole_word=bool(change.is_whole_word))  # fmt: skip
            unit.session.add(row)
            known[row.id] = row
        elif change.id not in known:
            raise NoSuchKeyword
        elif change.is_removed:
            await unit.session.delete(known.pop(change.id))
            continue
        else:
            row = known[change.id]
            row.keyword = row.keyword if change.keyword is None else change.keyword
            row.is_whole_word = row.is_whole_word if change.is_whole_word is None else change.is_whole_word
        touched.append(row)
    if len(known) > FILTER_KEYWORDS:
        raise QuotaReached(f"There can be {FILTER_KEYWORDS} keywords at most")
    filter_changed(unit, owned)
    await unit.session.flush()
    return touched


async def add_status(unit: UnitOfWork, owned: Filter, status_id: int) -> FilterStatus:
    """Have a filter catch one status. Raises AlreadyFiltered, QuotaReached."""
    mine = FilterStatus.filter_id == owned.id
    query = select(func.count()).select_from(FilterStatus).where(mine, FilterStatus.status_id == status_id)
    if await unit.session.scalar(query):
        raise AlreadyFiltered
    await require_room(unit, FilterStatus, mine, FILTER_STATUSES, "statuses in a filter")
    made = FilterStatus(id=unit.new_id(), filter_id=owned.id, status_id=status_id)
    unit.session.add(made)
    filter_changed(unit, owned)
    await unit.session.flush()
    return made


async def remove_part(unit: UnitOfWork, owned: Filter, part: FilterKeyword | FilterStatus) -> None:
    """Remove a keyword or a status of a filter."""
    await unit.session.delete(part)
    filter_changed(unit, owned)


async def delete_filter(unit: UnitOfWork, owned: Filter) -> None:
    """Remove a filter with everything in it."""
    filter_changed(unit, owned)
    await unit.session.flush()
    await unit.session.delete(owned)


def filter_changed(unit: UnitOfWork, owned: Filter) -> None:
    """To be called after a filter's own columns were set."""
    owned.updated_at = unit.now
    unit.emit(Event(Kind.FILTERS_CHANGED, account_id=owned.account_id))
