"""What holds for both schemes: order of the checks, replays, and that nothing but SignatureRefused comes out."""

from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.keypairs import PrivateKey, PublicKey
from keys.requests import HttpMessage
from keys.signing import Scheme, sign_request
from keys.verification import (
    Refusal,
    SignaturePolicy,
    SignatureRefused,
    signature_key_ids,
    verify_request,
)
from tests.keys.peers import (
    BODY,
    KEY_ID,
    NOW,
    Keyring,
    cavage,
    content_digest,
    post,
    refusal,
    rfc9421,
    verify,
    with_header,
)

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(params=list(Scheme))
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return Scheme(request.param)


def key_for(scheme: Scheme, rsa_key: PrivateKey, ed25519_key: PrivateKey) -> PrivateKey:
    return rsa_key if scheme.key_kind is rsa_key.kind else ed25519_key


def signed(scheme: Scheme, key: PrivateKey) -> HttpMessage:
    headers = sign_request(
        method="POST", url="https://home.test/inbox?a=b", body=BODY, key_id=KEY_ID, key=key, scheme=scheme, now=NOW
    )
    return HttpMessage("POST", "https", "home.test", "/inbox?a=b", list(headers.items()), BODY)


async def test_an_unsigned_request_is_refused() -> None:
    assert await refusal(post(), None) is Refusal.MISSING


async def test_an_unknown_key_is_refused(scheme: Scheme, rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    message = signed(scheme, key_for(scheme, rsa_key, ed25519_key))
    with pytest.raises(SignatureRefused) as caught:
        await verify(message, None)
    assert (caught.value.reason, caught.value.key_id) == (Refusal.UNKNOWN_KEY, KEY_ID)


async def test_another_key_is_refused(
    scheme: Scheme, rsa_key: PrivateKey, other_rsa_key: PrivateKey, ed25519_key: PrivateKey
) -> None:
    message = signed(scheme, key_for(scheme, rsa_key, ed25519_key))
    for key in (other_rsa_key, ed25519_key, rsa_key):
        if key is not key_for(scheme, rsa_key, ed25519_key):
            assert await refusal(message, key.public) in (Refusal.WRONG, Refusal.ALGORITHM)


async def test_no_key_is_looked_for_before_the_cheap_checks_pass(
    scheme: Scheme, rsa_key: PrivateKey, ed25519_key: PrivateKey
) -> None:
    message = signed(scheme, key_for(scheme, rsa_key, ed25519_key))
    keyring = Keyring(rsa_key.public)
    for broken, now in [
        (replace(message, body=b"other"), NOW),
        (message, NOW + timedelta(hours=2)),
        (message, NOW - timedelta(hours=2)),
        (replace(message, target="no-path"), NOW),
        (with_header(message, "Signature", "x" * 9000), NOW),
    ]:
        with pytest.raises(SignatureRefused):
            await verify_request(broken, find_key=keyring, now=now)
    assert keyring.asked == []


async def test_what_the_key_finder_raises_is_not_hidden(rsa_key: PrivateKey) -> None:
    async def broken(_key_id: str) -> PublicKey | None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await verify_request(signed(Scheme.CAVAGE_RSA, rsa_key), find_key=broken, now=NOW)


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
async def test_huge_headers_are_refused(ed25519_key: PrivateKey, name: str) -> None:
    message = signed(Scheme.RFC9421_ED25519, ed25519_key)
    (value,) = message.fields[name.lower()]
    assert await refusal(with_header(message, name, value + " " * 9000 + "x"), None) is Refusal.TOO_LARGE


async def test_the_policy_may_be_stricter(ed25519_key: PrivateKey) -> None:
    message = signed(Scheme.RFC9421_ED25519, ed25519_key)
    strict = SignaturePolicy(max_age=timedelta(minutes=5), max_ahead=timedelta(0))
    verified = await verify(message, ed25519_key.public, now=NOW + timedelta(minutes=4), policy=strict)
    assert verified.valid_until == NOW + timedelta(minutes=5)
    with pytest.raises(SignatureRefused):
        await verify(message, ed25519_key.public, now=NOW + timedelta(minutes=6), policy=strict)
    with pytest.raises(SignatureRefused):
        await verify(message, ed25519_key.public, now=NOW - timedelta(seconds=2), policy=strict)


async def test_valid_until_is_the_last_moment_that_counts(ed25519_key: PrivateKey) -> None:
    message = signed(Scheme.RFC9421_ED25519, ed25519_key)
    end = (await verify(message, ed25519_key.public)).valid_until
    await verify(message, ed25519_key.public, now=end)
    assert await refusal(message, ed25519_key.public, now=end + timedelta(seconds=1)) is Refusal.EXPIRED


async def test_a_copy_has_the_same_token_and_another_request_another(
    scheme: Scheme, rsa_key: PrivateKey, ed25519_key: PrivateKey
) -> None:
    key = key_for(scheme, rsa_key, ed25519_key)
    first = await verify(signed(scheme, key), key.public)
    copy = with_header(signed(scheme, key), "User-Agent", "other")
    assert (await verify(copy, key.public)).replay_token == first.replay_token
    later = sign_request(
        method="POST",
        url="https://home.test/inbox",
        body=BODY,
        key_id=KEY_ID,
        key=key,
        scheme=scheme,
        now=NOW + timedelta(seconds=1),
    )
    message = HttpMessage("POST", "https", "home.test", "/inbox", list(later.items()), BODY)
    assert (await verify(message, key.public)).replay_token != first.replay_token


async def test_the_second_signature_that_anybody_can_make_of_an_ecdsa_one_has_the_same_token(
    p256_key: PrivateKey,
) -> None:
    message = rfc9421(p256_key, post(("Content-Digest", content_digest())), signs_with="ecdsa-p256-sha256")
    (value,) = message.fields["signature"]
    raw = b64decode(value.removeprefix("sig1=:").removesuffix(":"))
    mirrored = raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    copy = with_header(message, "Signature", f"sig1=:{b64encode(mirrored).decode()}:")
    first, second = await verify(message, p256_key.public), await verify(copy, p256_key.public)
    assert first.replay_token == second.replay_token


def test_key_ids_are_read_without_verification(rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    assert signature_key_ids(cavage(rsa_key, post(), "date")) == [KEY_ID]
    message = rfc9421(ed25519_key, post(), label="a", parameters=';keyid="one"')
    message = rfc9421(ed25519_key, message, label="b", parameters=';keyid="two"')
    message = rfc9421(ed25519_key, message, label="c", parameters=';keyid="one"')
    assert signature_key_ids(message) == ["one", "two"]


@pytest.mark.parametrize("headers", [[], [("Signature", "x")], [("Signature", "a=:AA==:"), ("Signature-Input", "a=1")]])
def test_no_key_ids_where_there_are_none(headers: list[tuple[str, str]]) -> None:
    assert signature_key_ids(post(*headers)) == []


FIELD = st.sampled_from(["Signature", "Signature-Input", "Date", "Host", "Digest", "Content-Digest", "X-Other"])
FRAGMENT = st.sampled_from(
    [
        'keyId="k"',
        'algorithm="hs2019"',
        'headers="(request-target) host (created)"',
        "created=1772366400",
        "expires=1",
        'signature="AAAA"',
        ",",
        "sig1=",
        '("@method" "@target-uri")',
        ";created=1772366400",
        ';keyid="k"',
        ":AAAA:",
        "=",
        '"',
        "(",
        ")",
        ";",
        "@9999999999999",
        "?1",
        '%"%c3"',
        "home.test",
        "Sun, 01 Mar 2026 12:00:00 GMT",
        "SHA-256=AAAA",
    ]
)
VALUE = st.text(max_size=40) | st.lists(FRAGMENT | st.text(max_size=3), max_size=8).map("".join)


@settings(deadline=None)
@given(
    headers=st.lists(st.tuples(FIELD, VALUE), max_size=6),
    method=st.sampled_from(["GET", "POST"]) | st.text(max_size=5),
    target=st.just("/inbox") | st.text(max_size=10),
    authority=st.just("home.test") | st.text(max_size=10),
    body=st.binary(max_size=10),
)
async def test_arbitrary_requests_raise_nothing_but_a_refusal(
    ed25519_key: PrivateKey, headers: list[tuple[str, str]], method: str, target: str, authority: str, body: bytes
) -> None:
    message = HttpMessage(method, "https", authority, target, headers, body)

    async def find_key(_key_id: str) -> PublicKey | None:
        return ed25519_key.public

    with pytest.raises(SignatureRefused) as caught:
        await verify_request(message, find_key=find_key, now=NOW)
    assert isinstance(caught.value.reason, Refusal)
    assert isinstance(signature_key_ids(message), list)


@settings(deadline=None)
@given(
    scheme=st.sampled_from(list(Scheme)),
    part=st.sampled_from(["body", "target", "signature"]),
    position=st.integers(0, 5000),
    change=st.integers(1, 255),
)
async def test_any_altered_byte_is_refused(
    rsa_key: PrivateKey, ed25519_key: PrivateKey, scheme: Scheme, part: str, position: int, change: int
) -> None:
    key = key_for(scheme, rsa_key, ed25519_key)
    message = signed(scheme, key)
    if part == "body":
        body = bytearray(BODY)
        body[position % len(body)] ^= change
        message = replace(message, body=bytes(body))
    elif part == "target":
        index = position % len(message.target)
        if message.target[index] == "?":
            return
        altered = message.target[:index] + chr(ord(message.target[index]) ^ change) + message.target[index + 1 :]
        message = replace(message, target=altered)
    else:
        (value,) = message.fields["signature"]
        start = value.index('signature="') + 11 if scheme.is_cavage else value.index("=:") + 2
        index = start + position % (len(value) - start - 1)
        altered = value[:index] + chr(ord(value[index]) ^ change) + value[index + 1 :]
        message = with_header(message, "Signature", altered)
    await refusal(message, key.public)
