"""What a person does about another: follow, block, mute, note, feature. Each answers with the Relationship after it.

Every verb is idempotent; one that concerns somebody elsewhere tells their server in the same transaction.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from marshmallow import fields
from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from api.access import known_account
from api.accounts.pages import is_active
from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.relationship import relationship_entities, relationship_json
from api.errors import Forbidden, Unprocessable
from api.loading import account_entities
from api.schemas.fields import Args, Flag, Several, Text, Whole, ids
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from outbox.follows import publish_block, publish_follow, publish_reject, publish_unblock, publish_unfollow
from social.endorsements import NotFollowed, endorse, unendorse
from social.follows import ACCEPTED, find_follow
from social.mutes import MAX_MUTE_SECONDS, mute, unmute
from social.notes import MAX_NOTE_CHARACTERS, set_note

FAMILIAR_EACH: Final = 20
Verb = Callable[[Call, UnitOfWork, Account], Awaitable[None]]


class RelationshipsArgs(Args):
    """Which accounts; every one of them gets an entry, suspended ones too."""

    id = ids(most=100, load_default=list)
    with_suspended = Flag(load_default=False)


class FamiliarArgs(Args):
    """Whose followers."""

    id = ids(most=40, load_default=list)


class FollowArgs(Args):
    """What is wanted of the followed: their boosts, a notice of each post, which languages (all when empty)."""

    KEEPS_EMPTY = frozenset({"languages"})

    reblogs = Flag()
    notify = Flag()
    languages = Several(fields.String(), most=100)


class MuteArgs(Args):
    """Whether their notifications are hidden too, and for how many seconds (0: for good)."""

    notifications = Flag(load_default=True)
    duration = Whole(0, MAX_MUTE_SECONDS, load_default=0)


class NoteArgs(Args):
    """The note; an empty one takes it away."""

    comment = Text(MAX_NOTE_CHARACTERS, load_default="")


async def get_relationships(call: Call) -> list[Json]:
    """Check relationships to other accounts: one entry for each id."""
    async with call.database.reading() as session:
        return await relationship_entities(call.api, session, call.me, call.args["id"])


async def get_familiar_followers(call: Call) -> list[Json]:
    """Find familiar followers: whom the viewer follows among the followers of each account."""
    wanted = list(dict.fromkeys(call.args["id"]))
    mine, target = aliased(Follow), aliased(Account)
    rank = func.row_number().over(partition_by=Follow.followee_id, order_by=Follow.id.desc()).label("rank")
    ranked = (
        select(Follow.followee_id, Follow.follower_id, rank)
        .join(mine, and_(mine.follower_id == call.me.id, mine.followee_id == Follow.follower_id))
        .join(Account, Account.id == Follow.follower_id)
        .join(target, target.id == Follow.followee_id)
        .where(Follow.followee_id.in_(wanted), Follow.state == ACCEPTED, mine.state == ACCEPTED, is_active())
        .where(target.hides_collections.is_(False), Account.hides_collections.is_(False))
        .subquery()
    )
    query = select(ranked.c.followee_id, ranked.c.follower_id).where(ranked.c.rank <= FAMILIAR_EACH)
    async with call.database.reading() as session:
        rows = (await session.execute(query.order_by(ranked.c.followee_id, ranked.c.rank))).all()
        numbers = list(dict.fromkeys(follower for _, follower in rows))
        entities = dict(zip(numbers, await account_entities(call.api, session, numbers), strict=True))
    found: dict[int, list[Json]] = {number: [] for number in wanted}
    for followee, follower in rows:
        found[followee].append(entities[follower])
    return [{"id": str(number), "accounts": accounts} for number, accounts in found.items()]


def _about(verb: Verb, name: str, summary: str) -> Callable[[Call], Awaitable[Json]]:
    """A handler that does something about the account of the path and answers with what is between the two now."""

    async def handle(call: Call) -> Json:
        async with call.database.unit_of_work() as unit:
            target = await known_account(call, unit.session, call.id())
            await verb(call, unit, target)
            await unit.settle()
            return await relationship_json(call.api, unit.session, call.me, target.id)

    handle.__name__, handle.__doc__ = name, summary
    return handle


async def _own(call: Call, unit: UnitOfWork) -> Account:
    """The caller as a row of this unit."""
    return await unit.session.get_one(Account, call.me.id)


async def _follow(call: Call, unit: UnitOfWork, target: Account) -> None:
    args = call.args
    await publish_follow(
        call.services, unit, await _own(call, unit), target, shows_boosts=args.get("reblogs"),
        notifies=args.get("notify"), languages=_languages(args.get("languages")),
    )  # fmt: skip


def _languages(wanted: list[str] | None) -> list[str] | None:
    """Primary subtags, each once; raises Unprocessable for what is no language."""
    if wanted is None:
        return None
    named = [word.strip().lower() for word in wanted if word.strip()]
    if any(not word.replace("-", "").isalnum() or not word.isascii() or len(word) > 35 for word in named):
        raise Unprocessable("Validation failed: languages have to be language codes such as en or es")
    return list(dict.fromkeys(named))


async def _unfollow(call: Call, unit: UnitOfWork, target: Account) -> None:
    await publish_unfollow(call.services, unit, await _own(call, unit), target)


async def _remove_from_followers(call: Call, unit: UnitOfWork, target: Account) -> None:
    own = await _own(call, unit)
    follow = await find_follow(unit, target, own)
    if follow is not None:
        await publish_reject(call.services, unit, own, target, follow_uri=follow.uri, follow=follow)


async def _block(call: Call, unit: UnitOfWork, target: Account) -> None:
    _not_oneself(call, target)
    await publish_block(call.services, unit, await _own(call, unit), target)


async def _unblock(call: Call, unit: UnitOfWork, target: Account) -> None:
    await publish_unblock(call.services, unit, await _own(call, unit), target)


async def _mute(call: Call, unit: UnitOfWork, target: Account) -> None:
    _not_oneself(call, target)
    await mute(
        unit, await _own(call, unit), target, hides_notifications=call.args["notifications"],
        duration_seconds=call.args["duration"],
    )  # fmt: skip


async def _unmute(call: Call, unit: UnitOfWork, target: Account) -> None:
    await unmute(unit, await _own(call, unit), target)


async def _note(call: Call, unit: UnitOfWork, target: Account) -> None:
    await set_note(unit, call.me, target, call.args["comment"])


async def _endorse(call: Call, unit: UnitOfWork, target: Account) -> None:
    try:
        await endorse(unit, call.me, target)
    except NotFollowed as error:
        raise Unprocessable(
            "Validation failed: You must be already following the person you want to endorse"
        ) from error


async def _unendorse(call: Call, unit: UnitOfWork, target: Account) -> None:
    await unendorse(unit, call.me, target)


def _not_oneself(call: Call, target: Account) -> None:
    if target.id == call.me.id:
        raise Forbidden


def _endpoint(path: str, verb: Verb, scope: str, summary: str, args: type[Args] | None = None) -> Endpoint:
    name = f"{path.replace('-', '_')}_account"
    handler = _about(verb, name, summary)
    return Endpoint("POST", f"/api/v1/accounts/{{id}}/{path}", handler, scope=scope, args=args,
                    returns="RelationshipEntity")  # fmt: skip


ENDPOINTS = (
    Endpoint("GET", "/api/v1/accounts/relationships", get_relationships, scope="read:follows", args=RelationshipsArgs,
             returns=many("RelationshipEntity")),
    Endpoint("GET", "/api/v1/accounts/familiar_followers", get_familiar_followers, scope="read:follows",
             args=FamiliarArgs, returns=many("FamiliarFollowersEntity")),
    _endpoint("follow", _follow, "write:follows", "Follow account, or change what is wanted of a follow.", FollowArgs),
    _endpoint("unfollow", _unfollow, "write:follows", "Unfollow account, or take a request back."),
    _endpoint("remove_from_followers", _remove_from_followers, "write:follows", "Remove account from followers."),
    _endpoint("block", _block, "write:blocks", "Block account: follows in both directions end."),
    _endpoint("unblock", _unblock, "write:blocks", "Unblock account."),
    _endpoint("mute", _mute, "write:mutes", "Mute account, for a while or for good.", MuteArgs),
    _endpoint("unmute", _unmute, "write:mutes", "Unmute account."),
    _endpoint("note", _note, "write:accounts", "Set private note on profile.", NoteArgs),
    _endpoint("endorse", _endorse, "write:accounts", "Feature account on your profile."),
    _endpoint("unendorse", _unendorse, "write:accounts", "Unfeature account from profile."),
    _endpoint("pin", _endorse, "write:accounts", "Feature account on your profile (the older name)."),
    _endpoint("unpin", _unendorse, "write:accounts", "Unfeature account from profile (the older name)."),
)  # fmt: skip
