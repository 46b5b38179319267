"""Activities: one actor, bounded lists, the bytes as they came (O05–O07, O49, J20, N12)."""

import json
from typing import Any

import pytest

from federation.activity import id_of, is_activity, is_public
from federation.json_ld import DocumentRefused
from tests.federation.documents import BOB, PUBLIC, activity, note, read_activity

MAL = "https://evil.test/users/mal"


@pytest.mark.parametrize(
    "changes",
    [
        {"actor": ...},
        {"actor": None},
        {"actor": [BOB, MAL]},
        {"actor": [MAL, BOB]},
        {"actor": [{"id": BOB}, MAL]},
        {"actor": {"type": "Person"}},
        {"actor": [BOB, {"type": "Person"}]},
        {"actor": "bob"},
        {"actor": BOB + "#main-key"},
        {"actor": "https://bob@good.test/"},
        {"id": "urn:uuid:1"},
        {"id": "https://bob@good.test/"},
        {"id": "x" * 2001},
        {"type": ...},
        {"type": []},
        {"object": [f"https://a.test/{n}" for n in range(101)]},
    ],
)
def test_what_can_be_no_activity_is_refused(changes: dict[str, Any]) -> None:
    assert read_activity(activity()).actor == BOB
    with pytest.raises(DocumentRefused):
        read_activity(activity(**changes))


def test_several_objects_are_kept_in_order_and_none_is_the_object() -> None:
    found = read_activity(
        activity(type="Flag", object=["https://a.test/1", {"id": "https://a.test/2", "type": "Note"}])
    )
    assert found.object_ids == ("https://a.test/1", "https://a.test/2")
    assert (found.object_id, found.object) == (None, None)


def test_an_embedded_object_keeps_its_normal_form() -> None:
    found = read_activity(activity(type="Create", object=note()))
    assert found.object is not None
    assert found.object["attributedTo"] == BOB
    assert found.object_id == note()["id"]


def test_an_anonymous_object_has_no_id() -> None:
    found = read_activity(activity(type="Undo", object={"type": "Like", "actor": BOB, "object": "https://our.test/1"}))
    assert (found.object_id, found.object_ids) == (None, ())
    assert found.object is not None


@pytest.mark.parametrize("missing", [..., None, "", "_:b0"])
def test_anonymous_activities_are_told_apart_by_what_they_say(missing: Any) -> None:
    first, same = (read_activity(activity(id=missing)) for _ in range(2))
    other = read_activity(activity(id=missing, object="https://our.test/2"))
    assert first.id is None
    assert first.dedup_key.startswith("sha256:")
    assert first.dedup_key == same.dedup_key != other.dedup_key
    assert read_activity(activity()).dedup_key == activity()["id"]


def test_the_order_of_members_does_not_make_another_activity() -> None:
    document = activity(id=...)
    assert read_activity(document).dedup_key == read_activity(dict(reversed(document.items()))).dedup_key


def test_recipients_are_all_that_are_addressed_each_once() -> None:
    found = read_activity(
        activity(to=[BOB, "as:Public"], cc=MAL, audience=BOB, bto="https://x.test/1", bcc=[MAL, "https://x.test/2"])
    )
    assert found.recipients() == (BOB, PUBLIC, MAL, "https://x.test/1", "https://x.test/2")
    assert found.is_public
    assert not is_public([PUBLIC + "x", "as:Public"])


def test_raw_is_what_was_sent() -> None:
    document = activity()
    assert json.loads(read_activity(document).raw) == document


def test_proof_and_signature_come_through_verbatim() -> None:
    proof = {"type": "DataIntegrityProof", "@context": ["x"], "proofValue": "z1", "unknown": [1, {"id": 5}]}
    found = read_activity(activity(proof=proof, signature=[1]))
    assert (found.document["proof"], found.document["signature"]) == (proof, [1])


def test_references_of_special_activities() -> None:
    found = read_activity(
        activity(
            type="QuoteRequest",
            instrument={"id": BOB + "/1", "type": "Note"},
            target=MAL,
            origin=BOB,
            result=BOB + "/r",
        )
    )
    assert (found.instrument, found.target_id, found.origin, found.result) == (BOB + "/1", MAL, BOB, BOB + "/r")


def test_activities_are_told_from_objects() -> None:
    assert is_activity({"type": "Like"})
    assert is_activity({"type": "Pet", "actor": BOB, "object": MAL})
    assert not is_activity({"type": "Question", "actor": BOB})
    assert not is_activity({})
    assert id_of({"id": BOB}) == id_of(BOB) == BOB
    assert id_of(None) is id_of({}) is None


def test_strict_reading_forgets_undefined_terms() -> None:
    document = activity(type="Create", object=note(sensitive=True, quoteUrl="https://evil.test/1"))
    assert read_activity(document).object == {
        **(read_activity(document, strict=True).object or {}),
        "sensitive": True,
        "quote": "https://evil.test/1",
    }
