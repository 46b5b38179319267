"""Names of instances in one normal form, and which name covers which.

Every comparison of domains goes through `normalise_domain`: a block of `evil.test` must also hold for `EVIL.test.`,
`evil.test:443` and the punycode spelling (CVE-2023-42451). A port that isn't the default is part of the name, so that
several instances of one machine are several peers.
"""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna

DEFAULT_PORTS = ("80", "443")


@lru_cache(maxsize=4096)
def normalise_domain(text: str) -> str:
    """`host` or `host:port` in lower-case A-label form without default port and trailing dot.

    Raises ValueError when the text is no host (user information, path, empty label, impossible port).
    """
    text = text.strip()
    if not text or any(character in text for character in "/@?#\\ %"):
        raise ValueError(f"not a domain: {text!r}")
    parts = urlsplit(f"//{text}")
    host = parts.hostname or ""
    port = str(parts.port) if parts.port is not None else ""
    if text.endswith(":") or not host:
        raise ValueError(f"not a domain: {text!r}")
    name = _host(host)
    return name if not port or port in DEFAULT_PORTS else f"{name}:{port}"


def _host(host: str) -> str:
    host = host.rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return idna.encode(host, uts46=True).decode("ascii").lower() if not host.isascii() else _ascii(host)
        except idna.IDNAError as error:
            raise ValueError(f"not a domain: {host!r}") from error
    return f"[{address}]" if address.version == 6 else str(address)


def _ascii(host: str) -> str:
    name = host.lower()
    if not name or any(not label or len(label) > 63 for label in name.split(".")):
        raise ValueError(f"not a domain: {host!r}")
    return name


def covering(domain: str) -> list[str]:
    """The domain and every name above it, with and without its port: what a block could be written for.

    `a.evil.test:8443` is covered by a block of `evil.test`, and by one of `a.evil.test:8443`.
    """
    host, _, port = domain.partition(":") if not domain.startswith("[") else (domain, "", "")
    names = [domain]
    if port:
        names.append(host)
    if not host.startswith("[") and not host.replace(".", "").isdigit():
        labels = host.split(".")
        names.extend(".".join(labels[start:]) for start in range(1, len(labels) - 1))
    return names


def site_of(domain: str) -> str:
    """The name that somebody has probably registered, of a domain in normal form: its last two labels, or the address.

    A guess on the safe side for counting strangers: all of `co.uk` counts as one.
    """
    host = domain if domain.startswith("[") else domain.partition(":")[0]
    if host.startswith("[") or host.replace(".", "").isdigit():
        return host.partition("]")[0]
    return ".".join(host.split(".")[-2:])
