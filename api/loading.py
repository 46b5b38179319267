"""Statuses and accounts for a page, with a fixed number of queries whatever the length of the page.

The statements are made once; what comes back are plain rows, because making ORM objects of a page costs more than all
of the rest. What the viewer may not see (`policy.visibility`) is left out here, whoever asks.
"""

from collections import defaultdict, namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Integer, bindparam, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api, Json
from api.entities.account import COLUMNS, account_entity
from api.entities.status import is_hidden, status_entity
from api.entities.status_page import Marks, StatusPage
from communities.listing import communities_of_statuses
from models.accounts import Account
from models.aliases import narrow_alias
from models.base import Base, BigInt
from models.oauth import Application
from models.questions import Glance, Question, among, looked_up
from models.relations import Bookmark, ConversationMute, Favourite, Follow
from models.statuses import Attachment, Mention, Poll, PollVote, PreviewCard, Status, StatusTag, Tag
from policy.filters import load_filters
from policy.visibility import visible_to

_IDS: Final = bindparam("ids", expanding=True, type_=BigInt)
_VIEWER: Final = bindparam("viewer", type_=BigInt)


def _columns(table: type[Base], *left_out: str) -> list[Any]:
    return [column for column in table.__table__.columns if column.name not in left_out]


_STATUS_COLUMNS = _columns(Status, "source_text", "source_media_type", "context_uri", "in_reply_to_uri", "event")
_STATUSES = select(*_STATUS_COLUMNS).where(Status.id.in_(_IDS))
_VISIBLE = _STATUSES.where(visible_to(_VIEWER))
_PUBLIC = _STATUSES.where(visible_to(None))
_ACCOUNTS = select(*COLUMNS).where(Account.id.in_(_IDS))
_ATTACHMENTS = (
    select(*_columns(Attachment))
    .where(Attachment.status_id.in_(_IDS))
    .order_by(Attachment.status_id, Attachment.position, Attachment.id)
)
_MENTIONS = (
    select(Mention.status_id, Account.id, Account.username, Account.domain, Account.url, Account.uri)
    .join(Account, Account.id == Mention.account_id)
    .where(Mention.status_id.in_(_IDS), Mention.is_silent.is_(False))
    .order_by(Mention.status_id, Account.id)
)
_TAGS = (
    select(StatusTag.status_id, Tag.name)
    .join(Tag, Tag.id == StatusTag.tag_id)
    .where(StatusTag.status_id.in_(_IDS))
    .order_by(StatusTag.status_id, Tag.name)
)
_POLLS = select(*_columns(Poll)).where(Poll.status_id.in_(_IDS))
_VOTES = select(PollVote.poll_id, PollVote.choice).where(PollVote.account_id == _VIEWER, PollVote.poll_id.in_(_IDS))
_CARDS = select(*_columns(PreviewCard)).where(PreviewCard.id.in_(_IDS))
_COMMUNITIES: Final = Question(lambda: communities_of_statuses(among(Status.id, "ids")))
_APPLICATIONS = select(Application.id, Application.name, Application.website).where(Application.id.in_(_IDS))
_FAVOURITED, _BOOSTED, _BOOKMARKED, _MUTED, _FOLLOWED = range(5)


def _kind(number: int) -> Any:
    return literal(number, Integer, literal_execute=True)


_shown = narrow_alias(Status, "id")
_MARKS = union_all(
    select(_kind(_FAVOURITED), _shown.c.id).where(
        among(_shown.c.id, "ids"),
        looked_up(
            *(Favourite.status_id, Favourite.status_id == _shown.c.id),
            *(Favourite.account_id == _VIEWER, Favourite.content == ""),
        ),
    ),
    select(_kind(_BOOSTED), _shown.c.id).where(
        among(_shown.c.id, "ids"),
        looked_up(Status.boost_of_id, Status.boost_of_id == _shown.c.id, Status.account_id == _VIEWER),
    ),
    select(_kind(_BOOKMARKED), Bookmark.status_id).where(
        Bookmark.account_id == _VIEWER, among(Bookmark.status_id, "ids")
    ),
    select(_kind(_MUTED), ConversationMute.conversation_id).where(
        ConversationMute.account_id == _VIEWER, among(ConversationMute.conversation_id, "conversations")
    ),
    select(_kind(_FOLLOWED), Follow.followee_id).where(
        Follow.follower_id == _VIEWER, among(Follow.followee_id, "authors"), Follow.state == "accepted"
    ),
)
_MARKS_QUESTION: Final = Question(_MARKS)


async def status_entities(
    api: Api, session: AsyncSession, ids: Sequence[int], viewer: Account | None, *, context: str | None = None
) -> list[Json]:
    """The statuses with these ids, in this order; what is gone or not for this viewer is left out.

    `context` is where they are listed (home, notifications, public, thread, account): what the viewer hides there is
    left out, while `filtered` tells all that their filters find.
    """
    page = await load_page(api, session, ids, viewer)
    entities = [status_entity(status_id, page, api) for status_id in ids if is_complete(page, status_id)]
    return [entity for entity in entities if not is_hidden(entity, context)] if page.filters else entities


async def status_json(
    api: Api, session: AsyncSession, status_id: int, viewer: Account | None, *, context: str | None = None
) -> Json | None:
    """One status, or None."""
    found = await status_entities(api, session, [status_id], viewer, context=context)
    return found[0] if found else None


def is_complete(page: StatusPage, status_id: int) -> bool:
    """Whether a status was found and, of a boost, also what it boosts."""
    status = page.statuses.get(status_id)
    return status is not None and (status.boost_of_id is None or status.boost_of_id in page.statuses)


async def load_page(
    api: Api,
    session: AsyncSession,
    ids: Sequence[int],
    viewer: Account | None,
    *,
    is_evidence: bool = False,
    is_moderated: bool = False,
) -> StatusPage:
    """Everything that the entities of these statuses need. Evidence was reported: moderators see it in any case.

    Moderators of a community (`is_moderated`) see these statuses of it in any case, but not what they quote.
    """
    page = StatusPage(viewer, api.services.clock(), is_evidence=is_evidence, is_moderated=is_moderated)
    if not ids:
        return page
    await _load_statuses(session, page, ids)
    shown = [status for status in page.statuses.values() if status.boost_of_id is None]
    own_ids = [status.id for status in shown]
    page.accounts = await _by_id(session, _ACCOUNTS, {status.account_id for status in page.statuses.values()})
    if own_ids:
        page.attachments = await _grouped(session, _ATTACHMENTS, own_ids)
        page.mentions = await _grouped(session, _MENTIONS, own_ids)
        page.tags = await _grouped(session, _TAGS, own_ids)
    await _load_rare(session, page, shown)
    if viewer is not None:
        page.filters = await load_filters(session, viewer.id, now=page.now)
        if shown:
            page.marks = await marks_of(session, viewer, shown)
            page.marks.votes = await _votes(session, viewer, page.polls.values())
    return page


async def _load_statuses(session: AsyncSession, page: StatusPage, ids: Sequence[int]) -> None:
    """The statuses, what they boost and quote, and the quotes of what is boosted: three queries at most."""
    wanted = set(ids)
    visible = _STATUSES if page.is_evidence else _PUBLIC if page.viewer is None else _VISIBLE
    for number in range(3):
        statement = _STATUSES if page.is_moderated and number == 0 else visible
        parameters: dict[str, Any] = {"ids": sorted(wanted)}
        if statement is _VISIBLE and page.viewer is not None:
            parameters["viewer"] = page.viewer.id
        rows = (await session.execute(statement, parameters)).all()
        page.statuses.update((row.id, row) for row in rows)
        wanted = {
            number
            for row in rows
            for number in (row.boost_of_id, row.quote_of_id if row.quote_state == "accepted" else None)
            if number is not None and number not in page.statuses
        }
        if not wanted:
            return


async def _load_rare(session: AsyncSession, page: StatusPage, shown: Sequence[Any]) -> None:
    """Polls, cards and applications: asked for only where some status has one."""
    questions = [status.id for status in shown if status.object_type == "Question"]
    if questions:
        polls = (await session.execute(_POLLS, {"ids": questions})).all()
        page.polls = {poll.status_id: poll for poll in polls}
    page.communities = await communities_of(session, shown)
    page.cards = await _by_id(session, _CARDS, {status.card_id for status in shown if status.card_id})
    page.applications = await _by_id(
        session, _APPLICATIONS, {status.application_id for status in shown if status.application_id}
    )


@cache
def _communities() -> Any:
    """Made at its first use: for who has communities."""
    return communities_of_statuses(Status.id.in_(_IDS))


@cache
def _community() -> Any:
    """What a row of it is made into, where it comes without names."""
    return namedtuple("_Community", _communities().selected_columns.keys())


async def communities_of(session: AsyncSession, shown: Iterable[Any]) -> dict[int, Any]:
    """In which communities these statuses were posted, by id; no query where none was."""
    ids = [status.id for status in shown if status.group_id is not None]
    return {row.id: row for row in await session.execute(_communities(), {"ids": ids})} if ids else {}


async def communities_at_a_glance(glance: Glance, shown: Iterable[Any]) -> dict[int, Any]:
    """The same without a session."""
    ids = [status.id for status in shown if status.group_id is not None]
    rows = await glance.ask(_COMMUNITIES, {"ids": ids}) if ids else []
    return {row[0]: _community()._make(row) for row in rows}


async def marks_of(session: AsyncSession, viewer: Account, shown: Sequence[Any]) -> Marks:
    """What the viewer did to these statuses (not boosts), but for votes: one query."""
    return _as_marks(await session.execute(_MARKS, _about(viewer, shown)))


async def marks_at_a_glance(glance: Glance, viewer: Account, shown: Sequence[Any]) -> Marks:
    """The same without a session."""
    return _as_marks(await glance.ask(_MARKS_QUESTION, _about(viewer, shown)))


def _about(viewer: Account, shown: Sequence[Any]) -> dict[str, Any]:
    return {
        "viewer": viewer.id,
        "ids": [status.id for status in shown],
        "conversations": list({status.conversation_id for status in shown}),
        "authors": list({status.account_id for status in shown}),
    }


def _as_marks(rows: Iterable[Any]) -> Marks:
    marks = Marks()
    kinds: tuple[set[int], ...] = (
        marks.favourites,
        marks.boosts,
        marks.bookmarks,
        marks.muted_conversations,
        marks.follows,
    )
    for kind, number in rows:
        kinds[kind].add(number)
    return marks


async def _votes(session: AsyncSession, viewer: Account, polls: Iterable[Any]) -> dict[int, list[int]]:
    votes: dict[int, list[int]] = defaultdict(list)
    ids = [poll.id for poll in polls]
    if ids:
        for poll_id, choice in await session.execute(_VOTES, {"viewer": viewer.id, "ids": ids}):
            votes[poll_id].append(choice)
    return votes


async def _by_id(session: AsyncSession, statement: Any, ids: Iterable[int]) -> dict[int, Any]:
    listed = sorted(ids)
    if not listed:
        return {}
    return {row.id: row for row in (await session.execute(statement, {"ids": listed})).all()}


async def _grouped(session: AsyncSession, statement: Any, ids: Sequence[int]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in (await session.execute(statement, {"ids": ids})).all():
        found[row.status_id].append(row)
    return found


async def account_entities(api: Api, session: AsyncSession, ids: Sequence[int]) -> list[Json]:
    """The accounts with these ids, in this order; what isn't there is left out. Two queries: with where they moved."""
    accounts = await _by_id(session, _ACCOUNTS, set(ids))
    moved = await moved_entities(api, session, accounts.values())
    return [
        account_entity(accounts[number], api, moved=moved.get(accounts[number].moved_to_uri))
        for number in ids
        if number in accounts
    ]


async def moved_entities(api: Api, session: AsyncSession, accounts: Iterable[Any]) -> dict[str | None, Json]:
    """The entities of where accounts moved to, by URI; no query where nobody moved."""
    uris = {account.moved_to_uri for account in accounts if account.moved_to_uri}
    if not uris:
        return {}
    rows = await session.execute(select(*COLUMNS).where(Account.uri.in_(uris)))
    return {row.uri: account_entity(row, api) for row in rows}
