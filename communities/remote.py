"""What is known here of a community that another server hosts: what it says of itself, and who has a role in it.

The host's word is all there is: who follows it from other servers isn't known, so a role of somebody from elsewhere is
kept as a `Membership` without a follow (`policy.communities.standing`). Our own people are members by their follows, as
everywhere.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from communities.membership import become_member
from communities.notices import APPROVED, REJECTED, was_answered
from communities.standings import place_of, told_by
from content.html import plain_text
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.communities import Community, Kind, Membership, Role, State
from models.relations import Follow
from models.statuses import Status
from policy.limits import COMMUNITY_RULES_CHARACTERS
from social.drafts import CommunityDraft
from social.follows import accept_follow, end_follow
from social.notifications import notify

REFRESH_ROLES: Final = "refresh_roles"
READ_COMMUNITY: Final = "read_community"


async def remember(unit: UnitOfWork, group: Account, told: CommunityDraft | None) -> Community:
    """Keep the row of a community of another server as its account tells, and have its roles asked for.

    `told` is what it says in our own terms; without, it is read as Lemmy means it.
    """
    found = await unit.session.merge(told_by(group))
    found.archived_at = None
    if told is not None:
        found.kind, found.is_private, found.posting = told.kind, told.is_private, told.posting
        found.archived_at = told.archived_at
        rules = [plain_text(rule).strip().replace("\n", " ") for rule in told.rules]
        found.rules = "\n".join(rule for rule in rules if rule)[:COMMUNITY_RULES_CHARACTERS]
    await request_roles(unit, group)
    return found


async def request_roles(unit: UnitOfWork, group: Account) -> None:
    """Have the host asked who holds which role, once this is committed."""
    await enqueue_job(unit, REFRESH_ROLES, {"group_id": group.id}, unique_key=f"{REFRESH_ROLES}:{group.id}")


async def concerns_somebody(unit: UnitOfWork, group: Account) -> bool:
    """Whether somebody here belongs to the community, asks to, or is invited."""
    follows = (
        select(Follow.id)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == group.id, Account.domain.is_(None))
    )
    places = (
        select(Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.community_id == group.id, Account.domain.is_(None))
    )
    found = [await unit.session.scalar(query.limit(1)) for query in (follows, places)]
    return any(one is not None for one in found)


async def keep_roles(
    unit: UnitOfWork, group: Account, holders: Mapping[int, Role], *, heard_of: Collection[Role]
) -> None:
    """Have exactly these accounts hold roles in the community.

    Whoever held one that was `heard_of` and isn't among them holds none any more.
    """
    query = select(Membership).where(Membership.community_id == group.id)
    told = Membership.role.in_([role.value for role in heard_of]) | Membership.account_id.in_(holders)
    rows = {row.account_id: row for row in await unit.session.scalars(query.where(told))}
    for account_id, row in rows.items():
        if account_id not in holders and row.state == State.MEMBER.value:
            row.role, row.updated_at = Role.MEMBER.value, unit.now
    for account_id, role in holders.items():
        hold_role(unit, group, account_id, role, rows.get(account_id))


def hold_role(unit: UnitOfWork, group: Account, account_id: int, role: Role, row: Membership | None) -> None:
    """Keep one role; nothing else that is known of this person is true any more."""
    if row is None:
        row = Membership(id=unit.new_id(), community_id=group.id, account_id=account_id, created_at=unit.now)
        unit.session.add(row)
    if row.state != State.MEMBER.value:
        row.state, row.joined_at, row.banned_until, row.ban_reason = State.MEMBER.value, unit.now, None, ""
    row.role, row.updated_at = role.value, unit.now


async def keep_featured(unit: UnitOfWork, group: Account, uris: Sequence[str]) -> None:
    """Have exactly these posts shown first in the community, the first one first."""
    posted = (Status.group_id == group.id) & Status.removed_at.is_(None)
    gone = update(Status).where(posted, Status.featured_at.is_not(None), Status.uri.not_in(uris))
    await unit.session.execute(gone.values(featured_at=None).execution_options(synchronize_session=False))
    places = {uri: place for place, uri in enumerate(uris)}
    for status in await unit.session.scalars(select(Status).where(posted, Status.uri.in_(uris))):
        if status.featured_at is None:
            status.featured_at = unit.now - timedelta(seconds=places[status.uri])


async def presume_member(unit: UnitOfWork, group: Account, account: Account) -> None:
    """Take somebody from elsewhere for a member, who may well be one: who follows the community isn't known here."""
    place = await place_of(unit.session, group, account, now=unit.now)
    if place.standing.state is None and not account.is_local and not group.is_local:
        hold_role(unit, group, account.id, Role.MEMBER, place.membership)
        await unit.session.flush()


async def let_in(unit: UnitOfWork, group: Account, account: Account, follow: Follow) -> bool:
    """The host says that one of ours belongs to the community; False when that was so. Who asked for it is told."""
    place = await place_of(unit.session, group, account, now=unit.now)
    if not await accept_follow(unit, follow, account, group):
        return False
    await become_member(unit, place)
    if place.standing.state is State.REQUESTED and place.community.kind != Kind.OPEN:
        notify(unit, account, APPROVED, group, subject_id=group.id)
    await request_roles(unit, group)
    reading = {"group_id": group.id, "account_id": account.id}
    await enqueue_job(unit, READ_COMMUNITY, reading, unique_key=f"{READ_COMMUNITY}:{group.id}:{account.id}")
    return True


async def turned_away(unit: UnitOfWork, group: Account, account: Account, follow: Follow) -> None:
    """The host says that one of ours doesn't belong to it, or not any more. Who had asked is told."""
    place = await place_of(unit.session, group, account, now=unit.now)
    await was_answered(unit, place)
    await end_follow(unit, follow, account, group)
    if place.membership is not None and place.standing.state is not State.BANNED:
        await unit.session.delete(place.membership)
    if place.standing.state is State.REQUESTED and place.community.kind != Kind.OPEN:
        notify(unit, account, REJECTED, group, subject_id=group.id)
