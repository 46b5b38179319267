"""Statuses as a page shows them: with author, pictures, poll, quote, and what the viewer has done to them.

`load_cards` asks the database a fixed number of times whatever the number of statuses; the templates then ask nobody.
"""

from collections.abc import Iterable, Sequence

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.documents.bundles import StatusBundle, load_bundles
from models.accounts import Account
from models.aliases import narrow_alias
from models.questions import looked_up
from models.relations import Favourite
from models.statuses import Poll, PollVote, Status
from models.values import dataclass
from policy.authority import may_boost
from policy.communities import named_on
from web.access import Reading, Row, readable
from web.markup import post_html, status_path


@dataclass(frozen=True, slots=True)
class Quoted:
    """A status inside another one; quotes within it are not followed."""

    status: Status
    author: Account
    content: Markup
    path: str


@dataclass(frozen=True, slots=True)
class Card:
    """One status on a page. `booster` is who brought it here; `position` is the id that the page is sorted by."""

    bundle: StatusBundle
    content: Markup
    path: str
    position: int
    booster: Account | None = None
    parent_path: str | None = None
    quoted: Quoted | None = None
    community: Account | None = None
    is_favourited: bool = False
    is_boosted: bool = False
    is_own: bool = False
    may_boost: bool = False
    own_votes: frozenset[int] = frozenset()

    @property
    def status(self) -> Status:
        return self.bundle.status

    @property
    def author(self) -> Account:
        return self.bundle.author

    @property
    def poll(self) -> Poll | None:
        return self.bundle.poll


@dataclass(frozen=True, slots=True)
class _Marks:
    """What the viewer has done to the statuses of a page."""

    favourites: frozenset[int] = frozenset()
    boosts: frozenset[int] = frozenset()
    votes: frozenset[tuple[int, int]] = frozenset()


async def load_cards(reading: Reading, rows: Iterable[Row]) -> list[Card]:
    """The cards of a listing, in its order; what is boosted by several people appears once."""
    shown: dict[int, tuple[Status, int, Account | None]] = {}
    for status, boosted, author in rows:
        entry = (status, status.id, None) if boosted is None else (boosted, status.id, author)
        shown.setdefault(entry[0].id, entry)
    bundles = await load_bundles(reading.session, [status for status, _, _ in shown.values()])
    quotes = await _quotes(reading, [status for status, _, _ in shown.values()])
    marks = await _marks(reading.session, reading.viewer, bundles)
    named = await _named(reading.session, bundles)
    return [
        _card(reading, bundles[status.id], position, booster, quotes, marks, is_named=status.id in named)
        for status, position, booster in shown.values()
    ]


def _card(
    reading: Reading,
    bundle: StatusBundle,
    position: int,
    booster: Account | None,
    quotes: dict[int, Quoted],
    marks: _Marks,
    *,
    is_named: bool,
) -> Card:
    viewer, status, poll = reading.viewer, bundle.status, bundle.poll
    parent = bundle.parent_author
    votes = {choice for poll_id, choice in marks.votes if poll is not None and poll_id == poll.id}
    return Card(
        bundle=bundle,
        content=post_html(status.content_html, reading.origin, (*bundle.mentions, *bundle.silent), bundle.tags),
        path=status_path(bundle.author, status.id),
        position=position,
        booster=booster,
        parent_path=status_path(parent, status.in_reply_to_id) if parent and status.in_reply_to_id else None,
        quoted=quotes.get(status.quote_of_id or 0) if status.quote_state == "accepted" else None,
        community=bundle.group if is_named else None,
        is_favourited=status.id in marks.favourites,
        is_boosted=status.id in marks.boosts,
        is_own=viewer is not None and viewer.id == bundle.author.id,
        may_boost=viewer is not None and may_boost(viewer, status),
        own_votes=frozenset(votes),
    )


async def _named(session: AsyncSession, bundles: dict[int, StatusBundle]) -> frozenset[int]:
    """Which statuses say in which community they are; no query where none is in one."""
    ids = [number for number, bundle in bundles.items() if bundle.group is not None]
    if not ids:
        return frozenset()
    query = select(Status.id).join(Account, Account.id == Status.group_id)
    return frozenset(await session.scalars(query.where(Status.id.in_(ids), named_on(Status, Account))))


async def _quotes(reading: Reading, statuses: Sequence[Status]) -> dict[int, Quoted]:
    """What is quoted with consent, and may be read."""
    wanted = {status.quote_of_id for status in statuses if status.quote_of_id and status.quote_state == "accepted"}
    if not wanted:
        return {}
    found = await reading.session.execute(
        select(Status, Account)
        .join(Account, Account.id == Status.account_id)
        .where(Status.id.in_(wanted), Status.boost_of_id.is_(None), readable(reading.viewer))
    )
    return {
        status.id: Quoted(
            status, author, post_html(status.content_html, reading.origin), status_path(author, status.id)
        )
        for status, author in found
    }


async def _marks(session: AsyncSession, viewer: Account | None, bundles: dict[int, StatusBundle]) -> _Marks:
    if viewer is None or not bundles:
        return _Marks()
    shown, boost = narrow_alias(Status, "id").c, narrow_alias(Status, "id", "boost_of_id", "account_id").c
    of_viewer = Favourite.account_id == viewer.id, Favourite.content == ""
    favourites = looked_up(Favourite.status_id, Favourite.status_id == shown.id, *of_viewer)
    boosts = looked_up(boost.boost_of_id, boost.boost_of_id == shown.id, boost.account_id == viewer.id)
    rows = (await session.execute(select(shown.id, favourites, boosts).where(shown.id.in_(bundles)))).all()
    return _Marks(
        frozenset(status_id for status_id, is_favourite, _ in rows if is_favourite),
        frozenset(status_id for status_id, _, is_boosted in rows if is_boosted),
        await _votes(session, viewer, [bundle.poll.id for bundle in bundles.values() if bundle.poll]),
    )


async def _votes(session: AsyncSession, viewer: Account, polls: list[int]) -> frozenset[tuple[int, int]]:
    if not polls:
        return frozenset()
    found = await session.execute(
        select(PollVote.poll_id, PollVote.choice).where(PollVote.account_id == viewer.id, PollVote.poll_id.in_(polls))
    )
    return frozenset((poll_id, choice) for poll_id, choice in found)
