"""Two units of work that meet at the same row, and why neither of them has failed.

The same status, account or conversation may be stored by two units at once: an activity brings it while a request
fetches it, or two processes of one office hear of it. On PostgreSQL neither sees what the other hasn't committed, so
the slower one learns of it by a unique constraint, or by a deadlock. It has lost nothing but time: done again, it finds
the row and goes on from there. On SQLite units come one after the other and this never happens.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

Result = TypeVar("Result")

TRIES: Final = 4
# Appendix A of PostgreSQL's manual: serialization_failure, deadlock_detected.
_WAITED_FOR_EACH_OTHER: Final = ("40001", "40P01")
_UNIQUE_VIOLATION: Final = "23505"


def is_duplicate(error: BaseException) -> bool:
    """Whether a row with these unique columns is there already."""
    if not isinstance(error, IntegrityError):
        return False
    original: object = error.orig
    if hasattr(original, "sqlstate"):
        return bool(original.sqlstate == _UNIQUE_VIOLATION)
    return "UNIQUE constraint failed" in str(original)


def is_collision(error: BaseException) -> bool:
    """Whether another unit was quicker, and the same may be tried again at once.

    Any broken constraint counts: what a new row refers to may have been deleted since it was read.
    """
    if isinstance(error, IntegrityError):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _WAITED_FOR_EACH_OTHER


async def repeat_on_collision(work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `work`, which opens a unit of its own; done again when another unit was quicker, TRIES times.

    Raises what `work` raises, the last time a collision too: then it wasn't one.
    """
    for _ in range(TRIES - 1):
        try:
            return await work()
        except DBAPIError as error:
            if not is_collision(error):
                raise
    return await work()
