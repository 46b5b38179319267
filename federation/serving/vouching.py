"""Asking the host of a community whether somebody from the reader's server belongs to it (Lemmy's `is_follower`).

For readers that know no tokens, when a post of ours was refused to them: it is for the members of a community of
another server, and only that knows who they are. Each host may make us ask so often; answers are kept briefly.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlalchemy import select

from federation.client import RemoteError
from federation.memberships import belongs_there
from federation.services import Services
from federation.serving.answers import Answer, ReadRefused
from federation.serving.read_gate import Reader
from models.accounts import Account
from models.statuses import Status
from policy.communities import keeps_among_members
from policy.visibility import for_members


async def with_word_of_host(
    services: Services, reader: Reader, status_id: int, answer: Callable[[Reader], Awaitable[Answer]]
) -> Answer:
    """The answer about a post of ours, a second time for a reader for whom the community's host vouches.

    Raises ReadRefused, as `answer` does.
    """
    try:
        return await answer(reader)
    except ReadRefused as refused:
        vouched = await _vouched(services, reader, status_id) if refused.status == 404 else None
        if vouched is None:
            raise
        return await answer(vouched)


async def _vouched(services: Services, reader: Reader, status_id: int) -> Reader | None:
    if not reader.is_instance or reader.has_communities or reader.vouched_by is not None or reader.actor_uri is None:
        return None
    asked = (
        select(Account)
        .join(Status, Status.group_id == Account.id)
        .where(Status.id == status_id, for_members(), Status.removed_at.is_(None), Account.domain.is_not(None))
        .where(keeps_among_members(reader.host or ""))
    )
    async with services.database.reading() as session:
        group = await session.scalar(asked)
    if group is None or not services.peers.allows_url(group.uri):
        return None
    limit = services.peers.memory.member_questions
    if services.rates.is_on and limit.check(reader.host or "", services.clock()) is not None:
        return None
    try:
        belongs = await belongs_there(services, group, reader.actor_uri)
    except RemoteError:
        return None
    return replace(reader, vouched_by=group.id) if belongs else None
