from dataclasses import replace

import pytest

from keys.digests import sha256_of
from keys.keypairs import KeyRejected, PrivateKey
from keys.requests import HttpMessage
from keys.signing import Challenge, Scheme, accept_signature_header, requested_components, sign_request
from keys.verification import Refusal
from tests.keys.peers import BODY, KEY_ID, NOW, SECONDS, refusal, verify


@pytest.fixture(params=list(Scheme))
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return Scheme(request.param)


@pytest.fixture
def key(scheme: Scheme, rsa_key: PrivateKey, ed25519_key: PrivateKey) -> PrivateKey:
    return rsa_key if scheme.key_kind is rsa_key.kind else ed25519_key


def sign(
    scheme: Scheme,
    key: PrivateKey,
    *,
    method: str = "POST",
    url: str = "https://home.test/inbox",
    body: bytes | None = BODY,
    digest: bytes | None = None,
    nonce: str | None = None,
    challenge: Challenge | None = None,
) -> dict[str, str]:
    return sign_request(
        method=method,
        url=url,
        body=body,
        key_id=KEY_ID,
        key=key,
        scheme=scheme,
        now=NOW,
        digest=digest,
        nonce=nonce,
        content_type=None if body is None else "application/activity+json",
        accept="application/activity+json" if body is None else None,
        challenge=challenge,
    )


def sent(headers: dict[str, str], *, method: str = "POST", target: str = "/inbox", body: bytes = BODY) -> HttpMessage:
    return HttpMessage(method, "https", "home.test", target, list(headers.items()), body)


async def test_we_verify_what_we_post(scheme: Scheme, key: PrivateKey) -> None:
    headers = sign(scheme, key)
    assert headers["Host"] == "home.test"
    assert headers["Content-Type"] == "application/activity+json"
    verified = await verify(sent(headers), key.public)
    assert (verified.key_id, verified.created_at, verified.expires_at) == (KEY_ID, NOW, None)
    assert verified.scheme == ("cavage" if scheme.is_cavage else "rfc9421")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://home.test", "/"),
        ("https://home.test/", "/"),
        ("https://HOME.test:443/a?b=c", "/a?b=c"),
        ("https://home.test/a?", "/a?"),
        ("https://home.test?a", "/?a"),
        ("https://home.test/%7Ea//b/../c?d=%20#fragment", "/%7Ea//b/../c?d=%20"),
    ],
)
async def test_we_verify_what_we_get(scheme: Scheme, key: PrivateKey, url: str, target: str) -> None:
    headers = sign(scheme, key, method="GET", url=url, body=None)
    assert not {"Digest", "Content-Digest", "Content-Type"} & headers.keys()
    await verify(sent(headers, method="GET", target=target, body=b""), key.public)


async def test_a_ready_made_digest_is_taken_as_it_is(scheme: Scheme, key: PrivateKey) -> None:
    await verify(sent(sign(scheme, key, digest=sha256_of(BODY))), key.public)
    assert await refusal(sent(sign(scheme, key, digest=sha256_of(b"other"))), key.public) is Refusal.DIGEST


def test_a_key_of_another_kind_is_refused(scheme: Scheme, rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    wrong = ed25519_key if scheme.key_kind is rsa_key.kind else rsa_key
    with pytest.raises(KeyRejected):
        sign(scheme, wrong)


def test_draft_cavage_looks_as_everybody_expects(rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    value = sign(Scheme.CAVAGE_RSA, rsa_key)["Signature"]
    assert value.startswith(
        f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="'
    )
    assert 'algorithm="hs2019"' in sign(Scheme.CAVAGE_ED25519, ed25519_key)["Signature"]


def test_rfc_9421_looks_as_mastodon_expects(rsa_key: PrivateKey) -> None:
    headers = sign(Scheme.RFC9421_RSA, rsa_key)
    assert headers["Signature-Input"] == (
        f'sig1=("@method" "@target-uri" "content-digest");created={SECONDS};alg="rsa-v1_5-sha256";keyid="{KEY_ID}"'
    )
    assert headers["Signature"].startswith("sig1=:")
    assert headers["Content-Digest"].startswith("sha-256=:")
    assert "Digest" not in headers


async def test_a_challenge_is_answered(ed25519_key: PrivateKey) -> None:
    text = (
        'chal=("@method" "@authority" "content-type" "date");created;keyid;expires;nonce="n-1";tag="app";alg="ed25519"'
    )
    (challenge,) = requested_components(text)
    headers = sign(Scheme.RFC9421_ED25519, ed25519_key, challenge=challenge)
    assert headers["Signature"].startswith("chal=:")
    verified = await verify(sent(headers), ed25519_key.public)
    assert verified.nonce == "n-1"
    assert set(challenge.components) <= set(verified.components)
    assert verified.expires_at is not None
    assert 'tag="app"' in headers["Signature-Input"]


async def test_an_altered_nonce_is_refused(ed25519_key: PrivateKey) -> None:
    headers = sign(Scheme.RFC9421_ED25519, ed25519_key, nonce="one")
    assert (await verify(sent(headers), ed25519_key.public)).nonce == "one"
    headers["Signature-Input"] = headers["Signature-Input"].replace('"one"', '"two"')
    assert await refusal(sent(headers), ed25519_key.public) is Refusal.WRONG


async def test_a_challenge_about_a_body_is_answered_by_a_get_too(ed25519_key: PrivateKey) -> None:
    (challenge,) = requested_components('a=("@method" "@target-uri" "content-digest");created')
    headers = sign(Scheme.RFC9421_ED25519, ed25519_key, method="GET", body=None, challenge=challenge)
    verified = await verify(sent(headers, method="GET", body=b""), ed25519_key.public)
    assert verified.components == ("@method", "@target-uri")


async def test_an_algorithm_that_our_key_has_not_is_ignored(ed25519_key: PrivateKey) -> None:
    challenge = Challenge("a", (), algorithm="rsa-pss-sha512")
    headers = sign(Scheme.RFC9421_ED25519, ed25519_key, challenge=challenge)
    assert (await verify(sent(headers), ed25519_key.public)).algorithm == "ed25519"


def test_our_challenge_is_one_that_we_would_answer() -> None:
    text = accept_signature_header(["@method", "@target-uri", "content-digest"], nonce="abc")
    assert text == 'sig1=("@method" "@target-uri" "content-digest");created;keyid;nonce="abc"'
    assert requested_components(text) == [Challenge("sig1", ("@method", "@target-uri", "content-digest"), nonce="abc")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "ü",
        "a=1",
        'a=("@status")',
        'a=("@method";req)',
        'a=("x-made-up")',
        'a=("@method");nonce=1',
        "a=(1)",
        "x" * 9000,
    ],
)
def test_challenges_that_nobody_can_answer_are_left_out(text: str) -> None:
    assert requested_components(text) == []


def test_of_many_challenges_some_are_read() -> None:
    text = ", ".join(f'c{n}=("@method")' for n in range(50))
    assert [challenge.label for challenge in requested_components(text)] == ["c0", "c1", "c2", "c3"]


async def test_a_signature_does_not_fit_another_request(scheme: Scheme, key: PrivateKey) -> None:
    message = sent(sign(scheme, key))
    assert await refusal(replace(message, target="/users/1/inbox"), key.public) is Refusal.WRONG
    assert await refusal(replace(message, method="PUT"), key.public) is Refusal.WRONG
    assert await refusal(replace(message, body=BODY[::-1]), key.public) is Refusal.DIGEST
    elsewhere = await refusal(replace(message, authority="good.test"), key.public)
    assert elsewhere in (Refusal.HOST, Refusal.WRONG)
