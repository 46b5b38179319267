"""The third-party package apsig as a peer: each verifies what the other signs, in all four suites that it has.

apsig reads its own clock, so these tests sign at the present time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from apsig import LDSignature, ProofSigner, ProofVerifier  # type: ignore[import-untyped]
from apsig.draft import Signer, Verifier  # type: ignore[import-untyped]
from apsig.rfc9421 import RFC9421Signer, RFC9421Verifier  # type: ignore[import-untyped]
from pyld import jsonld  # type: ignore[import-untyped]

from federation.contexts import bundled_context, bundled_name
from federation.json_ld.expansion import canonicalize
from keys.integrity_proofs import add_proof, verify_proof
from keys.keypairs import PrivateKey
from keys.linked_data_signatures import add_linked_data_signature, verify_linked_data_signature
from keys.requests import HttpMessage
from keys.signing import Challenge, Scheme, sign_request
from tests.keys.peers import BODY, KEY_ID, content_digest, verify

URL = "https://home.test/inbox"
DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v1"],
    "id": "https://peer.test/activities/1",
    "type": "Follow",
    "actor": "https://peer.test/users/carol",
    "object": "https://home.test/users/1",
}


def received(headers: dict[str, str]) -> HttpMessage:
    return HttpMessage("POST", "https", "home.test", "/inbox", list(headers.items()), BODY)


def sign(scheme: Scheme, key: PrivateKey, challenge: Challenge | None = None) -> dict[str, str]:
    return sign_request(
        method="POST",
        url=URL,
        body=BODY,
        key_id=KEY_ID,
        key=key,
        scheme=scheme,
        now=datetime.now(UTC),
        challenge=challenge,
    )


async def test_draft_cavage_of_theirs(rsa_key: PrivateKey) -> None:
    headers = Signer(headers={}, private_key=rsa_key.handle, method="POST", url=URL, key_id=KEY_ID, body=BODY).sign()
    verified = await verify(received(headers), rsa_key.public, now=datetime.now(UTC))
    assert (verified.key_id, verified.scheme) == (KEY_ID, "cavage")


def test_draft_cavage_of_ours(rsa_key: PrivateKey, other_rsa_key: PrivateKey) -> None:
    headers = sign(Scheme.CAVAGE_RSA, rsa_key)
    verifier = Verifier(rsa_key.public.pem, "POST", URL, headers, BODY)
    assert verifier.verify(raise_on_fail=True) == KEY_ID
    assert Verifier(other_rsa_key.public.pem, "POST", URL, headers, BODY).verify() is None


async def test_rfc_9421_of_theirs(rsa_key: PrivateKey) -> None:
    """apsig knows no `@query`, which we require: it is handed over as if it were a header.

    And once it has signed, it replaces Content-Digest by a malformed one ("sha-256=:SHA-256=…:"): we put the signed
    line back.
    """
    signer = RFC9421Signer(rsa_key.handle, KEY_ID)
    signer.sign_headers = ["date", "@method", "@path", "@authority", "@query", "content-digest"]
    headers = signer.sign("POST", "/inbox", "home.test", {"@query": "?", "Content-Digest": content_digest()}, body=BODY)
    del headers["@query"]
    headers["content-digest"] = content_digest()
    verified = await verify(received(headers), rsa_key.public, now=datetime.now(UTC))
    assert (verified.key_id, verified.scheme, verified.algorithm) == (KEY_ID, "rfc9421", "rsa-v1_5-sha256")


@pytest.mark.parametrize("scheme", [Scheme.RFC9421_RSA, Scheme.RFC9421_ED25519])
def test_rfc_9421_of_ours(scheme: Scheme, rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    """Here it is `@target-uri` that apsig takes for a header."""
    key = rsa_key if scheme is Scheme.RFC9421_RSA else ed25519_key
    headers = sign(scheme, key, Challenge("sig1", ("@authority", "@path", "date")))
    headers["@target-uri"] = URL

    def verifier(path: str) -> Any:
        return RFC9421Verifier(key.public.handle, "POST", path, "home.test", headers, BODY)

    assert verifier("/inbox").verify(raise_on_fail=True) == KEY_ID
    assert verifier("/other").verify() is None


def test_integrity_proofs_of_theirs(ed25519_key: PrivateKey) -> None:
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "proofPurpose": "assertionMethod",
        "verificationMethod": KEY_ID,
        "created": "2026-03-01T12:00:00Z",
    }
    signed = ProofSigner(ed25519_key.handle).sign(DOCUMENT, options)
    assert verify_proof(signed, signed["proof"], ed25519_key.public, datetime(2026, 3, 2, tzinfo=UTC)) == DOCUMENT


def test_integrity_proofs_of_ours(ed25519_key: PrivateKey) -> None:
    signed = add_proof(DOCUMENT, key=ed25519_key, verification_method=KEY_ID, now=datetime.now(UTC))
    for public_key in (ed25519_key.public.handle, ed25519_key.public.multibase):
        theirs = {**signed, "proof": dict(signed["proof"])}  # apsig takes the value out of what it is given
        assert ProofVerifier(public_key).verify_proof(theirs, raise_on_fail=True) == KEY_ID
    altered = {**signed, "object": "https://home.test/users/2", "proof": dict(signed["proof"])}
    assert ProofVerifier(ed25519_key.public.handle).verify_proof(altered) is None


@pytest.fixture
def _offline() -> Iterator[None]:
    """apsig canonicalises with pyld's global loader: give it the contexts that we carry."""

    def load(url: str, _options: dict[str, Any]) -> dict[str, Any]:
        name = "security-v1" if url.startswith("https://w3c-ccg.github.io/security-vocab/") else bundled_name(url)
        assert name is not None
        return {"contextUrl": None, "documentUrl": url, "document": {"@context": bundled_context(name)}}

    before = jsonld.get_document_loader()
    jsonld.set_document_loader(load)
    yield
    jsonld.set_document_loader(before)


@pytest.mark.usefixtures("_offline")
def test_linked_data_signatures_of_theirs(rsa_key: PrivateKey) -> None:
    signed = LDSignature().sign(DOCUMENT, KEY_ID, rsa_key.handle)
    verify_linked_data_signature(signed, rsa_key.public, canonicalize=canonicalize, now=datetime.now(UTC))


@pytest.mark.usefixtures("_offline")
def test_linked_data_signatures_of_ours(rsa_key: PrivateKey) -> None:
    signed = add_linked_data_signature(
        DOCUMENT, key=rsa_key, creator=KEY_ID, now=datetime.now(UTC), canonicalize=canonicalize
    )
    assert LDSignature().verify(signed, rsa_key.public.handle, raise_on_fail=True) == KEY_ID
    assert LDSignature().verify({**signed, "type": "Block"}, rsa_key.public.handle) is None
