import hashlib
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.digests import (
    DigestRefused,
    check_content_digest,
    check_digest,
    content_digest_header,
    digest_header,
    sha256_of,
)

BODY = b'{"hello": "world"}'


def b64(algorithm: str, body: bytes = BODY) -> str:
    return b64encode(hashlib.new(algorithm, body).digest()).decode()


RIGHT = f"SHA-256={b64('sha256')}"
WRONG = f"SHA-256={b64('sha256', b'other')}"


@pytest.mark.parametrize(
    "lines",
    [
        [RIGHT],
        [f"sha-256={b64('sha256')}"],
        [f"SHA-512={b64('sha512')}"],
        [f"{RIGHT},SHA-512={b64('sha512')}"],
        [f"{RIGHT}, unixsum=30637"],
        [f"MD5={b64('md5')}, {RIGHT}"],
        [RIGHT, RIGHT],
        [digest_header(sha256_of(BODY))],
    ],
)
def test_right_digests_pass(lines: list[str]) -> None:
    check_digest(lines, BODY)
    with pytest.raises(DigestRefused):
        check_digest(lines, BODY + b" ")


@pytest.mark.parametrize(
    "lines",
    [
        [WRONG],
        [f"MD5={b64('md5')}"],
        [f"SHA={b64('sha1')}"],
        ["unknown=abc"],
        [f"{WRONG},SHA-512={b64('sha512')}"],
        [f"{RIGHT},SHA-512={b64('sha512', b'other')}"],
        [f"MD5={b64('md5', b'other')}, {RIGHT}"],
        [f"{RIGHT}, {WRONG}"],
        [f"{WRONG}, {RIGHT}"],
        [WRONG, RIGHT],
        [RIGHT, WRONG],
        [RIGHT, ""],
        [""],
        [],
        ["SHA-256"],
        ["SHA-256="],
        ["SHA-256=!!!!"],
        ["SHA-256=ü"],
        [f"SHA-256={b64('sha256')[:-1]}"],
        [f"SHA-256={b64('sha256')} x"],
        [RIGHT + ",a=b" * 9],
        [RIGHT + "," + "x" * 3000 + "=y"],
    ],
)
def test_wrong_weak_and_malformed_digests_are_refused(lines: list[str]) -> None:
    with pytest.raises(DigestRefused):
        check_digest(lines, BODY)


@pytest.mark.parametrize(
    "lines",
    [
        [f"sha-256=:{b64('sha256')}:"],
        [f"sha-512=:{b64('sha512')}:"],
        [f"sha-256=:{b64('sha256')}:, sha-512=:{b64('sha512')}:"],
        [f"sha-256=:{b64('sha256')}:", f"sha-512=:{b64('sha512')}:"],
        [f"sha-256=:{b64('sha256')}:;x=1, unixsum=:AAAA:"],
        [content_digest_header(sha256_of(BODY))],
    ],
)
def test_right_content_digests_pass(lines: list[str]) -> None:
    check_content_digest(lines, BODY)
    with pytest.raises(DigestRefused):
        check_content_digest(lines, BODY + b" ")


@pytest.mark.parametrize(
    "lines",
    [
        [f"sha-256=:{b64('sha256', b'other')}:"],
        [f"sha-256=:{b64('sha256')}:, sha-512=:{b64('sha512', b'other')}:"],
        [f"sha-256=:{b64('sha256', b'other')}:, sha-256=:{b64('sha256')}:"],
        [f"md5=:{b64('md5')}:"],
        [f"sha=:{b64('sha1')}:"],
        ["crc32c=:AAAA:"],
        ["sha-256=1"],
        ["sha-256"],
        [f"sha-256={b64('sha256')}"],
        [RIGHT],
        ["sha-256=:!:"],
        ["sha-256=:A:"],
        ["ü"],
        [""],
        [],
    ],
)
def test_wrong_weak_and_malformed_content_digests_are_refused(lines: list[str]) -> None:
    with pytest.raises(DigestRefused):
        check_content_digest(lines, BODY)


def test_the_content_digest_of_rfc_9421_is_understood() -> None:
    line = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    check_content_digest([line], BODY)


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=3))
def test_arbitrary_headers_raise_nothing_else(lines: list[str]) -> None:
    for check in (check_digest, check_content_digest):
        with pytest.raises(DigestRefused):
            check(lines, BODY)
