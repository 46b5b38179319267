"""Rows as lines of JSON, the same whichever database they come from or go to.

The manifest of a backup says each table's columns and their *kinds*, and rows are lists of values in that order. A
restore builds its tables from the manifest, not from today's models, so that a backup of an older version can be loaded
into the tables of its revision and migrated from there.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from models.base import Base, BigInt, Json, UtcDateTime
from models.office import CachedFile
from models.postgresql import JsonType
from models.search import IndexFilling, StatusText

# What stays out: copies of other servers' files, which come again when somebody looks at them, and the index of
# search, which the office fills by itself.
LEFT_OUT: Final = frozenset(table.__tablename__ for table in (CachedFile, StatusText, IndexFilling))

_TYPES: Final[dict[str, Any]] = {
    "bytes": sa.LargeBinary(),
    "time": UtcDateTime(),
    "day": sa.Date(),
    "json": Json,
    "flag": sa.Boolean(),
    "whole": BigInt,
    "number": sa.Float(),
    "text": sa.Text(),
}


def kind_of(column: sa.Column[Any]) -> str:
    """The kind of a column; `derived` is what the database makes out of other columns."""
    kinds: tuple[tuple[type[Any] | tuple[type[Any], ...], str], ...] = (
        (sa.LargeBinary, "bytes"),
        ((UtcDateTime, sa.DateTime), "time"),
        (sa.Date, "day"),
        (JsonType, "json"),
        (sa.Boolean, "flag"),
        (sa.Integer, "whole"),
        ((sa.Numeric, sa.Float), "number"),  # SQLAlchemy 2.1 makes them two families
        (sa.String, "text"),
    )
    return next((name for type_, name in kinds if isinstance(column.type, type_)), "derived")


def tables_to_save() -> list[sa.Table]:
    """Every table whose rows belong into a backup."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


def columns_of(table: sa.Table) -> list[list[str]]:
    """Names and kinds, for the manifest."""
    return [[str(column.name), kind_of(column)] for column in table.columns if column.computed is None]


def table_from(name: str, columns: Sequence[Sequence[str]]) -> sa.Table:
    """A table to insert into, as the manifest describes it."""
    return sa.Table(name, sa.MetaData(), *(sa.Column(column, _TYPES[kind]) for column, kind in columns))


def line_of(values: Sequence[Any]) -> bytes:
    """A row as a line."""
    return orjson.dumps([_packed(value) for value in values], option=orjson.OPT_APPEND_NEWLINE)


def row_of(line: bytes, columns: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A line as a row."""
    values = orjson.loads(line)
    return {name: _unpacked(value, kind) for (name, kind), value in zip(columns, values, strict=True)}


def _packed(value: Any) -> Any:
    return b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _unpacked(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "bytes":
        return b64decode(value)
    if kind == "day":
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if kind == "time" else value
