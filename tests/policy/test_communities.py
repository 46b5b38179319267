"""The rules of communities as one table: kind and standing, and what follows; both forms agree."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models import Database, UnitOfWork
from models.accounts import Account
from models.communities import Community, Kind, Membership, Role, State
from models.relations import Follow
from policy.communities import (
    Entry,
    Standing,
    entry,
    known_to,
    may_act_on,
    may_answer,
    may_assign,
    may_know,
    may_moderate,
    may_open_thread,
    may_read,
    standing,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STRANGER, ASKED = Standing(), Standing(State.REQUESTED)
INVITED, BANNED = Standing(State.INVITED), Standing(State.BANNED)
MEMBER, READER = Standing(State.MEMBER), Standing(State.MEMBER, Role.READER)
PUBLISHER, MODERATOR = Standing(State.MEMBER, Role.PUBLISHER), Standing(State.MEMBER, Role.MODERATOR)
OWNER = Standing(State.MEMBER, Role.OWNER)


def community(
    kind: Kind, *, private: bool | None = None, posting: str = "members", archived: bool = False
) -> Community:
    is_private = kind is not Kind.OPEN if private is None else private
    return Community(kind=kind.value, is_private=is_private, posting=posting, archived_at=NOW if archived else None)


@pytest.mark.parametrize(
    ("kind", "who", "knows", "reads", "comes_to"),
    [
        (Kind.OPEN, STRANGER, True, True, Entry.JOIN),
        (Kind.OPEN, BANNED, True, True, Entry.REFUSE),
        (Kind.ON_REQUEST, STRANGER, True, False, Entry.REQUEST),
        (Kind.ON_REQUEST, ASKED, True, False, Entry.REQUEST),
        (Kind.ON_REQUEST, INVITED, True, False, Entry.JOIN),
        (Kind.ON_REQUEST, MEMBER, True, True, Entry.JOIN),
        (Kind.BY_INVITATION, STRANGER, True, False, Entry.REFUSE),
        (Kind.BY_INVITATION, INVITED, True, False, Entry.JOIN),
        (Kind.HIDDEN, STRANGER, False, False, Entry.REFUSE),
        (Kind.HIDDEN, BANNED, False, False, Entry.REFUSE),
        (Kind.HIDDEN, INVITED, True, False, Entry.JOIN),
        (Kind.HIDDEN, MEMBER, True, True, Entry.JOIN),
    ],
)
def test_who_learns_of_a_community_reads_it_and_gets_in(
    kind: Kind, who: Standing, knows: bool, reads: bool, comes_to: Entry
) -> None:
    found = community(kind)
    assert (may_know(found, who), may_read(found, who), entry(found, who)) == (knows, reads, comes_to)
    if not who.is_member:
        assert entry(community(kind, archived=True), who) is Entry.REFUSE


@pytest.mark.parametrize(
    ("who", "opens", "opens_where_publishers_do", "answers", "moderates"),
    [
        (STRANGER, False, False, False, False),
        (INVITED, False, False, False, False),
        (BANNED, False, False, False, False),
        (READER, False, False, False, False),
        (MEMBER, True, False, True, False),
        (PUBLISHER, True, True, True, False),
        (MODERATOR, True, True, True, True),
        (OWNER, True, True, True, True),
    ],
)
def test_what_a_role_may_do(
    who: Standing, opens: bool, opens_where_publishers_do: bool, answers: bool, moderates: bool
) -> None:
    ours, theirs = community(Kind.OPEN), community(Kind.OPEN, posting="publishers")
    assert (may_open_thread(ours, who), may_open_thread(theirs, who)) == (opens, opens_where_publishers_do)
    assert (may_answer(ours, who), may_answer(theirs, who), may_moderate(ours, who)) == (answers, answers, moderates)
    closed = community(Kind.OPEN, archived=True)
    assert {may_open_thread(closed, who), may_answer(closed, who), may_moderate(closed, who)} == {False}


def test_nobody_acts_on_their_equals_or_gives_a_role_above_what_is_theirs_to_give() -> None:
    ours = community(Kind.OPEN)
    order = [STRANGER, READER, MEMBER, PUBLISHER, MODERATOR, OWNER]
    for mine, other in itertools.product(range(len(order)), repeat=2):
        expected = mine > other and order[mine] in (MODERATOR, OWNER)
        assert may_act_on(ours, order[mine], order[other]) is expected, (mine, other)
    assert may_assign(ours, MODERATOR, MEMBER, Role.PUBLISHER)
    assert not may_assign(ours, MODERATOR, MEMBER, Role.MODERATOR)
    assert may_assign(ours, OWNER, MODERATOR, Role.OWNER)
    assert not may_assign(ours, OWNER, OWNER, Role.MEMBER)
    assert not may_assign(ours, OWNER, STRANGER, Role.MEMBER)


def test_a_ban_ends_by_itself_and_comes_before_a_follow() -> None:
    row = Membership(state="banned", role="moderator", banned_until=NOW + timedelta(days=1))
    during = standing(row, "accepted", is_local=True, now=NOW)
    after = standing(row, None, is_local=True, now=NOW + timedelta(days=1))
    assert (during.state, after.state) == (State.BANNED, None)
    again = standing(row, "accepted", is_local=True, now=NOW + timedelta(days=2))
    assert (again.state, again.role) == (State.MEMBER, Role.MEMBER)


async def test_a_hidden_community_is_found_in_sql_by_whom_the_python_form_says(database: Database) -> None:
    places = {"stranger": None, "asked": "requested", "invited": "invited", "banned": "banned", "member": "member"}

    def account(unit: UnitOfWork, name: str, kind: str = "Person") -> Account:
        made = Account(id=unit.new_id(), uri=f"https://a.test/{name}", username=name, domain="a.test", actor_type=kind,
                       inbox_url="https://a.test/inbox", created_at=unit.now, updated_at=unit.now)  # fmt: skip
        unit.session.add(made)
        return made

    async with database.unit_of_work() as unit:
        groups = {kind: account(unit, kind.value, "Group") for kind in Kind}
        people = {name: account(unit, name) for name in places}
        await unit.session.flush()
        for kind, group in groups.items():
            unit.session.add(Community(account_id=group.id, kind=kind.value, created_at=unit.now, updated_at=unit.now))
        await unit.session.flush()
        for (name, state), group in itertools.product(places.items(), groups.values()):
            if state is not None:
                unit.session.add(
                    Membership(id=unit.new_id(), community_id=group.id, account_id=people[name].id, state=state,
                               created_at=unit.now, updated_at=unit.now)
                )  # fmt: skip
            if state in ("member", "requested"):
                number = unit.new_id()
                unit.session.add(
                    Follow(id=number, uri=f"https://a.test/f/{number}", follower_id=people[name].id,
                           followee_id=group.id, state="accepted" if state == "member" else "pending",
                           created_at=unit.now)
                )  # fmt: skip
    async with database.reading() as session:
        for name, state in places.items():
            found = set(await session.scalars(select(Account.id).where(known_to(people[name].id))))
            for kind, group in groups.items():
                who = Standing(State(state) if state else None)
                assert (group.id in found) is may_know(community(kind), who), (name, kind)
            assert {person.id for person in people.values()} <= found
        assert groups[Kind.HIDDEN].id not in set(await session.scalars(select(Account.id).where(known_to(None))))
