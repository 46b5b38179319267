"""Passwords: Argon2id (RFC 9106, its second recommended option), and the ones that we make up ourselves.

A hash takes some 50 ms of a core and 64 MiB on purpose, so the event loop must not wait for it: call these in a thread.
"""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS = 8
MAX_CHARACTERS = 256
_GENERATED_GROUPS = 4
# Without characters that people confuse when they read a password from paper.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class PasswordRefused(Exception):
    """A password that nobody should have; the message says what a good one needs."""


def hash_password(password: str) -> str:
    """The Argon2id hash of a password, with its parameters and salt. Raises PasswordRefused."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise PasswordRefused(f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters: choose another one.")
    return PasswordHasher().hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed. No hash means: nobody signs in with a password."""
    if password_hash is None or len(password) > MAX_CHARACTERS:
        return False
    try:
        return PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def generate_password() -> str:
    """A random password of 80 bits that can be read out on the telephone: `x7kp-mq3d-…`."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GENERATED_GROUPS))
    return "-".join(groups)
