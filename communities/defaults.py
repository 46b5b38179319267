"""The communities that an office makes by itself: everybody in the office, and everybody in the network.

| default for | kind | who is in it | leaves the office |
|---|---|---|---|
| office | by invitation, private | every person of the office, who can't leave it (but mute it) | never |
| network | open, public | every person of the office, until they leave; anybody of a peer may join | as any other |

Of the offices of a network one makes the latter; the others join their people to it (`outbox.network_community`).

Administrators own them. They are made once, and filled, by housekeeping (`fill`); who is made later is taken in at once
(`take_in`). Whoever left the network's community isn't taken in again, and an archived one takes in nobody.
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import exists, select, update

from communities.changes import Change
from communities.groups import Compose, MakeKeys, Wish, create
from communities.membership import join, membership_row
from communities.standings import place_of
from models import UnitOfWork
from models.accounts import Account, User
from models.communities import Community, Kind, Membership, Role, State
from models.insertion import insert_missing
from models.relations import Follow
from policy.roles import Permission, may
from social.accounts import account_by_handle

OFFICE: Final = "office"
NETWORK: Final = "network"
NAMES: Final = {OFFICE: ("everyone", "everyone_here", "whole_office"), NETWORK: ("network", "whole_network")}
PEOPLE_AT_ONCE: Final = 500


async def ensure(
    unit: UnitOfWork, wanted: Collection[str], *, instance_name: str, make_keys: MakeKeys, compose: Compose
) -> list[Change]:
    """Make those of the default communities that are wanted and were never made."""
    there = set(await unit.session.scalars(select(Community.default_for).where(Community.default_for.is_not(None))))
    wishes = {
        OFFICE: Wish(display_name=f"Everyone at {instance_name}", kind=Kind.BY_INVITATION, is_private=True),
        NETWORK: Wish(display_name=f"The whole network, at {instance_name}", kind=Kind.OPEN),
    }
    made = []
    for purpose, wish in wishes.items():
        if purpose not in wanted or purpose in there:
            continue
        for name in NAMES[purpose]:
            if await account_by_handle(unit.session, name, None) is None:
                change = await create(unit, name, wish, make_keys=make_keys, compose=compose, default_for=purpose)
                made.append(change)
                break
    return made


async def take_in(unit: UnitOfWork, account: Account, *, is_owner: bool = False) -> list[Change]:
    """Have somebody who is new here belong to the default communities that there are."""
    changes = []
    for group in await _defaults(unit):
        changes.append(await join(unit, group, account))
        if is_owner:
            place = await place_of(unit.session, group, account, now=unit.now)
            membership_row(unit, place).role = Role.OWNER.value
    return changes


async def fill(unit: UnitOfWork) -> int:
    """Take in people of this office who aren't there yet and haven't left, at most `PEOPLE_AT_ONCE` for each.

    Set-based: a community of thousands is filled in some rounds. How many were taken in.
    """
    total = 0
    for group in await _defaults(unit):
        total += await _fill_one(unit, group)
    return total


async def _defaults(unit: UnitOfWork) -> list[Account]:
    query = (
        select(Account)
        .join(Community, Community.account_id == Account.id)
        .where(Community.default_for.is_not(None), Community.archived_at.is_(None), Account.gone_at.is_(None))
        .order_by(Account.id)
    )
    return list(await unit.session.scalars(query))


async def _fill_one(unit: UnitOfWork, group: Account) -> int:
    follows = exists().where(Follow.follower_id == Account.id, Follow.followee_id == group.id)
    stands = exists().where(Membership.account_id == Account.id, Membership.community_id == group.id)
    query = (
        select(Account.id, User.role)
        .join(User, User.account_id == Account.id)
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None), ~follows, ~stands)
        .order_by(Account.id)
        .limit(PEOPLE_AT_ONCE)
    )
    people = (await unit.session.execute(query)).all()
    if not people:
        return 0
    await insert_missing(unit.session, Follow, [_follow(unit, group, row.id) for row in people])
    await insert_missing(unit.session, Membership, [_membership(unit, group, row.id, row.role) for row in people])
    ids = [row.id for row in people]
    for who, column, more in (
        (Account.id.in_(ids), "following_count", 1),
        (Account.id == group.id, "followers_count", len(ids)),
    ):
        await unit.session.execute(
            update(Account)
            .where(who)
            .values({column: getattr(Account, column) + more})
            .execution_options(synchronize_session=False)
        )
    return len(ids)


def _follow(unit: UnitOfWork, group: Account, account_id: int) -> dict[str, Any]:
    number = unit.new_id()
    return {
        "id": number,
        "uri": unit.addresses.follow(number),
        "follower_id": account_id,
        "followee_id": group.id,
        "state": "accepted",
        "shows_boosts": True,
        "notifies": False,
        "created_at": unit.now,
        "accepted_at": unit.now,
    }


def _membership(unit: UnitOfWork, group: Account, account_id: int, role: str) -> dict[str, Any]:
    is_owner = may(role, Permission.ADMINISTRATOR)
    return {
        "id": unit.new_id(),
        "community_id": group.id,
        "account_id": account_id,
        "role": (Role.OWNER if is_owner else Role.MEMBER).value,
        "state": State.MEMBER.value,
        "joined_at": unit.now,
        "ban_reason": "",
        "created_at": unit.now,
        "updated_at": unit.now,
    }
