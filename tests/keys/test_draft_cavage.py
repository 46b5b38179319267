from dataclasses import replace
from datetime import timedelta

import pytest

from keys.keypairs import PrivateKey
from keys.requests import HttpMessage
from keys.verification import Refusal, SignatureRefused
from tests.keys.peers import (
    BODY,
    KEY_ID,
    NOW,
    SECONDS,
    cavage,
    digest,
    get,
    imf,
    post,
    refusal,
    respelled,
    verify,
    with_header,
    without_header,
)

HOST = ("Host", "home.test")
DATE = ("Date", imf(NOW))
DIGEST = ("Digest", digest())


@pytest.fixture
def unsigned() -> HttpMessage:
    return post(HOST, DATE, DIGEST, ("Content-Type", "application/activity+json"))


async def test_a_well_signed_post_is_verified(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    verified = await verify(cavage(rsa_key, unsigned), rsa_key.public)
    assert (verified.key_id, verified.scheme, verified.algorithm) == (KEY_ID, "cavage", "rsa-v1_5-sha256")
    assert (verified.created_at, verified.expires_at, verified.nonce) == (NOW, None, None)
    assert verified.valid_until == NOW + timedelta(hours=1)
    assert len(verified.replay_token) == 32


async def test_a_well_signed_get_is_verified(rsa_key: PrivateKey) -> None:
    message = cavage(rsa_key, get(HOST, DATE), "(request-target) host date")
    assert (await verify(message, rsa_key.public)).components == ("(request-target)", "host", "date")


@pytest.mark.parametrize(
    ("algorithm", "signs_with"),
    [
        ("rsa-sha256", "rsa-v1_5-sha256"),
        ("rsa-sha512", "rsa-v1_5-sha512"),
        ("hs2019", "rsa-v1_5-sha256"),
        ("hs2019", "rsa-v1_5-sha512"),
        ("hs2019", "rsa-pss-sha512"),
        (None, "rsa-v1_5-sha256"),
    ],
)
async def test_rsa_algorithms(
    rsa_key: PrivateKey, unsigned: HttpMessage, algorithm: str | None, signs_with: str
) -> None:
    message = cavage(rsa_key, unsigned, algorithm=algorithm, signs_with=signs_with)
    assert (await verify(message, rsa_key.public)).algorithm == signs_with


@pytest.mark.parametrize("algorithm", ["hs2019", "ed25519", None])
async def test_ed25519(ed25519_key: PrivateKey, unsigned: HttpMessage, algorithm: str | None) -> None:
    message = cavage(ed25519_key, unsigned, algorithm=algorithm, signs_with="ed25519")
    assert (await verify(message, ed25519_key.public)).algorithm == "ed25519"


@pytest.mark.parametrize("algorithm", ["rsa-sha1", "hmac-sha256", "RSA-SHA256", "none", "ecdsa-sha256"])
async def test_other_algorithms_are_refused(rsa_key: PrivateKey, unsigned: HttpMessage, algorithm: str) -> None:
    assert await refusal(cavage(rsa_key, unsigned, algorithm=algorithm), rsa_key.public) is Refusal.ALGORITHM


async def test_the_named_algorithm_must_be_the_keys(
    rsa_key: PrivateKey, ed25519_key: PrivateKey, unsigned: HttpMessage
) -> None:
    message = cavage(ed25519_key, unsigned, algorithm="rsa-sha256", signs_with="ed25519")
    assert await refusal(message, ed25519_key.public) is Refusal.ALGORITHM
    message = cavage(rsa_key, unsigned, algorithm="rsa-sha256", signs_with="rsa-v1_5-sha512")
    assert await refusal(message, rsa_key.public) is Refusal.WRONG


@pytest.mark.parametrize(
    "covered",
    [
        "date",
        "host date digest",
        "(request-target) date digest",
        "(request-target) host digest",
        "(request-target) host date",
    ],
)
async def test_too_little_coverage_is_refused(rsa_key: PrivateKey, unsigned: HttpMessage, covered: str) -> None:
    assert await refusal(cavage(rsa_key, unsigned, covered), rsa_key.public) is Refusal.WEAK


async def test_a_post_without_body_still_needs_its_digest(rsa_key: PrivateKey) -> None:
    bare = cavage(rsa_key, post(HOST, DATE, body=b""), "(request-target) host date")
    assert await refusal(bare, rsa_key.public) is Refusal.WEAK
    covered = cavage(rsa_key, post(HOST, DATE, ("Digest", digest(b"")), body=b""))
    await verify(covered, rsa_key.public)


async def test_a_get_with_a_body_needs_its_digest(rsa_key: PrivateKey) -> None:
    message = cavage(rsa_key, replace(get(HOST, DATE), body=BODY), "(request-target) host date")
    assert await refusal(message, rsa_key.public) is Refusal.WEAK


async def test_missing_headers_parameter_means_created_only_and_is_too_little(
    rsa_key: PrivateKey, unsigned: HttpMessage
) -> None:
    signed = cavage(rsa_key, unsigned, "(created)", algorithm="hs2019", created=SECONDS)
    (value,) = signed.fields["signature"]
    message = with_header(signed, "Signature", value.replace('headers="(created)",', ""))
    assert await refusal(message, rsa_key.public) is Refusal.WEAK


async def test_a_covered_digest_that_is_not_there_is_refused(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = without_header(cavage(rsa_key, unsigned), "Digest")
    assert await refusal(message, rsa_key.public) is Refusal.MALFORMED


async def test_another_body_is_refused(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = replace(cavage(rsa_key, unsigned), body=BODY + b" ")
    assert await refusal(message, rsa_key.public) is Refusal.DIGEST


@pytest.mark.parametrize(
    "lines",
    [
        [("Digest", "MD5=ignored")],
        [("Digest", digest(b"other"))],
        [("Digest", digest(b"other")), DIGEST],
        [DIGEST, ("Digest", digest(b"other"))],
        [("Digest", f"{digest(b'other')},{digest()}")],
        [DIGEST, ("Content-Digest", "sha-256=:AAAA:")],
    ],
)
async def test_a_signed_but_wrong_or_weak_digest_is_refused(rsa_key: PrivateKey, lines: list[tuple[str, str]]) -> None:
    message = cavage(rsa_key, post(HOST, DATE, *lines))
    assert await refusal(message, rsa_key.public) is Refusal.DIGEST


@pytest.mark.parametrize(
    ("age", "accepted"), [(-3599, True), (3599, True), (3601, False), (-3601, False), (46800, False)]
)
async def test_the_window_of_date(rsa_key: PrivateKey, age: int, accepted: bool) -> None:
    message = cavage(rsa_key, post(HOST, ("Date", imf(NOW - timedelta(seconds=age))), DIGEST))
    if accepted:
        await verify(message, rsa_key.public)
    else:
        assert await refusal(message, rsa_key.public) is (Refusal.EXPIRED if age > 0 else Refusal.NOT_YET)


@pytest.mark.parametrize(
    "date",
    [
        "Sunday, 01-Mar-26 12:00:00 GMT",
        "Sun Mar  1 12:00:00 2026",
        "Sun, 01 Mar 2026 12:00:00 +0000",
        "2026-03-01T12:00:00Z",
        "Sun, 32 Mar 2026 12:00:00 GMT",
        "Sun, 01 Mar 2026 25:00:00 GMT",
        "Sun, 01 Mar 0000 12:00:00 GMT",
        "",
        "yesterday",
    ],
)
async def test_other_dates_are_refused(rsa_key: PrivateKey, date: str) -> None:
    message = cavage(rsa_key, post(HOST, ("Date", date), DIGEST))
    assert await refusal(message, rsa_key.public) is Refusal.MALFORMED


async def test_a_covered_date_must_be_there_once(rsa_key: PrivateKey) -> None:
    message = cavage(rsa_key, post(HOST, DIGEST))
    assert await refusal(message, rsa_key.public) is Refusal.MALFORMED
    message = cavage(rsa_key, post(HOST, DATE, DATE, DIGEST))
    assert await refusal(message, rsa_key.public) is Refusal.MALFORMED


CREATED = "(request-target) host (created) digest"
BOTH = "(request-target) host (created) (expires) digest"


@pytest.mark.parametrize(
    ("created", "expires", "reason"),
    [
        (SECONDS, None, None),
        (SECONDS - 3599, SECONDS + 300, None),
        (SECONDS, SECONDS + 12 * 3600, None),
        (SECONDS + 3601, None, Refusal.NOT_YET),
        (SECONDS - 3601, None, Refusal.EXPIRED),
        (SECONDS - 600, SECONDS - 300, Refusal.EXPIRED),
        (SECONDS - 600, SECONDS - 6, Refusal.EXPIRED),
        (SECONDS, SECONDS - 1, Refusal.EXPIRED),
        (SECONDS, SECONDS + 12 * 3600 + 1, Refusal.EXPIRED),
        (SECONDS - 7200, 4102444800, Refusal.EXPIRED),
        (SECONDS, 4102444800, Refusal.EXPIRED),
        ("soon", None, Refusal.MALFORMED),
        (SECONDS, "1.5", Refusal.MALFORMED),
        (-1, None, Refusal.MALFORMED),
        ("9" * 15, None, Refusal.NOT_YET),
        ("9" * 16, None, Refusal.MALFORMED),
    ],
)
async def test_the_window_of_created_and_expires(
    rsa_key: PrivateKey, created: int | str, expires: int | str | None, reason: Refusal | None
) -> None:
    covered = CREATED if expires is None else BOTH
    message = cavage(rsa_key, post(HOST, DIGEST), covered, algorithm="hs2019", created=created, expires=expires)
    if reason is None:
        verified = await verify(message, rsa_key.public)
        assert verified.created_at is not None
        assert int(verified.created_at.timestamp()) == created
        assert (verified.expires_at is None) is (expires is None)
    else:
        assert await refusal(message, rsa_key.public) is reason


async def test_an_uncovered_expires_can_only_shorten_the_life(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    await verify(cavage(rsa_key, unsigned, expires=SECONDS + 60), rsa_key.public)
    assert await refusal(cavage(rsa_key, unsigned, expires=SECONDS - 60), rsa_key.public) is Refusal.EXPIRED


async def test_a_fresh_created_does_not_excuse_a_stale_signed_date(rsa_key: PrivateKey) -> None:
    stale = ("Date", imf(NOW - timedelta(hours=2)))
    message = cavage(rsa_key, post(HOST, stale, DIGEST), CREATED + " date", algorithm="hs2019", created=SECONDS)
    assert await refusal(message, rsa_key.public) is Refusal.EXPIRED


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha512", "ed25519"])
async def test_created_goes_with_hs2019_only(rsa_key: PrivateKey, unsigned: HttpMessage, algorithm: str) -> None:
    message = cavage(rsa_key, unsigned, CREATED + " date", algorithm=algorithm, created=SECONDS)
    assert await refusal(message, rsa_key.public) is Refusal.ALGORITHM
    message = cavage(rsa_key, unsigned, BOTH + " date", algorithm=algorithm, created=SECONDS, expires=SECONDS + 9)
    assert await refusal(message, rsa_key.public) is Refusal.ALGORITHM


async def test_the_query_may_be_signed_or_left_out(rsa_key: PrivateKey) -> None:
    request = get(HOST, DATE, target="/users/1/outbox?page=true")
    covered = "(request-target) host date"
    await verify(cavage(rsa_key, request, covered), rsa_key.public)
    await verify(cavage(rsa_key, request, covered, signed_target="/users/1/outbox"), rsa_key.public)


@pytest.mark.parametrize(
    ("target", "signed"),
    [
        ("/inbox", "/inbox/"),
        ("/inbox", "//inbox"),
        ("/inbox", "/inbox?x=1"),
        ("/inbox?x=1", "/inbox?x=2"),
        ("/inbox?x=1", "/other"),
        ("/inbo%78", "/inbox"),
        ("/%c3%a4", "/%C3%A4"),
        ("/inbox", "https://home.test/inbox"),
        ("/inbox", "/INBOX"),
    ],
)
async def test_another_target_is_refused(rsa_key: PrivateKey, target: str, signed: str) -> None:
    message = cavage(rsa_key, post(HOST, DATE, DIGEST, target=target), signed_target=signed)
    assert await refusal(message, rsa_key.public) is Refusal.WRONG


@pytest.mark.parametrize("target", ["https://home.test/inbox", "*", "", "inbox", "/in box", "/ä", "/inbox#x", "/a\nb"])
async def test_targets_that_are_no_origin_form_are_refused(rsa_key: PrivateKey, target: str) -> None:
    message = cavage(rsa_key, post(HOST, DATE, DIGEST, target=target))
    assert await refusal(message, rsa_key.public) is Refusal.MALFORMED


async def test_another_method_is_refused(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = replace(cavage(rsa_key, unsigned), method="PUT")
    assert await refusal(message, rsa_key.public) is Refusal.WRONG
    message = replace(cavage(rsa_key, unsigned), method="post")
    assert await refusal(message, rsa_key.public) is Refusal.MALFORMED


@pytest.mark.parametrize("host", ["evil.test", "home.test:8443", "home.test:80", "home.test.", ""])
async def test_a_signature_for_another_host_is_refused(rsa_key: PrivateKey, host: str) -> None:
    message = cavage(rsa_key, post(("Host", host), DATE, DIGEST))
    assert await refusal(message, rsa_key.public) is Refusal.HOST


@pytest.mark.parametrize("host", ["HOME.test", "home.test:443"])
async def test_host_is_compared_as_an_authority(rsa_key: PrivateKey, host: str) -> None:
    await verify(cavage(rsa_key, post(("Host", host), DATE, DIGEST)), rsa_key.public)


async def test_two_hosts_are_refused(rsa_key: PrivateKey) -> None:
    message = cavage(rsa_key, post(HOST, HOST, DATE, DIGEST))
    assert await refusal(message, rsa_key.public) is Refusal.HOST


async def test_a_line_break_in_a_covered_header_is_refused(rsa_key: PrivateKey) -> None:
    message = post(HOST, DATE, DIGEST, ("X-A", "1\ndate: x"))
    signed = cavage(rsa_key, message, "(request-target) host date digest x-a")
    assert await refusal(signed, rsa_key.public) is Refusal.MALFORMED


async def test_headers_outside_ascii_are_compared_by_their_bytes(rsa_key: PrivateKey) -> None:
    message = cavage(rsa_key, post(HOST, DATE, DIGEST, ("X-A", "grün")), "(request-target) host date digest x-a")
    await verify(message, rsa_key.public)
    assert await refusal(with_header(message, "X-A", "gr\udcffn"), rsa_key.public) is Refusal.WRONG
    assert await refusal(with_header(message, "X-A", "gr\ud800n"), rsa_key.public) is Refusal.MALFORMED


GOOD = 'keyId="k",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="c2ln"'


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        GOOD + ",",
        "," + GOOD,
        GOOD + ',keyId="other"',
        GOOD + ',signature="c2ln"',
        GOOD.replace('keyId="k",', ""),
        GOOD.replace('keyId="k"', 'keyId=""'),
        GOOD.replace(',signature="c2ln"', ""),
        GOOD.replace("c2ln", ""),
        GOOD.replace("c2ln", "c2ln!"),
        GOOD.replace("c2ln", "c2l"),
        GOOD.replace("c2ln", "ü"),
        GOOD.replace("(request-target) host date digest", ""),
        GOOD.replace("host", "host host"),
        GOOD.replace("host", "host (unknown)"),
        GOOD.replace("host", "host x-absent"),
        GOOD.replace("host", "host " + " ".join(f"x{n}" for n in range(40))),
        GOOD.replace('"k"', '"k\\"x"'),
        GOOD.replace('"k"', '"k'),
        "Signature " + GOOD,
        GOOD + "".join(f',x{chr(97 + n)}="1"' for n in range(20)),
    ],
)
async def test_malformed_signature_headers_are_refused(rsa_key: PrivateKey, unsigned: HttpMessage, value: str) -> None:
    assert await refusal(with_header(unsigned, "Signature", value), rsa_key.public) is Refusal.MALFORMED


async def test_two_signature_headers_are_refused(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    signed = cavage(rsa_key, unsigned)
    message = replace(signed, headers=[*signed.headers, ("signature", signed.fields["signature"][0])])
    assert await refusal(message, rsa_key.public) is Refusal.MALFORMED


async def test_an_authorization_header_is_no_signature(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    signed = cavage(rsa_key, unsigned)
    (value,) = signed.fields["signature"]
    message = with_header(unsigned, "Authorization", f"Signature {value}")
    assert await refusal(message, rsa_key.public) is Refusal.MISSING


async def test_refusals_name_the_key_once_it_is_known(rsa_key: PrivateKey, unsigned: HttpMessage) -> None:
    message = cavage(rsa_key, unsigned, "date")
    with pytest.raises(SignatureRefused) as caught:
        await verify(message, rsa_key.public)
    assert caught.value.key_id == KEY_ID


async def test_a_second_spelling_of_the_same_signature_bytes_is_refused(
    rsa_key: PrivateKey, unsigned: HttpMessage
) -> None:
    message = cavage(rsa_key, unsigned)
    (value,) = message.fields["signature"]
    assert await refusal(with_header(message, "Signature", respelled(value)), rsa_key.public) is Refusal.MALFORMED
