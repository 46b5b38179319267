"""Secrets that we hand out: client secrets, codes, tokens and cookies.

Each is 256 random bits, so its SHA-256 can be neither reversed nor guessed and needs no salt; of none is more stored.
"""

import hashlib
import hmac
import re
import secrets

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def new_secret() -> str:
    """43 characters that fit into a URL, a header and a cookie."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a secret, whatever somebody sent as one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret(text: str | None) -> bool:
    """Whether a text has the shape of one of ours."""
    return text is not None and _SECRET.fullmatch(text) is not None


def is_same_secret(secret: str, stored_hash: str) -> bool:
    """Whether this is the secret of which the hash is stored; takes equally long wherever they differ."""
    return hmac.compare_digest(hash_secret(secret), stored_hash)
