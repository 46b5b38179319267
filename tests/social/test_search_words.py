"""What a post is found by: its words, and on PostgreSQL their stems as they are written and without accents."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text

from content.words import folded_words, plain_words
from models import Database
from social.search.index import STEMMED
from social.statuses import create_status
from tests.policy.test_visibility import new_account
from tests.social.test_home_feed import draft

TEXTS = {
    "es": "Las canciones de la innovación, innovaciones y año: informe 2026 informes CANCIÓN cancion",
    "en": "Meetings and meeting of the naïve cafés, running as they ran to the café 2nd 1e5",
    "de": "Größe der Häuser, Haus und Straßen; Grüße, Masse und Maße",
    "fr": "Élèves préférés, l'élève préférée où ou dû du",
    "pt": "Ações e corações, ação do coração",
    "it": "Città e cittadini",
}
EXPECTED = """SELECT array_agg(lexeme ORDER BY lexeme) FROM (
    SELECT lexeme FROM unnest(to_tsvector('simple', :folded))
    UNION SELECT lexeme FROM unnest(to_tsvector(CAST(:stemmer AS REGCONFIG), :plain))
    UNION SELECT lexeme FROM unnest(to_tsvector(CAST(:stemmer AS REGCONFIG), :folded)))"""
FOUND = """SELECT array_agg(lexeme ORDER BY lexeme) FROM status_texts, unnest(words)
    WHERE status_id = :id AND lexeme NOT LIKE '=%'"""


def test_what_is_written_in_ascii_has_no_accents_to_lose() -> None:
    written = "".join(map(chr, range(128)))
    assert folded_words(written) == plain_words(written)


@pytest.mark.parametrize("language", TEXTS)
async def test_a_post_has_its_words_and_the_stems_of_both_ways_to_write_them(database: Database, language: str) -> None:
    if database.is_sqlite:
        pytest.skip("no stems there")
    content = TEXTS[language]
    async with database.unit_of_work() as unit:
        author = new_account(unit, "author")
        await unit.session.flush()
        status = await create_status(
            unit, author, replace(draft(1), content_html=f"<p>{content}</p>", language=language)
        )
    written, folded = plain_words(content), folded_words(content)
    stemmer = STEMMED.get(language, "simple")
    async with database.reading() as session:
        expected = await session.scalar(text(EXPECTED), {"folded": folded, "plain": written, "stemmer": stemmer})
        found = await session.scalar(text(FOUND), {"id": status.id})
    assert found == expected if language in STEMMED else found == sorted(folded.split())


async def test_the_words_of_all_posts_of_a_unit_are_written_by_one_statement(database: Database) -> None:
    runs: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, rows: Any, _context: Any, is_for_many: bool) -> None:
        if "INTO status_texts" in statement:
            runs.extend([statement] * (len(rows) if is_for_many else 1))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.unit_of_work() as unit:
        author = new_account(unit, "author")
        await unit.session.flush()
        for number in range(10):
            await create_status(unit, author, draft(number))
    assert len(runs) == 1
