"""A serving process stays small: what it doesn't carry, and what the allocator gives back."""

import subprocess
import sys

import pytest
from sqlalchemy import text

from models import Database
from server import lean

# Each is imported where it is needed; together they are more than 30 MiB.
NOT_AT_THE_START = {
    *("PIL", "alembic", "apispec", "babel", "blurhash", "botocore", "jinja2", "lxml", "markdown_it"),
    *("prometheus_client", "pygments", "pyld", "rich"),
}


def test_an_office_starts_without_what_it_may_never_need() -> None:
    asked = "import sys, server.cli, server.workers; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert NOT_AT_THE_START & set(found) == set()
    assert "server.workers" in found


def test_what_is_absent_for_a_while_can_be_imported_afterwards() -> None:
    name = "this"
    sys.modules.pop(name, None)
    with lean.absent(name), pytest.raises(ImportError):
        __import__(name)
    assert name not in sys.modules
    with lean.absent("json"):  # imported before: it stays
        __import__("json")


def test_the_allocator_can_be_set_and_trimmed() -> None:
    asked = "from server import lean; lean.set_allocator(); lean.settle(); print('fine')"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "fine\n"


async def test_who_reads_alone_uses_one_connection_and_its_pages_again(database: Database) -> None:
    async with database.reading() as one, database.reading() as other:
        await one.execute(text("SELECT 1"))
        await other.execute(text("SELECT 1"))
    used = set()
    for _ in range(4):
        async with database.reading() as session:
            pooled = await (await session.connection()).get_raw_connection()
            used.add(id(pooled.driver_connection))
    assert len(used) == 1 or not database.is_sqlite
