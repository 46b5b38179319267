"""`POST /inbox` and the inboxes of actors: HTTP around `inbox.receive`."""

import re
from functools import partial
from typing import Final

import orjson
import structlog
from aiohttp import web

from federation.services import Services
from inbox.journal import Journal
from inbox.receive import claimed_host, receive
from inbox.refusals import InboxRefused
from inbox.sync_routes import sync_routes
from inbox.synchronization import HEADER, Synchronizer
from keys.requests import HttpMessage
from models.accounts import INSTANCE_ACTOR_ID
from models.activities import SHARED_INBOX
from models.values import dataclass

log = structlog.get_logger(__name__)

_PERSONAL: Final = re.compile(r"/users/([0-9]{1,19})/inbox")
TITLES = {
    400: "The activity can't be read",
    401: "The signature doesn't hold",
    403: "The activity is not acceptable",
    404: "No such inbox",
    410: "The account is gone",
    413: "The activity is too large",
    429: "Too many requests",
}


@dataclass(frozen=True, slots=True)
class Door:
    """What every inbox of an instance uses."""

    services: Services
    journal: Journal
    synchronizer: Synchronizer


def door_of(services: Services, journal: Journal) -> Door:
    """The door of an instance."""
    return Door(services, journal, Synchronizer(services))


def routes(door: Door) -> list[web.RouteDef]:
    """The inbox routes of an instance."""
    return [
        web.post("/inbox", partial(post_shared_inbox, door)),
        web.post("/actor/inbox", partial(post_instance_inbox, door)),
        web.post("/tags/{name}/inbox", partial(post_topic_inbox, door)),
        web.post(r"/users/{account_id:\d{1,19}}/inbox", partial(post_inbox, door)),
        *sync_routes(door.services),
    ]


def inbox_of(path: str) -> int | None:
    """Which inbox has this path; None for those of hashtags, and where there is none."""
    if path == "/inbox":
        return SHARED_INBOX
    if path == "/actor/inbox":
        return INSTANCE_ACTOR_ID
    found = _PERSONAL.fullmatch(path)
    return None if found is None else int(found[1])


async def post_shared_inbox(door: Door, request: web.Request) -> web.Response:
    """The inbox for everybody here (ActivityPub §7.1.3)."""
    return await _post(door, request, SHARED_INBOX)


async def post_instance_inbox(door: Door, request: web.Request) -> web.Response:
    """The inbox of the instance actor: reports and the like."""
    return await _post(door, request, INSTANCE_ACTOR_ID)


async def post_inbox(door: Door, request: web.Request) -> web.Response:
    """One account's inbox. Whether it exists is only told to those who sign."""
    return await _post(door, request, int(request.match_info["account_id"]))


async def post_topic_inbox(door: Door, request: web.Request) -> web.Response:
    """The inbox of a hashtag: Follow and its Undo. Nothing else has an effect there, and no hashtag is told apart."""
    return await _post(door, request, SHARED_INBOX)


async def _post(door: Door, request: web.Request, inbox_id: int) -> web.Response:
    try:
        message = await _message(door.services, request)
    except InboxRefused as refused:
        return _refusal(door, None, refused)
    return await take(door, message, inbox_id)


async def take(door: Door, message: HttpMessage, inbox_id: int) -> web.Response:
    """What is answered to a POST of this to an inbox."""
    try:
        requester = await receive(door.services, door.journal, message, inbox_id)
    except InboxRefused as refused:
        return _refusal(door, message, refused)
    if requester is not None:
        door.services.peers.meter.accepted(requester.host)
        if header := message.fields.get(HEADER.lower()):
            await door.synchronizer.heard(requester, header[0])
    return web.Response(status=202)


def _refusal(door: Door, message: HttpMessage | None, refused: InboxRefused) -> web.Response:
    log.info("inbox.refused", status=refused.status, reason=refused.reason, detail=refused.detail)
    door.services.peers.meter.refused(claimed_host(message), refused.reason)
    return problem(refused)


async def _message(services: Services, request: web.Request) -> HttpMessage:
    """The request as it was signed: for our own scheme and host, whatever a proxy or a liar calls them."""
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise InboxRefused(413, "too-large", "The body is larger than this server accepts.") from error
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
    return HttpMessage(
        method=request.method,
        scheme=services.addresses.scheme,
        authority=services.addresses.authority,
        target=request.raw_path,
        headers=headers,
        body=body,
    )


def problem(refused: InboxRefused) -> web.Response:
    """The refusal as `application/problem+json`."""
    document = {
        "type": "about:blank",
        "title": TITLES.get(refused.status, "Refused"),
        "status": refused.status,
        "detail": refused.detail,
        "reason": refused.reason,
    }
    response = web.Response(status=refused.status, body=orjson.dumps(document), content_type="application/problem+json")
    if refused.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(max(1, round(refused.retry_after_seconds)))
    return response
