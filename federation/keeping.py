"""Answers over HTTP that are kept whole while the database stays as it is (`models.kept`), and their `ETag`.

What is kept under a key must follow from the key and the database alone, so who may have it is decided before. An
answer of 200 has an ETag (RFC 9110 §8.8.3) made of its bytes: whatever an edit, a block or a role changes in them
changes it, and who names it in `If-None-Match` gets 304 and no body.

A `Door` is how the server finds what is kept before it has looked for a handler (`server.shortcuts`). It asks of each
request what the handler would ask, and whoever it is in doubt about goes the long way.
"""

import hashlib
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiohttp import web
from multidict import CIMultiDict

from models.kept import Kept
from models.proofs import Proof


@dataclass(slots=True, eq=False)
class Whole:
    """An answer, with the headers that everybody gets who asks for it.

    `terms` is what who asks has to fulfil each time, in the words of the floor that keeps it. `head` is what the server
    made of it for sending it again. `proof` is there if what it says is all that the answer follows from.
    """

    body: bytes
    headers: CIMultiDict[str]
    status: int = 200
    terms: Any = None
    head: Any = None
    proof: Proof | None = None

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


class Visit(NamedTuple):
    """What a request asks for at this moment: the key, and whether it may have what is found there.

    `admit` gives further headers for this very request; None: the handler has to decide.
    """

    key: tuple[Hashable, ...]
    admit: Callable[[Whole], Mapping[str, str] | None]


# Each time that a request comes which looks like this one. None: the handler has to decide.
Asking = Callable[[], Visit | None]
# What a request from an address asks for: it follows from what stands in it, and from nothing else.
Door = Callable[[web.BaseRequest, str], Asking]


def etag(body: bytes) -> str:
    """The tag of these bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


async def recalled(store: Kept, key: tuple[Hashable, ...]) -> Whole | None:
    """What is kept under this key and still holds; without a look at the database when there is nothing."""
    if not store.has(key):
        return None
    answer: Whole | None = (await store.find(key))[1]
    return answer


async def kept(store: Kept, key: tuple[Hashable, ...], make: Callable[[], Awaitable[Whole]]) -> Whole:
    """What is kept under this key, or what `make` makes; it is kept when its status is 200."""
    moment, found = await store.find(key)
    if found is not None:
        answer: Whole = found
        return answer
    made = await make()
    if made.status == 200:
        size_bytes = len(made.body) + sum(len(part) for part in key if isinstance(part, str))
        store.put(key, moment, made, size_bytes, made.proof)
    return made
