"""Statements for many rows at once, compiled once: what a batch of activities writes goes to the driver as tuples.

For each row that SQLAlchemy is given it works out again which parameters there are and what is made of each; for rows
that are all alike that is nine tenths of what writing them costs. A `Bulk` knows it from its first use on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from models.listing import of_lists
from models.straight import StraightSession
from models.values import dataclass

# Rows that go with others. For more, lists cost us more than a round trip (docs/decisions/0033-postgresql-speed.md).
FEW: Final = 32
# So many rows are lists. To take them one by one costs the server 15 to 40 µs more for each, and lists cost as much at
# least as two or three rows.
SEVERAL: Final = 4


@dataclass(frozen=True, slots=True)
class Form:
    """The statement as one database understands it: for each place in its SQL where the value comes from.

    A place has the name of a row's value with what is made of it, or (name None) a value that belongs to the statement.
    """

    sql: str
    places: tuple[tuple[str | None, Any], ...]

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The rows as the driver wants them."""
        if len(rows) == 1:
            return [tuple([_value(name, made, rows[0]) for name, made in self.places])]
        return list(zip(*self.columns(rows), strict=True))

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """The same by places: what all rows have in each."""
        return [_column(name, made, rows) for name, made in self.places]

    @property
    def listed(self) -> str | None:
        """The statement with a list for each place, on PostgreSQL; None where one can't be made of it."""
        return of_lists(self.sql)

    @property
    def is_upsert(self) -> bool:
        """Whether one statement refuses to have a row twice."""
        return " DO UPDATE " in self.sql

    def lists(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """The lists for it: those that have nothing but NULL are empty, as `unnest` fills up what is shorter."""
        columns = self.columns(rows)
        return [[] if column[0] is None and column.count(None) == len(column) else column for column in columns]


def _value(name: str | None, made: Any, row: Mapping[str, Any]) -> Any:
    """What a row has in one place."""
    if name is None:
        return made
    value = row[name]
    return value if made is None or value is None else made(value)


def _column(name: str | None, made: Any, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What all rows have in one place."""
    if name is None:
        return [made] * len(rows)
    if made is None:
        return [row[name] for row in rows]
    return [None if (value := row[name]) is None else made(value) for row in rows]


class Bulk:
    """An INSERT, UPDATE or DELETE to be run for many rows; every row has a value for each of `names`, None for NULL.

    The names are those of the columns of an INSERT without values of its own, or of the parameters of a statement.
    What `is_apart` looks at no rows but those of the table that it writes to, or that were there before it was asked
    to gather (`models.straight`). An upsert `has_each_once` if no two of its rows are about the same.
    """

    def __init__(
        self, statement: Any, names: Sequence[str], *, is_apart: bool = False, has_each_once: bool = False
    ) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._is_apart = is_apart
        self._has_each_once = has_each_once
        self._forms: dict[str, Form] = {}

    async def write(self, session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for the rows, in one round trip. Raises what `session.execute` would, and KeyError."""
        if not rows:
            return
        if isinstance(session, StraightSession):
            straight = await session.straight()
            form = self.form(straight.dialect)
            can_gather = session.is_gathering and self._is_apart and straight.can_gather
            gathered = _gathered(form, rows, several=session.gathers_several) if can_gather else None
            listed = self._listed(form) if straight.can_gather and len(rows) >= SEVERAL else None
            if gathered is not None:
                await straight.gather(self._statement.table.name, *gathered)
            elif listed is not None:
                await straight.rows(listed, form.lists(rows))
            else:
                await straight.write(form.sql, form.parameters(rows))
        else:
            await session.run_sync(self._write, rows)

    def _listed(self, form: Form) -> str | None:
        return None if form.is_upsert and not self._has_each_once else form.listed

    def _write(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        connection = session.connection()
        form = self.form(connection.dialect)
        connection.exec_driver_sql(form.sql, form.parameters(rows))

    def form(self, dialect: Dialect) -> Form:
        """The statement in a database's own words; made once for each kind of database."""
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _form(self._statement, self._names, dialect)
        return form


def _gathered(form: Form, rows: Sequence[Mapping[str, Any]], *, several: bool) -> tuple[str, Sequence[Any]] | None:
    """The statement that can be sent with others, and its arguments."""
    if len(rows) == 1:
        return form.sql, form.parameters(rows)[0]
    listed = of_lists(form.sql) if several and len(rows) <= FEW else None
    return None if listed is None else (listed, form.columns(rows))


def _form(statement: Any, names: tuple[str, ...], dialect: Dialect) -> Form:
    columns = [name for name in names if name in statement.table.columns] or None
    compiled = statement.compile(dialect=dialect, column_keys=columns, for_executemany=True)
    assert not compiled.insert_prefetch, "a column with a default is left out"
    state = compiled.construct_expanded_state(dict.fromkeys(names))
    types = {name: bind.type for bind, name in compiled.bind_names.items()}

    def place(name: str) -> tuple[str | None, Any]:
        convert = types[name].dialect_impl(dialect).bind_processor(dialect)
        if name in names:
            return name, convert
        value = state.parameters[name]
        return None, value if convert is None or value is None else convert(value)

    return Form(state.statement, tuple(place(name) for name in state.positiontup))
