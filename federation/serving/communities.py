"""The collections that only communities have (FEP-1b12): who holds which role, and whether somebody belongs to them.

Who moderates is told to whoever may read the community; who publishes or only reads, and who is an owner, to the
offices of members. Who else belongs to it is nobody's business: followers are counted, and a server may ask about one
account (`?is_follower=`, as Lemmy does) when somebody of its own is a member, or is the one asked about. An instance
actor belongs to it when somebody does for whom it reads.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.standings import role_holders
from federation.documents.audience import followers_of
from federation.peers import domain_of
from federation.services import Services
from federation.serving import collection_pages as pages
from federation.serving.answers import Answer, document_answer, not_found
from federation.serving.read_gate import Reader, is_for_everybody, is_of_members, require_reader
from federation.serving.resources import active_account
from federation.sync.peers import is_instance_actor
from federation.trust.origins import has_origin
from models.accounts import Account
from models.communities import Community, Role
from models.relations import Follow

ROLE_COLLECTIONS: Final = {
    "moderators": (Role.OWNER, Role.MODERATOR),
    "owners": (Role.OWNER,),
    "publishers": (Role.PUBLISHER,),
    "readers": (Role.READER,),
}
FOR_EVERYBODY: Final = "moderators"
HOLDERS: Final = 1_000
"""More of one role aren't listed."""


async def roles_answer(services: Services, reader: Reader, account_id: int, name: str) -> Answer:
    """Who holds a role in a community, by id, the longest-serving first. Raises ReadRefused."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        group = await active_account(session, account_id, reader)
        community = await session.get(Community, account_id)
        if community is None:
            raise not_found()
        is_open = name == FOR_EVERYBODY and not community.is_private
        if not is_open and not await is_of_members(session, reader, group):
            raise not_found()
        holders = await role_holders(session, group, ROLE_COLLECTIONS[name], limit=HOLDERS)
    uri = services.addresses.part(group.uri, f"collections/{name}")
    document = pages.whole_collection(uri, [holder.uri for holder in holders])
    return document_answer(document, is_for_everybody=is_open and is_for_everybody(services, reader))


async def membership_answer(services: Services, reader: Reader, account_id: int, actor_uri: str) -> Answer:
    """200 when the actor belongs to the community, 404 when it doesn't, or when that isn't the reader's business."""
    require_reader(services, reader)
    async with services.database.reading() as session:
        group = await active_account(session, account_id, reader)
        may_ask = reader.host is not None and actor_uri.startswith(reader.home)
        if not group.is_group or not (may_ask or await is_of_members(session, reader, group)):
            raise not_found()
        belongs = (
            select(Follow.id)
            .join(Account, Account.id == Follow.follower_id)
            .where(Follow.followee_id == group.id, Follow.state == "accepted", Account.uri == actor_uri)
        )
        is_member = await session.scalar(belongs) is not None
        if not is_member and not await _reads_for_member(services, session, group, actor_uri):
            raise not_found()
    document = pages.collection(followers_of(group, services.addresses), total=group.followers_count, has_pages=False)
    return document_answer(document, is_for_everybody=False)


async def _reads_for_member(services: Services, session: AsyncSession, group: Account, actor_uri: str) -> bool:
    """Whether this is the instance actor of a server on which a member lives: of a peer, as Lemmy's, or one we know."""
    if not has_origin(actor_uri):
        return False
    host = domain_of(actor_uri)
    reads_for = Reader(actor_uri=actor_uri, host=host)
    is_office = is_instance_actor(actor_uri) and services.peers.is_full(host)
    if not is_office and actor_uri != reads_for.home:
        known = select(Account.id).where(Account.uri == actor_uri, Account.actor_type == "Application")
        if await session.scalar(known) is None:
            return False
    return await is_of_members(session, reads_for, group)
