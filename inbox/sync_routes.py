"""What peers ask of each other to catch up: HTTP around `inbox.sync`."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog
from aiohttp import web

from federation.routes import message_of
from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, problem_answer
from federation.serving.read_gate import Reader, identify
from federation.sync.digests import DIGESTS_PATH, ITEMS_PATH, POSTS_PATH
from federation.sync.pages import ECHO_PATH, LOG_PATH
from inbox.sync.digest_serving import digests_answer, items_answer, posts_answer
from inbox.sync.serving import echo_answer, log_answer

log = structlog.get_logger(__name__)

Handler = Callable[[Services, web.Request, Reader], Awaitable[Answer]]
_HEADERS: Final = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


def sync_routes(services: Services) -> list[web.RouteDef]:
    """The routes for the instance actors of peers."""
    handlers: dict[str, Handler] = {
        LOG_PATH: get_log, ECHO_PATH: get_echo, DIGESTS_PATH: get_digests, ITEMS_PATH: get_items, POSTS_PATH: get_posts,
    }  # fmt: skip
    return [web.get(path, partial(_serve, services, handler)) for path, handler in handlers.items()]


async def get_log(services: Services, request: web.Request, reader: Reader) -> Answer:
    """What was sent to the peer that asks, after a number."""
    return await log_answer(services, reader, request.query.get("generation"), request.query.get("after"))


async def get_echo(services: Services, request: web.Request, reader: Reader) -> Answer:
    """What was received from the peer that asks, since a time."""
    return await echo_answer(services, reader, request.query.get("since"), request.query.get("after"))


async def get_digests(services: Services, request: web.Request, reader: Reader) -> Answer:
    """Digests of what the peer that asks was told, by day."""
    return await digests_answer(services, reader, request.query.get("from"), request.query.get("until"))


async def get_items(services: Services, request: web.Request, reader: Reader) -> Answer:
    """What is behind one digest."""
    query = request.query
    return await items_answer(services, reader, query.get("kind"), query.get("day"), query.get("after"))


async def get_posts(services: Services, request: web.Request, reader: Reader) -> Answer:
    """Posts that the peer that asks was told of, by their numbers."""
    return await posts_answer(services, reader, request.query.get("numbers"))


async def _serve(services: Services, handler: Handler, request: web.Request) -> web.Response:
    try:
        answer = await handler(services, request, await identify(services, message_of(services, request)))
    except ReadRefused as refused:
        log.info("read.refused", status=refused.status, reason=refused.reason, detail=refused.detail, path=request.path)
        answer = problem_answer(refused)
    headers = {**_HEADERS, **answer.headers, "Content-Type": answer.content_type}
    return web.Response(body=answer.body, status=answer.status, headers=headers)
