"""A status with the conversation around it: what it answers, and what answers it, both as far as the viewer may read.

Two queries find the neighbourhood of the status in its conversation (ids sort by time, so what it answers is older and
what answers it is newer); the tree is put together in memory. A conversation that is larger than the limits is shown in
part, and says so.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, UnaryExpression

from models.statuses import Status
from models.values import dataclass
from web.access import Reading, Row, listing, rows_of
from web.cards import Card, load_cards

MAX_OLDER = 100
MAX_NEWER = 200
MAX_DEPTH_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply; `depth` is how far it is indented."""

    card: Card
    depth: int


@dataclass(frozen=True, slots=True)
class Thread:
    """`is_partial` says that there is more than is shown, `has_hidden_parent` that what came before isn't here."""

    ancestors: list[Card]
    card: Card
    answers: list[Answer]
    has_hidden_parent: bool
    is_partial: bool


async def load_thread(reading: Reading, status: Status) -> Thread:
    """The conversation around a status that the viewer may read (never a boost)."""
    older = await _part(reading, status, Status.id <= status.id, Status.id.desc(), MAX_OLDER)
    newer = await _part(reading, status, Status.id > status.id, Status.id.asc(), MAX_NEWER)
    rows = {row[0].id: row for row in (*older, *newer)}
    chain, has_hidden_parent = _ancestors(rows, status)
    order = _answers(rows, status)
    wanted = [*chain, status.id, *(number for number, _ in order)]
    cards = {card.status.id: card for card in await load_cards(reading, [rows[number] for number in wanted])}
    return Thread(
        ancestors=[cards[number] for number in chain],
        card=cards[status.id],
        answers=[Answer(cards[number], depth) for number, depth in order],
        has_hidden_parent=has_hidden_parent,
        is_partial=len(newer) == MAX_NEWER,
    )


async def _part(
    reading: Reading,
    status: Status,
    side: ColumnElement[bool],
    order: UnaryExpression[int],
    limit: int,
) -> Sequence[Row]:
    query = listing(reading.viewer).where(
        Status.conversation_id == status.conversation_id, Status.boost_of_id.is_(None), side
    )
    return await rows_of(reading, query.order_by(order).limit(limit))


def _ancestors(rows: dict[int, Row], status: Status) -> tuple[list[int], bool]:
    """Ids from the beginning down to the parent, and whether the chain breaks off."""
    chain: list[int] = []
    current = status
    while current.in_reply_to_id in rows and current.in_reply_to_id not in (*chain, status.id):
        current = rows[current.in_reply_to_id][0]
        chain.append(current.id)
    return chain[::-1], current.in_reply_to_uri is not None or current.in_reply_to_id is not None


def _answers(rows: dict[int, Row], status: Status) -> list[tuple[int, int]]:
    """Ids of everything below the status with their depth, each answer right after what it answers."""
    children: dict[int, list[int]] = defaultdict(list)
    for number in sorted(rows):
        parent_id = rows[number][0].in_reply_to_id
        if parent_id is not None:
            children[parent_id].append(number)
    found: list[tuple[int, int]] = []
    seen = {status.id}
    waiting = [(number, 0) for number in reversed(children[status.id])]
    while waiting:
        number, depth = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        found.append((number, min(depth, MAX_DEPTH_SHOWN)))
        waiting.extend((child, depth + 1) for child in reversed(children[number]))
    return found
