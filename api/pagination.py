"""Pages by key: `max_id`, `since_id`, `min_id`, and the `Link` header exactly as clients parse it.

`next` comes first and is spelled `<URL>; rel="next"`; `prev` names `min_id`; URLs are absolute and keep the other
parameters. `min_id` is the page just above, `since_id` the newest page down to it; both come newest first.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Integer, Select, SQLColumnExpression, bindparam

from api.call import Call
from models.base import BigInt
from models.proofs import Proof
from models.questions import Question
from models.values import dataclass

CURSORS: Final = frozenset({"max_id", "since_id", "min_id"})
Item = TypeVar("Item")
AnySelect = Select[*tuple[Any, ...]]
Form = tuple[bool, bool, bool]  # which cursors a page has: `max_id`, `min_id`, `since_id`
SelectT = TypeVar("SelectT", bound=AnySelect)


@dataclass(frozen=True, slots=True)
class Keyset:
    """Which page is asked for."""

    limit: int
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @classmethod
    def of(cls, call: Call) -> "Keyset":
        """The page that a request with `PageArgs` asks for."""
        args = call.args
        return cls(args["limit"], args.get("max_id"), args.get("since_id"), args.get("min_id"))

    def apply(self, query: SelectT, column: SQLColumnExpression[int]) -> SelectT:
        """The query of the page, sorted by `column`; give what it finds to `arrange`."""
        if self.max_id is not None:
            query = query.where(column < self.max_id)
        if self.min_id is not None:
            query = query.where(column > self.min_id)
        if self.since_id is not None:
            query = query.where(column > self.since_id)
        return query.order_by(column.asc() if self.min_id is not None else column.desc()).limit(self.limit)

    def arrange(self, rows: Iterable[Item]) -> list[Item]:
        """The rows of the page, newest first."""
        listed = list(rows)
        return listed[::-1] if self.min_id is not None else listed


class PagedQuery:
    """A listing that is asked for often: its pages are statements that are built once and differ in their values.

    To build a statement, and to find out that it was compiled before, costs more than to run it. One that is made for
    every request (`is_lasting=False`: it depends on what is asked for) is better asked in a session.

    `query` builds the listing's query: at the first page of each form, so that what nobody lists costs no memory.
    """

    def __init__(
        self, query: Callable[[], AnySelect], column: SQLColumnExpression[int], *, is_lasting: bool = True
    ) -> None:
        self._query = query
        self._column = column
        self.is_lasting = is_lasting
        self._questions: dict[Form, Question] = {}

    def page(self, keyset: Keyset) -> tuple[AnySelect, dict[str, int]]:
        """The statement of a page and its values; give what it finds to `keyset.arrange`."""
        return self._build(*_form(keyset)), self._values(keyset)

    def question(self, keyset: Keyset) -> tuple[Question, dict[str, int]]:
        """The same to be asked at a glance."""
        form = _form(keyset)
        question = self._questions.get(form)
        if question is None:
            question = self._questions[form] = Question(partial(self._build, *form))
        return question, self._values(keyset)

    def _values(self, keyset: Keyset) -> dict[str, int]:
        cursors = {"max_id": keyset.max_id, "min_id": keyset.min_id, "since_id": keyset.since_id}
        return {name: value for name, value in cursors.items() if value is not None} | {"page_limit": keyset.limit}

    def _build(self, has_max: bool, has_min: bool, has_since: bool) -> AnySelect:
        query, column = self._query(), self._column
        if has_max:
            query = query.where(column < bindparam("max_id", type_=BigInt))
        if has_min:
            query = query.where(column > bindparam("min_id", type_=BigInt))
        if has_since:
            query = query.where(column > bindparam("since_id", type_=BigInt))
        return query.order_by(column.asc() if has_min else column.desc()).limit(bindparam("page_limit", type_=Integer))


def _form(keyset: Keyset) -> Form:
    return keyset.max_id is not None, keyset.min_id is not None, keyset.since_id is not None


@dataclass(frozen=True, slots=True)
class Page:
    """Items with their `Link` header, which is empty for an empty page and for what has no pages.

    `proof` is there if they follow from what it says alone, for this viewer and this address (`models.proofs`).
    """

    items: Any
    link: str = ""
    proof: Proof | None = None


def page(call: Call, items: Any, cursors: Sequence[int], proof: Proof | None = None) -> Page:
    """A page whose neighbours are found by `cursors`: the keys of what was looked at, newest first."""
    if not cursors:
        return Page(items, "", proof)
    older = _address(call, max_id=min(cursors))
    newer = _address(call, min_id=max(cursors))
    return Page(items, f'<{older}>; rel="next", <{newer}>; rel="prev"', proof)


def offset_page(call: Call, items: Sequence[Any], offset: int, limit: int) -> Page:
    """A page of a listing that has no key, by `offset`."""
    links = []
    if len(items) >= limit:
        links.append(f'<{_address(call, offset=offset + limit)}>; rel="next"')
    if offset > 0:
        links.append(f'<{_address(call, offset=max(0, offset - limit))}>; rel="prev"')
    return Page(items, ", ".join(links))


def _address(call: Call, **cursor: int) -> str:
    left_out = CURSORS | cursor.keys()
    kept = [(name, value) for name, value in call.request.query.items() if name not in left_out]
    kept = [(name, value) for name, value in kept if name != "access_token"]
    return f"{call.addresses.origin}{call.request.rel_url.raw_path}?{urlencode([*kept, *cursor.items()], safe='[]')}"
