from base64 import b64encode
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from federation.json_ld.expansion import canonicalize
from keys.keypairs import KeyRejected, PrivateKey
from keys.linked_data_signatures import (
    LinkedDataSignatureRefused,
    add_linked_data_signature,
    signature_creator,
    verify_linked_data_signature,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
CREATOR = "https://peer.test/users/carol#main-key"
DOCUMENT: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
        {"sensitive": "as:sensitive", "Hashtag": "as:Hashtag"},
    ],
    "id": "https://peer.test/activities/1",
    "type": "Create",
    "actor": "https://peer.test/users/carol",
    "published": "2026-03-01T11:59:00Z",
    "to": ["https://www.w3.org/ns/activitystreams#Public"],
    "object": {
        "id": "https://peer.test/notes/1",
        "type": "Note",
        "attributedTo": "https://peer.test/users/carol",
        "content": "<p>Grüße #a</p>",
        "sensitive": False,
        "tag": [{"type": "Hashtag", "href": f"https://peer.test/tags/{n}", "name": f"#{n}"} for n in "abcdefgh"],
    },
}


@pytest.fixture(scope="module")
def signed(rsa_key: PrivateKey) -> dict[str, Any]:
    return add_linked_data_signature(DOCUMENT, key=rsa_key, creator=CREATOR, now=NOW, canonicalize=canonicalize)


def verify(document: dict[str, Any], key: PrivateKey, now: datetime = NOW) -> None:
    verify_linked_data_signature(document, key.public, canonicalize=canonicalize, now=now)


def reason(document: dict[str, Any], key: PrivateKey, now: datetime = NOW) -> str:
    with pytest.raises(LinkedDataSignatureRefused) as caught:
        verify(document, key, now)
    return caught.value.reason


def test_a_signed_document_is_verified(signed: dict[str, Any], rsa_key: PrivateKey) -> None:
    assert signature_creator(signed) == CREATOR
    verify(signed, rsa_key)
    verify({key: signed[key] for key in reversed(signed)}, rsa_key)
    broken_lines = deepcopy(signed)
    value = broken_lines["signature"]["signatureValue"]
    broken_lines["signature"]["signatureValue"] = value[:60] + "\n" + value[60:]
    verify(broken_lines, rsa_key)


def test_the_options_without_json_ld_are_those_with_it(rsa_key: PrivateKey) -> None:
    asked: list[dict[str, Any]] = []

    def watched(document: dict[str, Any]) -> str:
        asked.append(document)
        return canonicalize(document)

    plain = add_linked_data_signature(DOCUMENT, key=rsa_key, creator=CREATOR, now=NOW, canonicalize=watched)
    assert len(asked) == 1
    options = {key: plain["signature"][key] for key in ("creator", "created")}
    for context in ("https://w3id.org/security/v1", "https://w3id.org/identity/v1"):
        by_json_ld = canonicalize({"@context": context, **options})
        assert by_json_ld == (
            '_:c14n0 <http://purl.org/dc/terms/created> "2026-03-01T12:00:00Z"'
            "^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n"
            f"_:c14n0 <http://purl.org/dc/terms/creator> <{CREATOR}> .\n"
        )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("actor",), "https://evil.test/users/mallory"),
        (("type",), "Announce"),
        (("object", "content"), "<p>Grüsse #a</p>"),
        (("object", "sensitive"), True),
        (("signature", "creator"), "https://evil.test/key"),
        (("signature", "created"), "2026-03-01T12:00:01Z"),
        (("signature", "nonce"), "added"),
    ],
)
def test_an_altered_document_is_refused(
    signed: dict[str, Any], rsa_key: PrivateKey, path: tuple[str, ...], value: Any
) -> None:
    altered = deepcopy(signed)
    place = altered
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert reason(altered, rsa_key) == "wrong"


def test_a_nonce_that_was_signed_is_verified(rsa_key: PrivateKey) -> None:
    """Misskey puts one in."""
    options = {"creator": CREATOR, "created": "2026-03-01T12:00:00Z", "nonce": "f00"}
    text = "".join(
        sha256(canonicalize(part).encode()).hexdigest()
        for part in ({"@context": "https://w3id.org/identity/v1", **options}, DOCUMENT)
    )
    value = b64encode(rsa_key.sign("rsa-v1_5-sha256", text.encode())).decode()
    signature = {"type": "RsaSignature2017", "id": "urn:x", **options, "signatureValue": value}
    verify({**DOCUMENT, "signature": signature}, rsa_key)


def test_another_key_is_refused(signed: dict[str, Any], other_rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    assert reason(signed, other_rsa_key) == "wrong"
    assert reason(signed, ed25519_key) == "unsupported"
    with pytest.raises(KeyRejected):
        add_linked_data_signature(DOCUMENT, key=ed25519_key, creator=CREATOR, now=NOW, canonicalize=canonicalize)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "RsaSignature2017",
        [],
        [{"type": "RsaSignature2017", "creator": CREATOR}],
        {},
        {"type": "RsaSignature2018", "creator": CREATOR},
        {"type": ["RsaSignature2017"], "creator": CREATOR},
        {"type": "RsaSignature2017"},
        {"type": "RsaSignature2017", "creator": {"id": CREATOR}},
        {"type": "RsaSignature2017", "creator": ""},
    ],
)
def test_signatures_of_another_shape_are_none(rsa_key: PrivateKey, signature: Any) -> None:
    document = {**DOCUMENT, "signature": signature}
    assert signature_creator(document) is None
    assert reason(document, rsa_key) == "missing"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"created": None}, "malformed"),
        ({"created": "soon"}, "malformed"),
        ({"created": "2026-03-01T12:00:00"}, "malformed"),
        ({"created": "2019-01-01T00:00:00Z"}, "expired"),
        ({"created": "2026-03-01T13:00:01Z"}, "expired"),
        ({"signatureValue": None}, "malformed"),
        ({"signatureValue": ""}, "malformed"),
        ({"signatureValue": "!"}, "malformed"),
        ({"signatureValue": "ü"}, "malformed"),
        ({"signatureValue": "A" * 4000}, "malformed"),
        ({"signatureValue": "AAAA"}, "wrong"),
    ],
)
def test_malformed_and_stale_signatures_are_refused(
    signed: dict[str, Any], rsa_key: PrivateKey, change: dict[str, Any], expected: str
) -> None:
    assert reason({**signed, "signature": {**signed["signature"], **change}}, rsa_key) == expected


def test_a_signature_ages(signed: dict[str, Any], rsa_key: PrivateKey) -> None:
    verify(signed, rsa_key, NOW + timedelta(days=29))
    assert reason(signed, rsa_key, NOW + timedelta(days=31)) == "expired"


def twins(count: int) -> dict[str, Any]:
    """Two nameless parents that look alike, each with nameless children that do: `count`! orders to try."""
    parent = {"type": "Note", "tag": [{"type": "Note", "name": "same"} for _ in range(count)]}
    return {"tag": [parent, parent]}


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "Note"}
    for _ in range(depth):
        node = {"type": "Note", "tag": [node]}
    return {"tag": [node]}


AS2 = "https://www.w3.org/ns/activitystreams"


@pytest.mark.parametrize(
    "addition",
    [
        twins(9),
        nested(30),
        {"tag": [{"type": "Note", "name": str(n)} for n in range(80)]},
        {"tag": [{"id": "_:b0", "type": "Note"}, {"@id": "_:b1", "type": "Note"}]},
        {"tag": [{"label": "_:b0"}], "@context": [AS2, {"label": "@id"}]},
        {"tag": [{"type": "Note", "attributedTo": "_:b1"}]},
        {"@graph": [{"id": "https://peer.test/notes/2"}]},
        {"@included": [{"id": "https://peer.test/notes/2"}]},
        {"tag": [{"@reverse": {"object": "https://peer.test/notes/2"}}]},
        {"hidden": [{"id": "https://peer.test/notes/2"}], "@context": [AS2, {"hidden": "@graph"}]},
        {"hidden": [{"id": "https://peer.test/notes/2"}], "@context": [AS2, {"hidden": {"@id": "@reverse"}}]},
        {"x": list(range(500)), "@context": [AS2, {"x": {"@id": "urn:x", "@container": "@list"}}]},
    ],
)
def test_documents_that_canonicalisation_chokes_on_are_refused_at_once(
    signed: dict[str, Any], rsa_key: PrivateKey, addition: dict[str, Any]
) -> None:
    def untouched(document: dict[str, Any]) -> str:
        raise AssertionError("canonicalised")

    with pytest.raises(LinkedDataSignatureRefused) as caught:
        verify_linked_data_signature({**signed, **addition}, rsa_key.public, canonicalize=untouched, now=NOW)
    assert caught.value.reason == "unsupported"


def test_honest_documents_with_nameless_objects_are_not(rsa_key: PrivateKey) -> None:
    document = {
        **DOCUMENT,
        "object": {
            **DOCUMENT["object"],
            "type": "Question",
            "oneOf": [
                {"type": "Note", "name": f"option {n}", "replies": {"type": "Collection", "totalItems": 0}}
                for n in range(20)
            ],
            "attachment": [{"type": "Image", "url": {"type": "Link", "href": "https://peer.test/1.png"}}] * 4,
        },
    }
    verify(
        add_linked_data_signature(document, key=rsa_key, creator=CREATOR, now=NOW, canonicalize=canonicalize), rsa_key
    )
