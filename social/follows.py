"""Following: asked for, accepted, refused, ended. Every verb is idempotent and keeps the counts.

A local account that isn't locked accepts by itself; a remote one answers in its own time, until when the follow is
`pending`. Whoever is blocked by the followee, or blocks it, can't follow; nor does anybody begin to follow an account
that has moved away. With the follow goes what hangs on it: the notice of it, and the followee's place on the profile.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, delete, select

from models import UnitOfWork
from models.accounts import Account
from models.new_rows import new_row
from models.questions import WORDS, Question, among
from models.relations import Block, DomainBlock, Endorsement, Follow
from social.counters import count
from social.home_feed import backfill_feed, remove_from_feed
from social.list_members import leave_lists
from social.notifications import notify, retract

PENDING, ACCEPTED = "pending", "accepted"
# Made once: building a statement costs more than SQLite needs for running it.
_BETWEEN = select(Follow).where(
    Follow.follower_id == bindparam("follower"), Follow.followee_id == bindparam("followee")
)
_BLOCKED = select(Block.id).where(
    ((Block.account_id == bindparam("followee")) & (Block.target_id == bindparam("follower")))
    | ((Block.account_id == bindparam("follower")) & (Block.target_id == bindparam("followee")))
)
_DOMAIN_BLOCKED = select(DomainBlock.id).where(
    DomainBlock.account_id == bindparam("account"), DomainBlock.domain == bindparam("domain")
)
_AMONG = select(Follow).where(
    among(Follow.follower_id, "followers"),
    among(Follow.followee_id, "followees"),
)
_BY_URIS = select(Follow).where(among(Follow.uri, "uris", WORDS))
# Whoever wishes to follow mostly doesn't yet, which is asked without objects.
_IDS_AMONG = Question(_AMONG.with_only_columns(Follow.id).limit(1))
_IDS_BY_URIS = Question(_BY_URIS.with_only_columns(Follow.id).limit(1))
_DOMAIN_BLOCKS = Question(
    select(DomainBlock.account_id, DomainBlock.domain).where(
        among(DomainBlock.account_id, "accounts"),
        among(DomainBlock.domain, "domains", WORDS),
    )
)
_ENDORSEMENTS = delete(Endorsement).where(
    Endorsement.account_id == bindparam("follower"), Endorsement.target_id == bindparam("followee")
)


class FollowRefused(Exception):
    """The followee doesn't want it, or can't be followed: blocked, gone, suspended, or moved away."""

    def __init__(self, message: str = "This account can't be followed") -> None:
        super().__init__(message)


async def preload_follows(unit: UnitOfWork, wishes: Collection[tuple[Account, Account, str]]) -> None:
    """Look up what is asked about wishes to follow (follower, followee, URI of the Follow), with three questions, and
    a query for each that finds something."""
    if not wishes:
        return
    ends = {
        "followers": sorted({one.id for one, _, _ in wishes}),
        "followees": sorted({two.id for _, two, _ in wishes}),
    }
    uris = {"uris": sorted({uri for _, _, uri in wishes})}
    found: list[Follow] = []
    await unit.session.flush()
    if await unit.session.ask(_IDS_AMONG, ends):
        found += await unit.session.scalars(_AMONG, ends)
    if await unit.session.ask(_IDS_BY_URIS, uris):
        found += await unit.session.scalars(_BY_URIS, uris)
    unit.follows.update(dict.fromkeys((follower.id, followee.id) for follower, followee, _ in wishes))
    unit.follow_uris.update(dict.fromkeys(uri for _, _, uri in wishes))
    for follow in found:
        _remember(unit, follow)
    pairs = {(followee.id, follower.domain) for follower, followee, _ in wishes if follower.domain is not None}
    names = {"accounts": sorted({one for one, _ in pairs}), "domains": sorted({domain for _, domain in pairs})}
    blocked = set(await unit.session.ask(_DOMAIN_BLOCKS, names))
    unit.domain_blocks.update({pair: pair in blocked for pair in pairs})


def _remember(unit: UnitOfWork, follow: Follow) -> None:
    unit.follows[follow.follower_id, follow.followee_id] = unit.follow_uris[follow.uri] = follow


async def find_follow(unit: UnitOfWork, follower: Account, followee: Account) -> Follow | None:
    """The follow between two accounts, in whatever state."""
    if (follower.id, followee.id) in unit.follows:
        return unit.follows[follower.id, followee.id]
    await unit.session.flush()
    return (await unit.session.scalars(_BETWEEN, {"follower": follower.id, "followee": followee.id})).first()


async def follow_by_uri(unit: UnitOfWork, uri: str) -> Follow | None:
    """The follow whose Follow activity has this id."""
    if uri in unit.follow_uris:
        return unit.follow_uris[uri]
    await unit.session.flush()
    return (await unit.session.scalars(select(Follow).where(Follow.uri == uri))).first()


async def request_follow(
    unit: UnitOfWork,
    follower: Account,
    followee: Account,
    *,
    uri: str | None = None,
    shows_boosts: bool | None = None,
    notifies: bool | None = None,
    languages: Sequence[str] | None = None,
) -> Follow:
    """Ask to follow; one that is there is brought up to date, None leaves a wish as it is. Raises FollowRefused.

    `languages` are those that the follower wants to read of the followee; an empty sequence means all.
    """
    if followee.is_topic and followee.is_local and follower.is_local:
        raise FollowRefused  # one's own people follow the hashtag itself
    if not followee.is_active or follower.id == followee.id or await _is_blocked(unit, follower, followee):
        raise FollowRefused
    follow = await find_follow(unit, follower, followee)
    if follow is not None:
        _set_wishes(follow, shows_boosts, notifies, languages)
        if uri is not None:
            unit.follow_uris.pop(follow.uri, None)
            follow.uri = uri  # the newest Follow is the one that an Accept will name
            _remember(unit, follow)
        return follow
    if followee.moved_to_uri is not None:
        raise FollowRefused
    follow_id = unit.new_id()
    follow = new_row(
        Follow,
        id=follow_id,
        uri=uri or unit.addresses.follow(follow_id),
        follower_id=follower.id,
        followee_id=followee.id,
        state=PENDING,
        shows_boosts=True,
        notifies=False,
        created_at=unit.now,
    )
    _set_wishes(follow, shows_boosts, notifies, languages)
    unit.session.insert(follow)
    _remember(unit, follow)
    if followee.is_local and not followee.is_locked:
        await accept_follow(unit, follow, follower, followee)
        notify(unit, followee, "follow", follower, subject_id=follow_id)
    else:
        notify(unit, followee, "follow_request", follower, subject_id=follow_id)
    return follow


def _set_wishes(
    follow: Follow, shows_boosts: bool | None, notifies: bool | None, languages: Sequence[str] | None
) -> None:
    if shows_boosts is not None:
        follow.shows_boosts = shows_boosts
    if notifies is not None:
        follow.notifies = notifies
    if languages is not None:
        follow.languages = list(languages) or None


async def accept_follow(unit: UnitOfWork, follow: Follow, follower: Account, followee: Account) -> bool:
    """The followee agrees; False when it had agreed before. A local follower sees what was written lately."""
    if follow.state == ACCEPTED:
        return False
    follow.state = ACCEPTED
    follow.accepted_at = unit.now
    count(unit, Account, "followers_count", followee.id)
    count(unit, Account, "following_count", follower.id)
    if follower.is_local:
        await backfill_feed(unit, follower, followee)
    return True


def forget_follow_notices(unit: UnitOfWork, follow: Follow) -> None:
    """Take back what the followee was told of this follow, also what is only about to be told."""
    for kind in ("follow", "follow_request"):
        retract(unit, kind, follow.follower_id, account_id=follow.followee_id, subject_id=follow.id)


async def end_follow(unit: UnitOfWork, follow: Follow, follower: Account, followee: Account) -> None:
    """Undo, reject, or remove: the follow is gone, whatever it was."""
    if follow.state == ACCEPTED:
        count(unit, Account, "followers_count", followee.id, -1)
        count(unit, Account, "following_count", follower.id, -1)
    await unit.session.delete(follow)
    await unit.session.flush()
    unit.follows.pop((follow.follower_id, follow.followee_id), None)
    unit.follow_uris.pop(follow.uri, None)
    if follower.is_local:
        await leave_lists(unit, follower, followee)
    if followee.is_local:
        forget_follow_notices(unit, follow)
    if follower.is_local:
        ends = {"follower": follower.id, "followee": followee.id}
        await unit.session.execute(_ENDORSEMENTS, ends, execution_options={"synchronize_session": False})
        await remove_from_feed(unit, follower, followee)


async def _is_blocked(unit: UnitOfWork, follower: Account, followee: Account) -> bool:
    is_blocked = unit.blocks.get(frozenset((follower.id, followee.id)))
    if is_blocked is None:
        found = await unit.session.scalar(_BLOCKED, {"follower": follower.id, "followee": followee.id})
        is_blocked = found is not None
    if is_blocked or follower.domain is None or not followee.is_local:
        return is_blocked
    known = unit.domain_blocks.get((followee.id, follower.domain))
    if known is not None:
        return known
    names = {"account": followee.id, "domain": follower.domain}
    return await unit.session.scalar(_DOMAIN_BLOCKED, names) is not None


async def is_following(unit: UnitOfWork, follower: Account, followee_id: int) -> bool:
    """Whether an accepted follow exists."""
    await unit.session.flush()
    query = select(Follow.id).where(
        Follow.follower_id == follower.id, Follow.followee_id == followee_id, Follow.state == ACCEPTED
    )
    return (await unit.session.scalar(query)) is not None
