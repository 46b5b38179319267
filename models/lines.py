"""Whether a row stands before another one in a line: among those that are alike in some columns, by a last one.

Each database is told in the words that make it look once into the index over these columns. SQLite does so for
equalities. PostgreSQL takes equalities for conditions that another index may fulfil as well, and which one it takes
depends on what it has counted; of a comparison of rows, sorted by the same columns, only that index gives the first.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Table, select, tuple_
from sqlalchemy import literal_column as literally
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import Boolean


def one_before(table: Table, among: Any, *columns: str) -> ScalarSelect[Any]:
    """The id of a row that stands before the table's, or NULL; lines are alike in all `columns`, ids are their order.

    `among(source)` is the condition of the index over `columns` and `id`, which holds for whoever stands in a line.
    """
    earlier = table.alias("earlier")
    order = [earlier.c[name] for name in (*columns, "id")]
    return (
        select(earlier.c.id)
        .where(among(earlier), Before(order, [table.c[name] for name in (*columns, "id")]))
        .order_by(*order)
        .limit(literally("1"))
        .correlate(table)
        .scalar_subquery()
    )


class Before(ColumnElement[bool]):
    """Whether the first columns are equal to those of another row, and the last is less (and more than 0)."""

    __visit_name__ = "before"
    inherit_cache = True
    type = Boolean()
    _traverse_internals = [  # noqa: RUF012 (SQLAlchemy's name and form)
        ("columns", InternalTraversal.dp_clauseelement_list),
        ("others", InternalTraversal.dp_clauseelement_list),
    ]

    def __init__(self, columns: Sequence[Any], others: Sequence[Any]) -> None:
        self.columns = list(columns)
        self.others = list(others)

    def self_group(self, against: Any = None) -> Any:
        """As it stands: SQLAlchemy would compare it to 1 where there are no booleans."""
        return self


@compiles(Before, "sqlite")
def _on_sqlite(element: Before, compiler: Any, **options: Any) -> str:
    *alike, last = zip(element.columns, element.others, strict=True)
    conditions = [column == other for column, other in alike] + [last[0] < last[1]]
    return " AND ".join(compiler.process(condition, **options) for condition in conditions)


@compiles(Before, "postgresql")
def _on_postgresql(element: Before, compiler: Any, **options: Any) -> str:
    row, other = tuple_(*element.columns), tuple_(*element.others)
    beginning = tuple_(*element.others[:-1], literally("0"))
    return " AND ".join(compiler.process(condition, **options) for condition in (row > beginning, row < other))
