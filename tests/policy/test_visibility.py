"""One table of cases holds the Python form and the SQL form of visibility together."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from models import Database, UnitOfWork
from models.accounts import Account
from models.relations import Block, Follow
from models.statuses import Mention, Status
from models.visibility import Visibility
from policy.visibility import can_see, visible_to


@dataclass(frozen=True)
class Facts:
    """What is so between viewer and author."""

    viewer: str = "stranger"  # public | author | stranger
    follows: str = ""  # "" | pending | accepted
    is_mentioned: bool = False
    blocked: str = ""  # "" | by-author | by-viewer
    author: str = "active"  # active | suspended | gone
    is_inside: bool = False  # the viewer is of this office
    community: str = ""  # the statuses are in one, and the viewer is: outside | asked | member
    is_removed: bool = False  # taken out of it by its moderators


CASES = [
    *(Facts(viewer="public", author=author) for author in ("active", "suspended", "gone")),
    *(Facts(viewer="author", author=author) for author in ("active", "suspended")),
    *(
        Facts(follows=follows, is_mentioned=mentioned, blocked=blocked, author=author)
        for follows, mentioned, blocked, author in itertools.product(
            ("", "pending", "accepted"), (False, True), ("", "by-author", "by-viewer"), ("active", "suspended")
        )
    ),
    *(
        Facts(viewer=viewer, community="outside", is_removed=removed)
        for viewer, removed in itertools.product(("public", "author"), (False, True))
    ),
    *(
        Facts(community=community, is_removed=removed, follows=follows, is_mentioned=mentioned, blocked=blocked)
        for community, removed, follows, mentioned, blocked in itertools.product(
            ("outside", "asked", "member"), (False, True), ("", "accepted"), (False, True), ("", "by-author")
        )
    ),
    Facts(viewer="author", is_inside=True),
    *(
        Facts(follows=follows, is_mentioned=mentioned, blocked=blocked, is_inside=True)
        for follows, mentioned, blocked in itertools.product(("", "accepted"), (False, True), ("", "by-author"))
    ),
]


def expected(facts: Facts, visibility: Visibility, *, is_local_only: bool) -> bool:
    """The rules once more, as a reader of the product would say them."""
    if is_local_only and not facts.is_inside:
        return False
    if facts.viewer == "author":
        return True
    if facts.author != "active" or facts.blocked:
        return False
    if visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        return True
    if facts.viewer == "public":
        return False
    if facts.community and visibility is Visibility.PRIVATE:
        return facts.community == "member" and not facts.is_removed
    return facts.is_mentioned or (visibility is Visibility.PRIVATE and facts.follows == "accepted")


def new_account(unit: UnitOfWork, name: str, *, is_inside: bool = False) -> Account:
    account = Account(
        id=unit.new_id(), uri=f"https://peer.test/{name}", username=name, domain=None if is_inside else "peer.test",
        inbox_url=f"https://peer.test/{name}/inbox", created_at=unit.now, updated_at=unit.now,
    )  # fmt: skip
    unit.session.add(account)
    return account


def new_status(unit: UnitOfWork, author: Account, visibility: Visibility, *, is_local_only: bool = False) -> Status:
    status_id = unit.new_id()
    status = Status(
        id=status_id, uri=f"{author.uri}/{status_id}", account_id=author.id, visibility=visibility.value,
        is_local_only=is_local_only,
        conversation_id=status_id, published_at=unit.now, created_at=unit.now,
    )  # fmt: skip
    unit.session.add(status)
    return status


async def arrange(unit: UnitOfWork, facts: Facts, number: int) -> tuple[Account | None, Account, list[Status]]:
    author = new_account(unit, f"author{number}", is_inside=facts.is_inside and facts.viewer == "author")
    stranger = new_account(unit, f"stranger{number}", is_inside=facts.is_inside)
    author.suspended_at = unit.now if facts.author == "suspended" else None
    author.gone_at = unit.now if facts.author == "gone" else None
    await unit.session.flush()
    statuses = [
        new_status(unit, author, visibility, is_local_only=is_local_only)
        for visibility in Visibility
        for is_local_only in (False, True)
    ]
    if facts.community:
        await put_in_community(unit, facts, stranger, statuses)
    await unit.session.flush()
    if facts.follows:
        unit.session.add(
            Follow(id=unit.new_id(), uri=f"https://peer.test/follow/{number}", follower_id=stranger.id,
                   followee_id=author.id, state=facts.follows, created_at=unit.now)
        )  # fmt: skip
    if facts.is_mentioned:
        unit.session.add_all([Mention(status_id=status.id, account_id=stranger.id) for status in statuses])
    if facts.blocked:
        pair = (author.id, stranger.id) if facts.blocked == "by-author" else (stranger.id, author.id)
        unit.session.add(Block(id=unit.new_id(), account_id=pair[0], target_id=pair[1], created_at=unit.now))
    viewer = {"public": None, "author": author, "stranger": stranger}[facts.viewer]
    return viewer, author, statuses


async def put_in_community(unit: UnitOfWork, facts: Facts, stranger: Account, statuses: list[Status]) -> None:
    group = new_account(unit, f"group{unit.new_id()}")
    await unit.session.flush()
    for status in statuses:
        status.group_id = group.id
        status.removed_at = unit.now if facts.is_removed else None
    if facts.community != "outside":
        state = "accepted" if facts.community == "member" else "pending"
        unit.session.add(
            Follow(id=unit.new_id(), uri=f"{group.uri}/follow", follower_id=stranger.id, followee_id=group.id,
                   state=state, created_at=unit.now)
        )  # fmt: skip


async def test_both_forms_of_visibility_agree_with_the_rules_in_every_case(database: Database) -> None:
    async with database.unit_of_work() as unit:
        arranged = [(facts, *await arrange(unit, facts, number)) for number, facts in enumerate(CASES)]
    async with database.reading() as session:
        for facts, viewer, author, statuses in arranged:
            ids = [status.id for status in statuses]
            query = select(Status.id).where(Status.id.in_(ids), visible_to(viewer.id if viewer else None))
            in_sql = set(await session.scalars(query))
            for status in statuses:
                visibility = Visibility(status.visibility)
                in_python = can_see(
                    viewer,
                    status,
                    author,
                    is_follower=facts.follows == "accepted",
                    is_mentioned=facts.is_mentioned,
                    is_blocked=bool(facts.blocked),
                    is_member=facts.community == "member",
                )
                wanted = expected(facts, visibility, is_local_only=status.is_local_only)
                assert (in_python, status.id in in_sql) == (wanted, wanted), (facts, visibility, status.is_local_only)


@pytest.mark.parametrize("visibility", list(Visibility))
def test_nobody_else_sees_what_a_suspended_author_wrote(visibility: Visibility) -> None:
    author = Account(id=1, suspended_at=None)
    status = Status(id=2, account_id=1, visibility=visibility.value)
    viewer = Account(id=3)
    author.gone_at = None
    assert can_see(viewer, status, author, is_follower=True, is_mentioned=True)
    author.suspended_at = datetime.now(UTC)
    assert not can_see(viewer, status, author, is_follower=True, is_mentioned=True)
