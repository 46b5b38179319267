"""Streaming over WebSocket and as server-sent events: what just happened, as long as somebody listens.

The token comes in the `Authorization` header, as the WebSocket's sub-protocol (then it is echoed, or browsers drop the
connection) or in the query: browsers can't set headers on either. It is never logged. A connection without a stream
is fine: the client subscribes by frames.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import WSMsgType, web

from api.call import Api, Call
from api.endpoints import Access, Endpoint, Handler
from api.errors import ApiError
from api.schemas.fields import Args, Flag, Id, Text
from api.serving import presented_token
from api.streaming.clients import POLICY_VIOLATION, SCOPES, EventSource, WebSocketClient
from api.streaming.frames import MAX_FRAME_BYTES, Flooded, Pace, error_frame, obey
from api.streaming.hub import Streaming
from api.streaming.sse import listen
from api.streaming.streams import (
    DIRECT,
    HASHTAG,
    LIST,
    LOCAL_HASHTAG,
    MAX_PARAMETER_CHARACTERS,
    NOTIFICATION_SCOPE,
    NOTIFICATIONS,
    PUBLIC,
    STATUS_SCOPE,
    USER,
    Wish,
    wish_for,
)

STREAMING: Final = web.AppKey("streaming", Streaming)
HEARTBEAT_SECONDS: Final = 30.0
# Few of them, shared by all connections.
_SCOPE_SETS: Final = {
    (one, other): frozenset(scope for scope, is_allowed in zip(SCOPES, (one, other), strict=True) if is_allowed)
    for one in (False, True)
    for other in (False, True)
}


class WatchArgs(Args):
    """Where a browser puts its token."""

    access_token = Text(most=400)


class PublicArgs(WatchArgs):
    """Only statuses with media."""

    only_media = Flag(load_default=False)


class TagArgs(WatchArgs):
    """Which hashtag."""

    tag = Text(most=MAX_PARAMETER_CHARACTERS)


class ListArgs(WatchArgs):
    """Which list."""

    list = Id()


class SocketArgs(WatchArgs):
    """What to subscribe to at once."""

    stream = Text(most=100)
    tag = Text(most=MAX_PARAMETER_CHARACTERS)
    list = Text(most=100)


def attach_streaming(app: web.Application, api: Api) -> None:
    """Tell the connections of this application what happens, from its start until it is shut down."""
    streaming = app[STREAMING] = Streaming(api)

    async def running(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(streaming.run(), name="streaming")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def close(_app: web.Application) -> None:
        await streaming.close()

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(close)


def find_token(request: web.Request) -> str | None:
    """Where clients put the token of a stream."""
    return presented_token(request) or _protocol(request) or request.query.get("access_token")


def _protocol(request: web.Request) -> str | None:
    return request.headers.get("Sec-WebSocket-Protocol", "").partition(",")[0].strip() or None


async def get_health(_call: Call) -> web.Response:
    """Whether streaming is there: `OK` as plain text."""
    return web.Response(text="OK")


async def get_socket(call: Call) -> web.StreamResponse:
    """All streams over one WebSocket; `stream` (with `tag` or `list`) subscribes at once, frames do later."""
    streaming, request, wanted = call.request.app[STREAMING], call.request, call.args
    protocol = _protocol(request)
    socket = web.WebSocketResponse(
        protocols=(protocol,) if protocol else (),
        heartbeat=HEARTBEAT_SECONDS,
        timeout=1.0,
        compress=False,
        max_msg_size=MAX_FRAME_BYTES,
    )
    if not socket.can_prepare(request).ok:
        raise ApiError(400, "This address speaks WebSocket")
    client = WebSocketClient(*_identity(call), request.transport, socket)
    streaming.connect(client)
    try:
        await socket.prepare(request)
        if "stream" in wanted:
            await _subscribe_at_once(streaming, client, wanted)
        del call, request, wanted  # there are thousands of connections, and they last
        await _converse(streaming, client)
    except ConnectionError:
        client.is_closing = True  # it went away while it was answered
    finally:
        streaming.disconnect(client)
    return socket


async def get_socket_with_slash(call: Call) -> web.StreamResponse:
    """The same, for clients that write the address with a slash at its end."""
    return await get_socket(call)


async def _subscribe_at_once(streaming: Streaming, client: WebSocketClient, wanted: dict[str, str]) -> None:
    try:
        wish = wish_for(wanted["stream"], tag=wanted.get("tag"), list_id=wanted.get("list"))
        client.check_scope(wish.scope)
        await streaming.subscribe(client, wish)
    except ApiError as error:
        await client.socket.send_frame(error_frame(error), WSMsgType.TEXT)


async def _converse(streaming: Streaming, client: WebSocketClient) -> None:
    """Read frames until the client or we close."""
    pace = Pace()
    try:
        async for frame in client.socket:
            pace.take()
            if frame.type is WSMsgType.TEXT:
                refusal = await obey(streaming, client, frame.data)
            else:
                refusal = error_frame(ApiError(400, "A message must be text"))
            if refusal is not None:
                await client.socket.send_frame(refusal, WSMsgType.TEXT)
    except Flooded:
        await client.close(POLICY_VIOLATION)


def _identity(call: Call) -> tuple[int, int, frozenset[str]]:
    """Whose connection it is: account, token, and which of the two scopes it has."""
    bearer = call.bearer
    assert bearer is not None  # the endpoints want a user's token
    may_read, may_be_notified = (bearer.allows(scope) for scope in SCOPES)
    return call.me.id, bearer.token_id, _SCOPE_SETS[may_read, may_be_notified]


async def get_user(call: Call) -> web.StreamResponse:
    """Watch your home timeline and notifications."""
    return await _events(call, wish_for(USER))


async def get_user_notification(call: Call) -> web.StreamResponse:
    """Watch your notifications."""
    return await _events(call, wish_for(NOTIFICATIONS))


async def get_public(call: Call) -> web.StreamResponse:
    """Watch public statuses of everywhere."""
    return await _public(call, PUBLIC)


async def get_public_local(call: Call) -> web.StreamResponse:
    """Watch public statuses of this office."""
    return await _public(call, "public:local")


async def get_public_remote(call: Call) -> web.StreamResponse:
    """Watch public statuses of other servers."""
    return await _public(call, "public:remote")


async def get_hashtag(call: Call) -> web.StreamResponse:
    """Watch public statuses under a hashtag."""
    return await _events(call, wish_for(HASHTAG, tag=call.args.get("tag")))


async def get_hashtag_local(call: Call) -> web.StreamResponse:
    """Watch public statuses of this office under a hashtag."""
    return await _events(call, wish_for(LOCAL_HASHTAG, tag=call.args.get("tag")))


async def get_list(call: Call) -> web.StreamResponse:
    """Watch the timeline of a list of one's own."""
    return await _events(call, wish_for(LIST, list_id=call.args.get("list")))


async def get_direct(call: Call) -> web.StreamResponse:
    """Watch your conversations."""
    return await _events(call, wish_for(DIRECT))


async def _public(call: Call, name: str) -> web.StreamResponse:
    return await _events(call, wish_for(f"{name}:media" if call.args["only_media"] else name))


async def _events(call: Call, wish: Wish) -> web.StreamResponse:
    streaming = call.request.app[STREAMING]
    client = EventSource(*_identity(call), call.request.transport)
    streaming.connect(client)
    try:
        await streaming.subscribe(client, wish)
        return await listen(call.request, client, thump_seconds=streaming.thump_seconds)
    finally:
        streaming.disconnect(client)


def _watch(path: str, handler: Handler, args: type[Args] = WatchArgs, scope: str = STATUS_SCOPE) -> Endpoint:
    return Endpoint("GET", f"/api/v1/streaming{path}", handler, scope=scope, args=args, find_token=find_token,
                    produces="text/event-stream")  # fmt: skip


_EITHER: Final = f"{STATUS_SCOPE} {NOTIFICATION_SCOPE}"

ENDPOINTS = (
    Endpoint("GET", "/api/v1/streaming/health", get_health, Access.ANYBODY, produces="text/plain"),
    _watch("/user", get_user),
    _watch("/user/notification", get_user_notification, scope=NOTIFICATION_SCOPE),
    _watch("/public", get_public, PublicArgs),
    _watch("/public/local", get_public_local, PublicArgs),
    _watch("/public/remote", get_public_remote, PublicArgs),
    _watch("/hashtag", get_hashtag, TagArgs),
    _watch("/hashtag/local", get_hashtag_local, TagArgs),
    _watch("/list", get_list, ListArgs),
    _watch("/direct", get_direct),
    _watch("", get_socket, SocketArgs, _EITHER),
    _watch("/", get_socket_with_slash, SocketArgs, _EITHER),
)
