"""The kinds of value that a setting can have, each with the one function that reads it.

Owns the way from a value as written (text in the environment, a TOML value in the file) to the typed value in
`Settings`. Promises that a value is either normalised or refused with a sentence that says what to write instead;
the sentence starts after the setting's name and never repeats a value that may hold a secret.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import idna
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

Network = IPv4Network | IPv6Network

_DATABASE_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


class ListenAddress(NamedTuple):
    """Where the server listens. Port 0 lets the machine choose a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return join_host_port(self.host, self.port)


@dataclass(frozen=True)
class Kind:
    """What a setting's value is called in the documentation, and the function that reads it.

    `parse` takes the value as written and raises ValueError with the end of a sentence ("must be …").
    """

    label: str
    parse: Callable[[object], Any]


def one_of(*choices: str) -> Kind:
    """Exactly one of `choices`, in any case."""
    label = ", ".join(f"`{choice}`" for choice in choices)

    def parse(value: object) -> str:
        if isinstance(value, str) and value.strip().lower() in choices:
            return value.strip().lower()
        raise ValueError(f"is {value!r}, but must be one of {', '.join(choices)}")

    return Kind(label, parse)


def whole_number(unit: str, *, least: int, most: int) -> Kind:
    """A whole number of `unit` within bounds, both included."""

    def parse(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool | float) or not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise ValueError(f"is {value!r}, but must be a whole number of {unit}")
        if not least <= int(text) <= most:
            raise ValueError(f"is {text}, but must be between {least} and {most} {unit}")
        return int(text)

    return Kind(f"whole number of {unit}, {least} to {most}", parse)


def join_host_port(host: str, port: int | None) -> str:
    """`host` or `host:port`; an IPv6 address gets its brackets."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def split_host_port(text: str) -> tuple[str, int | None]:
    """Take `host`, `host:port`, `address:port` or `[IPv6]:port` apart, the host in normal form.

    Names become lower-case A-labels (IDNA 2008, RFC 5891) without a trailing dot. Raises ValueError.
    """
    if re.search(r"[\s/@?#\\]", text):
        raise ValueError("must be a host or host:port alone, without https://, path or user name")
    match = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?|([^:\[\]]+)(?::([0-9]{1,5}))?", text)
    if match is None:
        raise ValueError("must be a host or host:port, such as madrid.example or 127.0.0.1:8080")
    port_text = match[2] or match[4]
    port = int(port_text) if port_text else None
    if port is not None and port > 65535:
        raise ValueError(f"has port {port}, but ports end at 65535")
    if match[1]:
        return str(_address(match[1])), port
    return _host_name(match[3]), port


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` is when it is written as one, otherwise None."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _address(text: str) -> IPv4Address | IPv6Address:
    address = address_of(text)
    if address is None:
        raise ValueError(f"holds {text!r}, which is no IP address")
    return address


def _host_name(text: str) -> str:
    if re.fullmatch(r"[0-9.]+", text):
        return str(_address(text))
    try:
        return idna.encode(text.removesuffix("."), uts46=True).decode("ascii")
    except idna.IDNAError as problem:
        raise ValueError(f"holds {text!r}, which is no host name ({problem})") from problem


def _domain(value: object) -> str:
    host, port = split_host_port(_text(value))
    if port == 0:
        raise ValueError("has port 0, but peers need a port that they can reach")
    return join_host_port(host, port)


def _listen_address(value: object) -> ListenAddress:
    host, port = split_host_port(_text(value))
    if port is None:
        raise ValueError(f"is {value!r}, but must be host:port, such as 127.0.0.1:8080")
    return ListenAddress(host, port)


def _origin(value: object) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError(f"is {value!r}, but must be https:// and a host, without a path")
    host, port = split_host_port(parts.netloc)
    return f"{parts.scheme}://{join_host_port(host, None if is_default_port(parts.scheme, port) else port)}"


def is_default_port(scheme: str, port: int | None) -> bool:
    """Whether `port` may be left out of a URL of this scheme (RFC 9110 §4.2)."""
    return port is None or port == {"http": 80, "https": 443}[scheme]


def _database_url(value: object) -> str:
    """The SQLAlchemy URL with an asynchronous driver; what follows the scheme stays as written."""
    scheme, separator, rest = _text(value).partition("://")
    driver = _DATABASE_DRIVERS.get(scheme.lower())
    if driver is None or not separator:
        raise ValueError("must start with sqlite:/// or postgresql://")
    if driver.startswith("sqlite"):
        if not rest.startswith("/") or rest.strip("/") in ("", ":memory:"):
            raise ValueError("must name a file, such as sqlite:///data/tertulia.db: memory is lost at a restart")
    else:
        rest = re.sub(r"([?&])sslmode=", r"\1ssl=", rest)  # libpq's name for what asyncpg calls ssl
    try:
        make_url(f"{driver}://{rest}")
    except (ArgumentError, ValueError) as problem:
        raise ValueError("can't be read as a database URL, such as postgresql://user@host/name") from problem
    return f"{driver}://{rest}"


def _networks(value: object) -> tuple[Network, ...]:
    items = re.split(r"[\s,]+", value.strip(" ,")) if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError('must be a list of networks, such as ["10.0.0.0/8"]')
    return tuple(_network(item) for item in cast(list[str], items) if item)


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as problem:
        raise ValueError(f"holds {text!r}, but must hold networks such as 10.0.0.0/8 or fd00::/8") from problem


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    answer = {"on": True, "true": True, "off": False, "false": False}.get(str(value).strip().lower())
    if answer is None:
        raise ValueError(f"is {value!r}, but must be on or off")
    return answer


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}, but must be text")
    return value.strip()


def _path(value: object) -> Path:
    if not _text(value):
        raise ValueError("is empty, but must be a path")
    return Path(_text(value)).expanduser()


def _email(value: object) -> str:
    text = _text(value)
    if text and not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", text):
        raise ValueError(f"is {text!r}, but must be an address such as it@madrid.example")
    return text


def _handle(value: object) -> str:
    text = _text(value).removeprefix("@")
    if text and not re.fullmatch(r"[\w.-]+@[^\s@<>/]+", text):
        raise ValueError(f"is {text!r}, but must be an address such as network@hq.example")
    return text


DOMAIN = Kind("host or host:port", _domain)
LISTEN = Kind("host:port", _listen_address)
LISTEN_OR_NOT = Kind("host:port", lambda value: _listen_address(value) if value else None)
ORIGIN = Kind("URL without a path", _origin)
DATABASE_URL = Kind("`sqlite:///…` or `postgresql://…`", _database_url)
NETWORKS = Kind("list of networks (CIDR)", _networks)
SWITCH = Kind("`on`, `off`", _switch)
TEXT = Kind("text", _text)
PATH = Kind("path", _path)
EMAIL = Kind("e-mail address", _email)
HANDLE = Kind("`name@host`", _handle)
