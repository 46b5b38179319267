"""One statement for many rows: PostgreSQL takes the rows as one list for each column.

An INSERT of one row, as SQLAlchemy writes it for asyncpg, becomes one that selects its rows from these lists
(`unnest`), in their order. The statement is the same however many rows there are, so it is prepared once.
"""

import re
from functools import lru_cache
from typing import Final

# Each value with its type, which has no length.
_VALUES: Final = re.compile(r"VALUES \((\$\d+::[A-Z ]+(?:, \$\d+::[A-Z ]+)*)\)")
_NUMBER: Final = re.compile(r"\$(\d+)")
_PLACE: Final = re.compile(r"\$(\d+)::([A-Z ]+)")


@lru_cache(maxsize=128)
def of_lists(sql: str) -> str | None:
    """The INSERT with a list in each place where it has a value; None where it has others than plain ones."""
    found = _VALUES.search(sql)
    if found is None or "$" in sql[: found.start()] or "$" in sql[found.end() :]:
        return None
    lists = ", ".join(f"${place}::{kind}[]" for place, kind in _PLACE.findall(found[1]))
    return f"{sql[: found.start()]}SELECT * FROM unnest({lists}){sql[found.end() :]}"


def shifted(sql: str, by: int) -> str:
    """The statement with places of its own in one that has so many before."""
    return _NUMBER.sub(lambda match: f"${int(match[1]) + by}", sql)
