import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from keys.keypairs import ALGORITHMS, KeyKind, KeyRejected, PrivateKey, PublicKey, generate_ed25519
from keys.multibase import decode_base58btc, encode_base58btc

# W3C vc-di-eddsa, the key pair of its test vectors.
PUBLISHED_MULTIKEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
PUBLISHED_SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"


@pytest.fixture(params=["rsa_key", "ed25519_key", "p256_key"])
def key(request: pytest.FixtureRequest) -> PrivateKey:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, PrivateKey)
    return found


def test_every_algorithm_of_a_key_verifies_what_it_signed(key: PrivateKey) -> None:
    for algorithm in ALGORITHMS[key.kind]:
        signature = key.sign(algorithm, b"data")
        assert key.public.verify(algorithm, signature, b"data")
        assert not key.public.verify(algorithm, signature, b"date")
        assert not key.public.verify(algorithm, signature[:-1], b"data")
        assert not key.public.verify(algorithm, b"", b"data")


def test_an_algorithm_of_another_kind_of_key_never_verifies_and_never_signs(key: PrivateKey) -> None:
    foreign = {name for kind, names in ALGORITHMS.items() if kind is not key.kind for name in names} | {"hmac-sha256"}
    signature = key.sign(ALGORITHMS[key.kind][0], b"data")
    for algorithm in foreign:
        assert not key.public.verify(algorithm, signature, b"data")
        with pytest.raises(KeyRejected):
            key.sign(algorithm, b"data")


def test_algorithms_of_one_rsa_key_are_not_mixed_up(rsa_key: PrivateKey) -> None:
    signature = rsa_key.sign("rsa-v1_5-sha256", b"data")
    assert not rsa_key.public.verify("rsa-v1_5-sha512", signature, b"data")
    assert not rsa_key.public.verify("rsa-pss-sha512", signature, b"data")


def test_keys_survive_their_text_forms(key: PrivateKey) -> None:
    assert PublicKey.from_pem(key.public.pem) == key.public
    assert PublicKey.from_multibase(key.public.multibase) == key.public
    assert PrivateKey.from_pem(key.to_pem()) == key


def test_pkcs1_public_keys_are_read(rsa_key: PrivateKey) -> None:
    pkcs1 = rsa_key.public.handle.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    assert PublicKey.from_pem(pkcs1.decode()) == rsa_key.public


def test_the_published_multikey_is_the_public_half_of_the_published_secret() -> None:
    secret = decode_base58btc(PUBLISHED_SECRET)
    assert secret[:2] == b"\x80\x26"  # multicodec ed25519-priv
    key = PrivateKey.from_handle(ed25519.Ed25519PrivateKey.from_private_bytes(secret[2:]))
    assert key.public.multibase == PUBLISHED_MULTIKEY
    assert PublicKey.from_multibase(PUBLISHED_MULTIKEY) == key.public


def test_multikeys_of_ed25519_start_as_the_fep_says(ed25519_key: PrivateKey) -> None:
    assert ed25519_key.public.multibase.startswith("z6Mk")


def test_small_rsa_keys_are_refused() -> None:
    handle = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    pem = handle.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(KeyRejected, match="1024"):
        PublicKey.from_pem(pem.decode())


def test_oversized_rsa_keys_are_refused() -> None:
    handle = rsa.RSAPublicNumbers(65537, (1 << 16383) + 1).public_key()
    with pytest.raises(KeyRejected):
        PublicKey.from_handle(handle)


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1()])
def test_other_curves_are_refused(curve: ec.EllipticCurve) -> None:
    with pytest.raises(KeyRejected):
        PublicKey.from_handle(ec.generate_private_key(curve).public_key())


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "ü", "x" * 9000]
)
def test_unparsable_public_keys_are_refused(pem: str) -> None:
    with pytest.raises(KeyRejected):
        PublicKey.from_pem(pem)
    with pytest.raises(KeyRejected):
        PrivateKey.from_pem(pem)


def test_a_private_key_is_no_public_key(rsa_key: PrivateKey) -> None:
    with pytest.raises(KeyRejected):
        PublicKey.from_pem(rsa_key.to_pem())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "z0OIl",
        "u7QEB",
        " z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ",
        encode_base58btc(b"\xed\x01" + b"x" * 31),
        encode_base58btc(b"\xed\x01" + b"x" * 33),
        encode_base58btc(b"\x80\x24\x02" + b"\xff" * 32),
        encode_base58btc(b"\x85\x24junk"),
        encode_base58btc(b"\xe7\x01" + b"x" * 33),
        "z" + "2" * 5000,
        "zü",
    ],
)
def test_malformed_multikeys_are_refused(text: str) -> None:
    with pytest.raises(KeyRejected):
        PublicKey.from_multibase(text)


def test_a_private_key_does_not_show_itself(key: PrivateKey) -> None:
    assert repr(key) == f"PrivateKey(kind={key.kind!r})"


def test_fresh_keys_differ() -> None:
    assert generate_ed25519().public != generate_ed25519().public
    assert generate_ed25519().kind is KeyKind.ED25519


def test_an_ecdsa_signature_has_exactly_two_numbers_of_32_bytes(p256_key: PrivateKey) -> None:
    signature = p256_key.sign("ecdsa-p256-sha256", b"data")
    padded = signature[:32] + b"\x00" + signature[32:]
    assert not p256_key.public.verify("ecdsa-p256-sha256", padded, b"data")
    assert not p256_key.public.verify("ecdsa-p256-sha256", signature[:32], b"data")


def test_an_ed25519_signature_is_its_64_bytes_and_nothing_of_the_data(ed25519_key: PrivateKey) -> None:
    signature = ed25519_key.sign("ed25519", b"said")
    whole = signature + b"said"
    assert ed25519_key.public.verify("ed25519", signature, b"said")
    for cut in (0, 63, 65, len(whole)):
        assert not ed25519_key.public.verify("ed25519", whole[:cut], whole[cut:])


def test_a_key_of_small_order_signs_nothing() -> None:
    """Under the neutral element one signature would be good for every message."""
    neutral = bytes([1]) + bytes(31)
    key = PublicKey.from_handle(ed25519.Ed25519PublicKey.from_public_bytes(neutral))
    assert not key.verify("ed25519", neutral + bytes(32), b"anything")
