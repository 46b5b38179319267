"""Which URLs we would ever ask for, and the one spelling in which the rest of the server compares them.

Owns the reading of a URL: scheme, host, port, path and query, in a normal form that is also byte for byte what goes
over the wire (and under the signature). Promises that nothing which two parsers could read differently gets through:
no user-info, no control characters, white space or backslashes, no zone ids, no numeric host but a dotted quad or a
bracketed IPv6 address. It asks no network; which *addresses* are acceptable is decided by `client.address_guard`.

On failure: `AddressRefused`, with the rule that was broken.
"""

import re
import sys
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin

import idna

from federation.client.errors import AddressRefused
from models.values import dataclass

MAX_URL_LENGTH = 2000
DEFAULT_PORTS = {"https": 443, "http": 80}

# Names that never lead to another server: RFC 7686 (.onion) and the address space of I2P.
REFUSED_SUFFIXES = ("onion", "i2p")
# Names that exist only inside a network: RFC 6762 (.local) and ICANN's private-use .internal. `federation.client`
# takes them where the administrator has exempted addresses of that network, and nowhere else.
PRIVATE_SUFFIXES = ("local", "internal")

_SHAPE = re.compile(r"(?i)(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]@%]+)(?::([0-9]{1,5}))?")
_ASCII_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_URI_CHARACTERS = "%/?:@!$&'()*+,;=-._~[]"


@dataclass(frozen=True, slots=True)
class CheckedUrl:
    """A URL in normal form. `host` is lower-case ASCII without brackets; `literal` is set when it is an address."""

    url: str
    scheme: str
    host: str
    port: int
    target: str
    literal: IPv4Address | IPv6Address | None

    @property
    def domain(self) -> str:
        """`host`, or `host:port` when the port is not the scheme's own: how peers are named everywhere."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@lru_cache(maxsize=1024)  # the same inboxes again and again; half a KiB each
def check_url(url: str, *, allow_http: bool = False) -> CheckedUrl:
    """The normal form of an http(s) URL: fragment dropped, IRI characters percent-encoded, path at least `/`.

    `http:` is refused unless `allow_http`. Raises AddressRefused.
    """
    if len(url) > MAX_URL_LENGTH:
        raise AddressRefused(url[:100], f"the URL is longer than {MAX_URL_LENGTH} characters")
    shape = None if _UNSAFE.search(url) else _SHAPE.fullmatch(url)
    if shape is None:
        raise AddressRefused(url, "not an http or https URL")
    scheme, authority, path, query = sys.intern(shape[1].lower()), shape[2], shape[3] or "/", shape[4] or ""
    if scheme == "http" and not allow_http:
        raise AddressRefused(url, "plain http is not accepted here")
    host, port, literal = _read_authority(url, authority, DEFAULT_PORTS[scheme])
    target = path + query
    if not target.isascii():
        target = _encode_iri(url, target)
    shown = f"[{host}]" if ":" in host else host
    shown_port = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    normal = f"{scheme}://{shown}{shown_port}{target}"
    return CheckedUrl(url if url == normal else normal, scheme, host, port, target, literal)  # kept beside `url`


def host_of(url: str) -> str:
    """The domain of a URL: `host` or `host:port`, lower-case, IDNA, no trailing dot. Raises AddressRefused."""
    return check_url(url, allow_http=True).domain


def origin_of(url: str) -> tuple[str, str, int]:
    """(scheme, host, port) of a URL, RFC 6454. Raises AddressRefused."""
    checked = check_url(url, allow_http=True)
    return checked.scheme, checked.host, checked.port


def redirect_target(current: CheckedUrl, location: str) -> CheckedUrl:
    """Where a `Location` header leads (RFC 9110 §10.2.2); never from https to http. Raises AddressRefused."""
    if len(location) > MAX_URL_LENGTH or _UNSAFE.search(location):
        raise AddressRefused(current.url, "the redirect leads to something that is no URL")
    try:
        absolute = urljoin(current.url, location)
    except ValueError as error:
        raise AddressRefused(current.url, "the redirect leads to something that is no URL") from error
    return check_url(absolute, allow_http=current.scheme == "http")


def _read_authority(url: str, authority: str, default_port: int) -> tuple[str, int, IPv4Address | IPv6Address | None]:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise AddressRefused(url, "the host is not one (user-info, zone ids and percent-encoding are not accepted)")
    port = int(parts[2]) if parts[2] else default_port
    if not 0 < port < 65536:
        raise AddressRefused(url, "the port is out of range")
    host, literal = _read_host(url, parts[1])
    return host, port, literal


def _read_host(url: str, host: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    if host.startswith("["):
        try:
            address = IPv6Address(host[1:-1])
        except AddressValueError as error:
            raise AddressRefused(url, "not an IPv6 address") from error
        return str(address), address
    name = normal_name(url, host)
    last_label = name.rpartition(".")[2]
    if not _NUMERIC_LABEL.fullmatch(last_label):
        if last_label in REFUSED_SUFFIXES:
            raise AddressRefused(url, f"names under .{last_label} are not on the public network")
        return name, None
    return _read_quad(url, host, name)


def _read_quad(url: str, host: str, name: str) -> tuple[str, IPv4Address]:
    # Resolvers read 127.1, 0x7f.1, 017700000001 and full-width digits as addresses too; we take one spelling.
    try:
        address = IPv4Address(name)
    except AddressValueError as error:
        raise AddressRefused(url, "a numeric host must be a dotted quad") from error
    if host != name:
        raise AddressRefused(url, "a numeric host must be a dotted quad")
    return name, address


def normal_name(url: str, host: str) -> str:
    """A DNS name in lower-case ASCII (IDNA 2008 after the mapping of UTS #46), one trailing dot dropped."""
    name = host.lower()
    if not name.isascii() or "xn--" in name:
        try:
            name = idna.encode(name, uts46=True, transitional=False).decode("ascii").lower()
        except UnicodeError as error:
            raise AddressRefused(url, "the host is not a valid international domain name") from error
    name = name.removesuffix(".")
    if len(name) > 253 or not _ASCII_NAME.fullmatch(name):
        raise AddressRefused(url, "the host is not a DNS name")
    return name


def _encode_iri(url: str, target: str) -> str:
    try:
        return quote(target, safe=_URI_CHARACTERS)
    except UnicodeEncodeError as error:  # lone surrogates
        raise AddressRefused(url, "the URL is not valid Unicode") from error
