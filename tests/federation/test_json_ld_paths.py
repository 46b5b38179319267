"""The quick way and the JSON-LD processor give the same result."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.json_ld import DocumentRefused, normalise, parse_document
from federation.json_ld.contexts import read_context
from tests.federation import peer_documents as peers
from tests.federation.json_strategies import PEER_CONTEXTS, PLAIN_JSON, PLAIN_KEYS


@pytest.mark.parametrize("name", peers.names())
def test_both_ways_agree_on_every_fixture(name: str) -> None:
    document = parse_document(peers.body(name))
    assert read_context(document["@context"]).is_plain, "the fixture should take the quick way"
    assert normalise(document) == normalise(document, expand_always=True)


def _result(document: dict[str, Any], **options: bool) -> Any:
    try:
        return normalise(document, **options)
    except DocumentRefused as error:
        return error.reason


def _parts(value: Any) -> list[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(part for item in below for part in _parts(item))]


_ALL = [document for _, document in peers.documents()]
_VALUES = [part for document in _ALL for part in _parts({k: v for k, v in document.items() if k != "@context"})]
_KEYS = sorted({key for value in _VALUES if isinstance(value, dict) for key in value} - {"proof", "signature"})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_both_ways_agree_on_documents_put_together_from_fixtures(data: st.DataObject) -> None:
    document = json.loads(json.dumps(data.draw(st.sampled_from(_ALL))))
    objects = [
        part for part in _parts({k: v for k, v in document.items() if k != "@context"}) if isinstance(part, dict)
    ]
    for _ in range(data.draw(st.integers(1, 3))):
        target = data.draw(st.sampled_from(objects))
        target = document if "type" not in target else target
        target[data.draw(st.sampled_from(_KEYS))] = data.draw(st.sampled_from(_VALUES))
    assert _result(document) == _result(document, expand_always=True)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_ALL), PEER_CONTEXTS)
def test_both_ways_agree_on_fixtures_under_foreign_contexts(document: dict[str, Any], context: Any) -> None:
    changed = {**document, "@context": context}
    assert _result(changed) == _result(changed, expand_always=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(PLAIN_KEYS, PLAIN_JSON, max_size=6), PEER_CONTEXTS)
def test_both_ways_agree_on_nonsense(document: dict[str, Any], context: Any) -> None:
    changed = {**document, "@context": context}
    assert _result(changed) == _result(changed, expand_always=True)
