"""asyncpg's connection, but what types there are is found out once a process instead of once a connection.

The first statement of a connection with a list among its parameters has asyncpg ask the server what such a list is: a
recursive query that PostgreSQL plans for 5 to 15 ms, between two that turn its compiler off and on again, and once more
for each statement with a list of another kind. A dozen fresh connections did so 27 times. PostgreSQL's own types are
the same wherever they are asked for, so a connection is told what another one has heard.

It is asyncpg's own method that is answered here: were it called otherwise in a later version, each connection would
ask by itself again.
"""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]

FIRST_OID_OF_OTHERS: Final = 16_384  # PostgreSQL's FirstNormalObjectId: what is below comes with the server
# In the place of the statement that asked: none without a name was sent, so none was forgotten for it.
_NOBODY_ASKED: Final = SimpleNamespace(name="known")


def connection_class() -> type[Any]:
    """The class for the connections of one engine; what they hear of types is theirs together."""
    heard: dict[int, Any] = {}  # in the order of the answers, in which a type comes after those that it is made of

    class Connection(asyncpg.Connection):  # type: ignore[misc]
        """One that asks for types only if no other has."""

        __slots__ = ()

        async def _introspect_types(self, typeoids: Collection[int], *arguments: Any, **options: Any) -> Any:
            """The rows that describe these types and those that they consist of, and the statement that found them."""
            if heard.keys() >= set(typeoids):
                return list(heard.values()), _NOBODY_ASKED
            rows, asked = await super()._introspect_types(typeoids, *arguments, **options)
            if all(row["oid"] < FIRST_OID_OF_OTHERS for row in rows):
                heard.update((row["oid"], row) for row in rows)
            return rows, asked

    return Connection
