"""A page of statuses as bytes: two queries where everything on it was rendered before.

The first query finds the *heads* of the page: what may be seen and is wanted, in order, each with the stamps of the
status and its author and, for a boost, of what it boosts. Whatever isn't kept under its stamp (`api.renderings`) is
loaded and rendered as in `api.loading`. The second query asks what the viewer did to the statuses; that is appended.

Polls and quotes change with things that have no stamp here, so a status with one is rendered each time; and a viewer
with filters gets everything from `api.loading`, because filters read the text.
"""

from collections import namedtuple
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, exists, false, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.types import NullType

from api.call import Api, Call
from api.entities.status import own_part, shared_part, viewer_part
from api.entities.status_page import Marks, StatusPage
from api.loading import communities_at_a_glance, is_complete, load_page, marks_at_a_glance, status_entities
from api.pagination import AnySelect, Keyset, Page, PagedQuery, page
from models.accounts import Account
from models.base import BigInt, UtcDateTime
from models.filters import Filter
from models.proofs import Proof
from models.questions import Glance, Question, Row, among
from models.statuses import Status
from policy.timelines import wanted_by
from policy.visibility import visible_to

VIEWER: Final = bindparam("viewer", type_=BigInt)
NOW: Final = bindparam("now", type_=UtcDateTime())

# What changes when the entity does. Rows that change without any of these say so here.
_STATUS_STAMP: Final = (
    *("edited_at", "replies_count", "boosts_count", "favourites_count", "quotes_count", "card_id", "visibility"),
    *("in_reply_to_id", "is_sensitive"),
)
ACCOUNT_STAMP: Final = (
    *("updated_at", "followers_count", "following_count", "statuses_count", "last_status_at", "limited_at"),
    "suspended_at",
)
_SHOWN: Final = (
    *("id", "account_id", "conversation_id", "quote_state", "object_type", "interaction_policy", "pinned_at"),
    *("visibility", "group_id"),
)
_WRAPPER: Final = (
    *("id", "uri", "published_at", "edited_at", "visibility", "account_id", "in_reply_to_id"),
    *("in_reply_to_account_id", "application_id"),
)
_AUTHOR: Final = ("uri", "followers_url")
# The columns of a head, in the order in which `Head` cuts them: of the status and its author, then of what it boosts.
_BOOSTED: Final = (_SHOWN, _STATUS_STAMP, ACCOUNT_STAMP, _AUTHOR)
_GROUPS: Final = (_WRAPPER, *_BOOSTED, *_BOOSTED)
_ENDS: Final = [sum(len(names) for names in _GROUPS[:number]) for number in range(len(_GROUPS) + 1)]
_CUTS: Final = tuple(slice(start, end) for start, end in pairwise(_ENDS))


def heads(*, is_signed_in: bool, is_listed: bool = True) -> AnySelect:
    """The query of heads: add where they are listed, then give it to `status_page`.

    Visibility is in it, and in lists what the viewer wishes to be shown.
    """
    boosted, author, boosted_author = aliased(Status), aliased(Account), aliased(Account)
    sources = (*[Status] * 3, *[author] * 2, *[boosted] * 2, *[boosted_author] * 2)
    groups = zip(sources, _GROUPS, strict=True)
    columns = [_column(source, name, names) for source, names in groups for name in names]
    has_filters = exists(select(Filter.id).where(Filter.account_id == VIEWER)) if is_signed_in else false()
    query = (
        select(*(column.label(f"c{number}") for number, column in enumerate(columns)), has_filters.label("has_filters"))
        .select_from(Status)
        .join(author, author.id == Status.account_id)
        .outerjoin(boosted, boosted.id == Status.boost_of_id)
        .outerjoin(boosted_author, boosted_author.id == boosted.account_id)
    )
    if not is_signed_in:
        boosts = or_(Status.boost_of_id.is_(None), visible_to(None, boosted))
        return query.where(visible_to(None), boosts)
    boosts = or_(Status.boost_of_id.is_(None), visible_to(VIEWER, boosted))
    query = query.where(visible_to(VIEWER), boosts)
    return query.where(wanted_by(VIEWER, now=NOW)) if is_listed else query


def _column(source: Any, name: str, names: Sequence[str]) -> Any:
    return raw(source, name) if names in (_STATUS_STAMP, ACCOUNT_STAMP) else getattr(source, name)


def raw(source: Any, name: str) -> Any:
    """A column of a stamp as the database has it: it is compared and never read."""
    return type_coerce(getattr(source, name), NullType())


_Wrapper = namedtuple("_Wrapper", _WRAPPER)  # type: ignore[misc]
_Shown = namedtuple("_Shown", _SHOWN)  # type: ignore[misc]
_AuthorPart = namedtuple("_AuthorPart", _AUTHOR)  # type: ignore[misc]


def _has_stamps(shown: Any) -> bool:
    """Whether all that changes the entity is in the stamps: polls and quotes have none."""
    return shown.quote_state is None and shown.object_type != "Question"


class Head:
    """A row of the query of heads: the status that is shown with its author, and the boost around it, if it is one."""

    __slots__ = (
        *("author", "author_json", "author_stamp", "booster_json", "booster_stamp", "can_be_kept", "has_filters"),
        *("parts", "shown", "stamp", "wrapper"),
    )

    def __init__(self, row: Sequence[Any]) -> None:
        wrapper, own, own_stamp, own_author_stamp, own_author, *boosted = [row[cut] for cut in _CUTS]
        is_boost = boosted[0][0] is not None
        shown, stamp, author_stamp, author = boosted if is_boost else (own, own_stamp, own_author_stamp, own_author)
        self.wrapper: Any = _Wrapper._make(wrapper) if is_boost else None
        self.booster_stamp = own_author_stamp
        self.shown: Any = _Shown._make(shown)
        self.stamp = stamp
        self.author_stamp = author_stamp
        self.author: Any = _AuthorPart._make(author)
        self.has_filters = bool(row[-1])
        self.can_be_kept = _has_stamps(self.shown)
        self.parts: tuple[bytes, ...] | None = None
        self.author_json: bytes | None = None
        self.booster_json: bytes | None = None

    @property
    def id(self) -> int:
        """The id by which the page knows it: the boost's, or the status'."""
        return int(self.shown.id if self.wrapper is None else self.wrapper.id)

    def recall(self, api: Api) -> bool:
        """Take what was rendered before; whether that is everything."""
        if self.can_be_kept:
            self.parts = api.statuses.get(self.shown.id, self.stamp)
        self.author_json = _only(api.accounts.get(self.shown.account_id, self.author_stamp))
        if self.wrapper is not None:
            self.booster_json = _only(api.accounts.get(self.wrapper.account_id, self.booster_stamp))
        is_framed = self.wrapper is None or self.booster_json is not None
        return self.parts is not None and self.author_json is not None and is_framed


def _only(parts: tuple[bytes, ...] | None) -> bytes | None:
    return None if parts is None else parts[0]


class Found(NamedTuple):
    """The heads of some statuses, what the viewer did to these, and their communities; only the heads, where the
    viewer's filters have to be asked. `glance` is the look in which they were found."""

    heads: Sequence[Head]
    marks: Marks | None = None
    communities: Mapping[int, Any] = MappingProxyType({})
    glance: Glance | None = None

    @property
    def has_filters(self) -> bool:
        """Whether the viewer has filters, which read the text: then all is left to `api.loading`."""
        return bool(self.heads) and self.heads[0].has_filters

    def proof(self) -> Proof | None:
        """What the statuses follow from once they are `joined`; None where that isn't all."""
        is_all = not self.has_filters and all(head.can_be_kept and head.parts is not None for head in self.heads)
        return self.glance.proof() if is_all and self.glance is not None else None


def _by_id(is_signed_in: bool) -> AnySelect:
    return heads(is_signed_in=is_signed_in, is_listed=False).where(among(Status.id, "ids"))


_BY_ID: Final = {is_signed_in: Question(partial(_by_id, is_signed_in)) for is_signed_in in (True, False)}


async def status_page(
    call: Call, query: PagedQuery, context: str, parameters: dict[str, Any] | None = None, *, is_proven: bool = False
) -> Page:
    """The page that the request asks for of a query made of `heads(…)`, sorted by the id of the status.

    `parameters` are the values of further bound parameters; `context` is what the viewer's filters call this list.
    `is_proven`: nothing but this page decides about the answer, so it may have a proof.
    """
    keyset = Keyset.of(call)
    found = await _ask(call, query, keyset, seen_by(call) | (parameters or {}))
    items, ids = await _items(call, found, context), [head.id for head in found.heads]
    return page(call, items, ids, found.proof() if is_proven else None)


async def rows_page(call: Call, rows: Sequence[Row], cursors: Sequence[int], context: str) -> Page:
    """The page of rows that a query of `heads(…)` found before, whose neighbours are found by `cursors`."""
    async with call.database.glancing() as glance:
        found = await _found(call, glance, rows)
    return page(call, await _items(call, found, context), cursors)


async def _items(call: Call, found: Found, context: str) -> Any:
    if found.has_filters:
        ids = [head.id for head in found.heads]
        async with call.database.reading() as session:
            return await status_entities(call.api, session, ids, call.viewer, context=context)
    return b"[" + b",".join((await joined(call, found)).values()) + b"]"


async def _ask(call: Call, query: PagedQuery, keyset: Keyset, values: dict[str, Any]) -> Found:
    if query.is_lasting:
        question, cursors = query.question(keyset)
        async with call.database.glancing() as glance:
            return await _found(call, glance, keyset.arrange(await glance.ask(question, values | cursors)))
    statement, cursors = query.page(keyset)
    async with call.database.reading() as session:
        rows = keyset.arrange(tuple(row) for row in await session.execute(statement, values | cursors))
    async with call.database.glancing() as glance:
        return (await _found(call, glance, rows))._replace(glance=None)


async def _found(call: Call, glance: Glance, rows: Sequence[Any]) -> Found:
    listed = Found([Head(row) for row in rows], glance=glance)
    if not listed.heads or listed.has_filters:
        return listed
    shown = [head.shown for head in listed.heads]
    marks = None if call.viewer is None else await marks_at_a_glance(glance, call.viewer, shown)
    return listed._replace(marks=marks, communities=await communities_at_a_glance(glance, shown))


def seen_by(call: Call) -> dict[str, Any]:
    """The values of `VIEWER` and `NOW` in a query of heads."""
    return {} if call.viewer is None else {"viewer": call.viewer.id, "now": call.services.clock()}


async def found_by_id(call: Call, glance: Glance, ids: Sequence[int]) -> Found:
    """The statuses with these ids that the viewer may see, in any order, wherever they are listed."""
    if not ids:
        return Found([], glance=glance)
    values = seen_by(call) | {"ids": list(ids)}
    return await _found(call, glance, await glance.ask(_BY_ID[call.viewer is not None], values))


async def joined(call: Call, found: Found) -> dict[int, bytes]:
    """The statuses as JSON by their ids, in this order; what is gone by now is left out. Nobody's filters are asked."""
    listed = found.heads
    if not listed:
        return {}
    api, viewer = call.api, call.viewer
    sheet = StatusPage(viewer, api.services.clock())
    sheet.accounts = {head.shown.account_id: head.author for head in listed}
    sheet.marks, sheet.communities = found.marks or sheet.marks, found.communities
    missing = [head for head in listed if not head.recall(api)]
    if missing:
        async with call.database.reading() as session:
            await _render(api, session, viewer, missing)
    seen: dict[Hashable, bytes] = {}
    return {head.id: _bytes_of(head, sheet, seen) for head in listed if head.parts is not None}


async def _render(api: Api, session: AsyncSession, viewer: Account | None, missing: Sequence[Head]) -> None:
    """Make what isn't kept, and keep what may be. What is gone since the first query stays without parts."""
    loaded = await load_page(api, session, [head.id for head in missing], viewer)
    for head in missing:
        if not is_complete(loaded, head.id):
            head.parts = None
            continue
        head.author_json = _account(api, loaded, head.shown.account_id, head.author_stamp)
        if head.wrapper is not None:
            head.booster_json = _account(api, loaded, head.wrapper.account_id, head.booster_stamp)
        status = loaded.statuses[head.shown.id]
        head.parts = _inner(own_part(status, loaded)), _inner(shared_part(status, loaded, api))
        if head.can_be_kept:
            api.statuses.put(head.shown.id, head.stamp, *head.parts)


def _account(api: Api, loaded: StatusPage, account_id: int, stamp: Any) -> bytes:
    """An account's entity, from now on kept."""
    data = orjson.dumps(loaded.account(account_id, api))
    api.accounts.put(account_id, stamp, data)
    return data


def _inner(part: dict[str, Any]) -> bytes:
    """The members of an object, without its braces."""
    return orjson.dumps(part)[1:-1]


def _bytes_of(head: Head, sheet: StatusPage, made: dict[Hashable, bytes]) -> bytes:
    """A status of the page, joined of its parts; `made` are those parts of the viewer that others had before it."""
    assert head.parts is not None
    assert head.author_json is not None
    own, shared = head.parts
    seen = _seen(head.shown, sheet, made)
    entity = b'{%b,%b,%b,"account":%b,"reblog":null}' % (own, shared, seen, head.author_json)
    if head.wrapper is None:
        return entity
    assert head.booster_json is not None
    viewer_id = None if sheet.viewer is None else sheet.viewer.id
    if viewer_id is not None and viewer_id in (head.wrapper.account_id, head.shown.account_id):
        part = viewer_part(head.shown, sheet)
        part["reblogged"] = part["reblogged"] or head.wrapper.account_id == viewer_id
        part.pop("pinned", None)
        seen = _inner(part)
    around = _inner(own_part(head.wrapper, sheet))
    return b'{%b,%b,%b,"account":%b,"reblog":%b}' % (around, shared, seen, head.booster_json, entity)


def _seen(status: Any, sheet: StatusPage, made: dict[Hashable, bytes]) -> bytes:
    """The part of the viewer (`viewer_part`), which is the same for nearly all of a page: most are of others, say
    nothing of who may quote them, are in no community, and nobody did anything to them."""
    viewer, marks, key = sheet.viewer, sheet.marks, None
    is_own = viewer is not None and viewer.id == status.account_id
    if not is_own and status.interaction_policy is None and status.group_id is None:
        key = (status.visibility, status.id in marks.favourites, status.id in marks.boosts,
               status.id in marks.bookmarks, status.conversation_id in marks.muted_conversations)  # fmt: skip
        if key in made:
            return made[key]
    part = _inner(viewer_part(status, sheet))
    if key is not None:
        made[key] = part
    return part
