"""Our signature base against the library's, and the components that only the library knows."""

from base64 import b64encode
from typing import Any

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.keypairs import PrivateKey
from keys.message_signatures import plain_base, read_claims
from keys.refusals import Refusal, SignatureRefused
from keys.requests import HttpMessage
from keys.signing import Scheme, sign_request
from keys.windows import DEFAULT_POLICY
from tests.keys.peers import BODY, KEY_ID, NOW, SECONDS, content_digest, post, refusal, verify


class LibraryRequest:
    def __init__(self, message: HttpMessage) -> None:
        self.method = message.method
        self.url = message.url
        self.headers = dict(message.headers)


class UnhurriedVerifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        pass


def library_signs(key: PrivateKey, message: HttpMessage, components: list[str]) -> HttpMessage:
    request = LibraryRequest(message)
    signer = HTTPMessageSigner(
        signature_algorithm=ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={KEY_ID: key.handle}),
    )
    signer.sign(
        request, key_id=KEY_ID, created=NOW, covered_component_ids=components, use_existing_digest=True, label="lib"
    )
    return HttpMessage(
        message.method, "https", "home.test", message.target, list(request.headers.items()), message.body
    )


@pytest.mark.parametrize(
    "extra",
    [
        [],
        ['"content-digest";sf'],
        ['"content-digest";key="sha-256"'],
        ['"x-tag";bs'],
        ['"@query-param";name="a"'],
        ["@request-target", "@scheme", "@path"],
    ],
)
async def test_what_the_library_signs_we_verify(ed25519_key: PrivateKey, extra: list[str]) -> None:
    message = post(("Content-Digest", content_digest()), ("X-Tag", "one"), target="/inbox?a=b%20c&d")
    signed = library_signs(ed25519_key, message, ["@method", "@target-uri", "content-digest", *extra])
    assert (await verify(signed, ed25519_key.public)).algorithm == "ed25519"
    altered = HttpMessage("POST", "https", "home.test", "/inbox?a=bb&d", signed.headers, signed.body)
    assert await refusal(altered, ed25519_key.public) is Refusal.WRONG


async def test_a_strictly_serialised_digest_counts_as_covered(ed25519_key: PrivateKey) -> None:
    message = post(("Content-Digest", content_digest()))
    signed = library_signs(ed25519_key, message, ["@method", "@target-uri", '"content-digest";sf'])
    await verify(signed, ed25519_key.public)
    partly = library_signs(ed25519_key, message, ["@method", "@target-uri", '"content-digest";key="sha-256"'])
    assert await refusal(partly, ed25519_key.public) is Refusal.WEAK


@pytest.mark.parametrize(
    "component", ['"@status"', '"@query-param";name="b"', '"date";req', '"x-tag";tr', '"@unknown"']
)
async def test_components_that_make_no_sense_are_refused(ed25519_key: PrivateKey, component: str) -> None:
    message = post(("Content-Digest", content_digest()), ("X-Tag", "one"), ("Date", "x"), target="/inbox?a=b")
    value = f'a=("@method" "@target-uri" "content-digest" {component});created={SECONDS};keyid="{KEY_ID}"'
    signature = b64encode(ed25519_key.sign("ed25519", b"whatever")).decode()
    headers = [*message.headers, ("Signature-Input", value), ("Signature", f"a=:{signature}:")]
    forged = HttpMessage("POST", "https", "home.test", message.target, headers, BODY)
    assert await refusal(forged, ed25519_key.public) is Refusal.WRONG


def test_what_we_sign_the_library_verifies(ed25519_key: PrivateKey) -> None:
    headers = sign_request(
        method="POST",
        url="https://home.test/inbox?a=b",
        body=BODY,
        key_id=KEY_ID,
        key=ed25519_key,
        scheme=Scheme.RFC9421_ED25519,
        now=NOW,
        nonce='quote " and \\',
    )
    message = HttpMessage("POST", "https", "home.test", "/inbox?a=b", list(headers.items()), BODY)
    verifier = UnhurriedVerifier(
        signature_algorithm=ED25519,
        key_resolver=MappingKeyResolver(public_keys={KEY_ID: ed25519_key.public.handle}, private_keys={}),
    )
    (result,) = verifier.verify(
        LibraryRequest(message), max_age=None, body=BODY, require_components=("@method", "@target-uri")
    )
    assert result.nonce == 'quote " and \\'


TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
TARGET = st.from_regex(r"/[a-z0-9/._~%2-]{0,12}(\?[a-z0-9=&+%2]{0,12})?", fullmatch=True).filter(
    lambda text: (
        all(len(part) > 1 and part[:2].isalnum() for part in text.split("%")[1:])
        and not any(c not in "0123456789abcdef" for part in text.split("%")[1:] for c in part[:2])
    )
)
DERIVED = ["@method", "@target-uri", "@authority", "@path", "@query", "@scheme", "@request-target"]


@settings(deadline=None)
@given(
    target=TARGET,
    fields=st.dictionaries(st.sampled_from(["x-a", "x-b", "date", "host"]), TEXT, max_size=4),
    derived=st.lists(st.sampled_from(DERIVED), unique=True),
    key_id=TEXT.filter(bool),
    nonce=st.none() | TEXT,
    authority=st.sampled_from(["home.test", "HOME.test", "home.test:443", "home.test:8443", "[::1]:3000"]),
)
def test_both_build_the_same_base(
    target: str, fields: dict[str, str], derived: list[str], key_id: str, nonce: str | None, authority: str
) -> None:
    message = HttpMessage("GET", "https", authority, target, list(fields.items()))
    names = ["@method", "@target-uri"]
    names += [name for name in [*derived, *fields] if name not in names]
    parameters: dict[str, int | str] = {"created": SECONDS, "keyid": key_id}
    parameters |= {} if nonce is None else {"nonce": nonce}
    ours = plain_base(message, tuple((name, {}) for name in names), parameters)
    signer = HTTPMessageSigner(signature_algorithm=ED25519)
    prepared = signer.prepare(
        LibraryRequest(message),
        key_id=key_id,
        created=NOW,
        nonce=nonce,
        include_alg=False,
        covered_component_ids=names,
    )
    assert ours == prepared.signature_base
    text = [("Signature-Input", f"l={prepared.signature_params}"), ("Signature", "l=:YQ==:")]
    read = HttpMessage("GET", "https", authority, target, [*fields.items(), *text])
    (claim,) = read_claims(read, NOW.timestamp(), DEFAULT_POLICY)
    assert claim.base == ours


# The library unfolds obsolete line folding; we refuse every line break.
@settings(deadline=None)
@given(value=st.text(max_size=10).filter(lambda text: "\r\n" not in text))
def test_what_the_library_would_not_sign_we_do_not_read(value: str) -> None:
    message = HttpMessage("GET", "https", "home.test", "/", [("X-A", value)])
    names = ("@method", "@target-uri", "x-a")
    try:
        ours = plain_base(message, tuple((name, {}) for name in names), {"created": SECONDS})
    except SignatureRefused:
        ours = None
    signer = HTTPMessageSigner(signature_algorithm=ED25519)
    try:
        prepared = signer.prepare(LibraryRequest(message), key_id="k", created=NOW, covered_component_ids=names)
        theirs = prepared.signature_base.decode().rpartition("\n")[0]
    except Exception:  # the library's own tree, and what slips through it
        theirs = None
    assert (None if ours is None else ours.decode().rpartition("\n")[0]) == theirs
