"""Communities from below: follow and membership are one, moderators rule over those below them, and the log says so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from communities.admission import approve, invite, reject
from communities.changes import Action
from communities.groups import Wish, archive, create, update
from communities.membership import join, leave
from communities.moderation import lock, pin, remove_post, restore_post
from communities.posts import announce, check_submission
from communities.ranks import ban, set_role, unban
from communities.reports import report, resolve
from communities.standings import CommunityRefused, NoSuchCommunity, NotAllowed, place_of
from models import Database, UnitOfWork
from models.accounts import Account
from models.communities import CommunityAct, Kind, Role, State
from models.relations import Follow
from models.statuses import Status
from social.accounts import new_local_account
from social.drafts import StatusDraft
from social.follows import end_follow, find_follow, is_following
from social.statuses import create_status


async def no_keys(unit: UnitOfWork, account: Account) -> None:
    """These accounts sign nothing."""


async def cast(unit: UnitOfWork, kind: Kind = Kind.OPEN, **wish: object) -> tuple[Account, Account, Account, Account]:
    """A community of ana, with bea and carl outside."""
    ana, bea, carl = (new_local_account(unit, name) for name in ("ana", "bea", "carl"))
    await unit.session.flush()
    made = await create(unit, "afterwork", Wish(kind=kind, **wish), make_keys=no_keys, compose=str, owner=ana)  # type: ignore[arg-type]
    return made.group, ana, bea, carl


async def state_of(unit: UnitOfWork, group: Account, account: Account) -> State | None:
    return (await place_of(unit.session, group, account, now=unit.now)).standing.state


async def post(unit: UnitOfWork, group: Account, author: Account, parent: Status | None = None) -> Status:
    where = await check_submission(unit.session, group, author, parent=parent, now=unit.now)
    draft = StatusDraft(
        uri="",
        type="Note",
        attributed_to=author.uri,
        content_html="<p>Hi</p>",
        in_reply_to_uri=parent.uri if parent else None,
    )
    status = await create_status(unit, author, draft, visibility=where.visibility, group=group)
    await announce(unit, group, status, author)
    await unit.settle()
    return status


async def test_members_follow_the_community_and_whoever_stops_following_is_no_member(database: Database) -> None:
    async with database.unit_of_work() as unit:
        group, ana, bea, carl = await cast(unit)
        joined = await join(unit, group, bea)
        again = await join(unit, group, bea)
        assert (joined.action, joined.is_new, again.is_new) == (Action.JOIN, True, False)
        assert await is_following(unit, bea, group.id)
        follow = await find_follow(unit, bea, group)
        assert follow is not None
        await end_follow(unit, follow, bea, group)  # as blocking the community's account does
        assert await state_of(unit, group, bea) is None
        await join(unit, group, bea)
        assert (await leave(unit, group, bea)).is_new
        assert not (await leave(unit, group, bea)).is_new
        assert not await is_following(unit, bea, group.id)
        with pytest.raises(CommunityRefused, match="needs an owner"):
            await leave(unit, group, ana)
        await join(unit, group, carl)
        await set_role(unit, group, ana, carl, Role.OWNER)
        await leave(unit, group, ana)


async def test_requests_and_invitations_are_answered_by_moderators_alone(database: Database) -> None:
    async with database.unit_of_work() as unit:
        group, ana, bea, carl = await cast(unit, Kind.ON_REQUEST)
        asked = await join(unit, group, bea)
        assert (asked.action, asked.follow is not None) == (Action.REQUEST, True)
        assert not await is_following(unit, bea, group.id)
        with pytest.raises(NotAllowed):
            await approve(unit, group, carl, bea)
        await reject(unit, group, ana, bea, reason="not yet")
        assert await state_of(unit, group, bea) is None
        await join(unit, group, bea)
        await approve(unit, group, ana, bea)
        assert await state_of(unit, group, bea) is State.MEMBER
        await invite(unit, group, ana, carl, role=Role.PUBLISHER)
        assert (await join(unit, group, carl)).action is Action.JOIN
        assert (await place_of(unit.session, group, carl, now=unit.now)).standing.role is Role.PUBLISHER
        with pytest.raises(NotAllowed):
            await invite(unit, group, carl, bea)


async def test_a_hidden_community_is_not_there_until_one_is_invited(database: Database) -> None:
    async with database.unit_of_work() as unit:
        group, ana, bea, _ = await cast(unit, Kind.HIDDEN)
        with pytest.raises(NoSuchCommunity):
            await join(unit, group, bea)
        await invite(unit, group, ana, bea)
        assert (await join(unit, group, bea)).is_new
        with pytest.raises(CommunityRefused, match="stays private"):
            await update(unit, group, ana, Wish(kind=Kind.OPEN, is_private=False), compose=str)


async def test_a_ban_holds_until_its_time_and_reaches_only_those_below(database: Database) -> None:
    async with database.unit_of_work() as unit:
        group, ana, bea, carl = await cast(unit)
        for account in (bea, carl):
            await join(unit, group, account)
        await set_role(unit, group, ana, bea, Role.MODERATOR)
        for actor, target in ((bea, ana), (carl, bea), (bea, bea)):
            with pytest.raises(NotAllowed):
                await ban(unit, group, actor, target)
        status = await post(unit, group, carl)
        until = unit.now + timedelta(days=2)
        change = await ban(unit, group, bea, carl, reason="spam", until=until, removes_posts=True)
        assert (change.until, change.follow is not None) == (until, True)
        await unit.session.refresh(status)
        assert status.removed_at is not None
        for attempt in (join(unit, group, carl), check_submission(unit.session, group, carl, now=unit.now)):
            with pytest.raises(CommunityRefused, match="banned"):
                await attempt
    async with database.unit_of_work() as unit:
        unit.now = until
        assert (await join(unit, group, carl)).is_new
    async with database.unit_of_work() as unit:
        bea, carl, ana, group = [await unit.session.get_one(Account, one.id) for one in (bea, carl, ana, group)]
        await ban(unit, group, bea, carl)
        await unban(unit, group, ana, carl)
        assert (await join(unit, group, carl)).is_new


async def test_posts_are_passed_on_removed_restored_locked_and_pinned_by_moderators(database: Database) -> None:
    async with database.unit_of_work() as unit:
        group, ana, bea, carl = await cast(unit)
        await join(unit, group, bea)
        with pytest.raises(CommunityRefused, match="join it first"):
            await check_submission(unit.session, group, carl, now=unit.now)
        status = await post(unit, group, bea)
        boosts = select(Status.id).where(Status.account_id == group.id, Status.boost_of_id == status.id)
        assert await unit.session.scalar(boosts) is not None
        reply = await post(unit, group, ana, parent=status)
        assert (await announce(unit, group, reply, ana)).shared is None
        with pytest.raises(NotAllowed):
            await remove_post(unit, group, carl, status)
        removed = await remove_post(unit, group, ana, status, reason="off topic")
        assert removed.shared is not None
        assert await unit.session.scalar(boosts) is None
        assert status.group_id == group.id
        with pytest.raises(CommunityRefused):
            await pin(unit, group, ana, status)
        await restore_post(unit, group, ana, status)
        await unit.settle()
        assert await unit.session.scalar(boosts) is not None
        await pin(unit, group, ana, status)
        await lock(unit, group, ana, status, reason="said and done")
        with pytest.raises(CommunityRefused, match="locked"):
            await check_submission(unit.session, group, bea, parent=reply, now=unit.now)
        filed = await report(unit, group, bea, ana, [reply], comment="rude")
        assert filed.report_id is not None
        with pytest.raises(NotAllowed):
            await resolve(unit, group, bea, filed.report_id)
        await resolve(unit, group, ana, filed.report_id)
        await archive(unit, group, ana)
        with pytest.raises(CommunityRefused, match="archived"):
            await check_submission(unit.session, group, bea, now=unit.now)
        await unit.session.flush()
        log = await unit.session.execute(select(CommunityAct.action, CommunityAct.reason).order_by(CommunityAct.id))
        assert [tuple(row) for row in log] == [
            ("create", ""), ("remove", "off topic"), ("restore", ""), ("pin", ""), ("lock", "said and done"),
            ("resolve", ""), ("archive", ""),
        ]  # fmt: skip
    async with database.reading() as session:
        assert len((await session.scalars(select(Follow).where(Follow.followee_id == group.id))).all()) == 2
