"""Conversations whose statuses come in another order than they were written."""

from datetime import timedelta

from sqlalchemy import select

from models import Database, UnitOfWork
from models.accounts import Account, User
from models.feeds import Conversation
from models.statuses import Status
from models.visibility import Visibility
from social.drafts import MentionDraft, StatusDraft
from social.edits import delete_status
from social.statuses import create_status
from tests.policy.test_visibility import new_account


async def a_person(unit: UnitOfWork, name: str) -> Account:
    account = new_account(unit, name)
    account.domain = None
    await unit.session.flush()
    unit.session.add(User(id=unit.new_id(), account_id=account.id, email=f"{name}@office.test", created_at=unit.now))
    await unit.session.flush()
    unit.accounts[account.uri] = account
    return account


async def say(
    unit: UnitOfWork, author: Account, to: Account, name: str, minutes_ago: int, *, answers: str | None = None
) -> Status:
    draft = StatusDraft(
        uri=f"https://peer.test/notes/{name}", type="Note", attributed_to=author.uri, to=(to.uri,),
        mentions=(MentionDraft(to.uri, f"@{to.username}"),), visibility=Visibility.DIRECT,
        in_reply_to_uri=f"https://peer.test/notes/{answers}" if answers else None,
        published_at=unit.now - timedelta(minutes=minutes_ago),
    )  # fmt: skip
    status = await create_status(unit, author, draft)
    await unit.settle()
    return status


async def rows(unit: UnitOfWork, account: Account) -> list[tuple[int, int, bool]]:
    query = select(Conversation).where(Conversation.account_id == account.id).order_by(Conversation.last_status_id)
    found = await unit.session.scalars(query)
    return [(row.conversation_id, row.last_status_id, row.is_unread) for row in found]


async def test_an_answer_that_came_before_what_it_answers_ends_up_in_one_conversation(database: Database) -> None:
    async with database.unit_of_work() as unit:
        carol = new_account(unit, "carol")
        ana = await a_person(unit, "ana")
        root = await say(unit, carol, ana, "1", 30)
        answer = await say(unit, carol, ana, "3", 10, answers="2")
        assert len(await rows(unit, ana)) == 2
        between = await say(unit, carol, ana, "2", 20, answers="1")
        assert await rows(unit, ana) == [(root.id, answer.id, True)]
        other = await say(unit, carol, ana, "5", 5, answers="4")
        assert await rows(unit, ana) == [(root.id, answer.id, True), (other.id, other.id, True)]
        late = await say(unit, carol, ana, "4", 6)
        assert await rows(unit, ana) == [(root.id, answer.id, True), (late.id, other.id, True)]
        await delete_status(unit, answer, owner_uri=carol.uri)
        await unit.session.flush()
        assert (root.id, between.id, True) in await rows(unit, ana)


async def test_what_comes_late_does_not_become_the_newest(database: Database) -> None:
    async with database.unit_of_work() as unit:
        carol = new_account(unit, "carol")
        ana = await a_person(unit, "ana")
        root = await say(unit, carol, ana, "1", 30)
        newest = await say(unit, carol, ana, "3", 10, answers="1")
        await say(unit, carol, ana, "2", 20, answers="1")
        assert await rows(unit, ana) == [(root.id, newest.id, True)]
