"""What a peer may receive and how it is; not in Mastodon. `policy.peers` decides, this only says and asks."""

from api.admin.peers import PEERS, READ, WRITE, find_peer
from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.entities.peer_health import peer_health_entity
from api.schemas.admin_peers import PeerPolicyArgs
from inbox.peer_health import peer_health
from models.peers import Peer
from outbox.peering.policies import change_policy, policies_in_words


async def get_policy(call: Call) -> Json:
    """The rules for one peer; null where there is none."""
    async with call.database.unit_of_work() as unit:
        peer = await find_peer(call, unit)
        return (await policies_in_words(unit.session, [peer]))[peer.domain]


async def put_policy(call: Call) -> Json:
    """Change the rules that are named; null takes one away."""
    async with call.database.unit_of_work() as unit:
        peer: Peer = await find_peer(call, unit)
        await change_policy(call.services, unit, peer, call.args, by=call.me)
        return (await policies_in_words(unit.session, [peer]))[peer.domain]


async def get_health(call: Call) -> Json:
    """How the peer is, in figures and in a sentence."""
    async with call.database.unit_of_work() as unit:
        domain = (await find_peer(call, unit)).domain
    return peer_health_entity(*await peer_health(call.services, domain), call.services.clock())


ENDPOINTS = (
    Endpoint("GET", f"{PEERS}/{{id}}/health", get_health, Access.ADMIN, READ, returns="PeerHealthEntity"),
    Endpoint("GET", f"{PEERS}/{{id}}/policy", get_policy, Access.ADMIN, READ, returns="PeerPolicyEntity"),
    Endpoint("PUT", f"{PEERS}/{{id}}/policy", put_policy, Access.ADMIN, WRITE, PeerPolicyArgs, "PeerPolicyEntity"),
)
