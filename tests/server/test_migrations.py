"""Migrations: what they make is what the models say, on both databases, once, and whole or not at all."""

import asyncio
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from migrations.comparison import comparison
from migrations.revisions import revisions
from models import Database
from models.accounts import Account
from models.addresses import LocalAddresses
from models.base import Base
from models.statuses import Status, StatusTag, Tag
from server.migrate import (
    MigrationFailed,
    SchemaState,
    alembic_config,
    migrate,
    migrate_apart,
    run_on,
    schema_state,
    stamp,
)
from tests.conftest import NewDatabase

# Alembic can't compare indexes over expressions; their names are compared below.
pytestmark = [
    pytest.mark.filterwarnings("ignore:autogenerate skipping:UserWarning"),
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
]


def opened(url: URL) -> Database:
    return Database(url, addresses=LocalAddresses("https://office.test", "office.test"))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts=comparison(connection))
    return [change for change in compare_metadata(context, Base.metadata) if "alembic_version" not in str(change)]


def what_follows_search(connection: Connection) -> list[tuple[str, ...]]:
    """The virtual table of search and the triggers that fill it, as they were made."""
    if connection.dialect.name != "sqlite":
        return []
    rows = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE name LIKE 'status_words%' OR type = 'trigger' ORDER BY name")
    )
    return [tuple(row) for row in rows]


def indexes(connection: Connection) -> dict[str, set[str]]:
    """The names of all indexes by table, those over expressions too."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT tbl_name, name FROM sqlite_master WHERE type = 'index'"))
    else:
        rows = connection.execute(text("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'"))
    found: dict[str, set[str]] = {}
    for table, name in rows:
        found.setdefault(table, set()).add(name)
    return found


def never_counted(connection: Connection) -> set[str]:
    """Columns of which PostgreSQL keeps no statistics."""
    if connection.dialect.name == "sqlite":
        return set()
    rows = connection.execute(
        text("SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attstattarget = 0")
    )
    return {f"{table}.{column}" for table, column in rows}


def both(config: Config, *statements: str) -> None:
    for statement in statements:
        config.attributes["connection"].execute(text(statement))


async def answer(url: URL, query: str) -> object:
    found: list[object] = []
    await run_on(url, lambda config: found.append(config.attributes["connection"].scalar(text(query))))
    return found[0]


async def test_the_newest_revision_is_what_the_models_say(empty_url: URL) -> None:
    await migrate(empty_url)
    found: list[object] = []
    await run_on(empty_url, lambda config: found.extend(differences(config.attributes["connection"])))
    assert found == []


async def test_every_index_of_the_models_is_there(empty_url: URL) -> None:
    await migrate(empty_url)
    found: dict[str, set[str]] = {}
    await run_on(empty_url, lambda config: found.update(indexes(config.attributes["connection"])))
    dialect = empty_url.get_backend_name()
    for table in Base.metadata.tables.values():
        wanted = {index.name for index in table.indexes if index.info.get("only") in (None, dialect)}
        assert wanted <= found.get(table.name, set()), table.name


async def test_search_is_made_as_the_models_make_it(empty_url: URL, new_database_url: NewDatabase) -> None:
    found: dict[URL, list[tuple[str, ...]]] = {}
    await migrate(empty_url)
    for url in (empty_url, await new_database_url()):
        await run_on(
            url, lambda config, url=url: found.update({url: what_follows_search(config.attributes["connection"])})
        )
    migrated, made = found.values()
    assert migrated == made
    assert len(made) == (0 if empty_url.get_backend_name() == "postgresql" else 7)


async def test_nobody_counts_the_states_of_queues_whether_migrated_or_made(
    empty_url: URL, new_database_url: NewDatabase
) -> None:
    await migrate(empty_url)
    for url in (empty_url, await new_database_url()):
        found: set[str] = set()
        await run_on(url, lambda config, found=found: found.update(never_counted(config.attributes["connection"])))
        wanted = {f"{queue}.state" for queue in ("inbound_activities", "deliveries", "jobs")}
        assert found == (wanted if empty_url.get_backend_name() == "postgresql" else set())


async def test_what_was_counted_of_queues_before_the_upgrade_is_forgotten(empty_url: URL) -> None:
    if empty_url.get_backend_name() == "sqlite":
        pytest.skip("SQLite counts nothing by itself")
    await migrate(empty_url)
    await run_on(empty_url, lambda config: command.downgrade(config, "0005"))
    job = "INSERT INTO jobs (id, kind, unique_key, payload, state, attempts, due_at, created_at)"
    full = f"{job} SELECT n, '', 'k' || n, '{{}}', 'done', 0, now(), now() FROM generate_series(1, 100) n"
    await run_on(empty_url, lambda config: both(config, full, "ANALYZE jobs"))
    counted = "SELECT count(*) FROM pg_stats WHERE tablename = 'jobs' AND attname = 'state'"
    assert await answer(empty_url, counted) == 1
    await migrate(empty_url)
    await run_on(empty_url, lambda config: both(config, "ANALYZE jobs"))
    assert await answer(empty_url, counted) == 0


async def test_what_was_ours_before_the_upgrade_is_marked_as_ours(empty_url: URL) -> None:
    await migrate(empty_url)
    database = opened(empty_url)
    async with database.unit_of_work() as unit:
        for number, domain in enumerate((None, "porto.example")):
            uri, now = f"https://somewhere.example/{number}", unit.now
            unit.session.add(
                Account(id=number + 1, uri=uri, username=f"p{number}", domain=domain, inbox_url=f"{uri}/inbox",
                        created_at=now, updated_at=now)
            )  # fmt: skip
            unit.session.add(
                Status(id=number + 1, uri=f"{uri}/status", account_id=number + 1, conversation_id=number + 1,
                       published_at=now, created_at=now)
            )  # fmt: skip
    await database.close()
    await run_on(empty_url, lambda config: command.downgrade(config, "0006"))
    await migrate(empty_url)
    assert await answer(empty_url, "SELECT count(*) FROM statuses WHERE is_local AND id = 1") == 1
    assert await answer(empty_url, "SELECT count(*) FROM statuses WHERE NOT is_local AND id = 2") == 1


async def test_what_was_in_an_archive_before_the_upgrade_is_marked(empty_url: URL) -> None:
    await migrate(empty_url)
    database = opened(empty_url)
    kinds: list[dict[str, Any]] = [
        {"is_local": True}, {"is_local": True, "visibility": "unlisted"}, {"is_local": True, "is_local_only": True},
        {"is_local": False},
    ]  # fmt: skip
    async with database.unit_of_work() as unit:
        uri, now = "https://somewhere.example/1", unit.now
        unit.session.add(
            Account(id=1, uri=uri, username="p", inbox_url=f"{uri}/inbox", created_at=now, updated_at=now)
        )  # fmt: skip
        unit.session.add(Tag(id=1, name="calidad", display_name="calidad", created_at=now))
        await unit.session.flush()
        for number, kind in enumerate(kinds, start=1):
            unit.session.add(
                Status(id=number, uri=f"{uri}/{number}", account_id=1, conversation_id=number, published_at=now,
                       created_at=now, **kind)
            )  # fmt: skip
            await unit.session.flush()
            unit.session.add(StatusTag(status_id=number, tag_id=1))
    await database.close()
    await run_on(empty_url, lambda config: command.downgrade(config, "0007"))
    await migrate(empty_url)
    assert await answer(empty_url, "SELECT sum(status_id) FROM status_tags WHERE is_archived") == 1
    assert await answer(empty_url, "SELECT count(*) FROM status_tags WHERE NOT is_archived") == 3


async def test_a_migrated_database_is_current(empty_url: URL) -> None:
    database = opened(empty_url)
    try:
        before = await schema_state(database)
        assert before.current is None
        assert "tertulia migrate" in (before.problem or "")
        await migrate(empty_url)
        assert (await schema_state(database)).problem is None
    finally:
        await database.close()


async def test_several_processes_may_migrate_at_once(empty_url: URL) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(3)))
    database = opened(empty_url)
    assert (await schema_state(database)).is_current
    await database.close()


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: URL) -> None:
    def fail_half_way(config: object) -> None:
        command.upgrade(config, "head")  # type: ignore[arg-type]
        connection = config.attributes["connection"]  # type: ignore[attr-defined]
        connection.execute(text("SELECT * FROM nothing_of_the_kind"))

    with pytest.raises(SQLAlchemyError):
        await run_on(empty_url, fail_half_way)
    tables: list[str] = []
    await run_on(empty_url, lambda config: tables.extend(inspect(config.attributes["connection"]).get_table_names()))
    assert tables == []


async def test_all_revisions_can_be_taken_back(empty_url: URL) -> None:
    await migrate(empty_url)
    await run_on(empty_url, lambda config: command.downgrade(config, "base"))
    tables: list[str] = []
    await run_on(empty_url, lambda config: tables.extend(inspect(config.attributes["connection"]).get_table_names()))
    assert tables == ["alembic_version"]


async def test_a_stamp_changes_no_table(empty_url: URL) -> None:
    await stamp(empty_url)
    tables: list[str] = []
    await run_on(empty_url, lambda config: tables.extend(inspect(config.attributes["connection"]).get_table_names()))
    assert tables == ["alembic_version"]


@pytest.mark.parametrize(
    ("current", "sentence"),
    [(None, "no tables yet"), ("0001", "0003 is needed"), ("0009", "newer version"), ("0003", None)],
)
def test_what_is_wrong_is_said_with_what_to_do(current: str | None, sentence: str | None) -> None:
    problem = SchemaState(current, "0003", frozenset({"0001", "0002", "0003"})).problem
    assert problem is None if sentence is None else sentence in (problem or "")


def test_the_revisions_are_known_without_alembic() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert revisions() == (scripts.get_current_head(), {script.revision for script in scripts.walk_revisions()})


async def test_a_migration_in_a_process_of_its_own_tells_why_it_failed() -> None:
    with pytest.raises(MigrationFailed, match="unable to open database file"):
        await migrate_apart(make_url("sqlite+aiosqlite:////nowhere/at/all.db"))
