"""The connections over which requests leave, kept per origin for the next one.

Owns their number and their age. Promises that

- no socket is made to an address which the guard refuses (`federation.client.guarded_resolver`), and TLS certificates
  are valid for the name;
- at most `limit` are in use at once, `CONNECTIONS_PER_HOST` of them to one origin; who comes later waits;
- one that has been idle for `keep_alive_seconds` is closed, and never used again;
- at most `most_idle` are idle: of more, those that were used longest ago go. Who is asked for an actor is soon
  asked for more, and gets an answer; what goes to all of a thousand hosts finds the connections of the time before. A
  post to ten thousand must not use up the process's file descriptors, of which a quarter may be idle connections.

A server may close a kept connection in the moment in which we send on it. The request is then repeated, once, on a new
one: receiving twice is harmless.

On failure: RemoteError.
"""

import asyncio
import functools
import resource
import socket
import ssl
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from aiohappyeyeballs import start_connection

from federation.client.address_guard import AddressGuard, ForbiddenAddress
from federation.client.errors import (
    AddressRefused,
    CertificateRefused,
    NameNotFound,
    RemoteTimeout,
    RemoteUnreachable,
    ResponseRefused,
    ResponseTooLarge,
)
from federation.client.exchange import Answer, AnswerLate, AnswerRefused, AnswerTooLarge, Connection, ConnectionEnded
from federation.client.guarded_resolver import GuardedResolver, open_socket
from federation.client.kept_connections import KEEP_ALIVE_SECONDS
from federation.client.name_resolution import NoSuchName, Resolve
from federation.client.url_rules import CheckedUrl

CONNECTIONS_PER_HOST: Final = 8
IDLE_CONNECTIONS: Final = 1_024
SECOND_ADDRESS_SECONDS: Final = 0.25  # RFC 8305 §5: when the next address is tried besides
SWEEP_SECONDS: Final = 5.0

Origin = tuple[str, str, int]


class Connections:
    """Open connections by origin. `tls` gives the context for https when the first one is opened."""

    def __init__(
        self,
        resolve: Resolve,
        guard: AddressGuard,
        tls: Callable[[], ssl.SSLContext],
        *,
        connect_seconds: float,
        limit: int,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
        most_idle: int | None = None,
    ) -> None:
        self._resolvers = {scheme: GuardedResolver(resolve, guard, scheme) for scheme in ("http", "https")}
        self._guard = guard
        self._tls = tls
        self._connect_seconds = connect_seconds
        self._keep_alive_seconds = keep_alive_seconds
        self._most_idle = spare_descriptors() if most_idle is None else most_idle
        self._places = asyncio.Semaphore(limit)
        self._places_at: WeakValueDictionary[Origin, asyncio.Semaphore] = WeakValueDictionary()
        self._idle: OrderedDict[Origin, list[Connection]] = OrderedDict()  # those used last at the end
        self._idle_count = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def ask(self, target: CheckedUrl, request: bytes, deadline: float, whole_bytes: int | None = None) -> Answer:
        """Send the bytes of a request, by `deadline` of the loop's clock.

        `whole_bytes`: the answer is wanted whole, and may have so many.
        """
        origin = (target.scheme, target.host, target.port)
        places = self._places_at.get(origin)
        if places is None:
            places = self._places_at[origin] = asyncio.Semaphore(CONNECTIONS_PER_HOST)
        try:
            await _take_place(places, deadline)
            try:
                await _take_place(self._places, deadline)
                try:
                    return await self._ask(target, origin, request, deadline, whole_bytes)
                finally:
                    self._places.release()
            finally:
                places.release()
        except (TimeoutError, AnswerLate) as error:
            raise RemoteTimeout(target.url, "no answer in time") from error

    def close(self) -> None:
        """Close what is idle; what is in use ends with its request."""
        self._is_closed = True
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()

    async def _ask(
        self, target: CheckedUrl, origin: Origin, request: bytes, deadline: float, whole_bytes: int | None
    ) -> Answer:
        connection = self._kept(origin) or await self._open(target, deadline)
        try:
            try:
                return await connection.ask(request, deadline, whole_bytes)
            except ConnectionEnded:
                connection = await self._open(target, deadline)
                return await connection.ask(request, deadline, whole_bytes)
        except ConnectionEnded as error:
            raise RemoteUnreachable(target.url, "the connection ended before the response") from error
        except AnswerTooLarge as error:
            raise ResponseTooLarge(target.url, str(error)) from error
        except AnswerRefused as error:
            raise ResponseRefused(target.url, str(error)) from error
        finally:
            self._let_go(origin, connection)

    # Kept ones

    def _kept(self, origin: Origin) -> Connection | None:
        """One that is open and young enough."""
        oldest = asyncio.get_running_loop().time() - self._keep_alive_seconds
        waiting = self._idle.get(origin)
        while waiting:
            connection = self._take(origin, waiting, -1)
            if connection.is_usable and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    def _take(self, origin: Origin, waiting: list[Connection], place: int) -> Connection:
        """Take one of those that are idle."""
        self._idle_count -= 1
        connection = waiting.pop(place)
        if not waiting:
            del self._idle[origin]
        return connection

    def _let_go(self, origin: Origin, connection: Connection) -> None:
        if not connection.is_usable or self._is_closed:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.setdefault(origin, []).append(connection)
        self._idle.move_to_end(origin)
        self._idle_count += 1
        if self._idle_count > self._most_idle:
            oldest, connections = next(iter(self._idle.items()))
            self._take(oldest, connections, 0).close()
        if self._sweeper is None:
            self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for too long, and come back while anything is left."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._keep_alive_seconds
        for origin, connections in list(self._idle.items()):
            for place in reversed(range(len(connections))):
                if not (connections[place].is_usable and connections[place].idle_since > oldest):
                    self._take(origin, connections, place).close()
        self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep) if self._idle else None

    # New ones

    async def _open(self, target: CheckedUrl, deadline: float) -> Connection:
        if self._is_closed:
            raise RemoteUnreachable("", "this server is shutting down")
        loop = asyncio.get_running_loop()
        try:
            addresses = [target.host] if target.literal is not None else await self._addresses(target, deadline)
            async with asyncio.timeout_at(min(deadline, loop.time() + self._connect_seconds)):
                return await self._connect(target, [_address_info(each, target.port) for each in addresses])
        except ForbiddenAddress as refused:
            raise AddressRefused(target.url, str(refused)) from refused
        except NoSuchName as error:
            raise NameNotFound(target.url, "the name does not exist") from error
        except ssl.CertificateError as error:
            raise CertificateRefused(target.url, f"the certificate was refused: {error}") from error
        except TimeoutError as error:  # an OSError too
            raise RemoteTimeout(target.url, "no connection in time") from error
        except OSError as error:
            raise RemoteUnreachable(target.url, f"no connection: {error}") from error

    async def _addresses(self, target: CheckedUrl, deadline: float) -> list[str]:
        async with asyncio.timeout_at(deadline):
            return [each["host"] for each in await self._resolvers[target.scheme].resolve(target.host, target.port)]

    async def _connect(self, target: CheckedUrl, addresses: list["AddressInfo"]) -> Connection:
        loop = asyncio.get_running_loop()
        is_tls = target.scheme == "https"
        tls, name = (self._tls(), target.host) if is_tls else (None, None)
        if len(addresses) == 1:
            # The loop makes the socket itself, at half the cost: of an address there is nothing left to look up.
            address = addresses[0][-1][0]
            self._guard.check(address, target.port, scheme=target.scheme)
            _, connection = await loop.create_connection(
                Connection, address, target.port, ssl=tls, server_hostname=name
            )
            return connection
        made = await start_connection(
            addresses,
            happy_eyeballs_delay=SECOND_ADDRESS_SECONDS,
            interleave=1,
            loop=loop,
            socket_factory=functools.partial(open_socket, self._guard, target.scheme),
        )
        _, connection = await loop.create_connection(Connection, sock=made, ssl=tls, server_hostname=name)
        return connection


def spare_descriptors() -> int:
    """How many connections may be idle where nobody says it."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return IDLE_CONNECTIONS if soft == resource.RLIM_INFINITY else min(IDLE_CONNECTIONS, soft // 4)


AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]


def _address_info(address: str, port: int) -> AddressInfo:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


async def _take_place(places: asyncio.Semaphore, deadline: float) -> None:
    if places.locked():
        async with asyncio.timeout_at(deadline):
            await places.acquire()
    else:
        await places.acquire()
