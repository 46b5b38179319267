"""A peer that signs however a test wants, right or wrong, without any of our signing code."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from keys.keypairs import PrivateKey, PublicKey
from keys.requests import HttpMessage
from keys.verification import (
    DEFAULT_POLICY,
    Refusal,
    SignaturePolicy,
    SignatureRefused,
    VerifiedSignature,
    verify_request,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
KEY_ID = "https://peer.test/users/carol#main-key"
BODY = b'{"type": "Follow"}'


def imf(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def digest(body: bytes = BODY) -> str:
    return "SHA-256=" + b64encode(hashlib.sha256(body).digest()).decode()


def content_digest(body: bytes = BODY) -> str:
    return "sha-256=:" + b64encode(hashlib.sha256(body).digest()).decode() + ":"


@dataclass
class Keyring:
    """`find_key` for tests; remembers what it was asked."""

    public: PublicKey | None
    key_id: str = KEY_ID
    asked: list[str] = field(default_factory=list)

    async def __call__(self, key_id: str) -> PublicKey | None:
        self.asked.append(key_id)
        return self.public if key_id == self.key_id else None


def post(*headers: tuple[str, str], target: str = "/inbox", body: bytes = BODY) -> HttpMessage:
    return HttpMessage("POST", "https", "home.test", target, headers, body)


def get(*headers: tuple[str, str], target: str = "/users/1") -> HttpMessage:
    return HttpMessage("GET", "https", "home.test", target, headers)


def with_header(message: HttpMessage, name: str, value: str) -> HttpMessage:
    """The message with all lines of one header replaced by one line."""
    kept = [(n, v) for n, v in message.headers if n.lower() != name.lower()]
    return replace(message, headers=[*kept, (name, value)])


def without_header(message: HttpMessage, name: str) -> HttpMessage:
    return replace(message, headers=[(n, v) for n, v in message.headers if n.lower() != name.lower()])


def cavage(
    key: PrivateKey,
    message: HttpMessage,
    covered: str = "(request-target) host date digest",
    *,
    algorithm: str | None = "rsa-sha256",
    signs_with: str = "rsa-v1_5-sha256",
    signed_target: str | None = None,
    created: int | str | None = None,
    expires: int | str | None = None,
    key_id: str = KEY_ID,
) -> HttpMessage:
    """Sign as draft-cavage-12 says, whatever `covered` names."""
    pseudo = {
        "(request-target)": f"{message.method.lower()} {signed_target or message.target}",
        "(created)": str(created),
        "(expires)": str(expires),
    }
    lines = [f"{name}: {pseudo.get(name) or ', '.join(message.fields.get(name, ['']))}" for name in covered.split()]
    signature = b64encode(key.sign(signs_with, "\n".join(lines).encode())).decode()
    parameters = [f'keyId="{key_id}"', f'headers="{covered}"', f'signature="{signature}"']
    parameters += [f'algorithm="{algorithm}"'] if algorithm is not None else []
    parameters += [f"created={created}"] if created is not None else []
    parameters += [f"expires={expires}"] if expires is not None else []
    return with_header(message, "Signature", ",".join(parameters))


def rfc9421(
    key: PrivateKey,
    message: HttpMessage,
    covered: Sequence[str] = ("@method", "@target-uri", "content-digest"),
    *,
    signs_with: str = "ed25519",
    parameters: str = f';created={SECONDS};keyid="{KEY_ID}"',
    label: str = "sig1",
) -> HttpMessage:
    """Sign as RFC 9421 says; a second call with another label adds a signature."""
    derived = {
        "@method": message.method,
        "@target-uri": f"https://home.test{message.target}",
        "@authority": "home.test",
        "@path": message.target.partition("?")[0],
        "@query": "?" + message.target.partition("?")[2],
    }
    values = [derived.get(name) or ", ".join(message.fields.get(name, [""])) for name in covered]
    params = "(" + " ".join(f'"{name}"' for name in covered) + ")" + parameters
    lines = [f'"{name}": {value}' for name, value in zip(covered, values, strict=True)]
    base = "\n".join([*lines, f'"@signature-params": {params}']).encode()
    signature = b64encode(key.sign(signs_with, base)).decode()
    added = [("Signature-Input", f"{label}={params}"), ("Signature", f"{label}=:{signature}:")]
    return replace(message, headers=[*message.headers, *added])


async def verify(
    message: HttpMessage, key: PublicKey | None, *, now: datetime = NOW, policy: SignaturePolicy = DEFAULT_POLICY
) -> VerifiedSignature:
    return await verify_request(message, find_key=Keyring(key), now=now, policy=policy)


async def refusal(message: HttpMessage, key: PublicKey | None, *, now: datetime = NOW) -> Refusal:
    """The reason for which the message is refused; fails when it is not."""
    with pytest.raises(SignatureRefused) as caught:
        await verify(message, key, now=now)
    return caught.value.reason


def respelled(value: str) -> str:
    """The signature header with the unused bits of the last base64 character set: other text, the same bytes."""
    last = value.index("==") - 1
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return value[:last] + alphabet[alphabet.index(value[last]) + 1] + value[last + 1 :]
