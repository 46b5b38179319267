"""Whom a request comes from and which host it is for, when there may be a reverse proxy in between.

`X-Forwarded-For`, `X-Forwarded-Host` and `X-Request-Id` are believed from the configured proxies and from nobody else:
with a spoofed host, a request signed for another server would pass for one to us. What is believed is written into
the request, so that whoever reads `request.remote` or the `Host` header later needs to know nothing of proxies.
"""

import re
import secrets
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Protocol

from aiohttp import web
from multidict import CIMultiDict, MultiMapping

from policy.domains import normalise_domain
from server.problems import Problem
from server.setting_kinds import Network

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ADDRESSES_REMEMBERED = 1024


class Arrived(Protocol):
    """A request, as far as it says whom it is from and for."""

    @property
    def remote(self) -> str | None: ...

    @property
    def raw_path(self) -> str: ...

    @property
    def headers(self) -> MultiMapping[str]: ...


class Front:
    """What this instance answers for, and which addresses in front of it are trusted."""

    def __init__(self, *, hosts: Sequence[str], scheme: str, trusted: Sequence[Network]) -> None:
        """`hosts` are the names that are ours, `scheme` is that of our origin, whatever a proxy speaks to us."""
        self._hosts = frozenset(normalise_domain(host) for host in hosts)
        self._scheme = scheme
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(_ADDRESSES_REMEMBERED)(self._look_up)

    def is_trusted(self, address: str | None) -> bool:
        """Whether `address` belongs to one of our proxies."""
        return bool(self._trusted) and address is not None and self._is_trusted(address)

    def believed(self, request: web.Request) -> web.Request:
        """The request as it was sent to us: with the scheme of our origin, and as our own proxy received it.

        The scheme is never a matter of what a header says: an instance has one origin, and signatures cover it.
        """
        if not self.is_trusted(request.remote):
            return request if request.scheme == self._scheme else request.clone(scheme=self._scheme)
        remote = self._client_address(request)
        host = _only(request, "X-Forwarded-Host")
        if host is None or host == request.headers.get("Host"):
            return request.clone(scheme=self._scheme, remote=remote)
        headers = CIMultiDict(request.headers)
        headers["Host"] = host
        return request.clone(scheme=self._scheme, remote=remote, headers=headers)

    def sender(self, request: Arrived) -> str | None:
        """The address that a request comes from, if it clearly is for us, as nearly all are: what `believed` and
        `check_host` would find. None when they have to decide."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts or not request.raw_path.startswith("/"):
            return None
        if not self.is_trusted(request.remote):
            return request.remote
        return self._client_address(request) if _only(request, "X-Forwarded-Host") in (None, hosts[0]) else None

    def request_id(self, request: Arrived) -> str:
        """The id that a trusted proxy gave, or a new one."""
        given = request.headers.get("X-Request-Id")
        if given is not None and self.is_trusted(request.remote) and _REQUEST_ID.fullmatch(given):
            return given
        return new_request_id()

    def check_host(self, request: Arrived) -> None:
        """Raises Problem 421 unless the request is for us, 400 when it doesn't say clearly whom it is for."""
        lines = request.headers.getall("Host", [])
        if len(lines) != 1 or not request.raw_path.startswith("/"):
            raise Problem(400, "The request has to name its host once, in the Host header.")
        if lines[0] in self._hosts:  # as nearly everybody writes it
            return
        try:
            name = normalise_domain(lines[0])
        except ValueError:
            raise Problem(400, "The Host header names no host.") from None
        if name not in self._hosts:
            raise Problem(421, f"This server answers for {' and '.join(sorted(self._hosts))} only.")

    def _client_address(self, request: Arrived) -> str:
        """The last address in `X-Forwarded-For` that isn't a proxy of ours; those before it anybody can make up."""
        chain = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        for entry in reversed(chain):
            address = entry.strip()
            if not _is_address(address):
                break
            if not self.is_trusted(address):
                return address
        return request.remote or ""

    def _look_up(self, address: str) -> bool:
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._trusted)


def new_request_id() -> str:
    """An id that was never there before."""
    return secrets.token_hex(8)


def _only(request: Arrived, name: str) -> str | None:
    """The value of a header that a proxy sets; None when it is absent or was appended to."""
    lines = request.headers.getall(name, [])
    return lines[0].strip() if len(lines) == 1 and "," not in lines[0] and lines[0].strip() else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
