"""What Alembic compares: everything but what it can't describe, or what only the other kind of database has."""

from typing import Any

from sqlalchemy import Connection

from models.search import VIRTUAL_TABLE


def comparison(connection: Connection) -> dict[str, Any]:
    """Options for Alembic's context."""
    dialect = connection.dialect.name

    def has_name(name: str | None, kind: str, _parents: Any) -> bool:
        """Not the virtual table of search, nor the tables under it."""
        return kind != "table" or not (name or "").startswith(VIRTUAL_TABLE)

    def is_here(item: Any, _name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "index" or item.info.get("only") in (None, dialect)

    return {"compare_type": True, "include_name": has_name, "include_object": is_here}
