"""What a client sends over its WebSocket: `{"type": "subscribe", "stream": "hashtag", "tag": "foo"}`, or `unsubscribe`.

Anything else is answered `{"error": …}` and changes nothing. A client may say only so much at a time: whoever goes on
is sent away.
"""

import time
from typing import Final

import orjson

from api.errors import ApiError
from api.streaming.clients import Client
from api.streaming.hub import Streaming
from api.streaming.streams import wish_for

MAX_FRAME_BYTES: Final = 4_096
MAX_FRAMES: Final = 200
WINDOW_SECONDS: Final = 60.0


class Flooded(Exception):
    """The client says too much."""


class Pace:
    """How many frames a client sent in this minute."""

    __slots__ = ("_count", "_started")

    def __init__(self) -> None:
        self._count = 0
        self._started = 0.0

    def take(self) -> None:
        """Count one. Raises Flooded."""
        now = time.monotonic()
        if now - self._started > WINDOW_SECONDS:
            self._count, self._started = 0, now
        self._count += 1
        if self._count > MAX_FRAMES:
            raise Flooded


async def obey(streaming: Streaming, client: Client, text: str) -> bytes | None:
    """Do what a frame says; the error frame to send back, or None."""
    try:
        await _obey(streaming, client, text)
    except ApiError as error:
        return error_frame(error)
    return None


def error_frame(error: ApiError) -> bytes:
    """How a client over a WebSocket learns what it did wrong."""
    return orjson.dumps({"error": error.message, "status": error.status})


async def _obey(streaming: Streaming, client: Client, text: str) -> None:
    try:
        frame = orjson.loads(text)
    except ValueError:
        raise ApiError(400, "A message must be JSON") from None
    kind = frame.get("type") if isinstance(frame, dict) else None
    if kind not in ("subscribe", "unsubscribe"):
        raise ApiError(400, "The type of a message is subscribe or unsubscribe")
    wish = wish_for(frame.get("stream"), tag=frame.get("tag"), list_id=frame.get("list"))
    if kind == "unsubscribe":
        streaming.unsubscribe(client, wish)
        return
    client.check_scope(wish.scope)
    await streaming.subscribe(client, wish)
