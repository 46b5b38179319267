"""The declarative base, the column types that every table shares, and what a row promises.

Times are aware UTC on both databases (SQLite stores them without a zone). Ids are 63-bit integers that sort by
time (see `models.ids`). Relationships, where there are any, are `lazy="raise"`: a query that nobody wrote is an error.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from models.postgresql import JsonType

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigInt = BigInteger().with_variant(Integer(), "sqlite")
Json = JsonType()


_TEXT_CHARACTERS = len("2020-01-01 00:00:00.000000")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; a naive one is refused rather than guessed at."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def bind_processor(self, dialect: Dialect) -> Any:
        """On SQLite straight to its text: there are several times in every row, and this is three calls fewer each."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """On SQLite straight from its text; PostgreSQL's driver gives aware times, but for the first of all."""
        return _from_text if dialect.name == "sqlite" else _aware


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("a datetime without a time zone can't be stored")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).isoformat(" ", "microseconds")[:_TEXT_CHARACTERS]


def _aware(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


type_annotations: dict[Any, Any] = {
    int: BigInt,
    str: Text(),
    bytes: LargeBinary(),
    datetime: UtcDateTime(),
    dict[str, Any]: Json,
    dict[str, bool]: Json,
    list[int]: Json,
    list[Any]: Json,
    list[str]: Json,
    list[dict[str, Any]]: Json,
}


class Base(DeclarativeBase):
    """What every table derives from."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = type_annotations


Id = Annotated[int, mapped_column(BigInt, primary_key=True, autoincrement=False)]
