"""How many statements something costs: what must not grow with the length of a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from tests.peers import Office


@contextmanager
def counted(office: Office, *, is_fresh: bool = True) -> Iterator[list[str]]:
    """The statements that the office's database runs inside the block; `is_fresh`: no answer is kept from before.

    But for the look that recognises a token, with its own beginning: whether it is taken depends on how many seconds
    ago it was, on a busy machine more than those for which a token is remembered.
    """
    statements: list[str] = []
    if is_fresh:
        office.services.database.kept.clear()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM access_tokens" not in statement:
            statements.append(statement)
        elif statements[-1:] == ["BEGIN"]:
            statements.pop()

    engines = {office.services.database._reader.sync_engine, office.services.database._writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


async def plan_on_sqlite(office: Office, statement: str) -> list[str]:
    """The steps in which SQLite runs a statement, whatever its values."""
    async with office.services.database.reading() as session:
        return [
            step.detail for step in await session.execute(text(f"EXPLAIN QUERY PLAN {statement.replace('?', 'NULL')}"))
        ]
