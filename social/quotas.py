"""How much of one thing somebody may have: asked before one more is made."""

from sqlalchemy import ColumnElement, func, select

from models import UnitOfWork
from models.base import Base


class QuotaReached(Exception):
    """There are as many as there may be; the message may be shown."""


async def require_room(unit: UnitOfWork, table: type[Base], mine: ColumnElement[bool], most: int, what: str) -> None:
    """Make sure that fewer than `most` rows of `table` are `mine`. Raises QuotaReached ("what" in plural)."""
    if (await unit.session.scalar(select(func.count()).select_from(table).where(mine)) or 0) >= most:
        raise QuotaReached(f"There can be {most} {what} at most")
