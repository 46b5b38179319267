"""Files sealed with a passphrase, written and read in one pass: what backups are.

    magic and version · scrypt cost, r, p · salt · nonce prefix      the header, which every chunk is bound to
    an empty chunk                                                     tells a wrong passphrase from a damaged file
    chunks of 256 KiB, the last one shorter, each with its tag        ChaCha20-Poly1305

The key comes from the passphrase by scrypt (RFC 7914). Chunks are numbered in their nonces and the last one says that
it is the last (the STREAM construction), so chunks that were altered, exchanged, repeated or cut off are refused, and
nothing is given out before it is verified. Memory is bounded by a chunk.
"""

import secrets
import struct
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC: Final = b"TERTULIA-SEALED\x01"
CHUNK_BYTES: Final = 262_144
DEFAULT_COST: Final = 17  # 2**17 * 8 * 128 bytes: 128 MiB, about half a second
MAX_COST: Final = 20
_TAG_BYTES: Final = 16
_SALT_BYTES: Final = 16
_PREFIX_BYTES: Final = 7
_HEADER: Final = struct.Struct(f">{len(MAGIC)}sBBB{_SALT_BYTES}s{_PREFIX_BYTES}s")


class SealRefused(Exception):
    """The file can't be opened; the message says why: no such file of ours, wrong passphrase, damaged."""


class _Chunks:
    """Encrypts or decrypts one chunk after the other under nonces that count up."""

    def __init__(self, header: bytes, passphrase: bytes) -> None:
        _, cost, r, p, salt, self._prefix = _HEADER.unpack(header)
        key = Scrypt(salt=salt, length=32, n=1 << cost, r=r, p=p).derive(passphrase)
        self._cipher = ChaCha20Poly1305(key)
        self._header = header
        self._count = 0

    def _nonce(self, is_last: bool) -> bytes:
        nonce: bytes = self._prefix + struct.pack(">IB", self._count, is_last)
        self._count += 1
        return nonce

    def seal(self, plaintext: bytes, *, is_last: bool) -> bytes:
        return bytes(self._cipher.encrypt(self._nonce(is_last), plaintext, self._header))

    def open(self, ciphertext: bytes, *, is_last: bool) -> bytes:
        return bytes(self._cipher.decrypt(self._nonce(is_last), ciphertext, self._header))


class SealingWriter:
    """Seals what is written into `raw`. Without `close` the file stays unreadable, as it should."""

    def __init__(self, raw: BinaryIO, passphrase: str, *, cost: int = DEFAULT_COST) -> None:
        header = _HEADER.pack(MAGIC, cost, 8, 1, secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_PREFIX_BYTES))
        self._raw = raw
        self._chunks = _Chunks(header, passphrase.encode())
        self._pending = bytearray()
        raw.write(header + self._chunks.seal(b"", is_last=False))

    def write(self, data: bytes) -> int:
        """Take bytes; whole chunks go out."""
        self._pending += data
        while len(self._pending) > CHUNK_BYTES:
            chunk = bytes(self._pending[:CHUNK_BYTES])
            del self._pending[:CHUNK_BYTES]
            self._raw.write(self._chunks.seal(chunk, is_last=False))
        return len(data)

    def close(self) -> None:
        """Write the last chunk; `raw` stays open."""
        self._raw.write(self._chunks.seal(bytes(self._pending), is_last=True))


class OpeningReader:
    """Reads what was sealed. Raises SealRefused: at once for a wrong passphrase, else where the file is damaged."""

    def __init__(self, raw: BinaryIO, passphrase: str) -> None:
        header = raw.read(_HEADER.size)
        if len(header) != _HEADER.size or not header.startswith(MAGIC):
            raise SealRefused("This is no backup of this version of Tertulia.")
        _, cost, r, p, _, _ = _HEADER.unpack(header)
        if not 10 <= cost <= MAX_COST or r != 8 or p != 1:
            raise SealRefused("The header of the file is damaged.")
        self._raw = raw
        self._chunks = _Chunks(header, passphrase.encode())
        try:
            self._chunks.open(raw.read(_TAG_BYTES), is_last=False)
        except InvalidTag as error:
            raise SealRefused("The passphrase is wrong, or the beginning of the file is damaged.") from error
        self._ahead = raw.read(CHUNK_BYTES + _TAG_BYTES)
        self._ready = b""
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, verified; nothing at the end."""
        pieces: list[bytes] = []
        wanted = size if size >= 0 else 1 << 62
        while wanted > 0 and (self._place < len(self._ready) or self._next_chunk()):
            piece = self._ready[self._place : self._place + wanted]
            self._place += len(piece)
            wanted -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def _next_chunk(self) -> bool:
        if not self._ahead:
            return False
        current = self._ahead
        self._ahead = self._raw.read(CHUNK_BYTES + _TAG_BYTES)
        try:
            self._ready = self._chunks.open(current, is_last=not self._ahead)
        except InvalidTag as error:
            raise SealRefused("The file is damaged: it was altered, or its end is missing.") from error
        self._place = 0
        return bool(self._ready) or bool(self._ahead)
