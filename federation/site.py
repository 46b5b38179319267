"""What the addresses of one instance share: its services, its pages for browsers, and how a request is read."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, not_found
from federation.serving.collection_pages import MAX_ID, Cursor, cursor_of
from federation.serving.read_gate import Reader
from federation.serving.resources import ActorPages
from models.accounts import Account
from models.statuses import Status
from models.values import dataclass

Bearer = Callable[[web.Request], Awaitable[Account | None]]


class Pages(Protocol):
    """What browsers see; the web floor implements it. Visibility for the browser's session is decided there."""

    async def profile(self, request: web.Request, account: Account) -> web.StreamResponse: ...

    async def status(self, request: web.Request, status: Status) -> web.StreamResponse: ...

    async def tag(self, request: web.Request, name: str) -> web.StreamResponse: ...

    async def refused(self, request: web.Request, refused: ReadRefused) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True)
class Site:
    """What the handlers of one instance share."""

    services: Services
    pages: Pages | None
    bearer: Bearer | None
    actors: ActorPages


Handler = Callable[[Site, web.Request, Reader], Awaitable[Answer]]
FindReader = Callable[[Site, web.Request], Awaitable[Reader]]


def number_of(request: web.Request, name: str) -> int:
    """An id in the path. Raises ReadRefused (404) for what is none of ours."""
    number = int(request.match_info[name])
    if number > MAX_ID:
        raise not_found()
    return number


def account_of(request: web.Request) -> int:
    """The account in the path."""
    return number_of(request, "account_id")


def cursor_in(request: web.Request) -> Cursor:
    """Which page of a collection is asked for."""
    return cursor_of(request.query)
