"""What Linked Data Signatures need of JSON-LD: canonical N-Quads, and documents without unsigned terms (J08, J10)."""

from typing import Any

import pytest

from federation.json_ld import DocumentRefused, canonicalize, compact_with_our_context, normalise
from tests.federation import peer_documents as peers
from tests.federation.documents import AS2, BOB, activity, note


def test_canonical_quads_do_not_depend_on_spelling() -> None:
    document = activity(object={"type": "Note", "content": "hola", "to": "as:Public"})
    expanded = {
        "@id": BOB + "#likes/1",
        "@type": AS2 + "#Like",
        AS2 + "#actor": {"@id": BOB},
        AS2 + "#object": {"@type": AS2 + "#Note", AS2 + "#content": "hola", AS2 + "#to": {"@id": AS2 + "#Public"}},
    }
    assert canonicalize(document) == canonicalize(expanded)
    assert f'_:c14n0 <{AS2}#content> "hola" .\n' in canonicalize(document)


def test_signature_options_are_canonicalized_under_identity() -> None:
    quads = canonicalize(
        {"@context": "https://w3id.org/identity/v1", "creator": BOB + "#main-key", "created": "2026-01-01T00:00:00Z"}
    )
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert quads == (
        f'_:c14n0 <http://purl.org/dc/terms/created> "2026-01-01T00:00:00Z"^^<{xsd}dateTime> .\n'
        f"_:c14n0 <http://purl.org/dc/terms/creator> <{BOB}#main-key> .\n"
    )


def test_many_blank_nodes_are_refused_before_they_cost_time() -> None:
    poison = [{"type": "Note", "tag": [{"type": "Link"} for _ in range(9)]} for _ in range(9)]
    with pytest.raises(DocumentRefused):
        canonicalize(activity(object=poison))
    assert canonicalize(activity(object=[{"type": "Note", "name": f"{n}"} for n in range(30)]))


def test_compacting_leaves_only_what_the_context_defines() -> None:
    document = note(sensitive=True, content2="x", tag=[{"type": "Emoji", "name": ":x:"}])
    compacted = normalise(compact_with_our_context(document))
    assert compacted["content"] == "<p>hola</p>"
    assert "sensitive" not in compacted
    assert compacted["tag"][0]["type"] == "Emoji"
    defined = note(**{"@context": [AS2, {"sensitive": "as:sensitive"}], "sensitive": True})
    assert normalise(compact_with_our_context(defined))["sensitive"] is True


@pytest.mark.parametrize("name", ["mastodon/create_note", "peertube/create_video", "friendica/create_note"])
def test_signed_documents_of_peers_survive_compaction(name: str) -> None:
    document = {
        key: value for key, value in next(d for n, d in peers.documents() if n == name).items() if key != "signature"
    }
    assert canonicalize(document)
    compacted = normalise(compact_with_our_context(document))
    assert compacted == normalise(document, strict=True)
    assert compacted["object"]["content"] == normalise(document)["object"]["content"]


@pytest.mark.parametrize(
    "broken", [{"@context": {"a": {"@id": 5}}, "a": 1}, {"@context": AS2, "id": {}}, {"@context": [[[]]]}]
)
def test_what_cannot_be_read_is_refused(broken: dict[str, Any]) -> None:
    for read in (canonicalize, compact_with_our_context):
        with pytest.raises(DocumentRefused):
            read(broken)
