"""Answers of the client API that are kept whole, with an `ETag`.

An endpoint with `is_kept` answers from the database, for a viewer and an address, and from nothing else; so its answer
is good for the same viewer and the same address while the database stays as it is (`federation.keeping`). Whether the
viewer may ask at all, and how often, was decided before: every time.

The ETag is weak, and answers are `no-store` all the same: what a client keeps of them is its own decision.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web
from multidict import CIMultiDict

from api.call import Api
from api.endpoints import Endpoint
from api.pagination import Page
from federation.keeping import Whole, etag, kept

JSON: Final = "application/json; charset=utf-8"
HEADERS: Final = {"Cache-Control": "private, no-store", "Vary": "Authorization, Origin"}


async def kept_answer(
    api: Api, endpoint: Endpoint, request: web.Request, viewer_id: int | None, ask: Callable[[], Awaitable[Any]]
) -> Whole:
    """The answer to this viewer, kept or of `ask`, which gives a page, bytes of JSON, or what becomes JSON."""

    async def make() -> Whole:
        return _whole(await ask(), endpoint)

    return await kept(api.services.database.kept, key(request.raw_path, viewer_id), make)


def key(path: str, viewer_id: int | None) -> tuple[str, int | None, str]:
    """What the answer to a viewer is kept under; `path` with its query, as it was sent."""
    return "api", viewer_id, path


def _whole(found: Any, endpoint: Endpoint) -> Whole:
    headers = CIMultiDict(HEADERS)
    headers["Content-Type"] = JSON
    proof = None
    if isinstance(found, Page):
        if found.link:
            headers["Link"] = found.link
        found, proof = found.items, found.proof
    body = found if isinstance(found, bytes) else orjson.dumps(found)
    headers["ETag"] = f"W/{etag(body)}"
    return Whole(body, headers, terms=endpoint, proof=proof)
