"""What the fan-out costs, and that every condition of it finds its rows by an index."""

import re
from typing import Any

import pytest
from sqlalchemy import event

from models import Database
from models.visibility import Visibility
from social import home_feed, tag_follows
from social.drafts import StatusDraft, TagDraft
from social.statuses import create_status
from tests.policy.test_visibility import new_account


def draft(number: int, *tags: str) -> StatusDraft:
    uri = f"https://peer.test/notes/{number}"
    return StatusDraft(
        uri=uri, type="Note", attributed_to="https://peer.test/author", visibility=Visibility.PUBLIC,
        content_html="<p>x</p>", tags=tuple(TagDraft(name, name) for name in tags),
    )  # fmt: skip


@pytest.mark.parametrize(("tags", "expected"), [((), 2), (("uno", "dos"), 3)])
async def test_a_unit_fans_out_with_one_statement_for_home_one_for_lists_and_one_for_tags(
    database: Database, tags: tuple[str, ...], expected: int
) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # On PostgreSQL several of them may be parts of one.
        statements.extend(
            re.findall(r"INSERT INTO (?:feed|list)_entries \([^)]*\) SELECT (?!\* FROM unnest)", statement)
        )

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.unit_of_work() as unit:
        author = new_account(unit, "author")
        await unit.session.flush()
        for number in range(10):
            await create_status(unit, author, draft(number, *tags))
    assert len(statements) == expected


async def test_every_condition_of_the_fan_out_finds_its_rows_by_an_index(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL chooses by the size of its tables")
    made = [
        home_feed._home_statement(True), home_feed._list_statement(True),
        home_feed._mentioned_statement(True), tag_follows._statement(True),
    ]  # fmt: skip
    plans: list[str] = []
    async with database.unit_of_work() as unit:
        straight = await unit.session.straight()
        for statement in made:
            form = statement.form(straight.dialect)
            (parameters,) = form.parameters([{"status_ids": [1, 2, 3], "now": unit.now}])
            plans.extend(step[3] for step in await straight.rows(f"EXPLAIN QUERY PLAN {form.sql}", parameters))
    scans = [line for line in plans if line.startswith("SCAN") and "VIRTUAL TABLE" not in line]
    assert (len(plans) > 40, scans) == (True, [])
