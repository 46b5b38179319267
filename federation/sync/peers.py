"""Which peers take part in sync, and who speaks for one.

A peer takes part when it made the handshake, isn't limited, and its actors announce the capability (FEP-844e). It is
its *instance actor* that asks, `/actor` of its origin: whoever else lives there must not read what is for all of them.
"""

from typing import Final

from federation.client import AddressRefused, check_url
from federation.services import Services

INSTANCE_ACTOR_PATH: Final = "/actor"


def keeps_log(services: Services, host: str) -> bool:
    """Whether the host is a peer whose deliveries are numbered, as far as memory knows (`services.hosts.know`)."""
    return services.peers.is_full(host) and services.hosts.keeps_log(host)


def is_instance_actor(actor_uri: str) -> bool:
    """Whether this is the actor that speaks for a whole office."""
    try:
        return check_url(actor_uri, allow_http=True).target == INSTANCE_ACTOR_PATH
    except AddressRefused:
        return False


def office_origin(services: Services, host: str) -> str:
    """The origin of a peer: peers talk the scheme that we talk."""
    return f"{services.addresses.scheme}://{host}"


async def sync_peers(services: Services) -> list[str]:
    """The hosts that take part, by name."""
    names = (await services.peers.refreshed()).active(is_full=True)
    await services.hosts.know(names)
    return [name for name in names if services.hosts.keeps_log(name)]
