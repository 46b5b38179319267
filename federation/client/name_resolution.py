"""From a host name to addresses: the system's resolver on threads of its own, and the names that never leave.

Promises that a lookup which hangs blocks neither the event loop nor the thread pool that the rest of the server
works in. A name that nobody has is told apart (`NoSuchName`) from a resolver that does not answer (OSError).
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from federation.flights import Flights

Resolve = Callable[[str, int], Awaitable[list[str]]]

LOOPBACK = ("127.0.0.1",)
MAX_ADDRESSES = 8
LOOKUP_THREADS = 32
NAMES_REMEMBERED = 4_096
REMEMBERED_SECONDS = 60

_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class NoSuchName(OSError):
    """The name does not exist, or has no address."""


def is_loopback_name(host: str) -> bool:
    """Whether a name is `localhost` or below it: loopback whatever the resolver of the machine says (RFC 6761 §6.3)."""
    return host == "localhost" or host.endswith(".localhost")


class SystemResolver:
    """`getaddrinfo` on a thread pool, as a `Resolve` callable."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="dns")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Up to eight addresses of `host`, in the resolver's order. Raises NoSuchName, or OSError otherwise."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                raise NoSuchName(*error.args) from error
            raise
        return list(dict.fromkeys(found))[:MAX_ADDRESSES]

    def close(self) -> None:
        """Stop taking lookups; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class RememberedNames:
    """A `Resolve` callable that asks another one, and remembers its answers for a minute."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._known: OrderedDict[tuple[str, int], tuple[list[str], float]] = OrderedDict()
        self._flights: Flights[tuple[str, int], list[str]] = Flights()

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses of `host`. Who asks at the same time shares one look-up."""
        found = self._known.get((host, port))
        if found is not None and found[1] > asyncio.get_running_loop().time():
            return found[0]
        return await self._flights.run((host, port), lambda: self._look_up(host, port))

    async def _look_up(self, host: str, port: int) -> list[str]:
        addresses = await self._resolve(host, port)
        self._known[host, port] = addresses, asyncio.get_running_loop().time() + REMEMBERED_SECONDS
        self._known.move_to_end((host, port))
        while len(self._known) > NAMES_REMEMBERED:
            self._known.popitem(last=False)
        return addresses


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]
