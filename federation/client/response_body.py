"""Decoding response bodies under a cap that counts *decoded* bytes.

Owns the decompression of what other servers send. Promises that at most the cap is ever decompressed: zlib is asked
for no more than what is still allowed, so a bomb costs one buffer of the cap's size, and raw bytes that decode to
nothing are counted too. Codings that we didn't offer, broken or truncated streams and bytes after the end of a stream
are refused: a body has one meaning or none.
"""

import zlib

# Incompressible data grows by a few bytes per block; more than this beyond the cap is an attack.
RAW_ALLOWANCE = 65_536
ACCEPT_ENCODING = "gzip, deflate"


class BodyTooLarge(Exception):
    """More than the cap."""


class BodyUnreadable(Exception):
    """A coding that we did not ask for, or a stream that is not one."""


class BodyDecoder:
    """Feed chunks, then finish. `coding` is the value of Content-Encoding ("" when absent)."""

    def __init__(self, coding: str, max_bytes: int) -> None:
        self._coding = coding.strip().lower()
        if self._coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise BodyUnreadable(f"the content coding {self._coding[:40]!r} was not offered")
        self._max_bytes = max_bytes
        self._raw_bytes = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._inflate: zlib._Decompress | None = None

    @property
    def is_plain(self) -> bool:
        return self._coding in ("", "identity")

    def feed(self, chunk: bytes) -> None:
        """Take one chunk as it came from the wire. Raises BodyTooLarge or BodyUnreadable."""
        self._raw_bytes += len(chunk)
        if self._raw_bytes > self._max_bytes + RAW_ALLOWANCE:
            raise BodyTooLarge
        self._keep(chunk if self.is_plain else self._decompress(chunk))

    def finish(self) -> bytes:
        """The whole decoded body. Raises BodyUnreadable when the stream is incomplete."""
        if self._inflate is not None and not self._inflate.eof:
            raise BodyUnreadable("the compressed body is incomplete")
        return b"".join(self._pieces)

    def partial(self) -> bytes:
        """What could be decoded so far, at most the cap."""
        return b"".join(self._pieces)[: self._max_bytes]

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise BodyTooLarge

    def _decompress(self, chunk: bytes) -> bytes:
        if not chunk:
            return b""
        if self._inflate is None:
            self._inflate = zlib.decompressobj(_window_bits(self._coding, chunk[0]))
        allowed = self._max_bytes - self._size + 1
        try:
            piece = self._inflate.decompress(chunk, allowed)
        except zlib.error as error:
            raise BodyUnreadable("the compressed body is broken") from error
        if len(piece) == allowed:
            raise BodyTooLarge
        if self._inflate.unused_data:
            raise BodyUnreadable("there are bytes after the compressed body")
        return piece


def _window_bits(coding: str, first_byte: int) -> int:
    # "deflate" means the zlib format (RFC 9110 §8.4.1.2), but raw deflate is sent under that name too.
    if coding != "deflate":
        return 16 + zlib.MAX_WBITS
    return zlib.MAX_WBITS if first_byte & 0x0F == 8 else -zlib.MAX_WBITS
