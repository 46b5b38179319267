"""Those who have a stake in a status without being named in it: who asked to be told, who shared it, who voted.

Followers with the bell on hear of a new post or of an answer to oneself, never of boosts or of what arrives late. Who
boosted a status, or quoted it, hears of its edit. Author and voters hear of the end of a poll, from a job that is
queued with the poll (ours) or with the first vote from here (everybody else's).
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, text

from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.questions import Question, among
from models.relations import Follow
from models.statuses import Poll, PollVote, Status
from models.visibility import Visibility
from policy.notifications import Kind
from policy.visibility import is_for_members
from social.notifications import notify_each

POLL_ENDED = "poll_ended"
NEWS_FOR = timedelta(hours=6)
_SHOWN_TO_FOLLOWERS = (Visibility.PUBLIC.value, Visibility.UNLISTED.value, Visibility.PRIVATE.value)
_WATCHERS = Question(
    select(Follow.follower_id, Follow.followee_id).where(
        among(Follow.followee_id, "author_ids"),
        text("follows.notifies"),  # spelled as in the partial index
        Follow.state == "accepted",
    )
)
_BOOSTERS = (
    select(Account.id)
    .join(Status, Status.account_id == Account.id)
    .where(Status.boost_of_id == bindparam("status_id"), Account.domain.is_(None))
)
_QUOTES = (
    select(Account.id, Status.id)
    .join(Status, Status.account_id == Account.id)
    .where(
        Status.quote_of_id == bindparam("status_id"), Status.quote_state == "accepted", Account.domain.is_(None)
    )
)  # fmt: skip
_VOTERS = (
    select(PollVote.account_id)
    .join(Account, Account.id == PollVote.account_id)
    .where(PollVote.poll_id == bindparam("poll_id"), Account.domain.is_(None))
    .distinct()
)


def tell_watchers(unit: UnitOfWork, status: Status) -> None:
    """A status is new: tell followers who asked for every post of its author."""
    is_answer_to_others = status.in_reply_to_uri is not None and status.in_reply_to_account_id != status.account_id
    is_news = unit.now - status.published_at < NEWS_FOR
    if is_for_members(status):
        return  # their community tells them
    if is_news and status.visibility in _SHOWN_TO_FOLLOWERS and not status.is_boost and not is_answer_to_others:
        unit.defer(_tell_watchers, (status.account_id, status.id))


async def _tell_watchers(unit: UnitOfWork, written: list[tuple[int, int]]) -> None:
    authors = sorted({author_id for author_id, _ in written})
    watchers: dict[int, list[int]] = {}
    for watcher_id, author_id in await unit.session.ask(_WATCHERS, {"author_ids": authors}):
        watchers.setdefault(author_id, []).append(watcher_id)
    for author_id, status_id in written:
        notify_each(unit, watchers.get(author_id, ()), Kind.STATUS, author_id, status_id=status_id)


async def tell_of_edit(unit: UnitOfWork, status: Status) -> None:
    """A status reads differently now: tell who boosted it, and who quoted it (about their own quote)."""
    parameters = {"status_id": status.id}
    boosters = (await unit.session.scalars(_BOOSTERS, parameters)).all()
    quotes = (await unit.session.execute(_QUOTES, parameters)).all()
    author_id = status.account_id
    notify_each(unit, (one for one in boosters if one != author_id), Kind.UPDATE, author_id, status_id=status.id)
    for quoter_id, quote_id in quotes:
        if quoter_id != author_id:
            notify_each(unit, [quoter_id], Kind.QUOTED_UPDATE, author_id, status_id=quote_id)


async def watch_poll(unit: UnitOfWork, status_id: int, closes_at: datetime | None) -> None:
    """Have the end of a poll told to those whom it concerns here."""
    if closes_at is None or closes_at <= unit.now:
        return
    key = f"poll-ended:{status_id}:{int(closes_at.timestamp())}"
    due_in = (closes_at - unit.now).total_seconds()
    await enqueue_job(unit, POLL_ENDED, {"status_id": status_id}, unique_key=key, due_in=due_in)


async def end_poll(unit: UnitOfWork, status_id: int) -> Status | None:
    """Tell the author and the voters of this office that a poll is over; None when it isn't, or is gone."""
    query = select(Status, Poll).join(Poll, Poll.status_id == Status.id).where(Status.id == status_id)
    row = (await unit.session.execute(query.where(or_(Poll.closes_at.is_(None), Poll.closes_at <= unit.now)))).first()
    if row is None:
        return None
    status, poll = row
    voters = await unit.session.scalars(_VOTERS, {"poll_id": poll.id})
    notify_each(unit, {*voters, status.account_id}, Kind.POLL, status.account_id, status_id=status.id)
    return status
