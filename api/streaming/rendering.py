"""Statuses as connected clients get them: loaded once for all viewers, encoded once for all who see the same.

What a status holds is loaded for one of the viewers; what each viewer has to do with it (favourited, filtered, may
quote, sees what is quoted) comes from one query for all of them. Viewers for whom that is the same get the same bytes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import Integer, bindparam, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.call import Api, Json
from api.entities.status import status_entity
from api.entities.status_page import Marks, StatusPage
from api.loading import is_complete, load_page
from api.streaming.clients import Message
from models.accounts import Account
from models.base import BigInt
from models.relations import Bookmark, ConversationMute, Favourite, Follow
from models.statuses import PollVote, Status
from policy.authority import PUBLIC
from policy.filters import ActiveFilter, load_filters
from policy.visibility import visible_to

_VIEWERS: Final = bindparam("viewers", expanding=True, type_=BigInt)
_IDS: Final = bindparam("ids", expanding=True, type_=BigInt)
_CONVERSATIONS: Final = bindparam("conversations", expanding=True, type_=BigInt)
_AUTHORS: Final = bindparam("authors", expanding=True, type_=BigInt)
_KINDS: Final = ("favourites", "boosts", "bookmarks", "muted_conversations", "follows")


def _kind(number: int) -> Any:
    return literal(number, Integer, literal_execute=True)


_MARKS = union_all(
    select(_kind(0), Favourite.account_id, Favourite.status_id).where(
        Favourite.account_id.in_(_VIEWERS), Favourite.status_id.in_(_IDS), Favourite.content == ""
    ),
    select(_kind(1), Status.account_id, Status.boost_of_id).where(
        Status.account_id.in_(_VIEWERS), Status.boost_of_id.in_(_IDS)
    ),
    select(_kind(2), Bookmark.account_id, Bookmark.status_id).where(
        Bookmark.account_id.in_(_VIEWERS), Bookmark.status_id.in_(_IDS)
    ),
    select(_kind(3), ConversationMute.account_id, ConversationMute.conversation_id).where(
        ConversationMute.account_id.in_(_VIEWERS), ConversationMute.conversation_id.in_(_CONVERSATIONS)
    ),
    select(_kind(4), Follow.follower_id, Follow.followee_id).where(
        Follow.follower_id.in_(_VIEWERS), Follow.followee_id.in_(_AUTHORS), Follow.state == "accepted"
    ),
)
_VOTES = select(PollVote.account_id, PollVote.poll_id, PollVote.choice).where(
    PollVote.account_id.in_(_VIEWERS), PollVote.poll_id.in_(_IDS)
)
_ACCOUNTS = select(Account).where(Account.id.in_(_IDS))


@cache
def _see_quoted() -> Any:
    """Made at its first use: for who looks on while somebody quotes."""
    viewer: Any = aliased(Account)
    return (
        select(viewer.id, Status.id)
        .select_from(viewer)
        .join(Status, Status.id.in_(_IDS))
        .where(viewer.id.in_(_VIEWERS), visible_to(viewer.id))
    )


class FilterCache:
    """The filters of those who are connected, until they change (or `clear`: an event may have been missed)."""

    def __init__(self) -> None:
        self._known: dict[int, Sequence[ActiveFilter]] = {}

    async def of(self, session: AsyncSession, account_id: int, now: datetime) -> Sequence[ActiveFilter]:
        """Those in force."""
        known = self._known.get(account_id)
        if known is None:
            known = self._known[account_id] = await load_filters(session, account_id, now=now)
        return [one for one in known if one.expires_at is None or one.expires_at > now] if known else known

    def forget(self, account_id: int) -> None:
        self._known.pop(account_id, None)

    def clear(self) -> None:
        self._known.clear()


async def status_messages(
    api: Api, session: AsyncSession, event: str, status_id: int, viewer_ids: Collection[int], filters: FilterCache
) -> dict[int, Message]:
    """The status for each of the viewers, all of whom may see it (and what it boosts)."""
    if not viewer_ids:
        return {}
    page = await _page(api, session, status_id, viewer_ids)
    if not is_complete(page, status_id):
        return {}
    groups = await _groups(session, page, viewer_ids, filters)
    leaders = {account.id: account for account in await session.scalars(_ACCOUNTS, {"ids": [*groups]})}
    messages: dict[int, Message] = {}
    for leader_id, (view, members) in groups.items():
        if leader_id in leaders:
            shown = replace(view, viewer=leaders[leader_id])
            message = Message(event, encoded(status_entity(status_id, shown, api)))
            messages.update(dict.fromkeys(members, message))
    return messages


async def _page(api: Api, session: AsyncSession, status_id: int, viewer_ids: Collection[int]) -> StatusPage:
    """The status as loaded for one of the viewers: for one who may see what it quotes, where there is one."""
    page = await load_page(api, session, [status_id], await session.get(Account, min(viewer_ids)))
    unseen = {row.quote_of_id for row in page.statuses.values() if row.quote_state == "accepted"} - page.statuses.keys()
    if unseen and len(viewer_ids) > 1:
        seers = await session.execute(_see_quoted(), {"viewers": sorted(viewer_ids), "ids": sorted(unseen - {None})})
        seer = seers.first()
        if seer is not None:
            page = await load_page(api, session, [status_id], await session.get(Account, seer[0]))
    return page


async def _groups(
    session: AsyncSession, page: StatusPage, viewer_ids: Collection[int], filters: FilterCache
) -> dict[int, tuple[StatusPage, list[int]]]:
    """Viewers to whom the page looks alike, by one of each group."""
    marks = await _marks_of_all(session, page, viewer_ids)
    quoted = await _seen_quotes(session, page, viewer_ids)
    everybody_alike = not any(_names_accounts(status, page) for status in page.statuses.values())
    authors = {status.account_id for status in page.statuses.values()}
    by_key: dict[Any, int] = {}
    groups: dict[int, tuple[StatusPage, list[int]]] = {}
    for viewer_id in viewer_ids:
        own = await filters.of(session, viewer_id, page.now)
        mark = marks.get(viewer_id, _NOTHING)
        seen = quoted.get(viewer_id, frozenset())
        is_shared = everybody_alike and not own and viewer_id not in authors
        key = (_fingerprint(mark), seen) if is_shared else viewer_id
        leader = by_key.setdefault(key, viewer_id)
        if leader == viewer_id:
            groups[leader] = (replace(_without(page, quoted, seen), marks=mark, filters=own), [])
        groups[leader][1].append(viewer_id)
    return groups


async def _marks_of_all(session: AsyncSession, page: StatusPage, viewer_ids: Collection[int]) -> dict[int, Marks]:
    shown = [status for status in page.statuses.values() if status.boost_of_id is None]
    marks: dict[int, Marks] = defaultdict(Marks)
    parameters = {
        "viewers": sorted(viewer_ids),
        "ids": [status.id for status in shown],
        "conversations": sorted({status.conversation_id for status in shown}),
        "authors": sorted({status.account_id for status in shown}),
    }
    for kind, viewer_id, number in await session.execute(_MARKS, parameters):
        getattr(marks[viewer_id], _KINDS[kind]).add(number)
    if page.polls:
        ids = [poll.id for poll in page.polls.values()]
        rows = await session.execute(_VOTES, {"viewers": sorted(viewer_ids), "ids": ids})
        for viewer_id, poll_id, choice in rows:
            marks[viewer_id].votes.setdefault(poll_id, []).append(choice)
    return marks


async def _seen_quotes(
    session: AsyncSession, page: StatusPage, viewer_ids: Collection[int]
) -> dict[int, frozenset[int]]:
    """Which of the quoted statuses each viewer may see; no query where nothing is quoted."""
    ids = {status.quote_of_id for status in page.statuses.values() if status.quote_of_id in page.statuses}
    if not ids:
        return {}
    seen: dict[int, set[int]] = {viewer_id: set() for viewer_id in viewer_ids}
    for viewer_id, quoted_id in await session.execute(
        _see_quoted(), {"viewers": sorted(viewer_ids), "ids": sorted(ids)}
    ):
        seen[viewer_id].add(quoted_id)
    return {viewer_id: frozenset(numbers) for viewer_id, numbers in seen.items()}


def _without(page: StatusPage, quoted: dict[int, frozenset[int]], seen: frozenset[int]) -> StatusPage:
    """The page without the quoted statuses that the viewer may not see."""
    hidden = frozenset[int]().union(*quoted.values()) - seen
    if not hidden:
        return page
    return replace(page, statuses={number: status for number, status in page.statuses.items() if number not in hidden})


def _names_accounts(status: Any, page: StatusPage) -> bool:
    """Whether a status says of single accounts what they may do with it."""
    policy = status.interaction_policy or {}
    author = page.accounts[status.account_id]
    return not {*policy.get("automatic", ()), *policy.get("manual", ())} <= {PUBLIC, author.followers_url, author.uri}


_NOTHING: Final = Marks()


def _fingerprint(marks: Marks) -> Any:
    if marks is _NOTHING:
        return None
    sets: Iterable[set[int]] = (getattr(marks, name) for name in _KINDS)
    return (*map(frozenset, sets), tuple((poll, tuple(sorted(votes))) for poll, votes in marks.votes.items()))


def encoded(entity: Json | Sequence[Any]) -> str:
    """An entity as the string of JSON that a payload is."""
    return orjson.dumps(entity).decode()
