"""Origins of URIs: who can vouch for what (FEP-fe34).

Two URIs belong to the same authority when scheme, host and port agree. Reading is strict on purpose: what a URL parser
might understand in two ways (user-info, control characters, backslashes, empty host) has no origin at all, and nothing
without an origin is trusted. Pure and cached; no name is resolved here.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

import idna

_DEFAULT_PORTS = {"https": 443, "http": 80}
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^\s/?#@:\\\[\]%<>\"^`{|}]{1,255})"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#][^\s\x00-\x20\x7f\\]*)?",
    re.ASCII,
)


class NoOrigin(ValueError):
    """The text is not an `http` or `https` URL that everybody reads the same way."""


@lru_cache(maxsize=1024)  # for those of one activity and of busy actors: every post has an id of its own
def origin(uri: str) -> tuple[str, str, int]:
    """Return (scheme, lower-case IDNA host, port) of `uri`; raises NoOrigin.

    The host has no trailing dot, so `good.test.` and `GOOD.test` are `good.test`; an IPv6 address is in its short form.
    """
    match = _URL.fullmatch(uri) if len(uri) <= 2000 else None
    if match is None or match["scheme"] not in _DEFAULT_PORTS:
        raise NoOrigin("not an http(s) URL")
    scheme = match["scheme"]
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise NoOrigin("no such port")
    return scheme, _host(match["host"]), port


def same_origin(a: str, b: str) -> bool:
    """Whether both URIs have an origin and it is the same one; never raises."""
    try:
        return origin(a) == origin(b)
    except NoOrigin:
        return False


def has_origin(uri: str) -> bool:
    """Whether `origin` would return something."""
    try:
        origin(uri)
    except NoOrigin:
        return False
    return True


@lru_cache(maxsize=1024)
def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return f"[{IPv6Address(text[1:-1]).compressed}]"
        except AddressValueError as error:
            raise NoOrigin("no such IPv6 address") from error
    host = text.rstrip(".").lower() if text.count(".") and not text.endswith("..") else text.lower()
    if not host or ".." in host or host.startswith("."):
        raise NoOrigin("empty label in the host")
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise NoOrigin("not an internationalised host name") from error
