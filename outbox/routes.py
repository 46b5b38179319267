"""Client to server over HTTP: `POST outbox` and `GET inbox` for their owner, and `proxyUrl` (ActivityPub §6, §5.2).

The bearer token says whose request it is; nobody reads or writes the boxes of somebody else. Refusals are problem
documents (RFC 9457). What happens is in `client_activities`, `inbox_collection` and `c2s`; uploads have `media_routes`.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

import orjson
import structlog
from aiohttp import web

from content.media import MediaStore
from federation.services import Services
from federation.serving.collection_pages import cursor_of
from federation.serving.negotiation import ACTIVITY_JSON, VARY
from models.accounts import Account
from models.values import dataclass
from outbox.c2s.lookup import FetchStatus
from outbox.c2s.proxy import fetch_for
from outbox.c2s.refusals import ClientRefused, forbidden, malformed
from outbox.client_activities import perform
from outbox.inbox_collection import inbox_answer
from outbox.media_routes import Media, get_upload, post_upload
from policy.rates import RateLimiter

log = structlog.get_logger(__name__)

PROXY_PER_SECOND: Final = 2.0
PROXY_BURST: Final = 60.0
_JSON: Final = frozenset({"application/activity+json", "application/ld+json", "application/json"})
_PRIVATE: Final = {"Cache-Control": "private, no-store", "Vary": VARY, "X-Content-Type-Options": "nosniff"}
_TITLES: Final = {
    400: "The activity can't be read",
    401: "A valid token is needed",
    403: "This is not allowed",
    404: "There is nothing here for you",
    409: "It was done already",
    413: "It is too large",
    415: "This media type is not taken",
    422: "The file is not taken",
    429: "Too many requests",
    502: "The other server didn't help",
}


class Bearer(Protocol):
    """Says whose valid token a request carries; `scope` is `read` for GET and `write` otherwise, unless given."""

    async def __call__(self, request: web.Request, scope: str | None = None) -> Account | None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the handlers of one instance share."""

    services: Services
    bearer: Bearer
    media: Media
    fetch_status: FetchStatus
    proxy_rates: RateLimiter


Handler = Callable[[Desk, web.Request], Awaitable[web.StreamResponse]]


def routes(services: Services, *, bearer: Bearer, media: MediaStore, fetch_status: FetchStatus) -> list[web.RouteDef]:
    """The routes for clients; `fetch_status` finds a status here or at its server."""
    rates = RateLimiter(is_on=services.rates.is_on, per_second=PROXY_PER_SECOND, burst=PROXY_BURST)
    desk = Desk(services, bearer, Media(services, media), fetch_status, rates)
    user = r"/users/{account_id:\d{1,19}}"
    return [
        web.post(f"{user}/outbox", partial(_answered, desk, post_outbox)),
        web.get(f"{user}/inbox", partial(_answered, desk, get_inbox)),
        web.post(f"{user}/uploadMedia", partial(_answered, desk, upload)),
        web.get(rf"{user}/media/{{upload_id:\d{{1,19}}}}", partial(_answered, desk, show_upload)),
        web.post("/proxyUrl", partial(_answered, desk, post_proxy)),
    ]


async def post_outbox(desk: Desk, request: web.Request) -> web.Response:
    """Do what the owner posted: 201, and the id of the activity in `Location`."""
    owner = await _owner(desk, request)
    if request.content_type not in _JSON:
        raise ClientRefused(415, "media-type", "Send application/activity+json, or application/ld+json.")
    uri = await perform(desk.services, desk.fetch_status, owner, await request.read())
    return web.Response(status=201, headers={**_PRIVATE, "Location": uri})


async def get_inbox(desk: Desk, request: web.Request) -> web.Response:
    """What was received for the owner."""
    owner = await _owner(desk, request)
    answer = await inbox_answer(desk.services, owner, cursor_of(request.query))
    return web.Response(body=answer.body, headers={**_PRIVATE, "Content-Type": answer.content_type})


async def upload(desk: Desk, request: web.Request) -> web.Response:
    """Take a file."""
    document = await post_upload(desk.media, request, await _owner(desk, request))
    headers = {**_PRIVATE, "Location": str(document["id"]), "Content-Type": ACTIVITY_JSON}
    return web.Response(status=201, body=orjson.dumps(document), headers=headers)


async def show_upload(desk: Desk, request: web.Request) -> web.Response:
    """The object that stands for an upload, for its owner."""
    document = await get_upload(desk.media, request, await _owner(desk, request))
    return web.Response(body=orjson.dumps(document), headers={**_PRIVATE, "Content-Type": ACTIVITY_JSON})


async def post_proxy(desk: Desk, request: web.Request) -> web.Response:
    """A document of another server, as far as the asking account may read it; `id` comes as a form."""
    reader = await _account(desk, request, scope="read")
    wait = desk.proxy_rates.check(str(reader.id), desk.services.clock())
    if wait is not None:
        refused = ClientRefused(429, "rate", "Too many documents at once; please wait a moment.")
        return _problem(refused, {"Retry-After": str(max(1, round(wait)))})
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise ClientRefused(415, "media-type", "Send a form with an id.")
    uri = (await request.post()).get("id")
    if not isinstance(uri, str):
        raise malformed("The form needs an id.")
    body = await fetch_for(desk.services, reader, uri)
    return web.Response(body=body, headers={**_PRIVATE, "Content-Type": ACTIVITY_JSON})


async def _answered(desk: Desk, handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(desk, request)
    except ClientRefused as refused:
        log.info("c2s.refused", status=refused.status, reason=refused.reason, detail=refused.detail)
        return _problem(refused)


async def _account(desk: Desk, request: web.Request, scope: str | None = None) -> Account:
    account = await desk.bearer(request, scope)
    if account is None:
        raise ClientRefused(401, "token", "Send a valid access token: Authorization: Bearer …")
    return account


async def _owner(desk: Desk, request: web.Request) -> Account:
    """The account of the token, which must be the one of the path: 401 comes before anything about the path."""
    account = await _account(desk, request)
    if account.id != int(request.match_info["account_id"]):
        raise forbidden("This belongs to somebody else.")
    return account


def _problem(refused: ClientRefused, headers: dict[str, str] | None = None) -> web.Response:
    document = {
        "type": "about:blank",
        "title": _TITLES.get(refused.status, "Refused"),
        "status": refused.status,
        "detail": refused.detail,
        "reason": refused.reason,
    }
    response = web.Response(
        status=refused.status,
        body=orjson.dumps(document),
        content_type="application/problem+json",
        headers={**_PRIVATE, **(headers or {})},
    )
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
