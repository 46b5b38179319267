"""Further names of tables, made at their first use.

An alias copies every column of its table with what SQLAlchemy knows about it, more than 100 KiB of an account, so that
one is made once for all statements. One that few offices need is made when the first statement asks for it; what every
office reads all the time names its aliases at the top of the module, as SQLAlchemy does. And a condition that looks at
two or three columns of another row needs no more than a narrow alias, a twentieth of the whole one.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from sqlalchemy import FromClause, column, table
from sqlalchemy.orm import aliased

from models.base import Base

Entity = TypeVar("Entity", bound=Base)


def alias_of(entity: type[Entity]) -> Callable[[], type[Entity]]:
    """A function that gives an alias of the table, always the same one; each call of this one is for another alias."""

    @cache
    def made() -> type[Entity]:
        return aliased(entity)

    return made


def narrow_alias(entity: type[Base], *names: str) -> FromClause:
    """An alias with these columns of the table only, in `.c`, for what is asked and never loaded.

    Raises KeyError for a name that is no column's; to ask for a column that wasn't named is an AttributeError.
    """
    columns = entity.__table__.c
    return table(entity.__tablename__, *(column(name, columns[name].type) for name in names)).alias()
