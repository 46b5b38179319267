"""What only PostgreSQL knows, said without SQLAlchemy's module for it: an office on SQLite doesn't carry that one
(2.3 MiB). It is loaded when an engine for PostgreSQL is made, or an `INSERT` for it.

`Index(…, postgresql_where=…)` would load it as well, and `sqlite_where` the other database's. So partial indexes are
made by `partial_index`, and what PostgreSQL alone wants of an index is told by `Index(…, info=only_here(…))`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from sqlalchemy import DDL, JSON, Dialect, Index, MetaData, Table, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.types import TypeDecorator, UserDefinedType

PLANNED_ONCE: Final = "force_generic_plan"
BOTH: Final = ("sqlite", "postgresql")


class Named(UserDefinedType[str]):
    """A type by its name in SQL."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_options: Any) -> str:
        return self.name


TSVECTOR = Named("TSVECTOR")
TSQUERY = Named("TSQUERY")
REGCONFIG = Named("REGCONFIG")
JSONB = Named("JSONB")  # for a text that is read as JSON; columns have `JsonType`


class JsonType(TypeDecorator[Any]):
    """JSON: as text on SQLite, as JSONB on PostgreSQL. None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name != "postgresql":
            return super().load_dialect_impl(dialect)
        from sqlalchemy.dialects import postgresql

        return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """A key is text and no JSON."""
        return self.impl_instance.coerce_compared_value(op, value)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows only for which the condition holds, on both databases."""
    options = {"where": text(where)}
    return Index(name, *columns, unique=unique, info=dict.fromkeys(BOTH, options))


def where_true(column: str) -> dict[str, Any]:
    """The `info` of an index of those rows only for which a boolean column is true; a query says `WHERE column`.

    Each database uses it for the very words that SQLAlchemy makes of that.
    """
    return {"sqlite": {"where": text(f"{column} = 1")}, "postgresql": {"where": text(column)}}


def only_here(**options: Any) -> dict[str, Any]:
    """The `info` of an index that has these options on PostgreSQL."""
    return {"postgresql": options}


def never_count(table: Table, column: str) -> None:
    """Have PostgreSQL keep no statistics of a column whose values change faster than it counts them.

    A queue is empty whenever somebody counts. A planner that knows so takes any way through a thousand rows for as good
    as any other, and went through all of them for each of them (docs/decisions/0030-queue.md).
    """
    ddl: Any = DDL  # SQLAlchemy says nothing of its arguments
    statement = ddl(f"ALTER TABLE {table.name} ALTER COLUMN {column} SET STATISTICS 0")
    event.listen(table, "after_create", statement.execute_if(dialect="postgresql"))


@asynccontextmanager
async def planned_for_its_values(session: AsyncSession) -> AsyncIterator[None]:
    """Have PostgreSQL plan each statement of the block anew, for the values that it is given.

    Our connections plan a statement once: a plan for any values is as good for nearly all of ours, and making one often
    costs more than running it (docs/decisions/0036-plans.md). It is not where one value finds a hundred times as many
    rows as another, such as a word, or where the index needs to know the value, as for `LIKE`.
    """
    if session.get_bind().dialect.name == "sqlite":
        yield
        return
    await session.execute(text("SET plan_cache_mode = force_custom_plan"))
    try:
        yield
    finally:
        # A transaction that failed sets it back by itself.
        with suppress(DBAPIError):
            await session.execute(text(f"SET plan_cache_mode = {PLANNED_ONCE}"))


def tell_options(metadata: MetaData) -> MetaData:
    """Give all indexes the options that both dialects look for; making one does that by itself."""
    for table in metadata.tables.values():
        for index in table.indexes:
            for dialect in BOTH:
                _tell_options(index, dialect)
    return metadata


def _tell_options(index: Index, dialect: str) -> None:
    if dialect in index.info:
        index.dialect_options[dialect].update(index.info[dialect])


@compiles(CreateIndex, *BOTH)
def _create_index(statement: CreateIndex, compiler: Any, **options: Any) -> Any:
    _tell_options(statement.element, compiler.dialect.name)
    return compiler.visit_create_index(statement, **options)
