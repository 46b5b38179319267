"""One connected client: what it listens to, and what waits to be sent to it. Small, since there are thousands of them.

Putting a message never blocks. A client that doesn't take what it is sent is cut off when its queue is full, so that
it costs bounded memory and holds up nobody. While nothing waits there is no task besides the handler of its request.
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
CLOSE_SECONDS: Final = 1.0  # how long a client may take to say goodbye
GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008
SCOPES: Final = (STATUS_SCOPE, NOTIFICATION_SCOPE)

log = structlog.get_logger(__name__)


class Message:
    """An event as it is sent; encoded once for all who get it under the same label."""

    __slots__ = ("_frames", "event", "payload")

    def __init__(self, event: str, payload: str | None = None) -> None:
        self.event = event
        self.payload = payload
        self._frames: dict[Label, bytes] = {}

    def frame(self, label: Label) -> bytes:
        """A text frame: `stream` with its parameter, and the payload as a string of JSON."""
        frame = self._frames.get(label)
        if frame is None:
            content: dict[str, object] = {"stream": label, "event": self.event}
            if self.payload is not None:
                content["payload"] = self.payload
            frame = self._frames[label] = orjson.dumps(content)
        return frame

    @property
    def lines(self) -> bytes:
        """The same as a server-sent event; `undefined` is what clients know for no payload."""
        frame = self._frames.get(())
        if frame is None:
            payload = "undefined" if self.payload is None else self.payload
            frame = self._frames[()] = f"event: {self.event}\ndata: {payload}\n\n".encode()
        return frame


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
    """A WebSocket; what waits is sent by a task that lives only as long as something does."""

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

    def _wake(self) -> None:
        if self._sender is None and self._waiting:
            self._sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting:
                message, label = self._waiting.popleft()
                await self.socket.send_frame(message.frame(label), WSMsgType.TEXT)
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
