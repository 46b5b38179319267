"""What Alembic runs for every command: `server.migrate` hands over a connection, inside its transaction and lock.

There is no alembic.ini and no URL here: the settings of the office decide which database is migrated.
"""

import warnings
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from migrations.comparison import comparison
from models.base import Base, UtcDateTime
from models.postgresql import JsonType, tell_options


def render_item(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """How a new revision writes the types that all tables share (`migrations.column_types`)."""
    if kind != "type":
        return False
    name = None
    if isinstance(item, UtcDateTime):
        name = "TIME"
    elif isinstance(item, sa.BigInteger):
        name = "BIG"
    elif isinstance(item, JsonType):
        name = "JSON"
    if name is None:
        return False
    autogenerate.imports.add(f"from migrations.column_types import {name}")
    return name


def run() -> None:
    """Run the migrations that were asked for on the connection that was given."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=tell_options(Base.metadata),
        # SQLite can't change most things of a table: Alembic then makes a new one and copies the rows.
        render_as_batch=True,
        render_item=render_item,
        **comparison(connection),
        transaction_per_migration=False,
    )
    with context.begin_transaction(), warnings.catch_warnings():
        # Copying a table reads those that it refers to. No copied one has such an index: a test looks for all of them.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        context.run_migrations()


run()
