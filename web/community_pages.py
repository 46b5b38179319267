"""The pages of communities: which there are, what is posted in one, who belongs to it, and what its moderators see.

What somebody may do is asked of `policy.communities`; the buttons are `web.community_buttons`. A community that isn't
there for the viewer is answered like one that doesn't exist.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.groups import rules_of
from communities.listing import (
    Known,
    groups_for,
    invitations_of,
    known_groups,
    log_of,
    members_of,
    posts_in,
    removed_from,
    reports_to,
    waiting_for,
)
from communities.standings import Place, place_of
from models.accounts import Account
from models.communities import CommunityAct, Membership, State
from models.relations import Report
from models.statuses import Status
from models.values import dataclass
from models.visibility import Visibility
from policy.communities import (
    entry,
    may_know,
    may_leave,
    may_moderate,
    may_open_thread,
    may_own,
    may_read,
    may_read_files,
    may_read_log,
)
from policy.timelines import wanted_by
from web.access import Reading, listing, rows_of
from web.cards import Card, load_cards
from web.home import blank_form
from web.markup import status_path
from web.pages import id_of_path
from web.paging import MAX_ID, PAGE_SIZE, Page, cut, max_id_of
from web.refusals import missing, not_allowed
from web.visits import Visit

PATH: Final = "/communities"
MOST_MINE: Final = 200
MOST_WAITING: Final = 100
MAX_PINNED: Final = 10


@dataclass(frozen=True, slots=True)
class Seat:
    """A community as its page shows it to somebody, with what they may do in it."""

    place: Place

    @property
    def group(self) -> Account:
        return self.place.group

    @property
    def path(self) -> str:
        return f"{PATH}/{self.place.group.id}"

    @property
    def rules(self) -> list[str]:
        return rules_of(self.place.community)

    def may(self, what: str) -> bool:
        """One of the names of `_MAY`."""
        return bool(_MAY[what](self.place))

    @property
    def entry(self) -> str:
        """What joining comes to: `join`, `request` or `refuse`."""
        return entry(self.place.community, self.place.standing).value


_MAY: Final[Mapping[str, Any]] = {
    "read": lambda place: may_read(place.community, place.standing),
    "post": lambda place: may_open_thread(place.community, place.standing),
    "leave": lambda place: place.standing.is_member and may_leave(place.community, place.standing),
    "moderate": lambda place: may_moderate(place.community, place.standing),
    "read_files": lambda place: may_read_files(place.standing),
    "read_log": lambda place: may_read_log(place.standing),
    "own": lambda place: may_own(place.standing),
}


async def place_here(visit: Visit, session: AsyncSession, viewer: Account) -> Place:
    """Where the viewer stands in the community of the path. Raises PageRefused."""
    group = await session.get(Account, id_of_path(visit, "community_id"))
    if group is None or not group.is_group:
        raise missing()
    place = await place_of(session, group, viewer, now=visit.services.clock())
    if not may_know(place.community, place.standing):
        raise missing()
    return place


async def seat_here(visit: Visit, reading: Reading, *, needed: str) -> Seat:
    """The same for a page that takes a right. Raises PageRefused."""
    seat = Seat(await place_here(visit, reading.session, visit.required()))
    if not seat.may(needed):
        raise not_allowed("community_members_only" if needed in ("read", "read_log") else "not_allowed")
    return seat


async def show_communities(visit: Visit) -> web.StreamResponse:
    """GET /communities, with `q` for words of a name."""
    viewer, max_id = visit.required(), max_id_of(visit.request)
    words = visit.request.query.get("q", "").replace("\0", "")[:200].strip()
    async with visit.reading() as reading:
        session, now = reading.session, reading.now
        invited = invitations_of(viewer.id).order_by(Membership.id.desc()).limit(MOST_WAITING)
        invitations = [row.community_id for row in await session.execute(invited)]
        own = groups_for(viewer.id, is_mine=True, words=words).order_by(Account.id.desc()).limit(MOST_MINE)
        mine = list(await session.scalars(own)) if max_id == MAX_ID else []
        others = groups_for(viewer.id, is_mine=False, words=words).where(Account.id < max_id)
        found, has_more = cut((await session.scalars(others.order_by(Account.id.desc()).limit(PAGE_SIZE + 1))).all())
        known = await known_groups(session, viewer, {*invitations, *mine, *found}, now=now)
    page = Page(_known(known, found), found[-1] if has_more else None, is_first=max_id == MAX_ID)
    invited_to = _known(known, invitations) if page.is_first and not words else []
    return visit.page("communities.html", invitations=invited_to, mine=_known(known, mine), page=page, words=words)


def _known(known: Mapping[int, Known], ids: Sequence[int]) -> list[Known]:
    return [known[number] for number in ids if number in known]


async def show_community(visit: Visit) -> web.StreamResponse:
    """GET /communities/{id}."""
    viewer, max_id = visit.required(), max_id_of(visit.request)
    async with visit.reading() as reading:
        seat = Seat(await place_here(visit, reading.session, viewer))
        page: Page[Card] = Page([])
        pinned: list[Card] = []
        if seat.may("read"):
            page = await _threads(reading, seat.group, max_id)
            pinned = await _pinned(reading, seat.group) if page.is_first else []
    writing = blank_form(audience=Visibility.PUBLIC, community_id=seat.group.id)
    return visit.page("community.html", seat=seat, page=page, pinned=pinned, writing=writing)


async def _threads(reading: Reading, group: Account, max_id: int) -> Page[Card]:
    assert reading.viewer is not None
    query = listing(reading.viewer).where(
        *posts_in(group.id), Status.featured_at.is_(None), Status.id < max_id,
        wanted_by(reading.viewer.id, now=reading.now),
    )  # fmt: skip
    rows, has_more = cut(await rows_of(reading, query.order_by(Status.id.desc()).limit(PAGE_SIZE + 1)))
    return Page(await load_cards(reading, rows), rows[-1][0].id if has_more else None, is_first=max_id == MAX_ID)


async def _pinned(reading: Reading, group: Account) -> list[Card]:
    query = listing(reading.viewer).where(*posts_in(group.id, is_pinned=True))
    return await load_cards(
        reading, await rows_of(reading, query.order_by(Status.featured_at.desc()).limit(MAX_PINNED))
    )


@dataclass(frozen=True, slots=True)
class Somebody:
    """An account with its place in a community: a row of `communities.listing`."""

    account: Account
    row: Any
    rank: str = ""


async def show_members(visit: Visit) -> web.StreamResponse:
    """GET /communities/{id}/members."""
    max_id = max_id_of(visit.request)
    async with visit.reading() as reading:
        seat = await seat_here(visit, reading, needed="read")
        query = members_of(seat.group.id)
        key = query.selected_columns.key
        rows = await reading.session.execute(query.where(key < max_id).order_by(key.desc()).limit(PAGE_SIZE + 1))
        found, has_more = cut(rows.all())
        people = await _people(reading.session, found)
    page = Page(people, found[-1].key if has_more else None, is_first=max_id == MAX_ID)
    return visit.page("community_members.html", seat=seat, page=page)


async def _people(session: AsyncSession, rows: Sequence[Any]) -> list[Somebody]:
    accounts = await _accounts(session, {row.account_id for row in rows})
    return [Somebody(accounts[row.account_id], row) for row in rows if row.account_id in accounts]


async def _accounts(session: AsyncSession, ids: set[int]) -> dict[int, Account]:
    if not ids:
        return {}
    return {account.id: account for account in await session.scalars(select(Account).where(Account.id.in_(ids)))}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log: who did what to whom, as rows."""

    act: CommunityAct
    actor: Account
    target: Account | None


async def show_log(visit: Visit) -> web.StreamResponse:
    """GET /communities/{id}/log: what moderators did, as far as the viewer reads it."""
    max_id = max_id_of(visit.request)
    async with visit.reading() as reading:
        seat = await seat_here(visit, reading, needed="read_log")
        query = log_of(seat.group.id, seat.place.standing).where(CommunityAct.id < max_id)
        query = query.order_by(CommunityAct.id.desc()).limit(PAGE_SIZE + 1)
        acts, has_more = cut((await reading.session.scalars(query)).all())
        entries = await _entries(reading.session, acts)
    page = Page(entries, acts[-1].id if has_more else None, is_first=max_id == MAX_ID)
    return visit.page("community_log.html", seat=seat, page=page)


async def _entries(session: AsyncSession, acts: Sequence[CommunityAct]) -> list[Entry]:
    ids = {number for act in acts for number in (act.actor_id, act.target_id) if number is not None}
    accounts = await _accounts(session, ids)
    return [Entry(act, accounts[act.actor_id], accounts.get(act.target_id or 0)) for act in acts]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A report with whom it is about; `posts` are those of the community that are still there."""

    report: Report
    reporter: Account
    target: Account
    posts: tuple[Status, ...]


async def show_moderation(visit: Visit) -> web.StreamResponse:
    """GET /communities/{id}/moderation: requests, reports, invitations, bans, and what was removed. For moderators."""
    async with visit.reading() as reading:
        seat = await seat_here(visit, reading, needed="read_files")
        waiting = {}
        for state in (State.REQUESTED, State.INVITED, State.BANNED):
            query = waiting_for(seat.group.id, state, now=reading.now)
            rows = await reading.session.execute(query.order_by(Membership.id.desc()).limit(MOST_WAITING))
            waiting[state.value] = await _people(reading.session, rows.all())
        complaints = await _complaints(reading.session, seat.group)
        removed = await _removed(reading.session, seat.group)
    return visit.page(
        "community_moderation.html", seat=seat, waiting=waiting, complaints=complaints, removed=removed,
        path_of=lambda status, author: status_path(author, status.id),
    )  # fmt: skip


async def _complaints(session: AsyncSession, group: Account) -> list[Complaint]:
    query = reports_to(group.id).order_by(Report.id.desc()).limit(MOST_WAITING)
    reports = (await session.scalars(query)).all()
    accounts = await _accounts(session, {number for one in reports for number in (one.account_id, one.target_id)})
    uris = {uri for report in reports for uri in report.status_uris}
    posts = select(Status).where(Status.uri.in_(uris), Status.group_id == group.id)
    by_uri = {status.uri: status for status in await session.scalars(posts)} if uris else {}
    return [
        Complaint(
            report, accounts[report.account_id], accounts[report.target_id],
            tuple(by_uri[uri] for uri in report.status_uris if uri in by_uri),
        )
        for report in reports
    ]  # fmt: skip


async def _removed(session: AsyncSession, group: Account) -> list[tuple[Status, Account]]:
    query = (
        select(Status, Account)
        .join(Account, Account.id == Status.account_id)
        .where(Status.id.in_(removed_from(group.id)))
        .order_by(Status.id.desc())
        .limit(PAGE_SIZE)
    )
    return [(status, author) for status, author in await session.execute(query)]
