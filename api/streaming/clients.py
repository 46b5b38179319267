"""One connected client: what it listens to, and what waits to be sent to it. Small, since there are thousands of them.

Putting a message never blocks. Whoever takes what it is sent gets bytes that are the same for all, written at once. For
others messages wait, and a client whose queue is full is cut off, so that it costs bounded memory and holds up nobody.
While nothing waits there is no task besides the handler of its request.
"""

import asyncio
from collections import deque
from typing import Final

import orjson
import structlog
from aiohttp import WSMsgType, web

from api.errors import ApiError
from api.streaming.streams import NOTIFICATION_SCOPE, STATUS_SCOPE, Channel, Label

MAX_WAITING: Final = 256
IN_HAND_BYTES: Final = 16_384  # may be on their way to a client before messages wait for it
CLOSE_SECONDS: Final = 1.0  # how long a client may take to say goodbye
GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008
SCOPES: Final = (STATUS_SCOPE, NOTIFICATION_SCOPE)

_TEXT_FRAME: Final = b"\x81"  # all of a message, as text

log = structlog.get_logger(__name__)


class Message:
    """An event as it is sent; encoded once for all who get it under the same label."""

    __slots__ = ("_frames", "_texts", "event", "payload")

    def __init__(self, event: str, payload: str | None = None) -> None:
        self.event = event
        self.payload = payload
        self._texts: dict[Label, bytes] = {}
        self._frames: dict[Label, bytes] = {}

    def text(self, label: Label) -> bytes:
        """What a WebSocket is told: `stream` with its parameter, and the payload as a string of JSON."""
        text = self._texts.get(label)
        if text is None:
            content: dict[str, object] = {"stream": label, "event": self.event}
            if self.payload is not None:
                content["payload"] = self.payload
            text = self._texts[label] = orjson.dumps(content)
        return text

    def frame(self, label: Label) -> bytes:
        """The same as a whole frame of text as a server sends it (RFC 6455 §5.2): neither masked nor compressed."""
        frame = self._frames.get(label)
        if frame is None:
            text = self.text(label)
            frame = self._frames[label] = _TEXT_FRAME + _length(len(text)) + text
        return frame

    @property
    def lines(self) -> bytes:
        """The same as a server-sent event; `undefined` is what clients know for no payload."""
        lines = self._texts.get(())
        if lines is None:
            payload = "undefined" if self.payload is None else self.payload
            lines = self._texts[()] = f"event: {self.event}\ndata: {payload}\n\n".encode()
        return lines


def _length(size: int) -> bytes:
    """The length of a frame, without the bit that would say it is masked."""
    if size < 126:
        return size.to_bytes(1, "big")
    return b"\x7e" + size.to_bytes(2, "big") if size < 65_536 else b"\x7f" + size.to_bytes(8, "big")


class Client:
    """What both kinds of connection share. `token_id` and `account_id` say who it is."""

    __slots__ = ("_waiting", "account_id", "is_closing", "listens", "scopes", "token_id", "transport")

    def __init__(
        self, account_id: int, token_id: int, scopes: frozenset[str], transport: asyncio.Transport | None
    ) -> None:
        self.account_id = account_id
        self.token_id = token_id
        self.scopes = scopes
        self.listens: dict[Channel, Label] = {}
        self.is_closing = False
        self.transport = transport
        self._waiting: deque[tuple[Message, Label]] | None = None

    @property
    def hears_notifications(self) -> bool:
        return NOTIFICATION_SCOPE in self.scopes

    def check_scope(self, scope: str) -> None:
        """Raises ApiError when the token doesn't cover it."""
        if scope not in self.scopes:
            raise ApiError(403, "This action is outside the authorized scopes")

    def put(self, message: Message, label: Label) -> None:
        """Have a message sent; a client with too many waiting is cut off."""
        if self.is_closing:
            return
        if self._waiting is None:
            self._waiting = deque()
        if len(self._waiting) >= MAX_WAITING:
            log.info("a client that doesn't read was cut off", account_id=self.account_id)
            self.cut()
            return
        self._waiting.append((message, label))
        self._wake()

    def cut(self) -> None:
        """End the connection at once."""
        self.is_closing = True
        self._waiting = None
        if self.transport is not None:
            self.transport.abort()
        self._wake()

    def _wake(self) -> None:
        raise NotImplementedError

    async def close(self, code: int) -> None:
        """End the connection politely, within a second."""
        raise NotImplementedError


class WebSocketClient(Client):
    """A WebSocket. What can't be written at once is sent by a task that lives only as long as something waits."""

    __slots__ = ("_sender", "socket")

    def __init__(
        self,
        account_id: int,
        token_id: int,
        scopes: frozenset[str],
        transport: asyncio.Transport | None,
        socket: web.WebSocketResponse,
    ) -> None:
        super().__init__(account_id, token_id, scopes, transport)
        self.socket = socket
        self._sender: asyncio.Task[None] | None = None

    def put(self, message: Message, label: Label) -> None:
        """Have a message sent, after those that wait."""
        transport = self.transport
        if transport is not None and self._waiting is None and self._takes_more(transport):
            transport.write(message.frame(label))
        else:
            super().put(message, label)

    def _takes_more(self, transport: asyncio.Transport) -> bool:
        """Whether nobody has said goodbye, and little is on its way."""
        is_open = not (self.is_closing or self.socket.closed or transport.is_closing())
        return is_open and transport.get_write_buffer_size() <= IN_HAND_BYTES

    def _wake(self) -> None:
        if self._sender is None and self._waiting:
            self._sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting:
                message, label = self._waiting.popleft()
                await self.socket.send_frame(message.text(label), WSMsgType.TEXT)
        except (ConnectionError, RuntimeError):
            self.is_closing = True  # it went away meanwhile; its handler notices, too
        finally:
            self._sender = None
            if not self._waiting:
                self._waiting = None

    async def close(self, code: int) -> None:
        self.is_closing = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.socket.close(code=code)
        except (TimeoutError, ConnectionError, RuntimeError):
            self.cut()


class EventSource(Client):
    """A connection for server-sent events; its handler takes what waits."""

    __slots__ = ("awake",)

    def __init__(
        self, account_id: int, token_id: int, scopes: frozenset[str], transport: asyncio.Transport | None
    ) -> None:
        super().__init__(account_id, token_id, scopes, transport)
        self.awake = asyncio.Event()

    def _wake(self) -> None:
        self.awake.set()

    def take(self) -> bytes:
        """Everything that waits, in the form of its protocol."""
        self.awake.clear()
        waiting, self._waiting = self._waiting, None
        return b"".join(message.lines for message, _ in waiting or ())

    async def close(self, code: int) -> None:
        self.is_closing = True
        self._wake()
