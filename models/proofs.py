"""What an answer was made of: the questions that were asked for it, and what was found.

An answer that follows from what some questions find is the same for as long as they find the same, whatever else is
written. So who keeps it (`models.kept`) asks them again after a change, which is cheaper than to make it, and compares.

What was found is compared by its SHA-256: all columns of all rows, in their order, as the driver gives them.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from models.values import dataclass

PROOF_BYTES: Final = 500
"""What a proof costs beside the values that are asked with, roughly."""


class Asked(NamedTuple):
    """A question as it was put to the driver, and the rows that came."""

    sql: str
    arguments: Sequence[Any]
    rows: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """Questions (SQL and its values), and the digest of what they found."""

    questions: tuple[tuple[str, Sequence[Any]], ...]
    digest: bytes

    @classmethod
    def of(cls, asked: Sequence[Asked]) -> "Proof":
        """That these were asked and found what they found."""
        return cls(tuple((sql, arguments) for sql, arguments, _ in asked), _digest([rows for *_, rows in asked]))

    def holds(self, found: Sequence[Sequence[Any]]) -> bool:
        """Whether the same questions find the same now; `found` are the rows of each."""
        return _digest(found) == self.digest

    @property
    def size_bytes(self) -> int:
        """What it costs to keep, roughly."""
        values = [value for _, arguments in self.questions for value in arguments]
        return PROOF_BYTES + sum(50 + (len(value) if isinstance(value, str | list) else 0) for value in values)


def _digest(found: Sequence[Sequence[Any]]) -> bytes:
    return hashlib.sha256(orjson.dumps(found, default=tuple)).digest()  # a row of asyncpg's is no tuple
