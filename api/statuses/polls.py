"""Polls: how one stands, and voting."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import visible_status
from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.errors import NotFound, Unprocessable
from api.schemas.posting import VoteArgs
from api.statuses.posting import shown
from models.accounts import Account
from models.statuses import Poll, PollVote, Status
from outbox.interactions import publish_votes
from social.polls import VoteRefused


async def get_poll(call: Call) -> Json:
    """View a poll."""
    async with call.database.reading() as session:
        _, status = await _poll(call, session)
        return await _shown(call, session, status)


async def vote_on_poll(call: Call) -> Json:
    """Vote on a poll: one of its options, or several where it allows that."""
    choices = list(dict.fromkeys(call.args["choices"]))
    async with call.database.unit_of_work() as unit:
        poll, status = await _poll(call, unit.session)
        me = await unit.session.get_one(Account, call.me.id)
        await _check(unit.session, me, poll, status, choices)
        try:
            await publish_votes(call.services, unit, me, status, poll, choices)
        except VoteRefused as refused:
            raise Unprocessable(f"Validation failed: {_SENTENCES.get(str(refused), str(refused))}") from refused
    async with call.database.reading() as session:
        return await _shown(call, session, status)


_SENTENCES = {
    "the poll is closed": "The poll has already ended",
    "there is no such option": "The chosen vote option does not exist",
    "the account has voted already": "You have already voted on this poll",
}


async def _check(session: AsyncSession, me: Account, poll: Poll, status: Status, choices: list[int]) -> None:
    """What is refused to our own people; the rules for everybody are `social.polls`'s. Raises Unprocessable."""
    if status.account_id == me.id:
        raise Unprocessable("Validation failed: You cannot vote in your own polls")
    if not choices:
        raise Unprocessable("Validation failed: choices can't be blank")
    query = select(PollVote.choice).where(PollVote.poll_id == poll.id, PollVote.account_id == me.id)
    earlier = set(await session.scalars(query))
    if earlier.intersection(choices) or ((earlier or len(choices) > 1) and not poll.is_multiple):
        raise Unprocessable("Validation failed: You have already voted on this poll")


async def _poll(call: Call, session: AsyncSession) -> tuple[Poll, Status]:
    """The poll with its status, where the viewer may see that. Raises NotFound."""
    poll = await session.get(Poll, call.id())
    if poll is None:
        raise NotFound
    return poll, await visible_status(call, session, poll.status_id)


async def _shown(call: Call, session: AsyncSession, status: Status) -> Json:
    poll: Json | None = (await shown(call, status.id, session))["poll"]
    if poll is None:
        raise NotFound
    return poll


ENDPOINTS = (
    Endpoint("GET", "/api/v1/polls/{id}", get_poll, Access.READER, "read:statuses", returns="PollEntity"),
    Endpoint("POST", "/api/v1/polls/{id}/votes", vote_on_poll, scope="write:statuses", args=VoteArgs,
             returns="PollEntity"),
)  # fmt: skip
