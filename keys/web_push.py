"""Web Push: sealing a message for one subscription, and the office's word for who sends it.

Two encodings: `aes128gcm` (RFC 8188 and 8291), which subscriptions ask for with `standard`, and the older draft
`aesgcm`, whose salt and key travel in headers and which many apps still decode. Who sends is said by VAPID (RFC 8292):
a token signed with the office's P-256 key, whose public half clients give to the push service when they subscribe. A
lost key would end every subscription, so it rests among the shared secrets (`keys.server_secrets`).

What a client calls its keys is checked before it is stored: `check_receiver` raises KeyRejected for what is no point of
the curve or no secret of 16 bytes.
"""

import base64
import binascii
import os
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import http_ece  # type: ignore[import-untyped]
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.keypairs import KeyRejected, PrivateKey, ServerKey
from models.values import dataclass

POINT_BYTES: Final = 65
AUTH_BYTES: Final = 16
SALT_BYTES: Final = 16
MAX_MESSAGE_BYTES: Final = 3_000  # push services take 4096 bytes of body
TOKEN_LIFETIME: Final = timedelta(hours=12)  # RFC 8292 section 2: at most a day
RENEWED_BEFORE: Final = timedelta(hours=4)
MAX_TOKENS: Final = 256
VAPID_SECRET: Final = "vapid"
_CURVE: Final = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class Receiver:
    """The keys of a subscription: a point of P-256, uncompressed, and a shared secret."""

    point: bytes
    auth: bytes


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """What is posted to the push service, and the headers that say how to read it."""

    body: bytes
    headers: Mapping[str, str]


def check_receiver(p256dh: str, auth: str) -> Receiver:
    """The keys that a client sent, base64 of either alphabet, padded or not. Raises KeyRejected."""
    point, secret = _decoded(p256dh), _decoded(auth)
    if len(point) != POINT_BYTES or point[0] != 4:
        raise KeyRejected("p256dh is not an uncompressed point of 65 bytes")
    if len(secret) != AUTH_BYTES:
        raise KeyRejected("auth does not have 16 bytes")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError as error:
        raise KeyRejected("p256dh is not on the curve") from error
    return Receiver(point, secret)


def seal_message(
    message: bytes,
    receiver: Receiver,
    *,
    is_standard: bool,
    ephemeral: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> SealedMessage:
    """Encrypt for one subscription; a fresh key and salt each time, unless a test gives those of the RFC."""
    own = ephemeral or ec.generate_private_key(_CURVE)
    salt = salt or os.urandom(SALT_BYTES)
    encoding = "aes128gcm" if is_standard else "aesgcm"
    body = http_ece.encrypt(
        message, salt=salt, private_key=own, dh=receiver.point, auth_secret=receiver.auth, version=encoding
    )
    headers = {"Content-Encoding": encoding, "Content-Type": "application/octet-stream"}
    if not is_standard:
        headers["Encryption"] = f"salt={encode(salt)}"
        headers["Crypto-Key"] = f"dh={encode(_point_of(own))}"
    return SealedMessage(body, headers)


class PushKeys:
    """The VAPID key of an office, and its tokens for push services, each good for hours.

    Also seals what a subscription keeps of its access token: clients with several accounts tell by it whose a push is.
    """

    def __init__(self, vapid_pem: bytes, server_key: ServerKey, *, subject: str) -> None:
        """`subject` says whom a push service may turn to: `mailto:` or `https:`. Raises KeyRejected."""
        self._key = PrivateKey.from_pem(vapid_pem.decode("ascii"))
        assert isinstance(self._key.handle, ec.EllipticCurvePrivateKey)
        self._server_key = server_key
        self._subject = subject
        self._tokens: OrderedDict[str, tuple[datetime, str]] = OrderedDict()
        # What clients call applicationServerKey: base64url of the uncompressed point.
        self.public_key = encode(_point_of(self._key.handle))

    def authorization(self, audience: str, now: datetime) -> str:
        """A token (JWT, ES256) for the push service with this origin, the same one for hours."""
        until, token = self._tokens.get(audience, (now, ""))
        if until - now < RENEWED_BEFORE:
            until = now + TOKEN_LIFETIME
            token = self._signed({"aud": audience, "exp": int(until.timestamp()), "sub": self._subject})
            self._tokens[audience] = (until, token)
            if len(self._tokens) > MAX_TOKENS:
                self._tokens.popitem(last=False)
        return token

    def headers(self, audience: str, now: datetime, sealed: SealedMessage) -> dict[str, str]:
        """All headers of a push: how it is sealed, and who sends it in the words of its encoding."""
        token = self.authorization(audience, now)
        if "Crypto-Key" not in sealed.headers:
            return {**sealed.headers, "Authorization": f"vapid t={token},k={self.public_key}"}
        crypto_key = f"{sealed.headers['Crypto-Key']};p256ecdsa={self.public_key}"
        return {**sealed.headers, "Authorization": f"WebPush {token}", "Crypto-Key": crypto_key}

    def seal_token(self, token: str, *, account_id: int) -> bytes:
        """An access token at rest: it opens in this office alone, and for this account alone."""
        return self._server_key.seal(token.encode(), bound_to=_bound(account_id))

    def open_token(self, sealed: bytes, *, account_id: int) -> str:
        """What `seal_token` was given. Raises KeyRejected."""
        return self._server_key.open(sealed, bound_to=_bound(account_id)).decode()

    def _signed(self, claims: Mapping[str, str | int]) -> str:
        parts = (encode(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        signed = ".".join(parts)
        return f"{signed}.{encode(self._key.sign('ecdsa-p256-sha256', signed.encode()))}"


def new_vapid_key() -> bytes:
    """A fresh key for `load_secret`."""
    return PrivateKey.from_handle(ec.generate_private_key(_CURVE)).to_pem().encode("ascii")


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRejected("not base64") from error


def _bound(account_id: int) -> bytes:
    return f"push-token:{account_id}".encode()


def _point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
