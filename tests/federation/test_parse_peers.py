"""What fourteen implementations send is read as they mean it."""

import pytest

from federation.activity import activity_from, parse_activity
from federation.json_ld import normalise, parse_document
from federation.parse import actor_draft, status_draft
from tests.federation import peer_documents as peers


@pytest.mark.parametrize("name", peers.names())
def test_document_of_a_peer_becomes_what_its_author_meant(name: str) -> None:
    body, expected = peers.body(name), peers.expected(name)
    assert expected.keys() <= {"activity", "status", "actor", "document", "inner_activity", "inner_status"}

    if "actor" in expected:
        draft = actor_draft(normalise(parse_document(body)))
        assert peers.as_json(draft, expected["actor"]) == expected["actor"]
        return

    activity = parse_activity(body)
    assert activity.raw == body
    assert peers.as_json(activity, expected["activity"]) == expected["activity"]
    for key, value in expected.get("document", {}).items():
        assert activity.document[key] == value
    if "status" in expected:
        assert activity.object is not None
        status = status_draft(activity.object, now=peers.NOW)
        assert peers.as_json(status, expected["status"]) == expected["status"]
    if "inner_activity" in expected:
        assert activity.object is not None
        inner = activity_from(activity.object, b"")
        assert peers.as_json(inner, expected["inner_activity"]) == expected["inner_activity"]
        if "inner_status" in expected:
            assert inner.object is not None
            status = status_draft(inner.object, now=peers.NOW)
            assert peers.as_json(status, expected["inner_status"]) == expected["inner_status"]


def test_every_implementation_sends_an_actor_and_an_activity() -> None:
    kinds: dict[str, set[str]] = {}
    for name in peers.names():
        kinds.setdefault(name.partition("/")[0], set()).update(peers.expected(name))
    assert len(kinds) >= 14
    assert all({"actor", "activity"} <= found for found in kinds.values())
