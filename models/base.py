"""The declarative base, the column types that every table shares, and what a row promises.

Times are aware UTC on both databases (SQLite stores them without a zone). Ids are 63-bit integers that sort by
time (see `models.ids`). Relationships, where there are any, are `lazy="raise"`: a query that nobody wrote is an error.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigInt = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; a naive one is refused rather than guessed at."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone can't be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


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
