"""The address guard where aiohttp asks for addresses and for sockets: what is refused here is never connected to."""

import socket
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from federation.client.address_guard import AddressGuard, ForbiddenAddress
from federation.client.name_resolution import LOOPBACK, NoSuchName, Resolve, is_loopback_name


class GuardedResolver(AbstractResolver):
    """Gives aiohttp the acceptable addresses of a name, and refuses a name that has none."""

    def __init__(self, resolve: Resolve, guard: AddressGuard, scheme: str) -> None:
        self._resolve = resolve
        self._guard = guard
        self._scheme = scheme

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = LOOPBACK if is_loopback_name(host) else await self._resolve(host, port)
        refusals: list[ForbiddenAddress] = []
        accepted: list[ResolveResult] = []
        for address in found:
            try:
                self._guard.check(address, port, scheme=self._scheme)
            except ForbiddenAddress as refused:
                refusals.append(refused)
            else:
                accepted.append(_resolve_result(host, address, port))
        if not accepted:
            raise refusals[0] if refusals else NoSuchName(f"{host} has no address")
        return accepted

    async def close(self) -> None:
        """Nothing of its own to close."""


def _resolve_result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def open_socket(guard: AddressGuard, scheme: str, address_info: tuple[Any, ...]) -> socket.socket:
    """The socket for one connection attempt. Whatever led here, this is the address that will be connected to."""
    family, kind, protocol, _, address = address_info
    guard.check(address[0], address[1], scheme=scheme)
    return socket.socket(family=family, type=kind, proto=protocol)
