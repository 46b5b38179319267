import hashlib
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.integrity_proofs import ProofRefused, add_proof, proofs_of, verify_controller_proofs, verify_proof
from keys.keypairs import KeyRejected, PrivateKey, PublicKey
from keys.multibase import decode_base58btc, encode_base58btc

NOW = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
METHOD = "https://server.example/users/alice#ed25519-key"

# The key pair of vc-di-eddsa and of FEP-8b32.
KEY = PrivateKey.from_handle(
    ed25519.Ed25519PrivateKey.from_private_bytes(
        decode_base58btc("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")[2:]
    )
)

FEP_DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": "https://server.example/users/alice",
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}
FEP_PROOF_VALUE = "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL"

DID_METHOD = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
W3C_DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
W3C_PROOF_VALUE = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"


@pytest.fixture
def signed() -> dict[str, Any]:
    return add_proof(FEP_DOCUMENT, key=KEY, verification_method=METHOD, now=NOW)


def check(document: dict[str, Any], *, key: PublicKey = KEY.public, now: datetime = NOW) -> dict[str, Any]:
    return verify_proof(document, document["proof"], key, now)


def reason(document: dict[str, Any], *, key: PublicKey = KEY.public, now: datetime = NOW) -> str:
    with pytest.raises(ProofRefused) as caught:
        check(document, key=key, now=now)
    return caught.value.reason


@pytest.mark.parametrize(
    ("document", "method", "value"),
    [(FEP_DOCUMENT, METHOD, FEP_PROOF_VALUE), (W3C_DOCUMENT, DID_METHOD, W3C_PROOF_VALUE)],
)
def test_the_published_vectors(document: dict[str, Any], method: str, value: str) -> None:
    before = deepcopy(document)
    proved = add_proof(document, key=KEY, verification_method=method, now=NOW)
    assert document == before
    assert proved["proof"] == {
        "@context": document["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "proofValue": value,
    }
    assert check(proved) == document


def test_what_was_signed_comes_back(signed: dict[str, Any]) -> None:
    assert check(signed) == FEP_DOCUMENT
    assert check({**signed, "signature": {"type": "RsaSignature2017"}}) == FEP_DOCUMENT


def test_a_proof_replaces_an_older_one(signed: dict[str, Any]) -> None:
    again = add_proof(signed, key=KEY, verification_method=METHOD, now=NOW)
    assert again == signed


def test_a_document_without_context_can_be_proved() -> None:
    proved = add_proof({"id": "x"}, key=KEY, verification_method=METHOD, now=NOW)
    assert "@context" not in proved["proof"]
    assert check(proved) == {"id": "x"}


def test_a_proof_without_context_is_verified_as_it_stands(ed25519_key: PrivateKey) -> None:
    bare = {name: value for name, value in FEP_DOCUMENT.items() if name != "@context"}
    proof = add_proof(bare, key=KEY, verification_method=METHOD, now=NOW)["proof"]
    assert reason({**FEP_DOCUMENT, "proof": proof}) == "wrong"


def test_any_altered_member_is_refused(signed: dict[str, Any]) -> None:
    for name in FEP_DOCUMENT:
        if name != "@context":
            assert reason({**signed, name: "other"}) == "wrong"
            assert reason({key: value for key, value in signed.items() if key != name}) == "wrong"
    assert reason({**signed, "extra": None}) == "wrong"
    deep = deepcopy(signed)
    deep["object"]["location"]["latitude"] = 25.2739621
    assert reason(deep) == "wrong"


def test_another_key_is_refused(signed: dict[str, Any], ed25519_key: PrivateKey, rsa_key: PrivateKey) -> None:
    assert reason(signed, key=ed25519_key.public) == "wrong"
    assert reason(signed, key=rsa_key.public) == "wrong"
    with pytest.raises(KeyRejected):
        add_proof(FEP_DOCUMENT, key=rsa_key, verification_method=METHOD, now=NOW)


@pytest.mark.parametrize(
    "option",
    [
        {"expires": "2099-01-01T00:00:00Z"},
        {"domain": "evil.test"},
        {"challenge": "x"},
        {"nonce": "x"},
        {"id": "urn:x"},
        {"created": "2023-02-24T23:36:39Z"},
        {"verificationMethod": "https://server.example/users/alice#other"},
        {"unknown": None},
    ],
)
def test_every_option_is_signed(signed: dict[str, Any], option: dict[str, Any]) -> None:
    assert reason({**signed, "proof": {**signed["proof"], **option}}) == "wrong"


def test_a_missing_option_is_noticed(signed: dict[str, Any]) -> None:
    for name in ("created", "@context"):
        proof = {key: value for key, value in signed["proof"].items() if key != name}
        assert reason({**signed, "proof": proof}) == "wrong"


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ({"type": "Ed25519Signature2020"}, "unsupported"),
        ({"type": None}, "unsupported"),
        ({"cryptosuite": "eddsa-rdfc-2022"}, "unsupported"),
        ({"cryptosuite": ["eddsa-jcs-2022"]}, "unsupported"),
        ({"proofPurpose": "authentication"}, "unsupported"),
        ({"proofPurpose": ["assertionMethod"]}, "unsupported"),
        ({"previousProof": "urn:x"}, "unsupported"),
        ({"verificationMethod": ""}, "malformed"),
        ({"verificationMethod": {"id": METHOD}}, "malformed"),
        ({"proofValue": FEP_PROOF_VALUE[1:]}, "malformed"),
        ({"proofValue": "u" + FEP_PROOF_VALUE[1:]}, "malformed"),
        ({"proofValue": FEP_PROOF_VALUE + "0"}, "malformed"),
        ({"proofValue": FEP_PROOF_VALUE[:-2]}, "malformed"),
        ({"proofValue": FEP_PROOF_VALUE * 100}, "malformed"),
        ({"proofValue": encode_base58btc(bytes(63))}, "malformed"),
        ({"proofValue": encode_base58btc(bytes(65))}, "malformed"),
        ({"proofValue": ""}, "malformed"),
        ({"proofValue": None}, "malformed"),
        ({"proofValue": encode_base58btc(bytes(64))}, "wrong"),
        ({"created": "yesterday"}, "malformed"),
        ({"created": "2023-02-24T23:36:38"}, "malformed"),
        ({"created": 5}, "malformed"),
        ({"created": "0001-01-01T00:00:00+23:59"}, "wrong"),
        ({"expires": "9999-12-31T23:59:59-23:59"}, "wrong"),
        ({"expires": None}, "malformed"),
        ({"x": 2**60}, "malformed"),
        ({"x": "\ud800"}, "malformed"),
    ],
)
def test_malformed_and_unsupported_proofs_are_refused(
    signed: dict[str, Any], option: dict[str, Any], expected: str
) -> None:
    assert reason({**signed, "proof": {**signed["proof"], **option}}) == expected


def test_a_proof_without_value_is_refused(signed: dict[str, Any]) -> None:
    del signed["proof"]["proofValue"]
    assert reason(signed) == "malformed"


def sign_with(options: dict[str, Any], document: dict[str, Any] = FEP_DOCUMENT) -> dict[str, Any]:
    """What another implementation may sign: any options at all."""
    proof = {**add_proof(document, key=KEY, verification_method=METHOD, now=NOW)["proof"], **options}
    del proof["proofValue"]
    hashed = b"".join(hashlib.sha256(rfc8785.dumps(part)).digest() for part in (proof, document))
    return {**document, "proof": {**proof, "proofValue": encode_base58btc(KEY.sign("ed25519", hashed))}}


def test_an_honest_expiry_is_honoured() -> None:
    document = sign_with({"expires": "2023-02-25T00:00:00Z", "domain": "home.test", "nonce": "n"})
    assert check(document) == FEP_DOCUMENT
    assert reason(document, now=datetime(2023, 2, 25, tzinfo=UTC)) == "expired"


def test_proofs_from_the_future_are_refused_and_old_ones_are_not() -> None:
    document = sign_with({})
    check(document, now=NOW - timedelta(minutes=59))
    assert reason(document, now=NOW - timedelta(minutes=61)) == "expired"
    check(document, now=NOW + timedelta(days=10_000))


def test_contexts_appended_later_are_not_part_of_what_was_signed(signed: dict[str, Any]) -> None:
    longer = {**signed, "@context": [*signed["@context"], {"content": "https://evil.test/ns#hidden"}]}
    assert check(longer) == FEP_DOCUMENT


@pytest.mark.parametrize(
    "context",
    [
        "https://www.w3.org/ns/activitystreams",
        ["https://www.w3.org/ns/activitystreams"],
        ["https://evil.test/context", *FEP_DOCUMENT["@context"]],
        FEP_DOCUMENT["@context"][::-1],
        None,
    ],
)
def test_a_proofs_context_must_begin_the_documents(signed: dict[str, Any], context: Any) -> None:
    assert reason({**signed, "@context": context}) == "context"


def test_a_single_context_may_be_a_list_of_one() -> None:
    document = {"@context": "https://www.w3.org/ns/activitystreams", "id": "x"}
    proved = add_proof(document, key=KEY, verification_method=METHOD, now=NOW)
    assert check({**proved, "@context": [document["@context"], "https://more.test"]}) == document


def test_documents_without_canonical_form_are_not_signed() -> None:
    with pytest.raises(ProofRefused):
        add_proof({"x": 2**60}, key=KEY, verification_method=METHOD, now=NOW)


@pytest.mark.parametrize("proof", ["x", 1, True, [1], [{}, "x"], [{}] * 9])
def test_proofs_of_another_shape_are_refused(proof: Any) -> None:
    with pytest.raises(ProofRefused):
        proofs_of({"proof": proof})


def test_no_proof_is_no_error() -> None:
    assert proofs_of({}) == proofs_of({"proof": None}) == proofs_of({"proof": []}) == []


class TestOfTwoProofs:
    """One by alice, one by mallory, on one document (Data Integrity, "proof sets")."""

    MALLORY = "https://evil.test/users/mallory#key"

    @pytest.fixture
    def both(self, signed: dict[str, Any], ed25519_key: PrivateKey) -> dict[str, Any]:
        foreign = add_proof(FEP_DOCUMENT, key=ed25519_key, verification_method=self.MALLORY, now=NOW)["proof"]
        return {**signed, "proof": [foreign, signed["proof"]]}

    def test_each_speaks_for_its_controller(self, both: dict[str, Any], ed25519_key: PrivateKey) -> None:
        assert verify_controller_proofs(both, {METHOD: KEY.public}, NOW) == FEP_DOCUMENT
        assert verify_controller_proofs(both, {self.MALLORY: ed25519_key.public}, NOW) == FEP_DOCUMENT

    def test_a_foreign_valid_one_does_not_help_a_broken_own_one(self, both: dict[str, Any]) -> None:
        both["proof"][1] = {**both["proof"][1], "proofValue": both["proof"][0]["proofValue"]}
        with pytest.raises(ProofRefused, match="wrong"):
            verify_controller_proofs(both, {METHOD: KEY.public}, NOW)

    def test_a_broken_foreign_one_does_not_harm(self, both: dict[str, Any]) -> None:
        both["proof"][0]["proofValue"] = "zzz"
        assert verify_controller_proofs(both, {METHOD: KEY.public}, NOW) == FEP_DOCUMENT

    def test_one_that_names_our_method_with_another_key_is_refused(self, ed25519_key: PrivateKey) -> None:
        forged = add_proof(FEP_DOCUMENT, key=ed25519_key, verification_method=METHOD, now=NOW)
        with pytest.raises(ProofRefused, match="wrong"):
            verify_controller_proofs(forged, {METHOD: KEY.public}, NOW)

    def test_none_by_the_controller_is_missing(self, both: dict[str, Any]) -> None:
        with pytest.raises(ProofRefused, match="missing"):
            verify_controller_proofs(both, {"https://server.example/users/eve#key": KEY.public}, NOW)
        with pytest.raises(ProofRefused, match="missing"):
            verify_controller_proofs(FEP_DOCUMENT, {METHOD: KEY.public}, NOW)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
OPTION = st.sampled_from(
    ["type", "cryptosuite", "created", "expires", "verificationMethod", "proofPurpose", "proofValue", "@context", "x"]
)


@settings(deadline=None)
@given(st.dictionaries(OPTION, JSON, min_size=1))
def test_arbitrary_options_raise_nothing_but_a_refusal(options: dict[str, Any]) -> None:
    document = add_proof(FEP_DOCUMENT, key=KEY, verification_method=METHOD, now=NOW)
    changed = {**document["proof"], **options}
    if changed != document["proof"]:
        reason({**document, "proof": changed})
