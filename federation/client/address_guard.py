"""Which network addresses we connect to: the last check before a socket exists.

Owns the tables of the IANA special-purpose address registries (RFC 6890 and its successors). Promises that an address
is judged by what it finally reaches: an IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is judged as the IPv4
address. Whatever is not known to be globally reachable unicast is refused, so a range that IANA assigns tomorrow is
refused until somebody adds it. Networks that the administrator allows are exempt from everything here.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# https://www.iana.org/assignments/iana-ipv4-special-registry, plus multicast and the former class E.
SPECIAL_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local and the metadata service of clouds, RFC 3927
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocols, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # AMT relays, RFC 7450
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, with the broadcast address
    )
)

# https://www.iana.org/assignments/iana-ipv6-special-registry. Outside 2000::/3 nothing is global unicast, which
# takes care of ::, ::1, IPv4-compatible addresses, 64:ff9b:1::/48, 100::/64, 5f00::/16, fc00::/7, fe80::/10,
# fec0::/10 and ff00::/8 without naming them.
GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
SPECIAL_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocols: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation, RFC 3849
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3fff::/20",  # documentation, RFC 9637
    )
)
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv6-only host reaches the IPv4 network through it

# https needs a certificate for the name before a byte of ours is sent, so a high port of a public address is no
# danger, and people do run servers there. Below 1024 live mail, SSH and the like: only 443.
HTTPS_PORT = 443
FIRST_USER_PORT = 1024


class ForbiddenAddress(Exception):
    """An address or port that we don't connect to; the message says why."""


class AddressGuard:
    """Decides on every single connection. `allowed_networks` are exempt; plain http goes there and nowhere else."""

    def __init__(self, allowed_networks: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed_networks)

    def check(self, host: str, port: int, *, scheme: str) -> None:
        """Raises ForbiddenAddress unless we may connect to this textual IPv4 or IPv6 address and port."""
        try:
            address = ip_address(host)
        except ValueError as error:
            raise ForbiddenAddress("the name does not lead to an IP address") from error
        if self.is_exempt(address):
            return
        if scheme != "https":
            raise ForbiddenAddress("plain http is only spoken inside the allowed networks")
        if not is_public(address):
            raise ForbiddenAddress(f"{address} is not a public address")
        if port != HTTPS_PORT and port < FIRST_USER_PORT:
            raise ForbiddenAddress(f"port {port} belongs to another service")

    def is_exempt(self, address: Address) -> bool:
        """Whether the administrator allowed this address, in whichever of its spellings."""
        if not self._allowed:
            return False
        spellings = (address, embedded_v4(address))
        return any(
            spelling is not None and spelling.version == network.version and spelling in network
            for spelling in spellings
            for network in self._allowed
        )


def is_public(address: Address) -> bool:
    """Whether an address is globally reachable unicast by the special-purpose registries."""
    inner = embedded_v4(address)
    if inner is not None:
        return not any(inner in network for network in SPECIAL_V4)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_V4)
    if address.scope_id is not None or address not in GLOBAL_UNICAST_V6:
        return False
    return not any(address in network for network in SPECIAL_V6)


def embedded_v4(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056)."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour
