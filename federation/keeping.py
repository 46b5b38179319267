"""Answers over HTTP that are kept whole while the database stays as it is (`models.kept`), and their `ETag`.

What is kept under a key must follow from the key and the database alone, so who may have it is decided before. An
answer of 200 has an ETag (RFC 9110 §8.8.3) made of its bytes: whatever an edit, a block or a role changes in them
changes it, and who names it in `If-None-Match` gets 304 and no body.
"""

import hashlib
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import NamedTuple

from aiohttp import web
from multidict import CIMultiDict

from models.kept import Kept


class Whole(NamedTuple):
    """An answer, with the headers that everybody gets who asks for it."""

    body: bytes
    headers: CIMultiDict[str]
    status: int = 200

    def response(self, request: web.Request, more: Mapping[str, str] | None = None) -> web.Response:
        """To send, with further headers for this very request; 304 to who has it already."""
        headers = self.headers.copy()
        if more:
            headers.update(more)
        tag = headers.get("ETag")
        if tag is not None and tag in request.headers.get("If-None-Match", ""):
            del headers["Content-Type"]
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body, status=self.status, headers=headers)


def etag(body: bytes) -> str:
    """The tag of these bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


async def kept(store: Kept, key: tuple[Hashable, ...], make: Callable[[], Awaitable[Whole]]) -> Whole:
    """What is kept under this key, or what `make` makes; it is kept when its status is 200."""
    moment, found = await store.find(key)
    if found is not None:
        answer: Whole = found
        return answer
    made = await make()
    if made.status == 200:
        store.put(key, moment, made, len(made.body) + sum(len(part) for part in key if isinstance(part, str)))
    return made
