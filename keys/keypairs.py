"""Key pairs: parsed once, kept as objects, sealed at rest.

Owns the mapping between a kind of key, its text forms (PEM, Multikey) and the algorithms it may be used with. An
algorithm always follows from the key (RFC 9421 §3.3.7): to ask a key for an algorithm of another kind is a signature
that does not verify, never a fallback. Weak and exotic keys are refused where they are parsed, so nobody has to ask
later.

Algorithms are named as in RFC 9421 §6.2.2, plus `rsa-v1_5-sha512` for draft-cavage's `rsa-sha512`.

Private keys leave the process only sealed: AES-256-GCM under the server's key, a 32-byte secret in a file of mode 0600.
A sealed value opens to exactly what was sealed, under the same key and the same `bound_to`, or raises KeyRejected.
"""

import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self, TypeAlias

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import edwards
from keys.multibase import NotMultibase, decode_base58btc, encode_base58btc

PublicHandle: TypeAlias = rsa.RSAPublicKey | ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
PrivateHandle: TypeAlias = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192  # a check costs the square of the size: a stranger's 64-kbit key would stall the server
_MAX_EXPONENT_BITS: Final = 64
_MAX_PEM_CHARACTERS: Final = 8192
_P256_BYTES: Final = 32


class KeyRejected(Exception):
    """A key or sealed value that can't be used: unparsable, of an unknown kind, too weak, too large or altered."""


class KeyKind(StrEnum):
    """The kinds of key that peers of this field publish."""

    RSA = "rsa"
    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256"


_SHA256 = hashes.SHA256()
_SHA512 = hashes.SHA512()
_RSA: Final[Mapping[str, tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]]] = MappingProxyType(
    {
        "rsa-v1_5-sha256": (padding.PKCS1v15(), _SHA256),
        "rsa-v1_5-sha512": (padding.PKCS1v15(), _SHA512),
        "rsa-pss-sha512": (padding.PSS(mgf=padding.MGF1(_SHA512), salt_length=64), _SHA512),
    }
)
# The first is what we sign with; the order is the one in which an unnamed algorithm is tried.
ALGORITHMS: Final[Mapping[KeyKind, tuple[str, ...]]] = MappingProxyType(
    {
        KeyKind.RSA: tuple(_RSA),
        KeyKind.ED25519: ("ed25519",),
        KeyKind.ECDSA_P256: ("ecdsa-p256-sha256",),
    }
)
# Multicodec prefixes as unsigned varints: ed25519-pub 0xed, rsa-pub 0x1205, p256-pub 0x1200.
_MULTICODECS: Final[Mapping[KeyKind, bytes]] = MappingProxyType(
    {KeyKind.ED25519: b"\xed\x01", KeyKind.RSA: b"\x85\x24", KeyKind.ECDSA_P256: b"\x80\x24"}
)


@dataclass(frozen=True)
class PublicKey:
    """A public key that has been parsed and found fit; compared by its SPKI PEM."""

    kind: KeyKind
    pem: str
    handle: PublicHandle = field(repr=False, compare=False)

    @classmethod
    def from_handle(cls, handle: object) -> Self:
        """Wrap a key object of `cryptography`. Raises KeyRejected when it is weak or of another kind."""
        kind = _kind_of(handle)
        assert isinstance(handle, (rsa.RSAPublicKey, ed25519.Ed25519PublicKey, ec.EllipticCurvePublicKey))
        pem = handle.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return cls(kind, pem.decode("ascii"), handle)

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Parse SPKI ("PUBLIC KEY") or PKCS#1 ("RSA PUBLIC KEY") text. Raises KeyRejected."""
        return cls.from_handle(_parse_public_pem(pem))

    @classmethod
    def from_multibase(cls, text: str) -> Self:
        """Parse a Multikey's `publicKeyMultibase` (FEP-521a; W3C Controlled Identifiers §2.2.2). Raises KeyRejected."""
        try:
            data = decode_base58btc(text)
            return cls.from_handle(_parse_multikey(data))
        except (NotMultibase, ValueError, UnsupportedAlgorithm) as error:
            raise KeyRejected("not a Multikey that we know") from error

    @cached_property
    def multibase(self) -> str:
        """The key as `publicKeyMultibase`: "z6Mk…" for Ed25519."""
        return encode_base58btc(_MULTICODECS[self.kind] + self.raw)

    @cached_property
    def raw(self) -> bytes:
        """The key as its kind's own bytes: 32 for Ed25519."""
        return _raw_public(self.handle)

    def verify(self, algorithm: str, signature: bytes, data: bytes) -> bool:
        """Whether `signature` is this key's over `data`; False too for an algorithm of another kind of key."""
        if algorithm not in ALGORITHMS[self.kind]:
            return False
        if isinstance(self.handle, ed25519.Ed25519PublicKey):
            return edwards.holds(self.raw, signature, data)
        try:
            _verify(self.handle, algorithm, signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """A private key that has been parsed; its repr shows the kind and nothing else."""

    kind: KeyKind
    handle: PrivateHandle = field(repr=False, compare=False)
    public: PublicKey = field(repr=False)

    @classmethod
    def from_handle(cls, handle: object) -> Self:
        """Wrap a private key object of `cryptography`. Raises KeyRejected when it is weak or of another kind."""
        if not isinstance(handle, (rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey, ec.EllipticCurvePrivateKey)):
            raise KeyRejected("not a private key of a kind that we use")
        public = PublicKey.from_handle(handle.public_key())
        return cls(public.kind, handle, public)

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Parse PKCS#8 (or PKCS#1, SEC1) text that this server wrote. Raises KeyRejected.

        Whether the numbers of an RSA key fit together isn't asked: it takes 44 ms instead of 0.02, and the seal has
        just proved that they are those that were generated here.
        """
        try:
            handle = serialization.load_pem_private_key(
                pem.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyRejected("not a private key in PEM") from error
        return cls.from_handle(handle)

    @cached_property
    def _seed(self) -> bytes:
        assert isinstance(self.handle, ed25519.Ed25519PrivateKey)
        return self.handle.private_bytes_raw()

    def to_pem(self) -> str:
        """PKCS#8 text without a password: seal it before it is stored."""
        return self.handle.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    def sign(self, algorithm: str, data: bytes) -> bytes:
        """Sign `data`. Raises KeyRejected when the algorithm is not one of this kind of key."""
        if algorithm not in ALGORITHMS[self.kind]:
            raise KeyRejected(f"{algorithm} is not an algorithm of {self.kind} keys")
        if isinstance(self.handle, ed25519.Ed25519PrivateKey):
            return edwards.made(self._seed, self.public.raw, data)
        if isinstance(self.handle, rsa.RSAPrivateKey):
            return self.handle.sign(data, *_RSA[algorithm])
        r, s = decode_dss_signature(self.handle.sign(data, ec.ECDSA(_SHA256)))
        return r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES)


def generate_rsa() -> PrivateKey:
    """A fresh RSA-2048 key; takes 50–300 ms of one core."""
    return PrivateKey.from_handle(rsa.generate_private_key(public_exponent=65537, key_size=_MIN_RSA_BITS))


def generate_ed25519() -> PrivateKey:
    """A fresh Ed25519 key."""
    return PrivateKey.from_handle(ed25519.Ed25519PrivateKey.generate())


def _parse_public_pem(pem: str) -> object:
    if len(pem) > _MAX_PEM_CHARACTERS:
        raise KeyRejected("too long for a public key")
    try:
        return serialization.load_pem_public_key(pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRejected("not a public key in PEM") from error


def _parse_multikey(data: bytes) -> object:
    if data.startswith(_MULTICODECS[KeyKind.ED25519]):
        return ed25519.Ed25519PublicKey.from_public_bytes(data[2:])
    if data.startswith(_MULTICODECS[KeyKind.ECDSA_P256]):
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data[2:])
    if data.startswith(_MULTICODECS[KeyKind.RSA]):
        return serialization.load_der_public_key(data[2:])
    raise KeyRejected("unknown multicodec")


def _raw_public(handle: PublicHandle) -> bytes:
    if isinstance(handle, ed25519.Ed25519PublicKey):
        return handle.public_bytes_raw()
    if isinstance(handle, rsa.RSAPublicKey):
        return handle.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return handle.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def _kind_of(handle: object) -> KeyKind:
    if isinstance(handle, ed25519.Ed25519PublicKey):
        return KeyKind.ED25519
    if isinstance(handle, rsa.RSAPublicKey):
        if not _MIN_RSA_BITS <= handle.key_size <= _MAX_RSA_BITS:
            raise KeyRejected(f"RSA keys have {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits here, not {handle.key_size}")
        if handle.public_numbers().e.bit_length() > _MAX_EXPONENT_BITS:
            raise KeyRejected("RSA exponent too large")
        return KeyKind.RSA
    if isinstance(handle, ec.EllipticCurvePublicKey) and isinstance(handle.curve, ec.SECP256R1):
        return KeyKind.ECDSA_P256
    raise KeyRejected("unknown kind of key")


def _verify(
    handle: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, algorithm: str, signature: bytes, data: bytes
) -> None:
    if isinstance(handle, rsa.RSAPublicKey):
        handle.verify(signature, data, *_RSA[algorithm])
        return
    if len(signature) != 2 * _P256_BYTES:  # RFC 9421 §3.3.4: r and s side by side, not DER
        raise InvalidSignature
    r, s = int.from_bytes(signature[:_P256_BYTES]), int.from_bytes(signature[_P256_BYTES:])
    handle.verify(encode_dss_signature(r, s), data, ec.ECDSA(_SHA256))


class ServerKey:
    """The secret under which private keys and the like rest in the database."""

    _VERSION: Final = b"\x01"
    _NONCE_BYTES: Final = 12

    def __init__(self, secret: bytes) -> None:
        """`secret` has 32 bytes. Raises KeyRejected otherwise."""
        if len(secret) != 32:
            raise KeyRejected("the server's key has 32 bytes")
        self._cipher = AESGCM(secret)

    def seal(self, plaintext: bytes, *, bound_to: bytes = b"") -> bytes:
        """Encrypt: version byte, random nonce, ciphertext and tag. It opens only with the same `bound_to`."""
        nonce = secrets.token_bytes(self._NONCE_BYTES)
        return self._VERSION + nonce + self._cipher.encrypt(nonce, plaintext, self._VERSION + bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
        """Decrypt what `seal` made. Raises KeyRejected for anything else."""
        head, nonce, ciphertext = sealed[:1], sealed[1 : 1 + self._NONCE_BYTES], sealed[1 + self._NONCE_BYTES :]
        if head != self._VERSION or len(nonce) != self._NONCE_BYTES:
            raise KeyRejected("not a sealed value of this version")
        try:
            return self._cipher.decrypt(nonce, ciphertext, self._VERSION + bound_to)
        except InvalidTag as error:
            raise KeyRejected("sealed under another key, for something else, or altered") from error


def load_server_key(path: Path) -> ServerKey:
    """The server's key from `path` (64 hexadecimal digits), made at the first start with mode 0600.

    The file appears whole or not at all, and of two processes that start at once one's key wins for both. Raises
    KeyRejected when the file holds something else, OSError when it can't be read or made.
    """
    if not path.exists():
        _create_secret(path)
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError as error:
        raise KeyRejected(f"{path.name} does not hold 64 hexadecimal digits") from error
    return ServerKey(secret)


def _create_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from its first moment
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, never replaces the key of a process that was quicker
        except FileExistsError:
            return
        _sync_directory(path.parent)
    finally:
        os.unlink(draft)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
