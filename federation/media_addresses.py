"""Where clients of ours find pictures, sound and film of other servers: under our own roof.

`proxied` is a pure function of the office's secret and an address, so entities are made without asking anybody. The
signature (HMAC-SHA-256, 128 bits of it) says that we ourselves put the address there: nobody can use the office to
fetch what they like, and whoever has no entity with it can't make one up. What is ours already stays as it is.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Final

from models.addresses import LocalAddresses

PREFIX: Final = "/proxy/media"
SECRET_NAME: Final = "media-proxy"
SECRET_BYTES: Final = 32
MAX_URL_CHARACTERS: Final = 2_000
_SIGNATURE_BYTES: Final = 16


class MediaAddresses:
    """The addresses of remote media as one office gives them to its own people."""

    def __init__(self, addresses: LocalAddresses, secret: bytes) -> None:
        self._addresses = addresses
        self._secret = secret
        self._prefix = f"{addresses.origin}{PREFIX}/"

    def proxied(self, url: str) -> str:
        """Where clients get what is at `url`; local addresses stay, and so does what is too long to be fetched."""
        if self._addresses.is_local(url) or len(url) > MAX_URL_CHARACTERS:
            return url
        data = url.encode("utf-8", "replace")
        return f"{self._prefix}{_encoded(self._sign(data))}/{_encoded(data)}"

    def proxied_or_none(self, url: str | None) -> str | None:
        """The same for an address that may be missing."""
        return self.proxied(url) if url else None

    def opened(self, signature: str, encoded: str) -> str | None:
        """The address behind a path; None when we never gave it to anybody."""
        try:
            data = _decoded(encoded)
            given = _decoded(signature)
        except (NotBase64, ValueError):
            return None
        return data.decode("utf-8", "replace") if hmac.compare_digest(self._sign(data), given) else None

    def _sign(self, data: bytes) -> bytes:
        return hmac.digest(self._secret, data, "sha256")[:_SIGNATURE_BYTES]


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
