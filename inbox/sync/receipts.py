"""Where a delivery stands in its sender's log, noted with the delivery itself.

Numbers that follow each other become one row, so that a group commit of 200 deliveries writes a row or two. The cursor
follows later (`inbox.sync.watch`): deliveries arrive in no strict order, and to several processes.
"""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Final

from federation.services import Services
from federation.sync.marks import LOG_HEADER, Mark, parse_mark
from federation.trust.authentication import Requester
from keys.requests import HttpMessage

_FIELD: Final = LOG_HEADER.lower()


def mark_of(services: Services, message: HttpMessage, requester: Requester) -> Mark | None:
    """What a full peer's signed header says; None when there is none, it isn't signed, or it says nothing."""
    lines = message.fields.get(_FIELD, ())
    if len(lines) != 1 or _FIELD not in requester.covered or not services.peers.is_full(requester.host):
        return None
    return parse_mark(lines[0])


def receipt_rows(new_id: Callable[[], int], marks: Iterable[tuple[str, Mark]]) -> list[dict[str, Any]]:
    """Rows for marks by host, numbers that follow each other together."""
    places = sorted({(host, mark.generation, mark.number) for host, mark in marks})
    runs = groupby(enumerate(places), key=lambda item: (*item[1][:2], item[1][2] - item[0]))
    return [_row(new_id(), [place for _, place in run]) for _, run in runs]


def _row(row_id: int, places: list[tuple[str, str, int]]) -> dict[str, Any]:
    host, generation, first = places[0]
    return {
        "id": row_id,
        "host": host,
        "generation": generation,
        "first_number": first,
        "last_number": places[-1][2],
    }
