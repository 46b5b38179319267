from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.keypairs import PrivateKey
from keys.requests import HttpMessage
from keys.verification import Refusal, verify_request
from tests.keys.peers import (
    BODY,
    KEY_ID,
    NOW,
    SECONDS,
    Keyring,
    content_digest,
    get,
    post,
    refusal,
    respelled,
    rfc9421,
    verify,
    with_header,
    without_header,
)

DIGEST = ("Content-Digest", content_digest())
PARTS = ("@method", "@authority", "@path", "@query", "content-digest")


@pytest.fixture
def unsigned() -> HttpMessage:
    return post(DIGEST, ("Content-Type", "application/activity+json"))


async def test_a_well_signed_post_is_verified(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    parameters = f';created={SECONDS};keyid="{KEY_ID}";alg="ed25519";nonce="n1"'
    verified = await verify(rfc9421(ed25519_key, unsigned, parameters=parameters), ed25519_key.public)
    assert (verified.key_id, verified.scheme, verified.algorithm) == (KEY_ID, "rfc9421", "ed25519")
    assert (verified.created_at, verified.expires_at, verified.nonce) == (NOW, None, "n1")
    assert verified.components == ("@method", "@target-uri", "content-digest")
    assert verified.valid_until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("fixture", "algorithm"),
    [
        ("rsa_key", "rsa-v1_5-sha256"),
        ("rsa_key", "rsa-v1_5-sha512"),
        ("rsa_key", "rsa-pss-sha512"),
        ("ed25519_key", "ed25519"),
        ("p256_key", "ecdsa-p256-sha256"),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
async def test_algorithms(
    request: pytest.FixtureRequest, unsigned: HttpMessage, fixture: str, algorithm: str, is_named: bool
) -> None:
    key: PrivateKey = request.getfixturevalue(fixture)
    parameters = f';created={SECONDS};keyid="{KEY_ID}"' + (f';alg="{algorithm}"' if is_named else "")
    message = rfc9421(key, unsigned, signs_with=algorithm, parameters=parameters)
    assert (await verify(message, key.public)).algorithm == algorithm


async def test_the_named_algorithm_must_be_the_keys(
    rsa_key: PrivateKey, ed25519_key: PrivateKey, unsigned: HttpMessage
) -> None:
    named = ';created={};keyid="{}";alg="{}"'
    message = rfc9421(ed25519_key, unsigned, parameters=named.format(SECONDS, KEY_ID, "rsa-v1_5-sha256"))
    assert await refusal(message, ed25519_key.public) is Refusal.ALGORITHM
    message = rfc9421(ed25519_key, unsigned, parameters=named.format(SECONDS, KEY_ID, "hmac-sha256"))
    assert await refusal(message, ed25519_key.public) is Refusal.ALGORITHM
    parameters = named.format(SECONDS, KEY_ID, "rsa-pss-sha512")
    message = rfc9421(rsa_key, unsigned, signs_with="rsa-v1_5-sha256", parameters=parameters)
    assert await refusal(message, rsa_key.public) is Refusal.WRONG


@pytest.mark.parametrize("covered", [("@method", "@target-uri"), ("@method", "@authority", "@path", "@query")])
async def test_a_get_needs_method_and_target(ed25519_key: PrivateKey, covered: tuple[str, ...]) -> None:
    await verify(rfc9421(ed25519_key, get(target="/a?b=c"), covered), ed25519_key.public)


async def test_a_post_may_cover_the_parts_of_its_target(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    await verify(rfc9421(ed25519_key, unsigned, PARTS), ed25519_key.public)


@pytest.mark.parametrize(
    "covered",
    [
        (),
        ("content-digest",),
        ("@target-uri", "content-digest"),
        ("@method", "content-digest"),
        ("@method", "@authority", "@path", "content-digest"),
        ("@method", "@authority", "@query", "content-digest"),
        ("@method", "@path", "@query", "content-digest"),
        ("@method", "@target-uri"),
        ("@method", "@target-uri", "content-type"),
    ],
)
async def test_too_little_coverage_is_refused(
    ed25519_key: PrivateKey, unsigned: HttpMessage, covered: tuple[str, ...]
) -> None:
    assert await refusal(rfc9421(ed25519_key, unsigned, covered), ed25519_key.public) is Refusal.WEAK


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (f';keyid="{KEY_ID}"', Refusal.WEAK),
        (f";created={SECONDS}", Refusal.MALFORMED),
        (f';created={SECONDS};keyid=""', Refusal.MALFORMED),
        (f";created={SECONDS};keyid=token", Refusal.MALFORMED),
        (f';created="{SECONDS}";keyid="{KEY_ID}"', Refusal.MALFORMED),
        (f';created={SECONDS}.5;keyid="{KEY_ID}"', Refusal.MALFORMED),
        (f';created;keyid="{KEY_ID}"', Refusal.MALFORMED),
        (f';created={SECONDS};keyid="{KEY_ID}";created={SECONDS}', Refusal.MALFORMED),
        (f';created={SECONDS};keyid="{KEY_ID}";unknown=1', Refusal.MALFORMED),
        (f';created={SECONDS};keyid="{KEY_ID}";nonce=1', Refusal.MALFORMED),
        (f';created={SECONDS - 3601};keyid="{KEY_ID}"', Refusal.EXPIRED),
        (f';created={SECONDS + 3601};keyid="{KEY_ID}"', Refusal.NOT_YET),
        (f';created=-1;keyid="{KEY_ID}"', Refusal.EXPIRED),
        (f';created={"9" * 15};keyid="{KEY_ID}"', Refusal.NOT_YET),
        (f';created={SECONDS - 600};keyid="{KEY_ID}";expires={SECONDS - 60}', Refusal.EXPIRED),
        (f';created={SECONDS};keyid="{KEY_ID}";expires={SECONDS + 43201}', Refusal.EXPIRED),
        (f';created={SECONDS - 7200};keyid="{KEY_ID}";expires=4102444800', Refusal.EXPIRED),
    ],
)
async def test_missing_malformed_and_stale_parameters_are_refused(
    ed25519_key: PrivateKey, unsigned: HttpMessage, parameters: str, reason: Refusal
) -> None:
    assert await refusal(rfc9421(ed25519_key, unsigned, parameters=parameters), ed25519_key.public) is reason


async def test_the_window_has_room_for_honest_clocks(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    for created in (SECONDS - 3599, SECONDS + 3599):
        parameters = f';created={created};keyid="{KEY_ID}";expires={created + 7200}'
        verified = await verify(rfc9421(ed25519_key, unsigned, parameters=parameters), ed25519_key.public)
        assert verified.expires_at is not None


async def test_a_wrong_content_digest_is_refused(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = rfc9421(ed25519_key, unsigned)
    assert await refusal(replace(message, body=BODY + b" "), ed25519_key.public) is Refusal.DIGEST
    wrong = rfc9421(ed25519_key, post(("Content-Digest", content_digest(b"other"))))
    assert await refusal(wrong, ed25519_key.public) is Refusal.DIGEST
    weak = rfc9421(ed25519_key, post(("Content-Digest", "md5=:AAAA:")))
    assert await refusal(weak, ed25519_key.public) is Refusal.DIGEST
    absent = without_header(message, "Content-Digest")
    assert await refusal(absent, ed25519_key.public) is Refusal.DIGEST
    also_cavage = rfc9421(ed25519_key, post(DIGEST, ("Digest", "SHA-256=AAAA")))
    assert await refusal(also_cavage, ed25519_key.public) is Refusal.DIGEST


@pytest.mark.parametrize(
    "change",
    [{"method": "PUT"}, {"target": "/inbox/"}, {"target": "/inbox?a"}, {"authority": "evil.test"}, {"scheme": "http"}],
)
async def test_another_method_or_target_is_refused(
    ed25519_key: PrivateKey, unsigned: HttpMessage, change: dict[str, str]
) -> None:
    message = replace(rfc9421(ed25519_key, unsigned), **change)  # type: ignore[arg-type]
    assert await refusal(message, ed25519_key.public) is Refusal.WRONG


async def test_the_authority_is_normalised(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    await verify(replace(rfc9421(ed25519_key, unsigned), authority="HOME.test:443"), ed25519_key.public)


async def test_of_several_signatures_one_that_holds_suffices(
    ed25519_key: PrivateKey, rsa_key: PrivateKey, unsigned: HttpMessage
) -> None:
    other = f';created={SECONDS};keyid="https://peer.test/unknown"'
    stale = f';created=1;keyid="{KEY_ID}"'
    message = rfc9421(rsa_key, unsigned, signs_with="rsa-v1_5-sha256", parameters=other, label="a")
    message = rfc9421(ed25519_key, message, parameters=stale, label="b")
    message = rfc9421(ed25519_key, message, ("@method",), label="c")
    message = rfc9421(ed25519_key, message, label="d")
    keyring = Keyring(ed25519_key.public)
    verified = await verify_request(message, find_key=keyring, now=NOW)
    assert verified.key_id == KEY_ID
    assert keyring.asked == ["https://peer.test/unknown", KEY_ID]


async def test_a_key_is_looked_for_once_and_wrong_outweighs_unknown(
    ed25519_key: PrivateKey, rsa_key: PrivateKey, unsigned: HttpMessage
) -> None:
    message = rfc9421(ed25519_key, unsigned, label="a", parameters=f';created={SECONDS};keyid="x"')
    message = rfc9421(ed25519_key, message, label="b")
    message = rfc9421(ed25519_key, message, PARTS, label="c")
    altered = replace(message, target="/other")
    keyring = Keyring(ed25519_key.public)
    with pytest.raises(Exception, match="wrong"):
        await verify_request(altered, find_key=keyring, now=NOW)
    assert keyring.asked == ["x", KEY_ID]
    assert await refusal(message, None) is Refusal.UNKNOWN_KEY


async def test_too_many_signatures_are_refused(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = unsigned
    for label in "abcd":
        message = rfc9421(ed25519_key, message, label=label)
    await verify(message, ed25519_key.public)
    assert await refusal(rfc9421(ed25519_key, message, label="e"), ed25519_key.public) is Refusal.TOO_LARGE


async def test_a_label_twice_is_refused(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = rfc9421(ed25519_key, rfc9421(ed25519_key, unsigned))
    assert await refusal(message, ed25519_key.public) is Refusal.MALFORMED


async def test_labels_must_match(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = rfc9421(ed25519_key, unsigned)
    (value,) = message.fields["signature"]
    message = with_header(message, "Signature", value.replace("sig1", "sig2"))
    assert await refusal(message, ed25519_key.public) is Refusal.MISSING


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Signature", "sig1"),
        ("Signature", "sig1=abc"),
        ("Signature", 'sig1="abc"'),
        ("Signature", "sig1=:abc"),
        ("Signature", "sig1=(:abcd:)"),
        ("Signature", 'keyId="x"'),
        ("Signature", "ü"),
        ("Signature-Input", "sig1"),
        ("Signature-Input", "sig1=1"),
        ("Signature-Input", "sig1=()"),
        ("Signature-Input", "ü"),
        ("Signature-Input", 'sig1=("@method" "@method" "@target-uri");created=1;keyid="x"'),
        ("Signature-Input", 'sig1=("@Method" "@target-uri");created=1;keyid="x"'),
        ("Signature-Input", 'sig1=(@method "@target-uri");created=1;keyid="x"'),
        ("Signature-Input", 'sig1=(1 2);created=1;keyid="x"'),
        ("Signature-Input", "sig1=(" + " ".join(f'"x{n}"' for n in range(40)) + ');created=1;keyid="x"'),
    ],
)
async def test_malformed_headers_are_refused(
    ed25519_key: PrivateKey, unsigned: HttpMessage, name: str, value: str
) -> None:
    message = with_header(rfc9421(ed25519_key, unsigned), name, value)
    assert await refusal(message, ed25519_key.public) is Refusal.MALFORMED


async def test_a_covered_header_that_is_absent_is_refused(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = rfc9421(ed25519_key, unsigned, ("@method", "@target-uri", "content-digest", "x-absent"))
    keyring = Keyring(ed25519_key.public)
    with pytest.raises(Exception, match="malformed"):
        await verify_request(message, find_key=keyring, now=NOW)
    assert keyring.asked == []


async def test_a_signed_input_without_signature_is_missing(ed25519_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = without_header(rfc9421(ed25519_key, unsigned), "Signature")
    assert await refusal(message, ed25519_key.public) is Refusal.MISSING


@settings(deadline=None)
@given(position=st.integers(0, 10_000), change=st.integers(1, 127))
async def test_any_altered_character_of_the_signature_headers_is_refused(
    ed25519_key: PrivateKey, position: int, change: int
) -> None:
    message = rfc9421(ed25519_key, post(DIGEST))
    for name in ("signature", "signature-input"):
        (value,) = message.fields[name]
        index = position % len(value)
        altered = value[:index] + chr(ord(value[index]) ^ change) + value[index + 1 :]
        if name == "signature-input" and altered.lower() == value.lower():
            continue
        changed = with_header(message, name, altered)
        if changed.fields[name] == message.fields[name]:
            continue
        await refusal(changed, ed25519_key.public)


@pytest.mark.parametrize("marked", ["@method", "@target-uri"])
async def test_a_component_with_parameters_does_not_count_as_the_plain_one(
    ed25519_key: PrivateKey, unsigned: HttpMessage, marked: str
) -> None:
    message = rfc9421(ed25519_key, unsigned)
    (value,) = message.fields["signature-input"]
    message = with_header(message, "Signature-Input", value.replace(f'"{marked}"', f'"{marked}";req'))
    assert await refusal(message, ed25519_key.public) is Refusal.WEAK


async def test_a_second_spelling_of_the_same_signature_bytes_is_refused(
    ed25519_key: PrivateKey, unsigned: HttpMessage
) -> None:
    message = rfc9421(ed25519_key, unsigned)
    (value,) = message.fields["signature"]
    assert await refusal(with_header(message, "Signature", respelled(value)), ed25519_key.public) is Refusal.MALFORMED
