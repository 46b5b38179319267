"""Our own instance key is replaced: every peer learns of it from an Update that the old key proves."""

from sqlalchemy import select

from federation.documents import update_actor_activity
from federation.peers import PeerState
from federation.services import Services
from keys.keypairs import KeyKind
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.peers import Peer
from outbox.enqueue import PEERING_GATE, PEERING_ORDER, enqueue
from outbox.publish import activity_uri

TOLD = (PeerState.CONFIRMED, PeerState.ACTIVE, PeerState.SUSPENDED)


async def rotate_instance_keys(services: Services, unit: UnitOfWork) -> int:
    """Make new keys for the instance actor; the old ones verify for a week more. Returns how many peers are told.

    The announcement is proven with the old key: it is made before the commit, from which on the new one signs.
    """
    account = await unit.session.get_one(Account, INSTANCE_ACTOR_ID)
    old = await services.keyring.signing_key(INSTANCE_ACTOR_ID, KeyKind.ED25519)
    await services.keyring.rotate(unit, account)
    keys = await services.keyring.public_keys(unit.session, INSTANCE_ACTOR_ID)
    query = select(Peer.inbox_url).where(Peer.state.in_(TOLD), Peer.inbox_url.is_not(None)).order_by(Peer.domain)
    inbox_urls = [url for url in await unit.session.scalars(query) if url]
    await enqueue(
        unit,
        account=account,
        document=update_actor_activity(activity_uri(unit), account, keys, unit.addresses, at=unit.now),
        inbox_urls=inbox_urls,
        ordering_key=PEERING_ORDER,
        sign_proof=old,
        gate=PEERING_GATE,
    )
    return len(inbox_urls)
