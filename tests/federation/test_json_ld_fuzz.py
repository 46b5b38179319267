"""Whatever comes in, the only exception that comes out is DocumentRefused."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from federation.activity import activity_from, parse_activity
from federation.json_ld import DocumentRefused, canonicalize, compact_with_our_context, normalise, parse_document
from federation.parse import actor_draft, status_draft
from tests.federation import peer_documents as peers
from tests.federation.json_strategies import DOCUMENTS, JSON

NOW = datetime(2026, 2, 1, tzinfo=UTC)
_PROFILE = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _read_in_every_way(document: dict[str, Any]) -> None:
    for options in ({}, {"strict": True}, {"expand_always": True}):
        with suppress(DocumentRefused):
            found = normalise(document, **options)
            _read_as_everything(found)
            with suppress(DocumentRefused):
                _read_as_everything(embedded if isinstance(embedded := found.get("object"), dict) else {})


def _read_as_everything(document: dict[str, Any]) -> None:
    for kind in (document.get("type"), "Note", "Question", "Event", "Video", "Person", "Create"):
        typed = {**document, "type": kind, "id": "https://a.test/1", "inbox": "https://a.test/i"}
        with suppress(DocumentRefused):
            activity_from(typed, b"")
        with suppress(DocumentRefused):
            typed.pop("inbox")
            status_draft(typed, now=NOW, from_client=True)
            status_draft({"attributedTo": "https://a.test/2", **typed}, now=NOW)
        with suppress(DocumentRefused):
            actor_draft({"preferredUsername": "x", **typed, "inbox": "https://a.test/i"})


@_PROFILE
@given(st.binary(max_size=300))
@example(b'{"@context":[{"@vocab":1}]}')
def test_arbitrary_bytes(body: bytes) -> None:
    with suppress(DocumentRefused):
        parse_document(body)
    with suppress(DocumentRefused):
        parse_activity(body)


@_PROFILE
@given(JSON)
def test_arbitrary_json(value: Any) -> None:
    body = json.dumps(value).encode()
    with suppress(DocumentRefused):
        _read_in_every_way(parse_document(body))


@_PROFILE
@given(
    st.dictionaries(
        st.text(max_size=8), st.one_of(JSON, st.integers(), st.sampled_from(["\0", 2**53, 2**63, -(2**63)]))
    )
)
def test_blanks_and_escapes_between_the_values_change_nothing(document: dict[str, Any]) -> None:
    def read(body: str) -> str:
        try:
            return repr(parse_document(body.encode()))
        except DocumentRefused as refused:
            return refused.reason

    shortest = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert read(shortest) == read(json.dumps(document, indent=1))


@_PROFILE
@given(DOCUMENTS)
@example({"@context": {"@reserved": "https://a.test/term"}, "id": "https://a.test/1", "type": "Note"})
@example({"@context": {"term": {"@id": "@reserved"}}, "id": "https://a.test/1", "type": "Note"})
def test_documents_full_of_our_terms(document: dict[str, Any]) -> None:
    with suppress(DocumentRefused):
        _read_in_every_way(parse_document(json.dumps(document).encode()))


@settings(_PROFILE, max_examples=60)
@given(DOCUMENTS)
@example({"@context": {"@reserved": "https://a.test/term"}, "id": "https://a.test/1", "type": "Note"})
def test_documents_for_linked_data_signatures(document: dict[str, Any]) -> None:
    with suppress(DocumentRefused):
        canonicalize(document)
    with suppress(DocumentRefused):
        normalise(compact_with_our_context(document))


@_PROFILE
@given(st.data())
def test_fixtures_with_foreign_parts(data: st.DataObject) -> None:
    document = json.loads(json.dumps(data.draw(st.sampled_from([document for _, document in peers.documents()]))))
    target = document.get("object") if isinstance(document.get("object"), dict) else document
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(JSON)
    _read_in_every_way(document)
