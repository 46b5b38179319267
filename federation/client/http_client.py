"""The one way out: every HTTP request that the product makes to another server.

Owns connections, redirects and limits. Promises that

- no connection is opened to an address which the guard refuses. The check sits where the socket is made, so it sees
  the address that is really connected to; there is no second look-up in between, and no way around it for literal
  addresses, redirects or cached names;
- nothing takes longer than one total deadline over all hops, however slowly the other side drips, and nothing larger
  than the cap is read or unpacked (`federation.client.response_body`);
- redirects of a GET are followed by hand, at most three, each hop checked and signed anew. A POST is never redirected:
  the caller gets the 3xx;
- no cookies, no proxies from the environment, no credentials in URLs.

On failure: one of `federation.client.errors`, whose names are also here. A 4xx or 5xx is a response, not an error.
"""

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from federation.client.address_guard import AddressGuard, ForbiddenAddress, Network
from federation.client.connections import CONNECTIONS_PER_HOST, Connections
from federation.client.errors import (
    AddressRefused,
    BudgetExhausted,
    CertificateRefused,
    NameNotFound,
    RemoteError,
    RemoteTimeout,
    RemoteUnreachable,
    ResponseRefused,
    ResponseTooLarge,
    TooManyRedirects,
)
from federation.client.exchange import MAX_HEADER_BYTES, MAX_HEADERS, REDIRECTS, written
from federation.client.fetch_budget import FetchBudget
from federation.client.guarded_resolver import GuardedResolver, open_socket
from federation.client.kept_connections import KEEP_ALIVE_SECONDS, KeptHosts
from federation.client.name_resolution import NoSuchName, RememberedNames, Resolve, SystemResolver
from federation.client.response_body import BodyTooLarge, BodyUnreadable
from federation.client.retry_after import retry_after_seconds
from federation.client.url_rules import PRIVATE_SUFFIXES, CheckedUrl, check_url, host_of, origin_of, redirect_target
from models.values import dataclass

__all__ = [
    "AddressRefused",
    "BudgetExhausted",
    "CertificateRefused",
    "Download",
    "FetchBudget",
    "HttpClient",
    "NameNotFound",
    "RemoteError",
    "RemoteTimeout",
    "RemoteUnreachable",
    "Response",
    "ResponseRefused",
    "ResponseTooLarge",
    "Sign",
    "TooManyRedirects",
    "check_url",
    "host_of",
    "origin_of",
    "retry_after_seconds",
]

Sign = Callable[[str, str, bytes | None], Awaitable[dict[str, str]]]

MAX_REDIRECTS = 3
MAX_BODY_BYTES = 1_048_576
CONNECTION_LIMIT = 512
CHECKED_URLS = 1_024


@dataclass(frozen=True, slots=True)
class Response:
    """A response, whatever its status. `url` is where it came from after redirects, in normal form."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Download:
    """A response whose body is still to come: read `pieces` inside the block that gave it."""

    status: int
    headers: Mapping[str, str]
    url: str
    pieces: AsyncIterator[bytes]


class HttpClient:
    """Requests to other servers under the promises of this module. One per process; close it at the end.

    `allow_http` lets plain http through, and then only to addresses inside `allowed_networks`. `resolve` takes the
    place of the system's resolver, `tls` that of the default trust store. Times are in seconds.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allowed_networks: Sequence[Network] = (),
        allow_http: bool = False,
        connect_seconds: float = 5,
        total_seconds: float = 10,
        max_body_bytes: int = MAX_BODY_BYTES,
        connection_limit: int = CONNECTION_LIMIT,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_http = allow_http
        self._total_seconds = total_seconds
        self._max_body_bytes = max_body_bytes
        self._guard = AddressGuard(allowed_networks)
        self._has_private_network = bool(allowed_networks)
        self._own_resolver = SystemResolver() if resolve is None else None
        self._resolve: Resolve = RememberedNames(resolve or self._own_resolver or SystemResolver())
        self._tls = tls
        self._connection_limit = connection_limit
        self._connections = Connections(
            self._resolve, self._guard, self._tls_context, connect_seconds=connect_seconds, limit=connection_limit
        )
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds)
        self._user_agent = user_agent
        self._check = functools.lru_cache(maxsize=CHECKED_URLS)(self._check_anew)
        self._kept_hosts = KeptHosts()
        self._sessions: dict[tuple[str, bool], aiohttp.ClientSession] = {}
        self._is_closed = False

    async def get(
        self,
        url: str,
        *,
        accept: str,
        sign: Sign | None = None,
        budget: FetchBudget | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """GET with up to three redirects. `sign(method, url, None)` gives each hop its headers. Raises RemoteError."""
        current = self._check(url)
        try:
            async with asyncio.timeout(self._total_seconds):
                deadline = asyncio.get_running_loop().time() + self._total_seconds
                return await self._follow(current, accept, sign, budget, max_bytes or self._max_body_bytes, deadline)
        except TimeoutError as error:
            raise RemoteTimeout(current.url, "no complete response in time") from error

    @asynccontextmanager
    async def download(
        self, url: str, *, accept: str, sign: Sign | None, max_bytes: int, total_seconds: float
    ) -> AsyncIterator[Download]:
        """GET something large, to be read in pieces inside the block; redirects as with `get`. Raises RemoteError."""
        current = self._check(url)
        seen: set[str] = set()
        try:
            async with asyncio.timeout(total_seconds):
                while True:
                    _count_hop(current, seen)
                    headers = CIMultiDict({"Accept": accept, "Accept-Encoding": "identity"})
                    headers.update(await sign("GET", current.url, None) if sign is not None else {})
                    async with self._exchange(current, headers) as response:
                        location = _location(response)
                        if location is None:
                            yield Download(response.status, response.headers, current.url, _pieces(response, max_bytes))
                            return
                    current = redirect_target(current, location)
                    self._check_place(current)
        except TimeoutError as error:
            raise RemoteTimeout(current.url, "no complete response in time") from error

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """POST without redirects: a 3xx comes back as it is. Raises RemoteError.

        The status is the answer. Of the body at most 64 KiB are kept, and one that is longer, slower than the
        deadline or unreadable is cut off there, because the other side has acted by then.
        """
        target = self._check(url)
        now = asyncio.get_running_loop().time()
        request = written(target, {**headers, "User-Agent": self._user_agent}, body)
        answer = await self._connections.ask(target, request, now + self._total_seconds)
        return Response(answer.status, answer.headers, answer.body, target.url)

    async def close(self) -> None:
        """Close all connections; nothing can be asked afterwards."""
        self._is_closed = True
        for session in self._sessions.values():
            await session.close()
        self._connections.close()
        if self._own_resolver is not None:
            self._own_resolver.close()

    def check_address(self, url: str) -> None:
        """Raises AddressRefused for what no request would go to, as far as the URL itself tells."""
        self._check(url)

    def _check_anew(self, url: str) -> CheckedUrl:
        checked = check_url(url, allow_http=self._allow_http)
        self._check_place(checked)
        return checked

    def _check_place(self, target: CheckedUrl) -> None:
        # The connection is checked anyway; this only answers before waiting for a free place in the pool.
        if target.literal is None:
            if not self._has_private_network and target.host.rpartition(".")[2] in PRIVATE_SUFFIXES:
                raise AddressRefused(target.url, "this name exists only inside a network, and none is allowed")
            return
        try:
            self._guard.check(target.host, target.port, scheme=target.scheme)
        except ForbiddenAddress as refused:
            raise AddressRefused(target.url, str(refused)) from refused

    async def _follow(
        self,
        current: CheckedUrl,
        accept: str,
        sign: Sign | None,
        budget: FetchBudget | None,
        max_bytes: int,
        deadline: float,
    ) -> Response:
        seen: set[str] = set()
        while True:
            _count_hop(current, seen)
            if budget is not None:
                budget.spend()
            answer = await self._get_once(current, accept, sign, max_bytes, deadline)
            if isinstance(answer, Response):
                return answer
            current = answer
            self._check_place(current)

    async def _get_once(
        self, target: CheckedUrl, accept: str, sign: Sign | None, max_bytes: int, deadline: float
    ) -> Response | CheckedUrl:
        headers = CIMultiDict({"Accept": accept, "User-Agent": self._user_agent})
        headers.update(await sign("GET", target.url, None) if sign is not None else {})
        request = written(target, headers, None)
        answer = await self._connections.ask(target, request, deadline, whole_bytes=max_bytes)
        if answer.leads_elsewhere:
            return redirect_target(target, answer.headers["Location"])
        return Response(answer.status, answer.headers, answer.body, target.url)

    @asynccontextmanager
    async def _exchange(self, target: CheckedUrl, headers: CIMultiDict[str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request and its response, aiohttp's errors turned into ours, also those while the body is read."""
        is_kept = self._kept_hosts.may_keep(target.domain, asyncio.get_running_loop().time())
        session = self._session(target.scheme, is_kept)
        url = URL(target.url, encoded=True)
        try:
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                yield response
        except Exception as error:
            translated = _translate(target.url, error)
            if translated is error:
                raise
            raise translated from error

    def _session(self, scheme: str, is_kept: bool) -> aiohttp.ClientSession:
        """The pool of a scheme, with or without keep-alive; made on first use because it needs a running loop."""
        session = self._sessions.get((scheme, is_kept))
        if session is None:
            if self._is_closed:
                raise RemoteUnreachable("", "this server is shutting down")
            session = self._sessions[scheme, is_kept] = self._new_session(scheme, is_kept)
        return session

    def _tls_context(self) -> ssl.SSLContext:
        """The one for all connections: reading the trust store takes a moment."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _new_session(self, scheme: str, is_kept: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._resolve, self._guard, scheme),
            socket_factory=functools.partial(open_socket, self._guard, scheme),
            use_dns_cache=False,  # `RememberedNames` does that for GET and POST
            limit=self._connection_limit,
            limit_per_host=CONNECTIONS_PER_HOST,
            ssl=True if scheme == "http" else self._tls_context(),
            **({"keepalive_timeout": KEEP_ALIVE_SECONDS} if is_kept else {"force_close": True}),
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            headers={"User-Agent": self._user_agent} | ({} if is_kept else {"Connection": "close"}),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )


def _translate(url: str, error: Exception) -> Exception:
    """Our error for one of aiohttp's; what is no failure of the network stays as it is."""
    match error:
        case ForbiddenAddress():
            return AddressRefused(url, str(error))
        case BodyTooLarge():
            return ResponseTooLarge(url, "the body is larger than allowed")
        case BodyUnreadable():
            return ResponseRefused(url, str(error))
        case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, NoSuchName):
            return NameNotFound(url, "the name does not exist")
        case aiohttp.ClientConnectorCertificateError():
            return CertificateRefused(url, f"the certificate was refused: {error.certificate_error}")
        case aiohttp.ConnectionTimeoutError():
            return RemoteTimeout(url, "no connection in time")
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return ResponseRefused(url, f"not a readable HTTP response: {type(error).__name__}")
        case aiohttp.ClientConnectorError():
            return RemoteUnreachable(url, f"no connection: {error.os_error}")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return RemoteUnreachable(url, "the connection ended before the response")
        case aiohttp.ClientError():
            return RemoteUnreachable(url, f"the connection failed: {type(error).__name__}")
    return error


def _location(response: aiohttp.ClientResponse) -> str | None:
    return response.headers.get("Location") if response.status in REDIRECTS else None


def _count_hop(current: CheckedUrl, seen: set[str]) -> None:
    if current.url in seen or len(seen) > MAX_REDIRECTS:
        raise TooManyRedirects(current.url, "the redirects go round in circles or never end")
    seen.add(current.url)


async def _pieces(response: aiohttp.ClientResponse, max_bytes: int) -> AsyncIterator[bytes]:
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise BodyUnreadable("a coding of the content was not offered")
    if (response.content_length or 0) > max_bytes:
        raise BodyTooLarge
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            raise BodyTooLarge
        yield chunk
