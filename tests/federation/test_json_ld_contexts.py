"""Contexts: what they change, what they can't, and that none is ever fetched (J06, J07, J19)."""

import socket
from typing import Any

import pytest

from federation.contexts import bundled_context, bundled_name
from federation.json_ld import DocumentRefused, normalise
from federation.json_ld.contexts import read_context
from tests.federation import peer_documents as peers

AS2 = "https://www.w3.org/ns/activitystreams"
NOTE = {"id": "https://a.test/1", "type": "Note", "content": "hola"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a context was about to be fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    "context",
    [
        AS2,
        "http://www.w3.org/ns/activitystreams",
        AS2 + "#",
        AS2 + "/",
        [AS2],
        ["https://w3id.org/security/v1", AS2],
        [{"toot": "http://joinmastodon.org/ns#"}, AS2],
        [AS2, "https://unknown.example/context"],
        [AS2, {"@language": "und"}],
        {"@vocab": AS2 + "#", "id": "@id", "type": "@type"},
        ["https://akkoma.example/schemas/litepub-0.1.jsonld"],
        "https://mbin.example/contexts",
        None,
    ],
)
@pytest.mark.parametrize("expand_always", [False, True])
def test_activitystreams_is_recognised_however_it_is_written(context: Any, expand_always: bool) -> None:
    document = normalise({"@context": context, **NOTE}, expand_always=expand_always)
    assert (document["id"], document["type"], document["content"]) == ("https://a.test/1", "Note", "hola")


def test_no_context_implies_activitystreams() -> None:
    assert normalise(dict(NOTE)) == normalise({"@context": AS2, **NOTE})


@pytest.mark.parametrize(
    "context",
    [
        "https://unknown.example/context",
        [],
        {},
        "",
        {"content": "https://unknown.example/content"},
        5,
        [[AS2]],
        ["x", 1],
    ],
)
def test_a_context_without_activitystreams_is_refused(context: Any) -> None:
    with pytest.raises(DocumentRefused):
        normalise({"@context": context, "type": "Note", "content": "hola"})


@pytest.mark.parametrize("expand_always", [False, True])
@pytest.mark.parametrize("context", [None, "https://unknown.example/context", AS2])
def test_expanded_documents_need_no_context(context: str | None, expand_always: bool) -> None:
    document = {
        "@id": "https://a.test/1",
        "@type": [AS2 + "#Note"],
        AS2 + "#content": [{"@value": "hola"}],
        AS2 + "#to": [{"@id": AS2 + "#Public"}],
        AS2 + "#published": [{"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": "2026-01-01T00:00:00Z"}],
    }
    if context is not None:
        document["@context"] = context
    assert normalise(document, expand_always=expand_always) == {
        "id": "https://a.test/1",
        "type": "Note",
        "types": ["Note"],
        "content": "hola",
        "to": [AS2 + "#Public"],
        "published": "2026-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("extension", "document"),
    [
        ({"uri": "@id", "kind": "@type"}, {"uri": "https://a.test/1", "kind": "Note", "content": "hola"}),
        ({"texto": "as:content"}, {"id": "https://a.test/1", "type": "Note", "texto": "hola"}),
        ({"x": AS2 + "#"}, {"@id": "https://a.test/1", "@type": "x:Note", "x:content": "hola"}),
        ({"Nota": "as:Note"}, {"id": "https://a.test/1", "type": "Nota", "content": "hola"}),
        ({"@base": "https://a.test/"}, {"id": "1", "type": "Note", "content": "hola"}),
    ],
)  # fmt: skip
def test_a_context_may_rename_things(extension: dict[str, Any], document: dict[str, Any]) -> None:
    quick = normalise({"@context": [AS2, extension], **document})
    assert quick == {"id": "https://a.test/1", "type": "Note", "types": ["Note"], "content": "hola"}
    assert quick == normalise({"@context": [AS2, extension], **document}, expand_always=True)


@pytest.mark.parametrize("expand_always", [False, True])
@pytest.mark.parametrize("redefined", ["https://evil.test/content", None, {"@id": "https://evil.test/content"}])
def test_a_redefined_core_term_is_no_longer_ours(redefined: Any, expand_always: bool) -> None:
    document = normalise({"@context": [AS2, {"content": redefined}], **NOTE}, expand_always=expand_always)
    assert "content" not in document


@pytest.mark.parametrize("key", ["@graph", "@included", "@reverse", "@nest"])
@pytest.mark.parametrize("expand_always", [False, True])
def test_structural_keywords_are_refused_anywhere(key: str, expand_always: bool) -> None:
    for document in (
        {"@context": AS2, **NOTE, key: []},
        {"@context": AS2, **NOTE, "tag": {key: {}}},
        {"@context": AS2, **NOTE, "unknown": [{"deep": {key: {}}}]},
        {"@context": [AS2, {"children": {key: "as:inReplyTo"}}], **NOTE},
    ):
        with pytest.raises(DocumentRefused):
            normalise(document, expand_always=expand_always)


@pytest.mark.parametrize(
    "node",
    [
        {"id": "https://a.test/1", "@id": "https://a.test/2"},
        {"type": "Note", "@type": "Note"},
        {"id": {"@id": "https://a.test/1"}},
        {"id": ["https://a.test/1"]},
        {"type": {"@id": "Note"}},
        {"type": ["Note", 5]},
    ],
)
def test_ids_and_types_with_two_meanings_are_refused(node: dict[str, Any]) -> None:
    for document in ({"type": "Note", **node}, {"type": "Create", "object": node}):
        with pytest.raises(DocumentRefused):
            normalise({"@context": AS2, **document})


@pytest.mark.parametrize(
    "context",
    [
        [AS2] * 1000,
        [AS2, {f"t{n}": f"https://evil.test/{n}" for n in range(5000)}],
        [AS2, {"a": {"@id": "as:content", "@context": {"b": {"@id": "as:name", "@context": {}}}}}],
        [AS2, {"@import": "https://evil.test/context"}],
        [AS2, {"a": "b:x", "b": "a:x"}],
        [AS2, {"a": "b", "b": "a"}],
    ],
)
def test_hostile_contexts_cost_little_and_fetch_nothing(context: Any) -> None:
    try:
        document = normalise({"@context": context, **NOTE})
    except DocumentRefused:
        return
    assert document["content"] == "hola"


def test_nested_contexts_are_bounded_on_the_long_way() -> None:
    nested: dict[str, Any] = {"type": "Note"}
    for n in range(30):
        nested = {"@context": {"@vocab": f"https://evil.test/{n}#"}, "type": "Note", "inReplyTo": nested}
    with pytest.raises(DocumentRefused):
        normalise({"@context": AS2, "type": "Create", "object": nested})


@pytest.mark.parametrize("expand_always", [False, True])
def test_a_context_that_breaks_its_own_document_is_passed_over(expand_always: bool) -> None:
    broken = {"@context": [AS2, {"Note": None, "content": None}], **NOTE}
    assert normalise(broken, expand_always=expand_always) == normalise(NOTE)
    with pytest.raises(DocumentRefused):
        normalise(broken, strict=True)


def _many_terms(count: int) -> dict[str, Any]:
    return {f"t{n}": f"https://evil.test/{n}" for n in range(count)}


@pytest.mark.parametrize(
    "document",
    [
        {
            "@context": [AS2, _many_terms(490)],
            "tag": [{"@context": {f"u{n}": "as:name"}, "name": "x"} for n in range(1999)],
        },
        {"@context": [AS2, {"@vocab": "x:"}], "tag": [{"@context": [AS2] * 32, "name": "x"} for _ in range(60)]},
        {"@context": [AS2, {"@vocab": "x:"}], **{f"p{n}": n for n in range(9000)}},
        {"@context": [AS2, _many_terms(2000)]},
        {"@context": [AS2, {"x" * 40_000: "as:name"}]},
    ],
)
def test_documents_that_would_cost_too_much_are_refused_at_once(document: dict[str, Any]) -> None:
    with pytest.raises(DocumentRefused):
        normalise({"type": "Note", **document})


def test_an_embedded_context_adds_to_the_one_around_it() -> None:
    inner = {"@context": [AS2, {"texto": "as:content"}], "type": "Note", "texto": "hola"}
    for expand_always in (False, True):
        document = normalise({"@context": AS2, "type": "Create", "object": inner}, expand_always=expand_always)
        assert document["object"]["content"] == "hola"


def test_terms_of_a_strict_document_must_be_defined() -> None:
    document = {"@context": AS2, "id": "https://a.test/1", "type": "Note", "content": "hola", "sensitive": True}
    assert normalise(document)["sensitive"] is True
    assert "sensitive" not in normalise(document, strict=True)
    assert normalise(document, strict=True)["content"] == "hola"


def test_known_contexts_are_found_by_url_and_by_path() -> None:
    assert bundled_name("https://any.example/schemas/litepub-0.1.jsonld") == "litepub"
    assert bundled_name("https://any.example/contexts") == "mbin"
    assert bundled_name("http://schema.org") == "schema-org"
    assert bundled_name("https://www.w3.org.evil.test/ns/activitystreams") is None
    assert bundled_name("ftp://www.w3.org/ns/activitystreams") is None


def test_every_bundled_context_can_be_processed() -> None:
    for url in _urls():
        document = {"@context": [AS2, url], **NOTE}
        assert normalise(document) == normalise(document, expand_always=True), url
        assert bundled_context(bundled_name(url) or "")


def test_vocabularies_are_kept() -> None:
    context = next(document for _, document in peers.documents())["@context"]
    assert read_context(context) is read_context(list(context) if isinstance(context, list) else context)


def _urls() -> list[str]:
    from federation import contexts

    return [f"https://{url}" for url in contexts._FILE_OF_URL]
