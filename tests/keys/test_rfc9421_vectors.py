"""Appendix B of RFC 9421: its keys, its request, and the signatures that it publishes."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest

from keys.keypairs import KeyKind, PublicKey
from keys.message_signatures import plain_base
from keys.refusals import Refusal
from keys.requests import HttpMessage
from keys.verification import verify_request
from tests.keys.peers import Keyring, refusal

CREATED = datetime.fromtimestamp(1618884473, UTC)

# B.1.2, B.1.3, B.1.4
RSA_PSS = PublicKey.from_pem("""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
""")
P256 = PublicKey.from_pem("""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
""")
ED25519 = PublicKey.from_pem("""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
""")

BODY = b'{"hello": "world"}'
HEADERS = [
    ("Host", "example.com"),
    ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("Content-Type", "application/json"),
    (
        "Content-Digest",
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    ),
    ("Content-Length", "18"),
]
B21_INPUT = '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"'
B21 = (
    "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG"
    "52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVro"
    "gUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ"
    "98Xw9Q=="
)
B22_INPUT = (
    '("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss"'
    ';tag="header-example"'
)
B22 = (
    "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT"
    "8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBS"
    "pqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTu"
    "gEjHSw=="
)
B23_INPUT = (
    '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length")'
    ';created=1618884473;keyid="test-key-rsa-pss"'
)
B23 = (
    "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fU"
    "xN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA"
    "1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKE"
    "gM4cUA=="
)
B26_INPUT = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473'
    ';keyid="test-key-ed25519"'
)
B26 = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
# B.2.4 signs a response; its base is spelled out in the RFC.
B24_BASE = b"""\
"@status": 200
"content-type": application/json
"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:
"content-length": 23
"@signature-params": ("@status" "content-type" "content-digest" "content-length");created=1618884473\
;keyid="test-key-ecc-p256\""""
B24 = "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="


def signed(signature_input: str, signature: str) -> HttpMessage:
    added = [("Signature-Input", f"sig={signature_input}"), ("Signature", f"sig=:{signature}:")]
    return HttpMessage("POST", "https", "example.com", "/foo?param=Value&Pet=dog", [*HEADERS, *added], BODY)


def test_the_published_keys_are_read() -> None:
    assert [key.kind for key in (RSA_PSS, P256, ED25519)] == [KeyKind.RSA, KeyKind.ECDSA_P256, KeyKind.ED25519]


async def test_b23_full_coverage_rsa_pss_passes_every_rule() -> None:
    verified = await verify_request(signed(B23_INPUT, B23), find_key=Keyring(RSA_PSS, "test-key-rsa-pss"), now=CREATED)
    assert (verified.algorithm, verified.created_at) == ("rsa-pss-sha512", CREATED)


@pytest.mark.parametrize(("signature_input", "signature"), [(B21_INPUT, B21), (B22_INPUT, B22), (B26_INPUT, B26)])
async def test_the_thinner_examples_are_too_weak_for_us(signature_input: str, signature: str) -> None:
    message = signed(signature_input, signature)
    assert await refusal(message, RSA_PSS, now=CREATED) is Refusal.WEAK


COVERED = {
    "b21": ((), {"created": 1618884473, "keyid": "test-key-rsa-pss", "nonce": "b3k2pp5k7z-50gnwp.yemd"}),
    "b26": (
        ("date", "@method", "@path", "@authority", "content-type", "content-length"),
        {"created": 1618884473, "keyid": "test-key-ed25519"},
    ),
}


@pytest.mark.parametrize(
    ("example", "key", "algorithm", "signature"),
    [("b21", RSA_PSS, "rsa-pss-sha512", B21), ("b26", ED25519, "ed25519", B26)],
)
def test_the_published_bases_and_signatures(example: str, key: PublicKey, algorithm: str, signature: str) -> None:
    names, parameters = COVERED[example]
    base = plain_base(signed("", ""), tuple((name, {}) for name in names), parameters)
    assert base is not None
    assert key.verify(algorithm, b64decode(signature), base)
    assert not key.verify(algorithm, b64decode(signature), base + b" ")


def test_b24_ecdsa_p256() -> None:
    assert P256.verify("ecdsa-p256-sha256", b64decode(B24), B24_BASE)
    assert not P256.verify("ecdsa-p256-sha256", b64decode(B24)[::-1], B24_BASE)
