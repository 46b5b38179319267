"""New rows of the hot path: objects like any other, without what the ORM does for each of them.

To make an object of forty columns attribute by attribute, and to insert it through the unit of work of the ORM, costs
more than everything else that is done for a note that arrives. `new_row` fills the object at once; a `WritingSession`
that is given it with `insert` writes all such rows of one table together, when it flushes, parents before children,
and holds them from then on as if they had been loaded. Until then they are to the session what `add` makes of an
object: nothing that a query finds.

Reading is alike: `ask`, `find` and `find_one` give what a session's `execute`, `scalars` and `get_one` give, by
statements that are compiled once (`models.questions`).

Where the session also has accounts or statuses to write that were made in the ordinary way, theirs is the order, and
everything goes that way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Table, bindparam, insert, select
from sqlalchemy import inspect as inspect_model
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, make_transient_to_detached

from models.accounts import Account
from models.base import Base, BigInt
from models.bulk import Bulk
from models.questions import Question
from models.statuses import Status
from models.straight import StraightSession

Row = TypeVar("Row", bound=Base)


def new_row(model: type[Row], **values: Any) -> Row:
    """A row with these values, and for every other column its default or NULL."""
    new_instance, constants, made = _blank(model)
    row: Row = new_instance()
    columns = row.__dict__
    columns.update(constants)
    for name, make in made:
        if name not in values:
            columns[name] = make(None)
    columns.update(values)
    return row


async def insert_rows(session: AsyncSession, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert plain rows with one statement, and make no objects of them; what one leaves out is its default or NULL."""
    await _insertion(model).write(session, [with_defaults(model, row) for row in rows])


def with_defaults(model: type[Base], row: dict[str, Any]) -> dict[str, Any]:
    """The row with all columns of its table."""
    _, constants, made = _blank(model)
    return {**constants, **{name: make(None) for name, make in made if name not in row}, **row}


class WritingSession(StraightSession):
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

    async def ask(self, question: Question, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The answer as this transaction sees it, in plain rows. What wasn't flushed isn't in it."""
        straight = await self.straight()
        form = question.form(straight.dialect)
        return form.rows(await straight.rows(form.sql, form.arguments(values)))

    async def find_one(self, model: type[Row], row_id: int) -> Row:
        """The row with this id, as `get_one` gives it. Raises NoResultFound."""
        known = self._known(model, row_id)
        if known is not None:
            return known
        found = await self.find(model, _by_id(model), {"id": row_id})
        if not found:
            raise NoResultFound(f"no row of {_table(model).name} has the id {row_id}")
        return found[0]

    async def find(self, model: type[Row], question: Question, values: Mapping[str, Any]) -> list[Row]:
        """The rows that `rows_where` asks for, as a session's `scalars` gives them: what the session has already stays
        as it is there."""
        names = _table(model).columns.keys()
        found, new = [], []
        for columns in await self.ask(question, values):
            made = dict(zip(names, columns, strict=True))
            row = self._known(model, made["id"])
            if row is None:
                row = _mapper(model).class_manager.new_instance()
                row.__dict__.update(made)
                make_transient_to_detached(row)
                new.append(row)
            found.append(row)
        self.add_all(new)
        return found

    def _known(self, model: type[Row], row_id: int) -> Row | None:
        known: Row | None = self.identity_map.get(_mapper(model).identity_key_from_primary_key((row_id,)))
        return known

    @property
    def unwritten(self) -> list[Any]:
        """Every row that the next flush inserts."""
        return [*self._new_rows, *self.new]

    async def flush(self, objects: Any = None) -> None:
        """Write new rows, then what the ORM has noticed, if it has noticed something."""
        rows, self._new_rows = self._new_rows, []
        if rows and any(isinstance(one, Account | Status) for one in self.new):
            self.add_all(rows)
        elif rows:
            await self._write(rows)
        if self.new or self.deleted or self.identity_map.check_modified():
            await self.send_gathered()
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


def rows_where(model: type[Base], *conditions: ColumnElement[bool]) -> Question:
    """The question for whole rows, for `find`."""
    return Question(select(*_table(model).columns).where(*conditions))


@cache
def _by_id(model: type[Base]) -> Question:
    """The row with an `id`."""
    return rows_where(model, _table(model).c.id == bindparam("id", type_=BigInt))


@cache
def _mapper(model: type[Base]) -> Mapper[Any]:
    return cast(Mapper[Any], inspect_model(model))


@cache
def _blank(model: type[Base]) -> tuple[Callable[[], Any], dict[str, Any], list[tuple[str, Callable[[Any], Any]]]]:
    """How to make an empty object, and what a row has that says nothing else: constants, and what is made for each."""
    constants: dict[str, Any] = {}
    made: list[tuple[str, Callable[[Any], Any]]] = []
    for column in _table(model).columns:
        default: Any = column.default
        if default is not None and default.is_callable:
            made.append((column.key, default.arg))
        else:
            constants[column.key] = None if default is None else default.arg
    return _mapper(model).class_manager.new_instance, constants, made


@cache
def _insertion(model: type[Base]) -> Bulk:
    return Bulk(insert(_table(model)), [column.key for column in _table(model).columns], is_apart=True)


@cache
def _place(model: type[Base]) -> int:
    """Tables that others refer to come first."""
    return Base.metadata.sorted_tables.index(_table(model))


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)
