"""Voting. The author's server counts; others learn the numbers by `Update(Question)`.

A single-choice poll takes one vote of an account, a multiple-choice one a vote for each option; more are refused, as
is a vote after the end or for an option that isn't there.
"""

from sqlalchemy import select

from models import UnitOfWork
from models.accounts import Account
from models.statuses import Poll, PollVote, Status
from social.watchers import watch_poll


class VoteRefused(Exception):
    """The vote doesn't count; the message says why."""


async def poll_of(unit: UnitOfWork, status: Status) -> Poll | None:
    """The poll of a status."""
    await unit.session.flush()
    return (await unit.session.scalars(select(Poll).where(Poll.status_id == status.id))).first()


def choice_of(poll: Poll, title: str) -> int | None:
    """The number of the option with this title."""
    return next((number for number, option in enumerate(poll.options) if option["title"] == title), None)


async def vote(unit: UnitOfWork, voter: Account, poll: Poll, choice: int, *, uri: str | None = None) -> bool:
    """Count one choice; False when it was counted before. Raises VoteRefused."""
    if poll.closed_at is not None or (poll.closes_at is not None and poll.closes_at <= unit.now):
        raise VoteRefused("the poll is closed")
    if not 0 <= choice < len(poll.options):
        raise VoteRefused("there is no such option")
    await unit.session.flush()
    query = select(PollVote.choice).where(PollVote.poll_id == poll.id, PollVote.account_id == voter.id)
    earlier = set(await unit.session.scalars(query))
    if choice in earlier:
        return False
    if earlier and not poll.is_multiple:
        raise VoteRefused("the account has voted already")
    unit.session.add(
        PollVote(id=unit.new_id(), poll_id=poll.id, account_id=voter.id, choice=choice, uri=uri, created_at=unit.now)
    )
    poll.options = [
        {**option, "votes": option["votes"] + (number == choice)} for number, option in enumerate(poll.options)
    ]
    if not earlier:
        poll.voters_count += 1
        if voter.is_local:
            await watch_poll(unit, poll.status_id, poll.closes_at)
    return True
