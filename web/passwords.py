"""Checking a password without telling, by time, whether there is such a person.

The hash function comes from above as two callables. Each check costs some 50 ms of a core and 64 MiB on purpose: it
runs in a thread, and only a few run at a time.
"""

import asyncio
import secrets
from collections.abc import Callable
from functools import cached_property

IsPassword = Callable[[str | None, str], bool]
HashPassword = Callable[[str], str]

_AT_ONCE = 2


class Passwords:
    """`is_password(hash, password)` and `hash_password(password)` of the server, made fit for a sign-in page."""

    def __init__(self, is_password: IsPassword, hash_password: HashPassword) -> None:
        self._is_password = is_password
        self._hash_password = hash_password
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; the same work is done when there is no hash to compare with."""
        async with self._slots:
            return await asyncio.to_thread(self._check, password_hash, password)

    def _check(self, password_hash: str | None, password: str) -> bool:
        is_right = self._is_password(password_hash or self._nobodys_hash, password)
        return is_right and password_hash is not None

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hash_password(secrets.token_urlsafe(32))
