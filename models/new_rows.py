"""New rows of the hot path: objects like any other, without what the ORM does for each of them.

To make an object of forty columns attribute by attribute, and to insert it through the unit of work of the ORM, costs
more than everything else that is done for a note that arrives. `new_row` fills the object at once; a `WritingSession`
that is given it with `insert` writes all such rows of one table together, when it flushes, parents before children,
and holds them from then on as if they had been loaded. Until then they are to the session what `add` makes of an
object: nothing that a query finds.

Where the session also has accounts or statuses to write that were made in the ordinary way, theirs is the order, and
everything goes that way.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Table, insert
from sqlalchemy import inspect as inspect_model
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, make_transient_to_detached

from models.accounts import Account
from models.base import Base
from models.bulk import Bulk
from models.statuses import Status

Row = TypeVar("Row", bound=Base)


def new_row(model: type[Row], **values: Any) -> Row:
    """A row with these values, and for every other column its default or NULL."""
    constants, made = _defaults(model)
    row: Row = _mapper(model).class_manager.new_instance()
    row.__dict__.update(constants)
    row.__dict__.update({name: make(None) for name, make in made.items() if name not in values})
    row.__dict__.update(values)
    return row


class WritingSession(AsyncSession):
    """The session of a unit of work."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._new_rows: list[Base] = []

    def insert(self, row: Base) -> None:
        """Have a `new_row` written with the next flush."""
        self._new_rows.append(row)

    def insert_all(self, rows: Iterable[Base]) -> None:
        """The same for several."""
        self._new_rows.extend(rows)

    @property
    def unwritten(self) -> list[Any]:
        """Every row that the next flush inserts."""
        return [*self._new_rows, *self.new]

    async def flush(self, objects: Any = None) -> None:
        """Write new rows, then what the ORM has noticed."""
        rows, self._new_rows = self._new_rows, []
        if rows and any(isinstance(one, Account | Status) for one in self.new):
            self.add_all(rows)
        elif rows:
            await self._write(rows)
        await super().flush(objects)

    async def _write(self, rows: list[Base]) -> None:
        by_model: dict[type[Base], list[Base]] = {}
        for row in rows:
            by_model.setdefault(type(row), []).append(row)
        for model in sorted(by_model, key=_place):
            await _insertion(model).write(self, [row.__dict__ for row in by_model[model]])
        for row in rows:
            make_transient_to_detached(row)
        self.add_all(rows)


def _mapper(model: type[Base]) -> Mapper[Any]:
    return cast(Mapper[Any], inspect_model(model))


@cache
def _defaults(model: type[Base]) -> tuple[dict[str, Any], dict[str, Callable[[Any], Any]]]:
    """By column, what a row has that says nothing else: constants, and what has to be made for each row."""
    constants: dict[str, Any] = {}
    made: dict[str, Callable[[Any], Any]] = {}
    for column in _table(model).columns:
        default: Any = column.default
        if default is not None and default.is_callable:
            made[column.key] = default.arg
        else:
            constants[column.key] = None if default is None else default.arg
    return constants, made


@cache
def _insertion(model: type[Base]) -> Bulk:
    return Bulk(insert(_table(model)), [column.key for column in _table(model).columns])


@cache
def _place(model: type[Base]) -> int:
    """Tables that others refer to come first."""
    return Base.metadata.sorted_tables.index(_table(model))


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)
