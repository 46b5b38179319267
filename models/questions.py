"""Queries that are asked all the time: built and compiled once, then run on the driver itself.

To open a session and execute a statement costs 0.3 ms of CPU before SQLite does anything, and SQLite needs a tenth of
that. What a client reads most (`api.statuses.pages`) is therefore asked by a `Question`: SQL that was compiled at its
first use, values in their order, and for each column what makes a value of it. Rows come as plain tuples.

Everything else about a query stays as it is: the statement is SQLAlchemy's, so that policy's conditions are in it, and
the connection comes from the pool. Nothing is written here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ClauseElement,
    ColumnElement,
    Dialect,
    Engine,
    SQLColumnExpression,
    Text,
    bindparam,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import Boolean, TypeDecorator

from models.proofs import Asked, Proof
from models.values import dataclass

Row = tuple[Any, ...]
Statement = Any  # a ClauseElement with rows


class _AsJson(TypeDecorator[Any]):
    """A list as SQLite can read one: in JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(list(value)).decode()


IDS: Final = ARRAY(BigInteger).with_variant(_AsJson(), "sqlite")
WORDS: Final = ARRAY(Text).with_variant(_AsJson(), "sqlite")


class Among(ColumnElement[bool]):
    """Whether a column has one of the values of a list that is a single parameter: `IN` would be written anew for
    every length of it."""

    __visit_name__ = "among"
    inherit_cache = True
    type = Boolean()
    _traverse_internals = [  # noqa: RUF012 (SQLAlchemy's name and form)
        ("column", InternalTraversal.dp_clauseelement),
        ("listed", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Any, listed: Any) -> None:
        self.column = column
        self.listed = listed

    def self_group(self, against: Any = None) -> Any:
        """As it stands: SQLAlchemy would compare it to 1 where there are no booleans, and no index helps with that."""
        return self


def among(column: SQLColumnExpression[Any], name: str, kind: Any = IDS) -> ColumnElement[bool]:
    """The condition that `column` is one of the values given as `name`, which are `IDS` or `WORDS`."""
    return Among(column.__clause_element__() if hasattr(column, "__clause_element__") else column,
                 bindparam(name, type_=kind))  # fmt: skip


def looked_up(key: SQLColumnExpression[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is a row for which the conditions hold, as a value: looked up for each row of the query around. A
    `key` that the index has spares the look at the row itself.

    What `EXISTS` says may be joined, and PostgreSQL then reads all that somebody ever did to find what they did to
    twenty posts.
    """
    return select(key).where(*conditions).limit(1).scalar_subquery().is_not(None)


@compiles(Among, "sqlite")
def _on_sqlite(element: Among, compiler: Any, **options: Any) -> str:
    column, listed = compiler.process(element.column, **options), compiler.process(element.listed, **options)
    return f"{column} IN (SELECT value FROM json_each({listed}))"


@compiles(Among, "postgresql")
def _on_postgresql(element: Among, compiler: Any, **options: Any) -> str:
    column, listed = compiler.process(element.column, **options), compiler.process(element.listed, **options)
    return f"{column} = ANY ({listed})"


@dataclass(frozen=True, slots=True)
class Form:
    """A question as one database understands it.

    `order` are the names of all parameters in the order of the SQL, `values` those that are given at each use with what
    is made of a value, `fixed` those that belong to the statement, and `reads` what is made of the columns that the
    driver doesn't give as they are.
    """

    sql: str
    order: tuple[str, ...]
    values: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    fixed: Mapping[str, Any]
    reads: tuple[tuple[int, Callable[[Any], Any]], ...]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """The values in the order in which the SQL names them. Raises KeyError for one that is missing."""
        made = {**self.fixed}
        for name, convert in self.values:
            made[name] = given[name] if convert is None else convert(given[name])
        return [made[name] for name in self.order]

    def rows(self, raw: Sequence[Any]) -> list[Row]:
        """What the driver found, as the columns' types want it."""
        if not self.reads:
            return [tuple(row) for row in raw]
        rows = []
        for row in raw:
            values = list(row)
            for number, convert in self.reads:
                values[number] = convert(values[number])
            rows.append(tuple(values))
        return rows


class Question:
    """A query to be asked often; `values` are given by name at each use.

    The statement may be given as a function that builds it: it is built at the first use, and only its SQL is kept.
    """

    def __init__(self, statement: Statement | Callable[[], Statement]) -> None:
        self._statement = statement
        self._forms: dict[str, Form] = {}

    def form(self, dialect: Dialect) -> Form:
        """The question in a database's own words; made once for each kind of database."""
        form = self._forms.get(dialect.name)
        if form is None:
            given = self._statement
            statement = given if isinstance(given, ClauseElement) else given()
            form = self._forms[dialect.name] = _form(statement, dialect)
        return form


class Glance:
    """A look at the database: what is asked in it is answered from one state of it on SQLite, and by the newest one at
    each question on PostgreSQL, as in `Database.reading`."""

    def __init__(self, engine: Engine, connection: Any) -> None:
        self._engine = engine
        self._connection = connection
        self._asked: list[Asked] = []

    async def ask(self, question: Question, values: Mapping[str, Any]) -> list[Row]:
        """The rows of the answer."""
        form = question.form(self._engine.dialect)
        arguments = form.arguments(values)
        rows = await self._rows(form.sql, arguments)
        self._asked.append(Asked(form.sql, arguments, rows))
        return form.rows(rows)

    def proof(self) -> Proof:
        """What was asked in this look until now, and what was found."""
        return Proof.of(self._asked)

    async def confirms(self, proof: Proof) -> bool:
        """Whether the questions of a proof find now what they found then."""
        return proof.holds([await self._rows(sql, arguments) for sql, arguments in proof.questions])

    def confirms_at_once(self, proof: Proof) -> bool:
        """The same where nobody has to be waited for: on SQLite."""
        return proof.holds([self._rows_at_once(sql, arguments) for sql, arguments in proof.questions])

    async def _rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        if self._engine.dialect.name == "sqlite":
            return self._rows_at_once(sql, arguments)
        self._tell(sql, arguments)
        rows: Sequence[Any] = await self._connection.fetch(sql, *arguments)
        return rows

    def _rows_at_once(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        self._tell(sql, arguments)
        rows: Sequence[Any] = self._connection.execute(sql, arguments).fetchall()
        return rows

    def _tell(self, sql: str, arguments: Sequence[Any]) -> None:
        """Whoever counts statements hears of these too."""
        for heard in self._engine.dispatch.before_cursor_execute:
            heard(None, None, sql, arguments, None, False)


def _form(statement: Statement, dialect: Dialect) -> Form:
    compiled = statement.compile(dialect=dialect)
    asked = {bind.key: bind.type for bind in compiled.binds.values() if bind.required}
    state = compiled.construct_expanded_state(dict.fromkeys(asked))
    fixed = {name: value for name, value in state.parameters.items() if name not in asked}
    values = tuple((name, kind.dialect_impl(dialect).bind_processor(dialect)) for name, kind in asked.items())
    reads = [(number, _read(column.type, dialect)) for number, column in enumerate(statement.exported_columns)]
    used = tuple((number, read) for number, read in reads if read is not None)
    return Form(state.statement, tuple(state.positiontup), values, fixed, used)


def _read(kind: Any, dialect: Dialect) -> Any:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
