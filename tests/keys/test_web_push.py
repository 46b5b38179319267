"""Sealing for Web Push against the vector of RFC 8291 and an independent receiver; tokens of RFC 8292."""

import base64
from datetime import UTC, datetime, timedelta

import http_ece
import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.keypairs import KeyRejected, ServerKey
from keys.web_push import PushKeys, Receiver, check_receiver, encode, new_vapid_key, seal_message

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(text)), ec.SECP256R1())


def push_keys() -> PushKeys:
    return PushKeys(new_vapid_key(), ServerKey(b"k" * 32), subject="mailto:office@tertulia.example")


def test_the_vector_of_rfc_8291_appendix_a() -> None:
    sealed = seal_message(
        b"When I grow up, I want to be a watermelon",
        check_receiver(POINT, AUTH),
        is_standard=True,
        ephemeral=private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=decode("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encode(sealed.body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3j"
        "l7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert sealed.headers["Content-Encoding"] == "aes128gcm"


@pytest.mark.parametrize("is_standard", [True, False])
def test_a_receiver_reads_what_was_sealed_for_it_and_nobody_else_does(is_standard: bool) -> None:
    own, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    message = "Ana te ha mencionado · ¡hola!".encode()
    keys, auth = push_keys(), b"a" * 16
    sealed = seal_message(message, Receiver(point, auth), is_standard=is_standard)
    headers = keys.headers("https://push.example", NOW, sealed)
    known = {"version": "aes128gcm"}
    if not is_standard:
        fields = dict(part.split("=", 1) for part in headers["Crypto-Key"].split(";"))
        assert fields["p256ecdsa"] == keys.public_key
        salt = headers["Encryption"].removeprefix("salt=")
        known = {"version": "aesgcm", "salt": decode(salt), "dh": decode(fields["dh"])}
        assert headers["Authorization"].startswith("WebPush ")
    else:
        assert headers["Authorization"].startswith("vapid t=")
        assert headers["Authorization"].endswith(f",k={keys.public_key}")
    assert http_ece.decrypt(sealed.body, private_key=own, auth_secret=auth, **known) == message
    with pytest.raises(http_ece.ECEException):
        http_ece.decrypt(sealed.body, private_key=other, auth_secret=auth, **known)
    with pytest.raises(http_ece.ECEException):
        http_ece.decrypt(sealed.body, private_key=own, auth_secret=b"b" * 16, **known)


def test_a_token_names_its_service_and_is_used_for_hours() -> None:
    keys = push_keys()
    token = keys.authorization("https://push.example", NOW)
    header, claims, signature = token.split(".")
    assert orjson.loads(decode(header)) == {"typ": "JWT", "alg": "ES256"}
    said = orjson.loads(decode(claims))
    assert said["aud"] == "https://push.example"
    assert said["sub"] == "mailto:office@tertulia.example"
    assert timedelta() < datetime.fromtimestamp(said["exp"], UTC) - NOW <= timedelta(hours=24)
    raw = decode(signature)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(keys.public_key))
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert len(decode(keys.public_key)) == 65
    assert keys.authorization("https://push.example", NOW + timedelta(hours=5)) == token
    assert keys.authorization("https://push.example", NOW + timedelta(hours=9)) != token
    assert keys.authorization("https://other.example", NOW) != token


def test_a_sealed_token_opens_for_its_account_alone() -> None:
    keys = push_keys()
    sealed = keys.seal_token("secret-token", account_id=7)
    assert b"secret-token" not in sealed
    assert keys.open_token(sealed, account_id=7) == "secret-token"
    with pytest.raises(KeyRejected):
        keys.open_token(sealed, account_id=8)


def test_keys_in_standard_base64_are_taken_too() -> None:
    padded = base64.b64encode(decode(POINT)).decode()
    assert check_receiver(padded, AUTH + "==") == check_receiver(POINT, AUTH)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", AUTH),
        (POINT, ""),
        (POINT[:-4], AUTH),
        (POINT, encode(b"a" * 15)),
        (POINT, encode(b"a" * 17)),
        (encode(b"\x04" + b"\x01" * 64), AUTH),  # not on the curve
        (encode(b"\x02" + decode(POINT)[1:]), AUTH),
        (POINT + "!", AUTH),
        ("ñ" * 87, AUTH),
    ],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(KeyRejected):
        check_receiver(p256dh, auth)
