"""What the floors from here up are given: one object, made by `server`, without any module-level state behind it.

Two servers in one process have two of these and share nothing. The object is a list of collaborators, not a place for
behaviour: functions take it as their first argument and use what they need.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime

from content.media import MediaStore
from federation.client import HttpClient
from federation.media_addresses import MediaAddresses
from federation.peers import PeerDirectory
from federation.peers.hosts import HostTable
from federation.signatures import Signatures
from federation.trust.keyring import Keyring
from keys.replay import ReplayCache
from keys.web_push import PushKeys
from models import Database
from models.addresses import LocalAddresses
from models.values import dataclass
from policy.rates import RateLimiter


@dataclass(frozen=True, slots=True)
class FederationSettings:
    """The part of the settings that federation reads; sizes in bytes, times as named."""

    is_closed: bool = True
    max_body_bytes: int = 1_048_576
    delivery_concurrency: int = 64
    delivery_give_up_hours: float = 72
    instance_name: str = "Tertulia"
    instance_description: str = ""
    contact_email: str = ""
    legal_name: str = ""
    region: str = ""
    publishes_peers: bool = False
    # Which of `office` and `network` get a community of everybody (`communities.defaults`).
    default_communities: frozenset[str] = frozenset()
    # `name@host` of the network's community, if another office hosts it; empty for none.
    network_community: str = ""
    software_version: str = "0.1.0"
    media_cache_bytes: int = 2 * 1_073_741_824
    media_cache_days: int = 14
    has_link_previews: bool = True
    trends_min_people: int = 5
    # How far back digests are compared, and how often.
    sync_digest_days: int = 90
    sync_digest_hours: int = 24


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of one instance."""

    database: Database
    addresses: LocalAddresses
    client: HttpClient
    keyring: Keyring
    peers: PeerDirectory
    hosts: HostTable
    media: MediaStore
    media_addresses: MediaAddresses
    settings: FederationSettings
    replays: ReplayCache
    rates: RateLimiter
    push: PushKeys
    executor: Executor
    signatures: Signatures
    clock: Callable[[], datetime]
